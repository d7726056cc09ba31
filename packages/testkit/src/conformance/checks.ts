/** The lifecycle of a private stream, one thing at a time: what is done to the client, and what one that survives does. */
import { type Bench, Failed, Skipped } from './bench.ts';

export interface Check {
  readonly name: string;
  /** What a client does that survives. */
  readonly survives: string;
  /** Products that have it. Default: all that are read by a listenKey. */
  readonly products?: readonly string[];
  /** Of the emulator, where the usual would take too long. */
  readonly config?: (product: string) => Readonly<Record<string, unknown>>;
  /** @throws Failed or Skipped, with what was seen. */
  run(bench: Bench): Promise<void>;
}

const MINUTE = 60_000;
const BY_LISTEN_KEY = ['usdm', 'coinm', 'options', 'pm'];
const ON_WS_API = ['spot', 'margin'];
/** Whose account says over REST when it changed last: of the others nobody can tell a quiet stream from a dead one. */
const TELL_CHANGES = ['usdm', 'coinm', 'spot'];
export const PRODUCTS: readonly string[] = [...BY_LISTEN_KEY, ...ON_WS_API];

const KEY_PATH = /listen-?key$/i;

/** Only a client whose timers move with the clock can be asked what it does after half an hour. */
function assertFollows(bench: Bench): void {
  if (bench.follows) return;
  throw new Skipped(
    'the client’s timers do not follow the clock: it is no process of Node, nor follows LISTENPOST_TIME_PORT',
  );
}

/** Does something to the connections that are there, and has the client read on by another. */
async function outlives(bench: Bench, fault: string, settings: object, otherwise: string): Promise<void> {
  await bench.start();
  const before = await bench.readers();
  const set = await bench.emulator.faults.add({ fault, ...settings });
  await bench.listens(before, otherwise);
  await bench.emulator.faults.remove(set).catch(() => undefined);
  await bench.stillDelivers(otherwise);
}

const CHECKS: readonly Check[] = [
  {
    name: 'issue',
    survives: 'obtains its grant, listens, and delivers every event once',
    products: PRODUCTS,
    async run(bench) {
      await bench.start();
      const events = await bench.happen();
      await bench.delivers(events, 'an order was filled, and not all of its events were delivered');
      const twice = events.filter((event) => bench.countOf(event) > 1);
      if (twice.length > 0) throw new Failed(`delivered more than once: ${twice.map(({ e }) => String(e)).join(', ')}`);
    },
  },
  {
    name: 'keepalive',
    survives: 'extends its listenKey before the 60 minutes are over, again and again',
    async run(bench) {
      await bench.start();
      assertFollows(bench);
      const before = await bench.readers();
      await bench.advance(125 * MINUTE);
      const expired = await bench.emulator.journal.entries({ kind: 'push', event: 'listenKeyExpired' });
      const puts = await bench.requests('PUT', KEY_PATH);
      const pings = await bench.emulator.journal.entries({ kind: 'message', method: 'userDataStream.ping' });
      const again = (await bench.requests('POST', KEY_PATH)).length - 1;
      if (expired.length > 0) {
        throw new Failed(
          `the key expired; ${puts.length + pings.length} keepalives in 125 minutes; ${await bench.seen()}`,
        );
      }
      if (puts.length + pings.length + again < 2)
        throw new Failed(`in 125 minutes there were ${puts.length} keepalives`);
      await bench.listens([], `nobody reads the stream any more; it was ${before.join(', ')}`);
      await bench.stillDelivers('after two hours nothing is delivered');
    },
  },
  {
    name: 'expiry',
    survives: 'is told listenKeyExpired, obtains another key, and reads on by it',
    run: (bench) =>
      outlives(bench, 'expire-now', { account: 'one' }, 'the key expired, and the client reads by no other one'),
  },
  {
    name: 'keepalives-lost',
    survives: 'tries a lost keepalive again, and outlives the key when all are lost',
    async run(bench) {
      await bench.start();
      assertFollows(bench);
      const before = await bench.readers();
      const lost = await bench.emulator.faults.add({ fault: 'drop-keepalive' });
      await bench.advance(65 * MINUTE);
      await bench.emulator.faults.remove(lost);
      const otherwise = 'all keepalives were lost, the key expired, and the client reads by no other one';
      await bench.listens(before, otherwise);
      await bench.stillDelivers(otherwise);
    },
  },
  {
    name: 'no-such-key',
    survives: 'obtains another key when its keepalive is answered -1125',
    async run(bench) {
      await bench.start();
      assertFollows(bench);
      const before = await bench.readers();
      const { admin } = bench.emulator.urls;
      const { keys } = (await (await fetch(`${admin}/admin/v1/keys`)).json()) as {
        keys: readonly { readonly id: string }[];
      };
      for (const { id } of keys) await fetch(`${admin}/admin/v1/keys/${id}`, { method: 'DELETE' });
      await bench.advance(58 * MINUTE);
      const refused = await bench.emulator.journal.entries({ code: -1125 });
      const otherwise = `another program closed the key; ${refused.length} keepalives were answered -1125, and the client reads by no other key`;
      await bench.listens(before, otherwise);
      await bench.stillDelivers(otherwise);
    },
  },
  {
    name: 'cut',
    survives: 'notices that the connection is gone, and opens another',
    products: PRODUCTS,
    run: (bench) =>
      outlives(
        bench,
        'cut',
        { account: 'one', times: 1 },
        'the connection was cut, and the client reads on no other one',
      ),
  },
  {
    name: 'lifetime',
    survives: 'outlives the end of a connection at its greatest age (24 h; here 100 minutes)',
    products: PRODUCTS,
    config: (product) => ({
      limits: { connections: { [ON_WS_API.includes(product) ? 'ws-api' : product]: { lifetime: '100m' } } },
    }),
    async run(bench) {
      await bench.start();
      assertFollows(bench);
      const before = await bench.readers();
      await bench.advance(101 * MINUTE);
      const otherwise = 'the connection ended at its greatest age, and the client reads on no other one';
      await bench.listens(before, otherwise);
      await bench.stillDelivers(otherwise);
    },
  },
  {
    name: 'server-shutdown',
    survives: 'reads on by another connection when the venue closes for maintenance (serverShutdown, or 1001)',
    products: PRODUCTS,
    run: (bench) =>
      outlives(
        bench,
        'shutdown',
        { account: 'one', times: 1, grace: '2s' },
        'the venue shut the connection down, and the client reads on no other one',
      ),
  },
  {
    name: 'zombie',
    survives: 'finds out that a connection which answers pings tells nothing any more, within a quarter of an hour',
    products: TELL_CHANGES,
    async run(bench) {
      await bench.start();
      assertFollows(bench);
      // A client that asks the account has asked it once by then: what it says tells nothing to who has not asked before.
      await bench.rest(7_000);
      await bench.advance(6 * MINUTE);
      const before = await bench.readers();
      const fault = await bench.emulator.faults.add({
        fault: 'zombie',
        account: 'one',
        connection: before[0] ?? '',
        withholds: 'events',
      });
      await bench.happen();
      const otherwise = 'the connection told nothing of an order that was filled, and the client stayed with it';
      // Looks and second looks, which clients space by seconds of the machine.
      await bench.listens(before, otherwise, { pauseMs: 1000 });
      await bench.emulator.faults.remove(fault).catch(() => undefined);
      await bench.stillDelivers(otherwise);
    },
  },
  {
    name: 'duplicate',
    survives: 'delivers an event once that the venue sends twice',
    products: PRODUCTS,
    async run(bench) {
      await bench.start();
      await bench.emulator.faults.add({ fault: 'duplicate', account: 'one' });
      const events = await bench.happen();
      await bench.delivers(events, 'events came twice, and not all were delivered');
      await bench.advance(1000);
      const twice = events.filter((event) => bench.countOf(event) > 1);
      if (twice.length > 0)
        throw new Failed(`delivered twice what came twice: ${twice.map(({ e }) => String(e)).join(', ')}`);
    },
  },
  {
    name: 'reorder',
    survives: 'loses nothing of what arrives out of order',
    products: PRODUCTS,
    async run(bench) {
      await bench.start();
      await bench.emulator.faults.add({ fault: 'swap', account: 'one', times: 1 });
      await bench.delivers(await bench.happen(), 'two events changed places, and not all were delivered');
    },
  },
  {
    name: 'unavailable',
    survives: 'tries again when its first request for a key is answered 503',
    async run(bench) {
      await bench.emulator.faults.add({ fault: 'http', status: 503, path: keyPathOf(bench.product), times: 2 });
      await bench.launch();
      await bench.listens([], 'two requests for a key were answered 503, and the client never listened');
      await bench.stillDelivers('the client listens, and delivers nothing');
    },
  },
  {
    name: 'retry-after',
    survives: 'asks nothing while a 429 tells it to wait (Retry-After), and then asks again',
    async run(bench) {
      await bench.emulator.faults.add({
        fault: 'http',
        status: 429,
        path: keyPathOf(bench.product),
        times: 1,
        retryAfter: '3s',
      });
      await bench.launch();
      await bench.listens([], 'a request for a key was answered 429, and the client never listened');
      const posts = await bench.requests('POST', KEY_PATH);
      const [first, second] = posts.filter(({ account }) => account === posts[0]?.account);
      const waitedMs = Date.parse(second?.at ?? '') - Date.parse(first?.at ?? '');
      if (waitedMs < 2900) throw new Failed(`a 429 said to wait 3 s, and the client asked again after ${waitedMs} ms`);
      await bench.stillDelivers('the client listens, and delivers nothing');
    },
  },
  {
    name: 'clock-skew',
    survives: 'signs by the venue’s time when its own is refused (-1021)',
    products: ON_WS_API,
    async run(bench) {
      await bench.emulator.faults.add({ fault: 'clock-skew', by: '30s' });
      await bench.launch();
      await bench.listens([], 'the venue’s clock is 30 s ahead, and the client never listened');
      await bench.stillDelivers('the client listens, and delivers nothing');
    },
  },
  {
    name: 'token-renewal',
    survives: 'renews its listenToken before it runs out, without a pause',
    products: ['margin'],
    async run(bench) {
      await bench.start();
      assertFollows(bench);
      await bench.advance(25 * 60 * MINUTE);
      const ended = await bench.emulator.journal.entries({ kind: 'push', event: 'eventStreamTerminated' });
      const otherwise = 'a listenToken lives a day at most, and after it nothing is delivered';
      await bench.listens([], otherwise);
      await bench.stillDelivers(otherwise);
      if (ended.length > 0)
        throw new Failed('the subscription ended with its listenToken, which was not renewed before');
    },
  },
  {
    name: 'two-accounts',
    survives: 'says of each event whose it is, where two accounts are read',
    products: PRODUCTS,
    async run(bench) {
      await bench.start();
      if ((await bench.readers('two')).length === 0) throw new Skipped('the client reads one account alone');
      const [one, two] = [await bench.happen('one'), await bench.happen('two')];
      await bench.delivers([...one, ...two], 'two accounts are read, and not all events were delivered');
      for (const [events, own, other] of [
        [one, '1', '2'],
        [two, '2', '1'],
      ] as const) {
        const strays = events.filter((event) => bench.countOf(event, own) === 0 || bench.countOf(event, other) > 0);
        if (strays.length > 0)
          throw new Failed(`events of account ${own} were not delivered as its own, or as account ${other}’s too`);
      }
    },
  },
];

const KEY_PATHS: Readonly<Record<string, string>> = {
  usdm: '/fapi/v1/listenKey',
  coinm: '/dapi/v1/listenKey',
  options: '/eapi/v1/listenKey',
  pm: '/papi/v1/listenKey',
};

const keyPathOf = (product: string): string => KEY_PATHS[product] ?? '';

export const checksOf = (product: string): readonly Check[] =>
  CHECKS.filter(({ products = BY_LISTEN_KEY }) => products.includes(product));
