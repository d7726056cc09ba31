/** What goes wrong, by name. A fault begins, and ends by itself after a while; what it broke stays broken. */
import type { SeededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import type { Conditions, Wire } from './network.ts';
import type { World } from './world.ts';

export interface Fault {
  readonly name: string;
  /** How long it lasts at most, in ms; 0: an instant. */
  readonly durationMsMax: number;
  /** What ends it is answered. */
  begin(world: World, random: SeededRandom, durationMs: number): (() => void) | undefined;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The network is like this for a while. */
function weather(name: string, durationMsMax: number, of: (random: SeededRandom) => Partial<Conditions>): Fault {
  return {
    name,
    durationMsMax,
    begin: ({ network }, random) => network.changeWeather(of(random)),
  };
}

/** Something happens to one open socket of the bot, or to all. */
function toSockets(name: string, act: (wire: Wire) => void): readonly Fault[] {
  const open = ({ network }: World) => [...network.wires].filter((wire) => wire.open);
  return [
    {
      name: `${name} one socket`,
      durationMsMax: 0,
      begin: (world, random) => {
        const wires = open(world);
        if (wires.length > 0) act(random.pick(wires));
        return undefined;
      },
    },
    {
      name: `${name} all sockets`,
      durationMsMax: 0,
      begin: (world) => {
        for (const wire of open(world)) act(wire);
        return undefined;
      },
    },
  ];
}

const CUT = toSockets('cut', (wire) => wire.cut());
const HALF_OPEN = toSockets('half-open', (wire) => {
  wire.halfOpen = true;
});
const ZOMBIE = toSockets('zombie', (wire) => wire.becomeZombie());

export const ZOMBIES: Fault = ZOMBIE[1] as Fault;

/** Of one socket: two connections are not down at once where they are far enough apart. */
export const ONE_SOCKET: readonly Fault[] = [CUT[0] as Fault, HALF_OPEN[0] as Fault];

const handOver: Fault = {
  name: 'handover',
  durationMsMax: 0,
  begin: ({ bot }) => {
    bot.stream?.handOver();
    return undefined;
  },
};

const NETWORK: readonly Fault[] = [
  weather('slow network', 2 * MINUTE, (random) => ({ latencyMsMin: 100, latencyMsMax: 200 + random.below(3000) })),
  weather('requests lost', 2 * MINUTE, (random) => ({ requestLost: random.fraction() })),
  weather('answers lost', 2 * MINUTE, (random) => ({ answerLost: random.fraction() })),
  weather('resets', 2 * MINUTE, (random) => ({ reset: random.fraction() })),
  weather('requests duplicated', 2 * MINUTE, (random) => ({ duplicated: random.fraction() })),
  weather('handshakes refused', MINUTE, (random) => ({ handshakeRefused: random.fraction() })),
  weather('handshakes hang', MINUTE, (random) => ({ handshakeHangs: random.fraction() })),
  weather('unreachable', MINUTE, () => ({ unreachable: true })),
  weather('gateway 5xx', 2 * MINUTE, (random) => ({
    gateway: { status: random.pick([500, 502, 503, 504]), share: 0.3 + random.fraction() },
  })),
  weather('gateway 4xx', MINUTE, () => ({ gateway: { status: 408, share: 0.5 } })),
  weather('gateway 429', 30 * SECOND, (random) => ({
    gateway: { status: 429, retryAfterSeconds: 1 + random.below(30), share: 1 },
  })),
  weather('gateway 418', 30 * SECOND, (random) => ({
    gateway: { status: 418, retryAfterSeconds: 30 + random.below(60), share: 1 },
  })),
];

const VENUE: readonly Fault[] = [
  {
    name: 'kill -9',
    durationMsMax: MINUTE,
    begin: (world, random) => {
      world.killVenue(random.below(4) === 0);
      return () => world.startVenue();
    },
  },
  {
    name: 'restart',
    durationMsMax: MINUTE,
    begin: (world, _random, durationMs) => {
      world.drainVenue(Math.min(5 * SECOND, durationMs / 2));
      return () => world.startVenue();
    },
  },
  {
    name: 'rolling shutdown',
    durationMsMax: 0,
    begin: ({ venue }) => {
      venue.rollingShutdown(10 * SECOND);
      return undefined;
    },
  },
  {
    name: 'slow disk',
    durationMsMax: MINUTE,
    begin: ({ venue }, random) => {
      venue.diskLatencyMsMax = 200 + random.below(2000);
      return () => {
        venue.diskLatencyMsMax = 12;
      };
    },
  },
];

const GRANTS: readonly Fault[] = [
  {
    name: 'another program deletes the listenKey',
    durationMsMax: 0,
    begin: (world) => {
      world.deleteListenKey();
      return undefined;
    },
  },
  {
    name: 'API key revoked',
    durationMsMax: MINUTE,
    begin: (world) => {
      world.revokeApiKey();
      return () => world.restoreApiKey();
    },
  },
];

const BOT: readonly Fault[] = [
  {
    name: 'bot killed',
    durationMsMax: MINUTE,
    begin: ({ bot }) => {
      bot.kill();
      return () => bot.start();
    },
  },
  {
    name: 'slow consumer',
    durationMsMax: MINUTE,
    begin: ({ bot }, random) => {
      bot.handlingMs = random.pick([50, 500, 5000]);
      return () => {
        bot.handlingMs = 0;
      };
    },
  },
  handOver,
  {
    name: 'both connections die in a handover',
    durationMsMax: 0,
    begin: (world, random) => {
      world.bot.stream?.handOver();
      world.universe.after(random.below(1500), () => CUT[1]?.begin(world, random, 0));
      return undefined;
    },
  },
];

/** Several in a row make one kind of trouble more likely than another. */
export const FAULTS: readonly Fault[] = [...CUT, ...HALF_OPEN, ...ZOMBIE, ...NETWORK, ...VENUE, ...GRANTS, ...BOT];
