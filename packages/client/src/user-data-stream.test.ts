import { describe, expect, test } from 'bun:test';
import { BackpressureError, CursorStoreError, OptionsError, UnexpectedError, VenueError } from './errors.ts';
import { metaOf } from './events.ts';
import type { UserDataStreamOptions } from './options.ts';
import { json, ManualDoors, type ManualSocket, settled } from './testing/manual-doors.ts';
import { UserDataStream } from './user-data-stream.ts';
import { listenpost } from './venues.ts';
import type { Signer } from './wire/signer.ts';
import { wire } from './wiring.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Story {
  readonly doors: ManualDoors;
  readonly stream: UserDataStream<'usdm', string>;
  /** The socket that was opened last is opened by the venue too. */
  open(): Promise<void>;
  event(e: string, position?: string): void;
}

/** A USDⓈ-M stream by listenKeys k1, k2, …; a new one after each that the test lets expire. */
function story(
  options: Partial<UserDataStreamOptions<'usdm', string>> = {},
  { resume = false } = {},
  ...signers: Signer[]
): Story {
  const doors = new ManualDoors();
  const keys = { current: 1 };
  doors.answer = () => json({ listenKey: `k${keys.current}` });
  const all: UserDataStreamOptions<'usdm', string> = {
    product: 'usdm',
    apiKey: 'key',
    venue: { ...listenpost('http://venue'), resume },
    check: false,
    ...options,
  };
  const stream = new UserDataStream(all, wire(all as UserDataStreamOptions, doors, ...signers));
  return {
    doors,
    stream,
    async open() {
      await doors.clock.advance(1);
      doors.socket.open();
      doors.socket.pong();
      await settled();
    },
    event(e, position) {
      const stated = position === undefined ? {} : { position };
      doors.socket.receive({ stream: `k${keys.current}`, data: { e, E: doors.clock.now() }, ...stated });
    },
  };
}

async function take(items: AsyncIterator<{ readonly e: string }>, count: number): Promise<string[]> {
  const names: string[] = [];
  while (names.length < count) {
    const { value, done } = await items.next();
    if (done) break;
    names.push(value.e);
  }
  return names;
}

describe('a stream', () => {
  test('connects when it is first read, and hands out what comes', async () => {
    const { doors, stream, open, event } = story();
    await doors.clock.advance(1000);
    expect(doors.requests).toEqual([]);
    const items = stream[Symbol.asyncIterator]();
    await open();
    expect(doors.socket.url).toBe('ws://venue/private/stream?streams=k1');
    event('ACCOUNT_UPDATE');
    event('ORDER_TRADE_UPDATE');
    expect(await take(items, 2)).toEqual(['ACCOUNT_UPDATE', 'ORDER_TRADE_UPDATE']);
  });

  test('lays scope and time beside an event and leaves the event as it is', async () => {
    const { doors, stream, open } = story();
    const items = stream[Symbol.asyncIterator]();
    await open();
    doors.socket.receive('{"stream":"k1","data":{"e":"novelty","i":9007199254740993,"d":"1.50","meta":1}}');
    const { value } = await items.next();
    expect(value).toMatchObject({ e: 'novelty', i: 9007199254740993n, d: '1.50', meta: 1 });
    expect(metaOf(value as object)).toEqual({ scope: 'usdm', position: undefined, receivedAt: doors.clock.now() });
  });

  test('goes on by a new key when the old one expired, and says what may be missing', async () => {
    const { doors, stream, open, event } = story();
    const items = stream[Symbol.asyncIterator]();
    await open();
    event('a');
    await doors.clock.advance(2000);
    doors.socket.receive({ stream: 'k1', data: { e: 'listenKeyExpired', E: 1, listenKey: 'k1' } });
    await doors.clock.advance(1000);
    await open();
    event('b');
    expect(doors.sockets).toHaveLength(2);
    expect(await take(items, 3)).toEqual(['a', 'gap', 'b']);
  });

  test('does not take a silent socket for a stream: a key that died before it opened is found out', async () => {
    const { doors, stream, open } = story();
    stream[Symbol.asyncIterator]();
    await doors.clock.advance(1);
    doors.answer = () => json({ listenKey: 'k2' });
    await open();
    expect(stream.status).toMatchObject({ verdict: 'dead', connections: 0 });
    expect(doors.socket.ended).toBe('closed');
    await doors.clock.advance(1000);
    expect(doors.socket.url).toEndWith('?streams=k2');
    doors.socket.open();
    await settled();
    expect(stream.status).toMatchObject({ verdict: 'quiet', connections: 1 });
  });

  test('has an open socket confirmed for as long as it takes, and joins from when it opened', async () => {
    const { doors, stream, open } = story({ from: '{"v":1,"scopes":{"usdm":{"at":1}}}' });
    const items = stream[Symbol.asyncIterator]();
    await doors.clock.advance(1);
    const working = doors.answer;
    doors.answer = () => new Error('unreachable');
    await open();
    const openedAt = doors.clock.now();
    await doors.clock.advance(3500);
    expect(stream.status.verdict).toBe('dead');
    doors.answer = working;
    await doors.clock.advance(1000);
    expect(doors.sockets).toHaveLength(1);
    expect((await items.next()).value).toMatchObject({ e: 'gap', from: 1, to: openedAt });
  });

  test('that hears by its key need not have it confirmed', async () => {
    const { doors, stream, open, event } = story();
    const items = stream[Symbol.asyncIterator]();
    await doors.clock.advance(1);
    doors.answer = () => new Error('unreachable');
    await open();
    event('a');
    expect(await take(items, 1)).toEqual(['a']);
  });

  test('moves to the next connection before the venue cuts the old one, without a gap or a repetition', async () => {
    const { doors, stream, open, event } = story();
    const items = stream[Symbol.asyncIterator]();
    await open();
    const old = doors.socket;
    event('a');
    for (let past = 0; doors.sockets.length === 1 && past < 24; past++) {
      for (let quarter = 0; quarter < 400 && doors.sockets.length === 1; quarter++) {
        await doors.clock.advance(9000);
        old.pong();
      }
    }
    expect(doors.sockets).toHaveLength(2);
    expect(old.ended).toBeUndefined();
    doors.socket.open();
    event('b');
    old.receive({ stream: 'k1', data: { e: 'b', E: doors.clock.now() } });
    old.pong();
    old.pong();
    await settled();
    expect(old.ended).toBe('closed');
    event('c');
    expect(await take(items, 3)).toEqual(['a', 'b', 'c']);
    await stream.close();
  });

  test('hands over at once when the venue announces its stop', async () => {
    const { doors, stream, open } = story();
    stream[Symbol.asyncIterator]();
    await open();
    doors.socket.receive({ stream: '!serverShutdown', data: { e: 'serverShutdown', E: 1 } });
    await doors.clock.advance(1000);
    expect(doors.sockets).toHaveLength(2);
  });

  test('hands over at an instant of its own where many are told to at once', async () => {
    const { doors, stream, open } = story();
    doors.random.next = () => 0.9;
    stream[Symbol.asyncIterator]();
    await open();
    doors.socket.receive({ stream: '!serverShutdown', data: { e: 'serverShutdown', E: 1 } });
    await doors.clock.advance(899);
    expect(doors.sockets).toHaveLength(1);
    await doors.clock.advance(1);
    expect(doors.sockets).toHaveLength(2);
    await stream.close();
  });

  test('hands over when its user chooses', async () => {
    const { doors, stream, open } = story();
    stream[Symbol.asyncIterator]();
    await open();
    stream.handOver();
    await doors.clock.advance(0);
    expect(doors.sockets).toHaveLength(2);
    expect(stream.status.handingOver).toBe(true);
  });

  test('tells where a handover begins and where it ends', async () => {
    const { doors, stream, open } = story();
    const told: boolean[] = [];
    stream[Symbol.asyncIterator]();
    await open();
    stream.onStatus(({ handingOver }) => told.push(handingOver));
    const old = doors.socket;
    stream.handOver();
    await doors.clock.advance(1);
    expect(told).toEqual([true]);
    doors.socket.open();
    doors.socket.pong();
    await settled();
    old.pong();
    old.pong();
    await settled();
    expect(old.ended).toBe('closed');
    expect(told).toEqual([true, false]);
    await stream.close();
  });

  test('resumes where the venue numbers its events', async () => {
    const { doors, stream, open, event } = story({}, { resume: true });
    const items = stream[Symbol.asyncIterator]();
    await open();
    expect(doors.socket.url).toBe('ws://venue/private/stream?streams=k1&resume=latest');
    doors.socket.receive({ stream: 'k1', resume: { position: 'e:0' } });
    event('a', 'e:1');
    doors.socket.cut();
    await doors.clock.advance(100);
    await doors.clock.advance(1000);
    expect(doors.socket.url).toBe('ws://venue/private/stream?streams=k1&resume=e%3A1');
    doors.socket.open();
    doors.socket.receive({ stream: 'k1', resume: { position: 'e:1', recovered: true } });
    event('b', 'e:2');
    expect(await take(items, 2)).toEqual(['a', 'b']);
  });

  test('ends by the error that trying again does not mend, behind what waits', async () => {
    const { doors, stream, open, event } = story();
    const items = stream[Symbol.asyncIterator]();
    await open();
    event('a');
    doors.answer = () => json({ code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' }, 401);
    doors.socket.cut();
    await doors.clock.advance(MINUTE);
    expect(await take(items, 1)).toEqual(['a']);
    const error = await items.next().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(VenueError);
    expect((error as VenueError).shouldRetry()).toBe(false);
    expect(doors.clock.pending).toBe(0);
  });

  test('tries again for as long as the venue is out of reach, with growing pauses', async () => {
    const { doors, stream } = story();
    stream[Symbol.asyncIterator]();
    doors.answer = () => new Error('unreachable');
    await doors.clock.advance(10 * MINUTE);
    expect(doors.requests.length).toBeGreaterThan(20);
    expect(doors.requests.length).toBeLessThan(60);
    expect(stream.status.verdict).toBe('dead');
  });

  test('keeps away for as long as a refused handshake asks for, and so does every other stream of the process', async () => {
    const { doors, stream } = story();
    stream[Symbol.asyncIterator]();
    await doors.clock.advance(1);
    doors.socket.cut(1006, '', { status: 429, headers: { 'retry-after': '30' } });
    const options = { product: 'usdm', apiKey: 'another', venue: listenpost('http://venue'), check: false } as const;
    const other = new UserDataStream(options, wire(options, doors));
    other[Symbol.asyncIterator]();
    await doors.clock.advance(29_999);
    expect([doors.sockets.length, doors.requests.length]).toEqual([1, 1]);
    await doors.clock.advance(5000);
    expect(doors.sockets).toHaveLength(3);
    await stream.close();
    await other.close();
  });

  test('takes over the pause that another stream of the process has come to', async () => {
    const { doors, stream } = story();
    stream[Symbol.asyncIterator]();
    doors.answer = () => new Error('unreachable');
    await doors.clock.advance(10_000);
    const options = { product: 'usdm', apiKey: 'another', venue: listenpost('http://venue'), check: false } as const;
    const other = new UserDataStream(options, wire(options, doors));
    other[Symbol.asyncIterator]();
    await doors.clock.advance(1);
    expect(other.status.reason).toEndWith('trying again in 1000 ms');
    await Promise.all([stream.close(), other.close()]);
  });

  test('opens no connection beyond what a venue takes of one address', async () => {
    const doors = new ManualDoors();
    doors.answer = () => json({ listenKey: 'k1' });
    const options = { product: 'usdm', apiKey: 'key', venue: listenpost('http://venue'), check: false } as const;
    const wiring = wire(options, doors);
    for (let n = 0; n < 240; n++) wiring.budget.connectionDelayMs();
    const stream = new UserDataStream(options, wiring);
    stream[Symbol.asyncIterator]();
    await doors.clock.advance(5 * MINUTE - 1);
    expect(doors.sockets).toEqual([]);
    await doors.clock.advance(2);
    expect(doors.sockets).toHaveLength(1);
    await stream.close();
  });

  test('extends its key while the host of its connections wants silence, and that of REST does not', async () => {
    const doors = new ManualDoors();
    doors.answer = () => json({ listenKey: 'k1' });
    const options = { product: 'usdm', apiKey: 'key', check: false } as const;
    const stream = new UserDataStream(options, wire(options, doors));
    stream[Symbol.asyncIterator]();
    await doors.clock.advance(1);
    doors.socket.cut(1006, '', { status: 418, headers: { 'retry-after': '3600' } });
    await doors.clock.advance(59 * MINUTE);
    expect(doors.sockets).toHaveLength(1);
    expect(doors.requests.map(({ method }) => method)).toEqual(['POST', 'PUT']);
    await stream.close();
  });

  test('comes in by doors that are of a class', async () => {
    const doors = new ManualDoors();
    const made = new (class {
      readonly clock = doors.clock;
      readonly random = doors.random;
      #all = doors;
      http(...call: Parameters<typeof doors.http>) {
        return this.#all.http(...call);
      }
      connect(...call: Parameters<typeof doors.connect>) {
        return this.#all.connect(...call);
      }
    })();
    doors.answer = () => json({ listenKey: 'k1' });
    const options = { product: 'usdm', apiKey: 'key', venue: listenpost('http://venue'), check: false } as const;
    const stream = new UserDataStream(options, wire(options, made));
    stream[Symbol.asyncIterator]();
    await doors.clock.advance(1);
    expect(doors.sockets).toHaveLength(1);
    await stream.close();
  });

  test('closes without a timer or a socket left behind, whenever it is closed', async () => {
    for (const moment of [0, 1, 2, 3]) {
      const { doors, stream, open } = story();
      const items = stream[Symbol.asyncIterator]();
      const reading = items.next();
      if (moment > 0) await doors.clock.advance(0);
      if (moment > 1) await open();
      if (moment > 2) await doors.clock.advance(HOUR);
      await stream.close();
      expect(await reading).toEqual({ done: true, value: undefined });
      await doors.clock.advance(HOUR);
      expect(doors.clock.pending).toBe(0);
      expect(doors.sockets.filter(({ ended }) => ended === undefined)).toEqual([]);
    }
  });

  test('gives up a request that is under way when it is closed', async () => {
    const { doors, stream } = story();
    doors.answer = () => 'never';
    stream[Symbol.asyncIterator]();
    await doors.clock.advance(1);
    expect(doors.requests).toHaveLength(1);
    await stream.close();
    await settled();
    expect(doors.clock.pending).toBe(0);
  });

  test('ends by an AbortSignal as by close', async () => {
    const controller = new AbortController();
    const { doors, stream, open } = story({ signal: controller.signal });
    const items = stream[Symbol.asyncIterator]();
    await open();
    controller.abort();
    expect(await items.next()).toEqual({ done: true, value: undefined });
    await doors.clock.advance(HOUR);
    expect(doors.clock.pending).toBe(0);
  });

  test('is ended by a fault that shows in a turn that is nobody’s', async () => {
    const { doors, stream, open } = story();
    const items = stream[Symbol.asyncIterator]();
    await open();
    // No runtime opens a socket twice.
    doors.socket.open();
    const error = await items.next().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(UnexpectedError);
    expect((error as UnexpectedError).message).toBe('connection: opened cannot come while it is open');
    expect(doors.clock.pending).toBe(0);
  });

  test('gives who asks several times at once as many items, in order', async () => {
    const { stream, open, event } = story();
    const items = stream[Symbol.asyncIterator]();
    const asked = [items.next(), items.next(), items.next()];
    await open();
    for (const e of ['a', 'b', 'c']) event(e);
    expect((await Promise.all(asked)).map(({ value }) => (value as { e: string }).e)).toEqual(['a', 'b', 'c']);
    await stream.close();
  });

  test('takes an event that comes without its envelope, or by the name of key and event', async () => {
    const { doors, stream, open } = story();
    const items = stream[Symbol.asyncIterator]();
    await open();
    doors.socket.receive({ e: 'a', E: 1 });
    doors.socket.receive({ stream: 'k1@b', data: { e: 'b', E: 1 } });
    expect(await take(items, 2)).toEqual(['a', 'b']);
    await stream.close();
  });

  test('reads no further on a connection that brings another stream’s events', async () => {
    const { doors, stream, open } = story();
    stream[Symbol.asyncIterator]();
    await open();
    doors.socket.receive({ stream: 'k2', data: { e: 'a', E: 1 } });
    expect(doors.socket.ended).toBe('closed');
    expect(stream.status.verdict).toBe('dead');
    await stream.close();
  });

  test('is closed by leaving the loop', async () => {
    const { doors, stream, open, event } = story();
    const left = (async () => {
      for await (const _ of stream) break;
    })();
    await open();
    event('a');
    await left;
    await doors.clock.advance(HOUR);
    expect([doors.socket.ended, doors.clock.pending]).toEqual(['closed', 0]);
  });

  test('is closed by `await using`', async () => {
    const { doors, stream, open } = story();
    await (async () => {
      await using used = stream;
      used[Symbol.asyncIterator]();
      await open();
    })();
    await doors.clock.advance(HOUR);
    expect([doors.socket.ended, doors.clock.pending]).toEqual(['closed', 0]);
  });

  test('has one reader', () => {
    const { stream } = story();
    stream[Symbol.asyncIterator]();
    expect(() => stream[Symbol.asyncIterator]()).toThrow(OptionsError);
  });
});

describe('two connections', () => {
  test('are merged: each event once, and the end of one of them costs nothing', async () => {
    const { doors, stream } = story({ parallel: 2 });
    const items = stream[Symbol.asyncIterator]();
    await doors.clock.advance(1);
    const [one, two] = doors.sockets as [ManualSocket, ManualSocket];
    for (const socket of [one, two]) socket.open();
    await doors.clock.advance(1);
    for (const socket of [one, two]) socket.pong();
    await doors.clock.advance(10_000);
    for (const socket of [one, two]) socket.pong();
    const push = (socket: ManualSocket, e: string) => socket.receive({ stream: 'k1', data: { e, E: 1 } });
    for (const e of ['a', 'b']) push(one, e);
    for (const e of ['a', 'b', 'c']) push(two, e);
    one.cut();
    push(two, 'd');
    expect(await take(items, 4)).toEqual(['a', 'b', 'c', 'd']);
    expect(stream.status).toMatchObject({ verdict: 'live', connections: 1 });
    await doors.clock.advance(1000);
    expect(doors.sockets).toHaveLength(3);
  });

  test('go on by the one that reads while the venue refuses the other, which comes back once it may', async () => {
    const { doors, stream } = story({ parallel: 2 });
    const items = stream[Symbol.asyncIterator]();
    await doors.clock.advance(1);
    const [one, two] = doors.sockets as [ManualSocket, ManualSocket];
    for (const socket of [one, two]) socket.open();
    await doors.clock.advance(1);
    for (const socket of [one, two]) socket.pong();
    const answer = doors.answer;
    doors.answer = () => json({ code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' }, 401);
    one.cut();
    await doors.clock.advance(5000);
    two.pong();
    two.receive({ stream: 'k1', data: { e: 'a', E: 1 } });
    expect(await take(items, 1)).toEqual(['a']);
    expect(stream.status).toMatchObject({ verdict: 'live', connections: 1 });
    doors.answer = answer;
    await doors.clock.advance(5000);
    two.pong();
    await doors.clock.advance(5000);
    two.pong();
    doors.socket.open();
    await doors.clock.advance(1);
    for (const socket of [two, doors.socket]) socket.pong();
    await doors.clock.advance(1);
    expect(stream.status).toMatchObject({ connections: 2 });
    doors.answer = () => json({ code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' }, 401);
    for (const socket of doors.sockets) socket.cut();
    await doors.clock.advance(MINUTE);
    const error = await items.next().then(
      ({ value }) => value,
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(VenueError);
    expect(doors.clock.pending).toBe(0);
  });
});

describe('a slow consumer', () => {
  test('gets all that was buffered, then an error that says where to go on', async () => {
    const { doors, stream, open, event } = story({ bufferBytesMax: 64 * 1024 }, { resume: true });
    const items = stream[Symbol.asyncIterator]();
    await open();
    doors.socket.receive({ stream: 'k1', resume: { position: 'e:0' } });
    for (let n = 1; n <= 2000; n++) event('a', `e:${n}`);
    const got: unknown[] = [];
    const error = await (async () => {
      for (;;) {
        const { value } = await items.next();
        got.push(value);
      }
    })().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BackpressureError);
    const last = metaOf(got.at(-1) as object)?.position;
    expect(last).toBe(`e:${got.length}`);
    const mark = { position: last, at: doors.clock.now() };
    expect((error as BackpressureError).cursor).toBe(JSON.stringify({ v: 1, scopes: { usdm: mark } }));
    expect(got.length).toBeGreaterThan(500);
    expect(doors.clock.pending).toBe(0);
  });
});

describe('a cursor', () => {
  test('stands behind what was handled, not behind what was handed out', async () => {
    const { doors, stream, open, event } = story({}, { resume: true });
    const items = stream[Symbol.asyncIterator]();
    await open();
    doors.socket.receive({ stream: 'k1', resume: { position: 'e:0' } });
    event('a', 'e:1');
    event('b', 'e:2');
    await take(items, 1);
    const standsAt = (position: string) =>
      `{"v":1,"scopes":{"usdm":{"position":"${position}","at":${doors.clock.now()}}}}`;
    expect(stream.cursor).toBe(standsAt('e:0'));
    await take(items, 1);
    expect(stream.cursor).toBe(standsAt('e:1'));
    await stream.commit();
    expect(stream.cursor).toBe(standsAt('e:2'));
  });

  test('that is stored goes before `from`', async () => {
    const stored = '{"v":1,"scopes":{"usdm":{"position":"e:5"}}}';
    const cursorStore = { load: async () => stored, save: async () => undefined };
    const { doors, stream, open } = story({ cursorStore, from: 'e:1' }, { resume: true });
    stream[Symbol.asyncIterator]();
    await settled();
    await open();
    expect(doors.socket.url).toEndWith('&resume=e%3A5');
    await stream.close();
  });

  test('is stored by `commit` and by nothing else where its user says so', async () => {
    const saved: string[] = [];
    const cursorStore = {
      load: async () => undefined,
      save: async (_: string, cursor: string) => void saved.push(cursor),
    };
    const { doors, stream, open, event } = story({ cursorStore, commit: 'manual' }, { resume: true });
    const items = stream[Symbol.asyncIterator]();
    await settled();
    await open();
    doors.socket.receive({ stream: 'k1', resume: { position: 'e:0' } });
    event('a', 'e:1');
    event('b', 'e:2');
    await take(items, 2);
    expect(saved).toEqual([]);
    await stream.commit();
    // With the event in hand.
    expect(saved).toEqual([expect.stringContaining('"position":"e:2"')]);
    await stream.close();
    expect(saved).toHaveLength(1);
  });

  test('is stored before the next event is handed out, and read when a bot starts again', async () => {
    const stored = new Map<string, string>();
    const cursorStore = {
      load: async (key: string) => stored.get(key),
      save: async (key: string, cursor: string) => void stored.set(key, cursor),
    };
    const first = story({ cursorStore, cursorKey: 'bot' }, { resume: true });
    const items = first.stream[Symbol.asyncIterator]();
    await first.open();
    first.doors.socket.receive({ stream: 'k1', resume: { position: 'e:0' } });
    first.event('a', 'e:1');
    first.event('b', 'e:2');
    await take(items, 2);
    const stoppedAt = first.doors.clock.now();
    expect(stored.get('bot')).toBe(`{"v":1,"scopes":{"usdm":{"position":"e:1","at":${stoppedAt}}}}`);

    const second = story({ cursorStore, cursorKey: 'bot' }, { resume: true });
    await second.doors.clock.advance(HOUR);
    const resumed = second.stream[Symbol.asyncIterator]();
    await settled();
    await second.open();
    expect(second.doors.socket.url).toEndWith('&resume=e%3A1');
    const missed = { from: 'e:1', to: 'f:0' };
    second.doors.socket.receive({ stream: 'k1', resume: { position: 'f:0', recovered: false, missed } });
    const { value } = await resumed.next();
    expect(value).toMatchObject({ e: 'gap', from: stoppedAt, to: second.doors.clock.now(), missed });
  });

  test('of a store that fails later ends the stream as well', async () => {
    let left = 2;
    const cursorStore = {
      load: async () => undefined,
      save: async () => {
        if (left-- <= 0) throw new Error('disk full');
      },
    };
    const { doors, stream, open, event } = story({ cursorStore });
    const items = stream[Symbol.asyncIterator]();
    await open();
    for (const e of ['a', 'b', 'c']) event(e);
    expect(await take(items, 2)).toEqual(['a', 'b']);
    expect(await items.next().catch((cause: unknown) => cause)).toBeInstanceOf(CursorStoreError);
    await doors.clock.advance(HOUR);
    expect(doors.clock.pending).toBe(0);
    expect(doors.sockets.map(({ ended }) => ended)).toEqual(['closed']);
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  test('of a store that fails ends the stream: an event whose place is not kept may be handled twice', async () => {
    const cursorStore = { load: async () => undefined, save: () => Promise.reject(new Error('disk full')) };
    const { doors, stream, open } = story({ cursorStore });
    const items = stream[Symbol.asyncIterator]();
    const error = items.next().catch((cause: unknown) => cause);
    await open();
    expect(await error).toBeInstanceOf(CursorStoreError);
    expect(doors.clock.pending).toBe(0);
  });

  test.each(['', 'e', '{"v":2,"scopes":{}}', '{"v":1}', '{"v":1,"scopes":{"usdm":{"position":"x"}}}'])(
    '%p is none',
    (from) => {
      expect(() => story({ from })).toThrow(OptionsError);
    },
  );
});

describe('a snapshot', () => {
  test('stands before every event that came since the stream was joined', async () => {
    let finish: ((state: string) => void) | undefined;
    const { doors, stream, open, event } = story({
      snapshot: () => new Promise<string>((resolve) => (finish = resolve)),
    });
    const items = stream[Symbol.asyncIterator]();
    await doors.clock.advance(1000);
    // What happens between a snapshot and the subscription would be in neither.
    expect(finish).toBeUndefined();
    await open();
    event('a');
    await settled();
    expect(stream.bufferedBytes).toBe(0);
    finish?.('state');
    event('b');
    expect(await take(items, 3)).toEqual(['snapshot', 'a', 'b']);
  });

  test('is taken again behind a gap, and not where nothing was missed', async () => {
    const reasons: string[] = [];
    const { doors, stream, open, event } = story({
      snapshot: async ({ reason }) => {
        reasons.push(reason);
        return reason;
      },
    });
    const items = stream[Symbol.asyncIterator]();
    await open();
    event('a');
    doors.socket.cut();
    await doors.clock.advance(1000);
    doors.socket.open();
    await settled();
    event('b');
    expect(await take(items, 5)).toEqual(['snapshot', 'a', 'gap', 'snapshot', 'b']);
    expect(reasons).toEqual(['start', 'gap']);
  });
});

test('a snapshot whose function throws at once ends the stream as one that rejects', async () => {
  const snapshot = () => {
    throw new RangeError('no state');
  };
  const { doors, stream, open } = story({ snapshot });
  const items = stream[Symbol.asyncIterator]();
  await open();
  const error = await items.next().catch((cause: unknown) => cause);
  expect((error as Error).cause).toBeInstanceOf(RangeError);
  expect(doors.clock.pending).toBe(0);
});

describe('a machine’s clock that is set back', () => {
  const back = async ({ doors, stream, open, event }: Story) => {
    const items = stream[Symbol.asyncIterator]();
    await open();
    event('a');
    await doors.clock.advance(10_000);
    doors.socket.pong();
    doors.clock.setMs = -HOUR;
    return items;
  };

  test('lets no connection take over that is not proven', async () => {
    const told = story();
    const { doors, stream, open, event } = told;
    const items = await back(told);
    await doors.clock.advance(5000);
    const old = doors.socket;
    stream.handOver();
    await doors.clock.advance(1);
    doors.socket.open();
    await settled();
    expect(old.ended).toBeUndefined();
    old.receive({ stream: 'k1', data: { e: 'b', E: 1 } });
    old.pong();
    await doors.clock.advance(1);
    expect(old.ended).toBe('closed');
    event('c');
    expect(await take(items, 3)).toEqual(['a', 'b', 'c']);
    await stream.close();
    expect(open).toBeDefined();
  });

  test('is what gaps, marks and events are told by from then on', async () => {
    const told = story();
    const { doors, stream, open } = told;
    const items = await back(told);
    doors.socket.cut();
    await doors.clock.advance(1000);
    await open();
    await take(items, 1);
    const { value } = await items.next();
    const { from, to, silentSince } = value as { from: number; to: number; silentSince: number };
    const now = doors.clock.now();
    expect(to).toBeWithin(now - 2000, now + 1);
    expect(from).toBeWithin(to - 12_000, to);
    expect(silentSince).toBeLessThanOrEqual(from);
    await stream.commit();
    expect(stream.cursor).toBe(`{"v":1,"scopes":{"usdm":{"at":${to}}}}`);
    expect(stream.status.provenUntil).toBeWithin(to, now + 1);
    await stream.close();
  });
});

test('portfolio margin, whose REST does not tell the time, asks for it next door', async () => {
  const doors = new ManualDoors();
  const late = json({ code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' }, 400);
  const answers: Record<string, () => ReturnType<typeof json>> = {
    'https://papi.binance.com/papi/v1/listenKey': () => json({ listenKey: 'k1' }),
    'https://papi.binance.com/papi/v1/balance': () =>
      doors.requests.some(({ url }) => url.includes('/time')) ? json([{ updateTime: 1 }]) : late,
    'https://fapi.binance.com/fapi/v1/time': () => json({ serverTime: doors.clock.now() + 90_000 }),
  };
  doors.answer = ({ url }) => answers[url.split('?')[0] ?? '']?.() ?? json({ code: 0, msg: `no ${url}` }, 404);
  const options = { product: 'pm', apiKey: 'key', secret: 'secret' } as const;
  const stream = new UserDataStream(options, wire(options, doors, { kind: 'HMAC', sign: async () => 'signed' }));
  stream[Symbol.asyncIterator]();
  await doors.clock.advance(1);
  doors.socket.open();
  await settled();
  await doors.clock.advance(5000);
  expect(stream.status).toMatchObject({ verdict: 'quiet', reason: 'the connection and the account answer' });
  await stream.close();
});

describe('handlers', () => {
  test('are called by name, in order, each awaited before the next event', async () => {
    const { stream, open, event } = story();
    const told: string[] = [];
    stream.on('ORDER_TRADE_UPDATE', async ({ e }) => {
      told.push(`begin ${e}`);
      await settled();
      told.push(`end ${e}`);
    });
    stream.on('*', ({ e }) => told.push(`any ${e}`));
    await open();
    event('ORDER_TRADE_UPDATE');
    event('MARGIN_CALL');
    await settled();
    await settled();
    expect(told).toEqual([
      'begin ORDER_TRADE_UPDATE',
      'end ORDER_TRADE_UPDATE',
      'any ORDER_TRADE_UPDATE',
      'any MARGIN_CALL',
    ]);
    await stream.close();
  });

  test('for errors get what ended the stream', async () => {
    const { doors, stream } = story();
    doors.answer = () => json({ code: -2014, msg: 'API-key format invalid.' }, 401);
    const errors: Error[] = [];
    stream.on('error', (error) => errors.push(error));
    await doors.clock.advance(1000);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(VenueError);
  });

  test('that throw end the stream with what they threw', async () => {
    const { doors, stream, open, event } = story();
    const errors: Error[] = [];
    stream.on('error', (error) => errors.push(error));
    stream.on('*', () => {
      throw new Error('a bug of the bot');
    });
    await open();
    event('a');
    await settled();
    expect(errors.map(({ message }) => message)).toEqual(['a bug of the bot']);
    await doors.clock.advance(HOUR);
    expect(doors.clock.pending).toBe(0);
  });
});

describe('the verdict', () => {
  test('goes from dead to quiet to live and back to quiet', async () => {
    const { doors, stream, open, event } = story();
    const verdicts: string[] = [];
    stream.onStatus(({ verdict }) => verdicts.push(verdict));
    stream[Symbol.asyncIterator]();
    expect(stream.status.verdict).toBe('dead');
    await open();
    event('a');
    for (let n = 0; n < 10; n++) {
      await doors.clock.advance(9000);
      doors.socket.pong();
    }
    expect(verdicts).toEqual(['quiet', 'live', 'quiet']);
  });

  test('that a handler throws at ends the stream, and not the process', async () => {
    const { doors, stream, open } = story();
    const items = stream[Symbol.asyncIterator]();
    stream.onStatus(() => {
      throw new RangeError('the handler’s own');
    });
    await open();
    const error = await items.next().catch((cause: unknown) => cause);
    expect((error as Error).cause).toBeInstanceOf(RangeError);
    expect(doors.clock.pending).toBe(0);
  });

  test('that an asynchronous handler rejects at ends the stream as well', async () => {
    const { doors, stream, open } = story();
    const items = stream[Symbol.asyncIterator]();
    stream.onStatus(async () => {
      throw new RangeError('the handler’s own');
    });
    await open();
    const error = await items.next().catch((cause: unknown) => cause);
    expect((error as Error).cause).toBeInstanceOf(RangeError);
    expect(doors.clock.pending).toBe(0);
  });

  test('is told once a connection reads, and not before', async () => {
    const { stream, open } = story();
    const told: unknown[] = [];
    stream.onStatus(({ verdict, connections, grantDeadline }) =>
      told.push([verdict, connections, grantDeadline !== undefined]),
    );
    stream[Symbol.asyncIterator]();
    await open();
    expect(told).toEqual([['quiet', 1, true]]);
    await stream.close();
  });

  test('is suspect while an answer is late, and dead once the connection is given up', async () => {
    const { doors, stream, open } = story();
    const told: string[] = [];
    stream.onStatus(({ verdict, reason }) => told.push(`${verdict}: ${reason}`));
    stream[Symbol.asyncIterator]();
    await open();
    await doors.clock.advance(31_000);
    expect(told.slice(0, 3)).toEqual([
      'quiet: the connection answers',
      'suspect: the connection has not answered yet',
      'dead: no answer for 20000 ms',
    ]);
  });

  test('is dead when the account has changed and no event came: a venue that still answers has lost the stream', async () => {
    let changedAt = 1000;
    const { doors, stream, open } = story({ check: async () => ({ changedAt }), checkAfterMs: 30_000 });
    const items = stream[Symbol.asyncIterator]();
    const told: string[] = [];
    stream.onStatus(({ verdict, reason }) => told.push(`${verdict}: ${reason}`));
    const pass = async (ms: number) => {
      for (let past = 0; past < ms; past += 5000) {
        await doors.clock.advance(5000);
        doors.socket.pong();
      }
    };
    await open();
    await pass(120_000);
    expect(told).toEqual(['quiet: the connection answers', 'quiet: the connection and the account answer']);
    const silentSince = doors.clock.now();
    changedAt = silentSince;
    await pass(45_000);
    expect(told[2]).toBe('suspect: the account has changed and no event has come yet');
    expect(told[3]).toBe('dead: the account has changed and no event came');
    doors.socket.open();
    const { value } = await items.next();
    expect(value).toMatchObject({ e: 'gap', reason: 'the account has changed and no event came' });
    expect((value as { from: number }).from).toBeLessThanOrEqual(silentSince);
  });

  test('is asked of the account where that is silent, and not where events come', async () => {
    let asked = 0;
    const check = async () => {
      asked++;
      return { changedAt: 1 };
    };
    const { doors, stream, open, event } = story({ check, checkAfterMs: 30_000 });
    stream[Symbol.asyncIterator]();
    await open();
    const pass = async (ms: number, brings: boolean) => {
      for (let past = 0; past < ms; past += 5000) {
        await doors.clock.advance(5000);
        doors.socket.pong();
        if (brings) event(`e${past}`);
      }
    };
    await pass(10 * MINUTE, true);
    // The first look, by which silence is measured.
    expect(asked).toBe(1);
    await pass(2 * MINUTE, false);
    expect(asked).toBeGreaterThanOrEqual(4);
    await stream.close();
  });

  test('is suspect while a check does not answer, and asked again after a while', async () => {
    let asked = 0;
    const check = () => {
      asked++;
      return new Promise<never>(() => undefined);
    };
    const { doors, stream, open } = story({ check, checkAfterMs: 30_000 });
    stream[Symbol.asyncIterator]();
    await open();
    for (let past = 0; past < 2 * MINUTE; past += 5000) {
      await doors.clock.advance(5000);
      doors.socket.pong();
    }
    expect(asked).toBe(4);
    expect(stream.status).toMatchObject({
      verdict: 'suspect',
      reason: 'the account could not be asked: check: its function did not answer within 10000 ms',
    });
    await stream.close();
    expect(doors.clock.pending).toBe(0);
  });

  test('is dead when a connection that is handed over had lost the stream before its silence was measured', async () => {
    let changedAt = 1000;
    const { doors, stream, open, event } = story({ check: async () => ({ changedAt }), checkAfterMs: HOUR });
    const items = stream[Symbol.asyncIterator]();
    await open();
    event('a');
    await take(items, 1);
    const silentSince = doors.clock.now();
    await doors.clock.advance(2000);
    changedAt = doors.clock.now();
    stream.handOver();
    const zombie = doors.socket;
    await open();
    zombie.pong();
    await doors.clock.advance(1);
    expect(zombie.ended).toBe('closed');
    await doors.clock.advance(6000);
    await open();
    const { value } = await items.next();
    expect(value).toMatchObject({ e: 'gap', reason: 'the account has changed and no event came' });
    expect((value as { from: number }).from).toBeLessThanOrEqual(silentSince);
    await stream.close();
  });
});

test('a venue that has no call for the account is not asked again, and not doubted', async () => {
  const { doors, stream, open } = story(
    { check: undefined as never, checkAfterMs: 10_000 },
    {},
    { kind: 'HMAC', sign: async () => 'signed' },
  );
  const answer = doors.answer;
  doors.answer = (request) =>
    request.method === 'GET' ? json({ code: -5000, msg: 'Path is invalid' }, 404) : answer(request);
  const verdicts: string[] = [];
  stream.onStatus(({ verdict }) => verdicts.push(verdict));
  stream[Symbol.asyncIterator]();
  await open();
  for (let n = 0; n < 20; n++) {
    await doors.clock.advance(5000);
    doors.socket.pong();
  }
  expect(verdicts).toEqual(['quiet']);
  expect(doors.requests.filter(({ method }) => method === 'GET')).toHaveLength(1);
});

describe('what makes no sense', () => {
  test.each([
    [{ apiKey: '' }, 'apiKey: '],
    [{ bufferBytesMax: 0 }, 'bufferBytesMax: 0 '],
    [{ symbols: ['BTCUSDT'] }, 'symbols, cross: '],
    [{ secret: 'a', privateKey: 'b' }, 'secret, privateKey: '],
    [{ product: 'futures' as 'usdm' }, 'product: '],
    [{ parallel: 3 as 2 }, 'parallel: 3 '],
  ])('%p is refused by name', (options, sentence) => {
    expect(() => story(options)).toThrow(sentence);
  });
});
