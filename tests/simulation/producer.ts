/**
 * What feeds the venue: a matching engine that publishes the events of several accounts, each with its own Idempotency-Key,
 * and publishes again what was not answered. While the venue is down its events wait and come all at once.
 */
import { readFileSync } from 'node:fs';
import { admitEvent } from '@listenpost/core';
import type { SeededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import type { Universe } from './universe.ts';
import type { Venue } from './venue.ts';

type Members = Record<string, unknown>;
type Shape = (event: Members, nth: number, now: number, random: SeededRandom) => Members;

/** Which events an account's streams carry, and what tells one such event from the next. */
const KINDS: Readonly<Record<string, readonly (readonly [type: string, shape: Shape])[]>> = {
  usdm: [
    ['ORDER_TRADE_UPDATE', contractOrder],
    [
      'TRADE_LITE',
      (event, nth, now) => ({ ...event, E: now, T: now - 1, t: 55_000_000 + nth, i: 900_000_000 + (nth >> 2) }),
    ],
    ['ACCOUNT_UPDATE', contractBalance],
    ['MARGIN_CALL', (event, nth, now) => ({ ...event, E: now, cw: amount(nth) })],
  ],
  spot: [
    ['executionReport', spotOrder],
    ['outboundAccountPosition', spotPosition],
    ['balanceUpdate', (event, nth, now) => ({ ...event, E: now, T: now - 1, d: amount(nth) })],
  ],
};

function contractOrder(event: Members, nth: number, now: number): Members {
  const o = { ...(event['o'] as Members), c: `bot-${nth}`, i: 900_000_000 + (nth >> 2), t: nth, T: now - 1 };
  return { ...event, E: now, T: now - 1, o };
}

function contractBalance(event: Members, nth: number, now: number): Members {
  const a = event['a'] as Members & { readonly B: readonly Members[] };
  const B = a.B.map((balance) => ({ ...balance, wb: amount(nth), cw: amount(nth) }));
  return { ...event, E: now, T: now - 1, a: { ...a, B } };
}

function spotOrder(event: Members, nth: number, now: number): Members {
  return { ...event, E: now, T: now - 1, c: `bot-${nth}`, i: 8_000_000 + (nth >> 2), I: 17_000_000 + nth };
}

function spotPosition(event: Members, nth: number, now: number): Members {
  const B = (event['B'] as readonly Members[]).map((balance) => ({ ...balance, f: amount(nth) }));
  return { ...event, E: now, u: now - 1, B };
}

const amount = (nth: number): string => `${100 + nth}.00000000`;

const TEMPLATES = new Map<string, Members>();

/** From the conformance fixtures, so that what is simulated has the wire's shapes. */
function template(product: string, type: string): Members {
  const name = `${product}/${type}`;
  const known = TEMPLATES.get(name);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(`../conformance/${name}.json`, import.meta.url), 'utf8');
  const { cases } = JSON.parse(text) as { readonly cases: readonly { readonly event: Members }[] };
  const event = cases[0]?.event;
  if (event === undefined) throw new Error(`${name}.json has no case`);
  TEMPLATES.set(name, event);
  return event;
}

interface Outgoing {
  readonly account: string;
  readonly scope: string;
  readonly body: string;
  readonly event: Members;
  readonly key: string;
}

export class Producer {
  readonly #universe: Universe;
  readonly #venue: Venue;
  readonly #random: SeededRandom;
  #unanswered: Outgoing[] = [];
  #nth = 0;

  constructor(universe: Universe, venue: Venue, random: SeededRandom) {
    this.#universe = universe;
    this.#venue = venue;
    this.#random = random;
  }

  publish(account: string, scope: string): void {
    const product = scope in KINDS ? scope : 'spot';
    const [type, shape] = this.#random.pick(KINDS[product] ?? []);
    const nth = ++this.#nth;
    const event = shape(template(product, type), nth, this.#universe.now(), this.#random);
    const outgoing = { account, scope, body: JSON.stringify(event), event, key: `k${nth}` };
    this.#unanswered.push(outgoing);
    this.#send(outgoing);
  }

  /** The venue is back. */
  publishAgain(): void {
    for (const outgoing of this.#unanswered) this.#send(outgoing);
  }

  #send(outgoing: Outgoing): void {
    const { house } = this.#venue;
    if (house === undefined) return;
    const { account, scope, body, event, key } = outgoing;
    house.journal.append([admitEvent(house, account, scope, body, event)], { kind: 'key', key }).then(
      () => {
        this.#unanswered = this.#unanswered.filter((other) => other !== outgoing);
      },
      (cause: unknown) => {
        throw cause;
      },
    );
  }
}
