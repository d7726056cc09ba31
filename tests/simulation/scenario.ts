/** What one seed stands for: who listens to what, how, and what goes wrong when. Drawn before anything runs. */
import { type ConnectionRow, PRODUCTS, WS_APIS } from '@listenpost/protocol';
import type { ClientProduct } from '../../packages/client/src/products.ts';
import { type SeededRandom, seededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import { FAULTS, type Fault, ONE_SOCKET } from './faults.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export interface PlannedFault {
  readonly at: number;
  readonly durationMs: number;
  readonly fault: Fault;
}

export interface Scenario {
  readonly seed: number;
  readonly product: ClientProduct;
  readonly scopes: readonly string[];
  /** Listenpost, or a venue that speaks the plain protocol. */
  readonly resume: boolean;
  readonly parallel: 1 | 2;
  /** Until when things go wrong, in ms from the start. */
  readonly troubleMs: number;
  readonly faults: readonly PlannedFault[];
  /** At most one connection is down at a time, so that two lose nothing. */
  readonly oneAtATime: boolean;
  readonly eventEveryMs: number;
  readonly skewMs: number;
  readonly retentionBytes: number;
  readonly connections: Readonly<Record<string, ConnectionRow>>;
  readonly proveEveryMs: number;
  readonly checkAfterMs: number;
  readonly tokenValidityMs: number;
  readonly handoverAfterMs: number;
  readonly deduplicate: boolean;
  /** When the bot's clock is set, and by how much, in ms. */
  readonly clockSteps: readonly { readonly at: number; readonly byMs: number }[];
}

const PLENTY = 256 * 1024 * 1024;

/** Weights: most seeds are minutes long, since what goes wrong between two messages goes wrong there as well. */
const LENGTHS = [
  { share: 0.97, troubleMs: 5 * MINUTE, faultEveryMs: 30 * SECOND, eventEveryMs: 3000, proveEveryMs: 10 * SECOND },
  {
    share: 0.027,
    troubleMs: 4 * HOUR,
    faultEveryMs: 14 * MINUTE,
    eventEveryMs: 60 * SECOND,
    proveEveryMs: 60 * SECOND,
  },
  { share: 0.003, troubleMs: 50 * HOUR, faultEveryMs: 3 * HOUR, eventEveryMs: 12 * MINUTE, proveEveryMs: 5 * MINUTE },
] as const;

const SCOPES: readonly { readonly product: ClientProduct; readonly scopes: readonly string[] }[] = [
  { product: 'usdm', scopes: ['usdm'] },
  { product: 'spot', scopes: ['spot'] },
  { product: 'margin', scopes: ['margin', 'isolated:BTCUSDT', 'isolated:ETHUSDT'] },
];

export function scenarioOf(seed: number): Scenario {
  const random = seededRandom(seed);
  const { troubleMs, faultEveryMs, eventEveryMs, proveEveryMs } = lengthOf(random.fraction());
  const { product, scopes } = random.pick(SCOPES);
  const resume = random.below(2) === 0;
  const parallel = random.below(4) === 0 ? 2 : 1;
  const short = troubleMs <= 5 * MINUTE;
  const oneAtATime = short && parallel === 2 && random.below(2) === 0;
  const faults = oneAtATime ? spaced(random, troubleMs) : planned(random, troubleMs, faultEveryMs);
  return {
    seed,
    product,
    scopes,
    resume,
    parallel,
    troubleMs,
    faults,
    oneAtATime,
    eventEveryMs,
    skewMs: random.below(3) === 0 ? random.below(2 * HOUR) - HOUR : 0,
    retentionBytes: resume && random.below(6) === 0 ? 4000 : PLENTY,
    connections: !oneAtATime && short && random.below(5) === 0 ? shortLived(random) : {},
    proveEveryMs,
    checkAfterMs: short ? 60 * SECOND : 5 * MINUTE,
    tokenValidityMs: short
      ? random.pick([30 * SECOND, 2 * MINUTE, 24 * HOUR])
      : random.pick([10 * MINUTE, 2 * HOUR, 24 * HOUR]),
    handoverAfterMs: short ? random.pick([MINUTE, 3 * MINUTE, 23 * HOUR]) : random.pick([HOUR, 23 * HOUR, 24 * HOUR]),
    deduplicate: true,
    clockSteps: faults.some(({ fault }) => RESTARTS.has(fault.name)) ? [] : clockSteps(random, troubleMs),
  };
}

/** What a bot has stored is by the clock of then: a stream that begins again behind a step cannot know. */
const RESTARTS: ReadonlySet<string> = new Set(['bot killed', 'slow consumer', 'API key revoked']);

/** In one seed of four, once or twice. */
function clockSteps(random: SeededRandom, troubleMs: number): Scenario['clockSteps'] {
  const count = random.below(4) === 0 ? 1 + random.below(2) : 0;
  return Array.from({ length: count }, () => ({ at: random.below(troubleMs), byMs: random.below(2 * HOUR) - HOUR }));
}

/** Nothing goes wrong but what is put in: the venue is there, one connection reads. */
export function fairWeather(product: ClientProduct, change: Partial<Scenario>): Scenario {
  const scopes = SCOPES.find((row) => row.product === product)?.scopes ?? [];
  return {
    seed: 0,
    product,
    scopes,
    resume: false,
    parallel: 1,
    troubleMs: HOUR,
    faults: [],
    oneAtATime: false,
    eventEveryMs: MINUTE,
    skewMs: 0,
    retentionBytes: PLENTY,
    connections: {},
    proveEveryMs: 10 * SECOND,
    checkAfterMs: 5 * MINUTE,
    tokenValidityMs: 24 * HOUR,
    handoverAfterMs: 23 * HOUR,
    deduplicate: true,
    clockSteps: [],
    ...change,
  };
}

function lengthOf(fraction: number): (typeof LENGTHS)[number] {
  let left = fraction;
  for (const length of LENGTHS) {
    left -= length.share;
    if (left < 0) return length;
  }
  return LENGTHS[0];
}

function planned(random: SeededRandom, troubleMs: number, everyMs: number): PlannedFault[] {
  const faults: PlannedFault[] = [];
  for (let at = 5 * SECOND; ; at += random.below(everyMs * 2)) {
    const fault = random.pick(FAULTS);
    // An outage of more than an hour lets keys expire in it.
    const stretch = everyMs > 10 * MINUTE && random.below(3) === 0 ? 90 : 1;
    const durationMs = fault.durationMsMax === 0 ? 0 : 200 + random.below(fault.durationMsMax * stretch);
    if (at + durationMs > troubleMs) return faults;
    faults.push({ at, durationMs, fault });
  }
}

function spaced(random: SeededRandom, troubleMs: number): PlannedFault[] {
  const faults: PlannedFault[] = [];
  for (let at = 30 * SECOND; at < troubleMs; at += 90 * SECOND + random.below(30 * SECOND)) {
    faults.push({ at, durationMs: 0, fault: random.pick(ONE_SOCKET) });
  }
  return faults;
}

/** The venue's own cut, after minutes instead of a day. */
function shortLived(random: SeededRandom): Record<string, ConnectionRow> {
  const rows = [
    ...Object.values(PRODUCTS).map(({ connection }) => connection),
    ...WS_APIS.map(({ connection }) => connection),
  ];
  const lifetimeMs = MINUTE + random.below(4 * MINUTE);
  return Object.fromEntries(rows.map((row) => [row.name, { ...row, lifetimeMs }]));
}

export function describe({ seed, product, scopes, resume, parallel, oneAtATime, troubleMs, faults }: Scenario): string {
  const how = `${resume ? 'with resume' : 'plain'}${parallel === 2 ? ', two connections' : ''}${oneAtATime ? ', one down at a time' : ''}`;
  return `seed ${seed}: ${product} (${scopes.length} streams), ${how}, ${Math.round(troubleMs / MINUTE)} min, ${faults.length} faults`;
}
