/** The lifecycle of a private stream, one thing at a time: what is done to the client, and what one that survives does. */
import type { Fault, FaultOptions } from '../emulator.ts';
import type { JournalEntry } from '../journal.ts';
import { type Bench, Failed, type Reading, Skipped } from './bench.ts';

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
/**
 * Whose account says over REST when it changed last. Portfolio margin's does for its balances alone, and the others' do not: there no
 * client can be blamed for taking a dead stream for a quiet one.
 */
const TELL_CHANGES = ['usdm', 'coinm', 'spot'];
export const PRODUCTS: readonly string[] = [...BY_LISTEN_KEY, ...ON_WS_API];

const KEY_PATH = /listen-?key$/i;

/** Further than any connection's lateness, nearer than any silence that means death. */
const LATE_MS = 20_000;

const RETRY_AFTER_MS = 3_000;
/** Between a request's arrival and the instant that its answer names lies the emulator's own time. */
const RETRY_TOLERANCE_MS = 100;
/** What a client sends so soon after its refused request may have been on its way. */
const UNDER_WAY_MS = 500;

/** Overrides rows of the product's connections. */
const connections = (row: object) => (product: string) => ({
  limits: { connections: { [ON_WS_API.includes(product) ? 'ws-api' : product]: row } },
});

/** Only a client whose timers move with the clock can be asked what it does after half an hour. */
function assertFollows(bench: Bench): void {
  if (bench.follows) return;
  throw new Skipped(
    'the client’s timers do not follow the clock: it is no process of Node, nor follows LISTENPOST_TIME_PORT',
  );
}

/** Does something to what reads the stream, and has the client read on by another connection, or by another key. */
async function outlives(bench: Bench, fault: FaultOptions, by: keyof Reading, otherwise: string): Promise<void> {
  await bench.start();
  const before = await bench.reading();
  await bench.acted(await bench.fault({ ...fault, account: 'one' }), `${fault.fault} met nothing`);
  await bench.listens(otherwise, { before, by });
  await bench.stillDelivers(otherwise);
}

/** Whether a call behind what the fault did gave the key another hour. */
async function extendedAfter(bench: Bench, fault: Fault): Promise<boolean> {
  const [deed] = await bench.deeds(fault);
  const entries = await bench.emulator.journal.entries();
  const after = entries.slice(entries.findIndex(({ id }) => id === deed?.id));
  return after.some((entry) => entry.account === 'one' && entry.status === 200 && isExtension(entry));
}

const isExtension = ({ kind, method = '', path = '' }: JournalEntry): boolean =>
  kind === 'request'
    ? /^(PUT|POST)$/.test(method) && KEY_PATH.test(path)
    : /^userDataStream\.(ping|start)$/.test(method);

const expirations = (bench: Bench) =>
  bench.emulator.journal.entries({ kind: 'push', event: 'listenKeyExpired', account: 'one' });

const CHECKS: readonly Check[] = [
  {
    name: 'issue',
    survives: 'obtains its grant, listens, and delivers every event once',
    products: PRODUCTS,
    async run(bench) {
      await bench.start();
      const events = await bench.happen();
      await bench.delivers(events, 'an order was filled, and not all of its events were delivered');
      await bench.deliveredOnce(events, 'delivered more than once');
    },
  },
  {
    name: 'keepalive',
    survives: 'extends its listenKey before the 60 minutes are over, again and again',
    async run(bench) {
      await bench.start();
      assertFollows(bench);
      await bench.advance(125 * MINUTE);
      const puts = await bench.requests('PUT', KEY_PATH);
      const pings = await bench.emulator.journal.entries({
        kind: 'message',
        method: 'userDataStream.ping',
        account: 'one',
      });
      const again = (await bench.requests('POST', KEY_PATH)).length - 1;
      if ((await expirations(bench)).length > 0) {
        throw new Failed(
          `the key expired; ${puts.length + pings.length} keepalives in 125 minutes; ${await bench.seen()}`,
        );
      }
      if (puts.length + pings.length + again < 2)
        throw new Failed(`in 125 minutes there were ${puts.length} keepalives`);
      await bench.listens('after two hours nobody reads the stream any more');
      await bench.stillDelivers('after two hours nothing is delivered');
    },
  },
  {
    name: 'expiry',
    survives: 'is told listenKeyExpired, obtains another key, and reads on by it',
    run: (bench) =>
      outlives(bench, { fault: 'expire-now' }, 'keys', 'the key expired, and the client reads by no other one'),
  },
  {
    name: 'keepalive-retry',
    survives: 'tries a keepalive that got lost again, before its key runs out',
    async run(bench) {
      await bench.start();
      assertFollows(bench);
      const lost = await bench.fault({ fault: 'drop-keepalive', account: 'one', times: 1 });
      for (let given = 0; given < 55 * MINUTE && (await bench.deeds(lost)).length === 0; given += 5 * MINUTE)
        await bench.advance(5 * MINUTE);
      await bench.acted(lost, 'in 55 minutes the client sent no keepalive that could get lost');
      // A second attempt seconds later is the machine's business: the key must not run out before it.
      await bench.given(
        (await bench.keyLeftMs()) - MINUTE,
        () => extendedAfter(bench, lost),
        'a keepalive was lost, and none came again before the key ran out',
      );
      await bench.stillDelivers('a keepalive was lost, and nothing is delivered any more');
    },
  },
  {
    name: 'keepalives-lost',
    survives: 'outlives its key when all keepalives are lost',
    async run(bench) {
      await bench.start();
      assertFollows(bench);
      const before = await bench.reading();
      const lost = await bench.fault({ fault: 'drop-keepalive', account: 'one' });
      await bench.advance(65 * MINUTE);
      await bench.acted(lost, 'in 65 minutes the client sent no keepalive that could get lost');
      await bench.emulator.faults.remove();
      const otherwise = 'all keepalives were lost, the key expired, and the client reads by no other one';
      await bench.listens(otherwise, { before, by: 'keys' });
      await bench.stillDelivers(otherwise);
    },
  },
  {
    name: 'no-such-key',
    survives: 'obtains another key when its keepalive is answered -1125',
    async run(bench) {
      await bench.start();
      assertFollows(bench);
      const before = await bench.reading();
      // The key's end is told to those who read by it; who learns it so is asked by `expiry`. Here it is not told.
      const untold = await bench.fault({ fault: 'zombie', account: 'one', withholds: 'events' });
      await bench.deleteKeys();
      await bench.acted(untold, 'the product does not tell of a key that was closed');
      await bench.emulator.faults.remove();
      await bench.advance(58 * MINUTE);
      const refused = await bench.emulator.journal.entries({ account: 'one', code: -1125 });
      if (refused.length === 0) {
        if (await bench.reads({ before, by: 'keys' }))
          throw new Skipped('the client reads by another key, and no keepalive of it was answered -1125');
        throw new Failed('another program closed the key, and in 58 minutes no keepalive was sent to learn it by');
      }
      const otherwise =
        'another program closed the key, keepalives were answered -1125, and the client reads by no other';
      await bench.listens(otherwise, { before, by: 'keys' });
      await bench.stillDelivers(otherwise);
    },
  },
  {
    name: 'cut',
    survives: 'notices that the connection is gone, and opens another',
    products: PRODUCTS,
    run: (bench) =>
      outlives(bench, { fault: 'cut' }, 'connections', 'the connection was cut, and the client reads on no other one'),
  },
  {
    name: 'half-open',
    survives: 'finds out that a connection is silent for good and answers no ping, within a quarter of an hour',
    products: PRODUCTS,
    // The venue gives it up too, and over a network that is gone no word of that comes.
    run: (bench) =>
      outlives(
        bench,
        { fault: 'half-open' },
        'connections',
        'nothing came any more over the connection, not even pongs, and the client stayed with it',
      ),
  },
  {
    name: 'lifetime',
    survives: 'outlives the end of a connection at its greatest age (24 h; here 100 minutes)',
    products: PRODUCTS,
    config: connections({ lifetime: '100m' }),
    async run(bench) {
      await bench.start();
      assertFollows(bench);
      const before = await bench.reading();
      await bench.advance(101 * MINUTE);
      const otherwise = 'the connection ended at its greatest age, and the client reads on no other one';
      await bench.listens(otherwise, { before });
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
        { fault: 'shutdown', grace: '2s' },
        'connections',
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
      const before = await bench.reading();
      const fault = await bench.fault({ fault: 'zombie', account: 'one', withholds: 'events' });
      await bench.happen();
      await bench.acted(fault, 'nothing was to be told of an order that was filled');
      const otherwise = 'the connection told nothing of an order that was filled, and the client stayed with it';
      // Looks and second looks, which clients space by seconds of the machine.
      await bench.listens(otherwise, { before, stepEveryMs: 500 });
      await bench.stillDelivers(otherwise);
    },
  },
  {
    name: 'delay',
    survives: 'waits for events that come 20 s late: delivers each once and in order, and makes no key for it',
    products: PRODUCTS,
    async run(bench) {
      await bench.start();
      const asked = (await bench.requests('POST', KEY_PATH)).length;
      const late = await bench.fault({ fault: 'delay', account: 'one', by: `${LATE_MS}ms` });
      const events = await bench.happen();
      await bench.acted(late, 'nothing was to be told of an order that was filled');
      // In two steps, so that a client whose clock follows knows that it is late when they come.
      await bench.advance(LATE_MS - 1000);
      await bench.advance(1000);
      await bench.delivers(events, 'events came 20 s late, and not all were delivered');
      await bench.emulator.faults.remove();
      await bench.deliveredOnce(events, 'delivered twice what came late');
      const places = bench.placesOf(events);
      if (places.some((place, at) => at > 0 && place < (places[at - 1] ?? 0)))
        throw new Failed('events came late and in order, and were delivered in another one');
      if ((await bench.requests('POST', KEY_PATH)).length > asked)
        throw new Failed('events came 20 s late, and the client asked for a key again');
    },
  },
  {
    name: 'duplicate',
    survives: 'delivers an event once that the venue sends twice',
    products: PRODUCTS,
    async run(bench) {
      await bench.start();
      const fault = await bench.fault({ fault: 'duplicate', account: 'one' });
      const events = await bench.happen();
      await bench.acted(fault, 'nothing was to be told of an order that was filled');
      await bench.delivers(events, 'events came twice, and not all were delivered');
      await bench.emulator.faults.remove();
      await bench.deliveredOnce(events, 'delivered twice what came twice');
    },
  },
  {
    name: 'reorder',
    survives: 'loses nothing of what arrives out of order',
    products: PRODUCTS,
    async run(bench) {
      await bench.start();
      const usual = await bench.happen();
      await bench.delivers(usual, 'an order was filled, and not all of its events were delivered');
      const [connection = ''] = (await bench.reading()).connections;
      // The end of one order and the beginning of the next: what is older by its own times comes later.
      const fault = await bench.fault({ fault: 'swap', connection, after: usual.length - 1, times: 1, within: '1m' });
      const first = await bench.happen();
      await bench.advance(1000);
      const events = [...first, ...(await bench.happen())];
      await bench.acted(fault, 'nothing was to be told of orders that were filled');
      await bench.delivers(events, 'two events changed places, and not all were delivered');
    },
  },
  {
    name: 'unavailable',
    survives: 'tries again when its first requests for a key are answered 503',
    async run(bench) {
      const path = keyPathOf(bench.product);
      const fault = await bench.fault({ fault: 'http', account: 'one', status: 503, path, method: 'POST', times: 2 });
      await bench.launch();
      await bench.acted(fault, 'the client asked for no key over REST');
      await bench.listens('requests for a key were answered 503, and the client never listened');
      await bench.stillDelivers('the client listens, and delivers nothing');
    },
  },
  {
    name: 'retry-after',
    survives: 'asks nothing while a 429 tells it to wait (Retry-After), and then asks again',
    async run(bench) {
      const path = keyPathOf(bench.product);
      const fault = await bench.fault({
        fault: 'http',
        account: 'one',
        status: 429,
        path,
        method: 'POST',
        times: 1,
        retryAfter: `${RETRY_AFTER_MS}ms`,
      });
      await bench.launch();
      await bench.acted(fault, 'the client asked for no key over REST');
      // While the clock is not moved, what it shows between two requests is the machine's time too.
      await bench.listens('a request for a key was answered 429, and the client never listened', {
        stillMs: RETRY_AFTER_MS + 1000,
      });
      const asked = await bench.emulator.journal.entries({ account: 'one', from: 'client' });
      const refusedAt = asked.findIndex(({ status }) => status === 429);
      const later = asked.slice(refusedAt + 1).map((entry) => ({
        isKey: entry.method === 'POST' && entry.path === path,
        sinceMs: Date.parse(entry.at) - Date.parse(asked[refusedAt]?.at ?? ''),
      }));
      if (!later.some(({ isKey }) => isKey))
        throw new Failed('a request for a key was answered 429, and the client did not ask again');
      const early = later.find(
        ({ isKey, sinceMs }) => sinceMs < RETRY_AFTER_MS - RETRY_TOLERANCE_MS && (isKey || sinceMs > UNDER_WAY_MS),
      );
      if (early !== undefined)
        throw new Failed(`a 429 said to wait 3 s, and the client asked again sooner, after ${early.sinceMs} ms`);
      await bench.stillDelivers('the client listens, and delivers nothing');
    },
  },
  {
    name: 'clock-skew',
    survives: 'signs by the venue’s time, at the latest when its own is refused (-1021)',
    products: ON_WS_API,
    async run(bench) {
      const fault = await bench.fault({ fault: 'clock-skew', by: '30s' });
      await bench.launch();
      await bench.acted(fault, 'the client asked nothing that is checked by the venue’s clock');
      await bench.listens('the venue’s clock is 30 s ahead, and the client never listened');
      await bench.stillDelivers('the client listens, and delivers nothing');
    },
  },
  {
    name: 'token-renewal',
    survives: 'renews its listenToken before it runs out, without a pause',
    products: ['margin'],
    // A connection that ends first would bring a fresh token to who never renews one.
    config: connections({ lifetime: '72h' }),
    async run(bench) {
      await bench.start();
      assertFollows(bench);
      await bench.advance(25 * 60 * MINUTE);
      const ended = await bench.emulator.journal.entries({
        kind: 'push',
        event: 'eventStreamTerminated',
        account: 'one',
      });
      if (ended.length > 0)
        throw new Failed('the subscription ended with its listenToken, which was not renewed before');
      const otherwise = 'a listenToken lives a day at most, and after it nothing is delivered';
      await bench.listens(otherwise);
      await bench.stillDelivers(otherwise);
    },
  },
  {
    name: 'two-accounts',
    survives: 'says of each event whose it is, where two accounts are read',
    products: PRODUCTS,
    async run(bench) {
      await bench.start();
      if ((await bench.reading('two')).connections.length === 0)
        throw new Skipped('the client reads one account alone');
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
