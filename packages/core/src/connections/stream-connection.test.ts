import { describe, expect, test } from 'bun:test';
import { ENDS, PRODUCTS, type ProductId, STREAM_BASES } from '@listenpost/protocol';
import { BINANCE_LIMITS } from '../control/rate-limits.ts';
import {
  accountOf,
  HOUR,
  MINUTE,
  RecordingSocket,
  SECOND,
  START,
  startKey,
  type TestHouse,
  testHouse,
} from '../testing/memory-doors.ts';
import type { Connection } from './connection.ts';
import { handshake, isRefusal } from './handshake.ts';

const IP = '203.0.113.1';
const BOGUS = 'b'.repeat(64);

/** Opens the URL as a client would; what it is refused with is an error here. */
function connect({ house }: TestHouse, url: string) {
  const [path = '', query = ''] = url.split('?');
  const connection = handshake(house, path, query, IP);
  if (connection === null || isRefusal(connection)) throw new Error(`${url} was refused`);
  const socket = new RecordingSocket();
  socket.pong = (payload) => connection.ponged(payload);
  connection.opened(socket);
  return { connection, socket, ask: asking(connection, socket) };
}

/** Sends one control message and gives the one frame that answers it. */
function asking(connection: Connection, socket: RecordingSocket) {
  return (method: string, params?: readonly unknown[], id: unknown = 1): unknown => {
    socket.take();
    connection.message(JSON.stringify({ method, params, id }));
    const frames = socket.take();
    expect(frames).toHaveLength(1);
    return frames[0];
  };
}

let sequence = 0;

/** Publishes one event and gives its body. */
function publish({ house, reports }: TestHouse, stream: string, type = 'TRADE_LITE'): string {
  const body = `{"e":"${type}","n":${++sequence}}`;
  house.journal.append([{ stream, type, body }]).catch((cause: unknown) => reports.push(cause));
  return body;
}

const wrapped = (stream: string, body: string) => ({ stream, data: JSON.parse(body) });

describe('a key', () => {
  test('on /ws is delivered raw, byte for byte as published', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const { socket } = connect(room, `/private/ws/${key}`);
    const body = publish(room, 'alice/usdm');
    expect(socket.texts).toEqual([body]);
  });

  test('on /stream is delivered wrapped under its bare name', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const { socket } = connect(room, `/private/stream?streams=${key}`);
    const body = publish(room, 'alice/usdm');
    expect(socket.texts).toEqual([`{"stream":"${key}","data":${body}}`]);
  });

  test('reads its own stream only', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const { socket } = connect(room, `/private/ws/${key}`);
    for (const stream of ['bob/usdm', 'alice/coinm', 'alice/pmpro', 'alice/usdm2']) publish(room, stream);
    expect(socket.texts).toEqual([]);
  });

  test('is delivered on every socket that has it', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const sockets = [1, 2, 3].map(() => connect(room, `/private/ws/${key}`).socket);
    const body = publish(room, 'alice/usdm');
    for (const { texts } of sockets) expect(texts).toEqual([body]);
  });

  test('may be subscribed later: connectors open an empty /stream first', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const { socket, ask } = connect(room, '/private/stream?streams=');
    publish(room, 'alice/usdm');
    expect(ask('SUBSCRIBE', [key], 'ab12')).toEqual({ result: null, id: 'ab12' });
    const body = publish(room, 'alice/usdm');
    expect(socket.take()).toEqual([wrapped(key, body)]);
    expect(ask('UNSUBSCRIBE', [key])).toEqual({ result: null, id: 1 });
    publish(room, 'alice/usdm');
    expect(socket.take()).toEqual([]);
  });

  test('subscribed twice is delivered once', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const { socket, ask } = connect(room, `/private/ws/${key}/${key}`);
    ask('SUBSCRIBE', [key, key]);
    publish(room, 'alice/usdm');
    expect(socket.take()).toHaveLength(1);
    expect(ask('LIST_SUBSCRIPTIONS')).toEqual({ result: [key], id: 1 });
  });

  test('that is bogus is accepted, listed and silent', () => {
    const room = testHouse();
    const { socket, ask } = connect(room, `/private/ws/${BOGUS}`);
    expect(ask('SUBSCRIBE', ['btcusdt@aggTrade'])).toEqual({ result: null, id: 1 });
    expect(ask('LIST_SUBSCRIPTIONS')).toEqual({ result: [BOGUS, 'btcusdt@aggTrade'], id: 1 });
    publish(room, 'alice/usdm');
    expect(socket.take()).toEqual([]);
  });
});

describe('a filter', () => {
  test('lets only its own event through, under its own name', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const { socket } = connect(room, `/private/stream?listenKey=${key}&events=ORDER_TRADE_UPDATE/NO_SUCH`);
    publish(room, 'alice/usdm', 'TRADE_LITE');
    const body = publish(room, 'alice/usdm', 'ORDER_TRADE_UPDATE');
    expect(socket.take()).toEqual([wrapped(`${key}@ORDER_TRADE_UPDATE`, body)]);
  });

  test('hears of the expiry only when it asks for it', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const deaf = connect(room, `/private/ws?listenKey=${key}&events=ORDER_TRADE_UPDATE`);
    const told = connect(room, `/private/ws?listenKey=${key}&events=ORDER_TRADE_UPDATE/listenKeyExpired`);
    room.machine.pass(HOUR);
    expect(deaf.socket.take()).toEqual([]);
    expect(told.socket.take()).toEqual([{ e: 'listenKeyExpired', E: START + HOUR, listenKey: key }]);
  });

  test('is one name each in the list, sorted in the URL', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const { ask } = connect(room, `/private/ws?listenKey=${key}&events=listenKeyExpired/MARGIN_CALL/ACCOUNT_UPDATE`);
    expect(ask('LIST_SUBSCRIPTIONS')).toEqual({
      result: [`${key}@ACCOUNT_UPDATE`, `${key}@MARGIN_CALL`, `${key}@listenKeyExpired`],
      id: 1,
    });
    ask('UNSUBSCRIBE', [`${key}@MARGIN_CALL`]);
    expect(ask('LIST_SUBSCRIPTIONS')).toEqual({
      result: [`${key}@ACCOUNT_UPDATE`, `${key}@listenKeyExpired`],
      id: 1,
    });
  });
});

describe('the property combined', () => {
  test('begins as the path says and can be switched', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const { socket, ask } = connect(room, `/private/ws/${key}`);
    expect(ask('GET_PROPERTY', ['combined'])).toEqual({ result: false, id: 1 });
    expect(ask('SET_PROPERTY', ['combined', true])).toEqual({ result: null, id: 1 });
    expect(ask('GET_PROPERTY', ['combined'])).toEqual({ result: true, id: 1 });
    const first = publish(room, 'alice/usdm');
    expect(socket.take()).toEqual([wrapped(key, first)]);
    ask('SET_PROPERTY', ['combined', false]);
    const second = publish(room, 'alice/usdm');
    expect(socket.texts).toEqual([second]);
    expect(connect(room, '/stream').ask('GET_PROPERTY', ['combined'])).toEqual({ result: true, id: 1 });
  });
});

describe('what a path carries', () => {
  const CARRIED: readonly (readonly [base: string, key: ProductId, scope: ProductId | null])[] = [
    ['/private', 'usdm', 'usdm'],
    ['/private', 'options', 'options'],
    ['/private', 'coinm', null],
    ['/private', 'pm', null],
    ['/private', 'risk', null],
    ['', 'coinm', 'coinm'],
    ['', 'risk', 'risk'],
    ['', 'pm', null],
    ['/pm', 'pm', 'pm'],
    ['/pm', 'usdm', null],
    ['/pm-classic', 'usdm', 'pmpro'],
    ['/pm-classic', 'pm', null],
    ['/market', 'usdm', null],
    ['/public', 'usdm', null],
  ];

  test.each(CARRIED)('on %p a key of %p reads %p', async (base, product, scope) => {
    const room = testHouse();
    const key = await startKey(room.house, product);
    const { socket } = connect(room, `${base}/ws/${key}`);
    const bodies = ['usdm', 'coinm', 'options', 'pm', 'pmpro', 'risk'].map((id) => [id, publish(room, `alice/${id}`)]);
    expect(socket.texts as unknown[]).toEqual(bodies.filter(([id]) => id === scope).map(([, body]) => body));
  });

  test.each(['usdm', 'options'] as const)('on the bare path %p is as legacyPaths says', async (product) => {
    const silent = testHouse();
    const key = await startKey(silent.house, product);
    const quiet = connect(silent, `/ws/${key}`);
    connect(silent, `/ws/${key}`);
    publish(silent, `alice/${product}`);
    expect(quiet.socket.texts).toEqual([]);
    expect(silent.notices).toEqual([product]);

    const deliver = testHouse({ settings: { legacyPaths: 'deliver' } });
    const other = await startKey(deliver.house, product);
    const { socket } = connect(deliver, `/ws/${other}`);
    const body = publish(deliver, `alice/${product}`);
    expect(socket.texts).toEqual([body]);
    expect(deliver.notices).toEqual([]);
  });

  test('with legacyPaths 404 the handshake is refused, and a later SUBSCRIBE stays silent', async () => {
    const room = testHouse({ settings: { legacyPaths: '404' } });
    const key = await startKey(room.house, 'usdm');
    expect(handshake(room.house, `/ws/${key}`, '', IP)).toEqual({
      status: 404,
      code: -5000,
      msg: 'This path carries no USDⓈ-M Futures user data; use /private.',
      retryAt: undefined,
    });
    const { socket, ask } = connect(room, '/ws');
    expect(ask('SUBSCRIBE', [key])).toEqual({ result: null, id: 1 });
    publish(room, 'alice/usdm');
    expect(socket.take()).toEqual([]);
  });

  test('the shared path follows its first known key; a second product’s key adds its stream and nothing else', async () => {
    const room = testHouse();
    const [coinm, risk] = [await startKey(room.house, 'coinm'), await startKey(room.house, 'risk')];
    const { connection, socket, ask } = connect(room, '/ws');
    expect(connection.info().row).toBe('coinm');
    ask('SUBSCRIBE', [BOGUS]);
    expect(connection.info().row).toBe('coinm');
    ask('SUBSCRIBE', [risk]);
    expect(connection.info().row).toBe('risk');
    ask('SUBSCRIBE', [coinm]);
    expect(connection.info().row).toBe('risk');
    const bodies = [publish(room, 'alice/risk'), publish(room, 'alice/coinm')];
    expect(socket.texts).toEqual(bodies);
    const deadline = room.clock.now() + 3_600_000;
    expect(connection.info().subscriptions).toEqual([
      { stream: 'alice/risk', product: 'risk', grant: 'listenKey', deadline },
      { stream: 'alice/coinm', product: 'coinm', grant: 'listenKey', deadline },
    ]);
  });

  test('/pm-classic keeps its own row', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    expect(connect(room, `/pm-classic/ws/${key}`).connection.info().row).toBe('pmpro');
  });
});

describe('the end of a key', () => {
  test('is told, then silence, then the same socket takes a new key', async () => {
    const room = testHouse();
    const { house } = room;
    const dead = await startKey(house, 'usdm');
    const { socket, ask } = connect(room, `/private/stream?streams=${dead}`);
    await house.listenKeys.close(accountOf(house, 'alice'), PRODUCTS.usdm, undefined);
    expect(socket.take()).toEqual([{ stream: dead, data: { e: 'listenKeyExpired', E: START, listenKey: dead } }]);
    const fresh = await startKey(house, 'usdm');
    publish(room, 'alice/usdm');
    expect(ask('SUBSCRIBE', [dead])).toEqual({ result: null, id: 1 });
    publish(room, 'alice/usdm');
    expect(socket.take()).toEqual([]);
    expect(ask('SUBSCRIBE', [fresh])).toEqual({ result: null, id: 1 });
    const body = publish(room, 'alice/usdm');
    expect(socket.take()).toEqual([wrapped(fresh, body)]);
    expect(ask('LIST_SUBSCRIPTIONS')).toEqual({ result: [dead, fresh], id: 1 });
    expect(socket.ends).toEqual([]);
  });

  test('is told once to each socket, also where several filters are open', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const { socket } = connect(room, `/private/ws?listenKey=${key}&events=A/B/listenKeyExpired`);
    room.machine.pass(HOUR);
    expect(socket.take()).toHaveLength(1);
    expect(room.clock.pending).toBe(2);
  });

  test('a dead key in the URL is accepted and silent', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    room.machine.pass(HOUR);
    const { socket } = connect(room, `/private/ws/${key}`);
    publish(room, 'alice/usdm');
    expect(socket.texts).toEqual([]);
  });
});

describe('limits', () => {
  test('a connection holds as many streams as its row says', () => {
    const room = testHouse();
    const { ask } = connect(room, '/private/ws');
    const names = Array.from({ length: 1025 }, (_, nth) => `s${nth}`);
    expect(ask('SUBSCRIBE', names)).toEqual({
      error: { code: 2, msg: 'Invalid request: too many streams; a connection holds up to 1024' },
      id: 1,
    });
    expect(ask('SUBSCRIBE', names.slice(0, 1024))).toEqual({ result: null, id: 1 });
    expect(ask('SUBSCRIBE', names.slice(0, 5))).toEqual({ result: null, id: 1 });
    expect(ask('SUBSCRIBE', names.slice(1024))).toHaveProperty('error.code', 2);
    ask('UNSUBSCRIBE', names.slice(0, 1));
    expect(ask('SUBSCRIBE', names.slice(1024))).toEqual({ result: null, id: 1 });
  });

  test('a URL names no more than that', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'options');
    const streams = (count: number) =>
      `streams=${key}/${Array.from({ length: count - 1 }, (_, n) => `s${n}`).join('/')}`;
    expect(handshake(room.house, '/private/stream', streams(201), IP)).toMatchObject({ status: 400, code: -1100 });
    connect(room, `/private/stream?${streams(200)}`);
  });

  test('frames a second: pings, pongs and messages count alike', () => {
    const room = testHouse();
    const { connection, socket } = connect(room, '/private/ws');
    for (let nth = 0; nth < 4; nth++) connection.pinged();
    for (let nth = 0; nth < 4; nth++) connection.ponged('');
    for (let nth = 0; nth < 2; nth++) connection.message('{"method":"LIST_SUBSCRIPTIONS","id":1}');
    expect(socket.ends).toEqual([]);
    connection.message('{"method":"LIST_SUBSCRIPTIONS","id":1}');
    expect(socket.ends).toEqual([ENDS.tooManyFrames]);
    expect(socket.texts).toHaveLength(2);
    expect(room.ends).toEqual(['tooManyFrames']);
  });

  test('ten a second are fine for ever', () => {
    const room = testHouse();
    const { connection, socket } = connect(room, '/private/ws');
    for (let second = 0; second < 60; second++) {
      for (let nth = 0; nth < 10; nth++) connection.pinged();
      room.machine.pass(SECOND);
    }
    expect(socket.ends).toEqual([]);
  });

  test('are not applied where they are off, nor while time stands still', () => {
    const off = testHouse({ settings: { limits: { ...BINANCE_LIMITS, enforced: false } } });
    const still = testHouse();
    still.clock.freeze();
    for (const room of [off, still]) {
      const { connection, socket } = connect(room, '/private/ws');
      for (let nth = 0; nth < 100; nth++) connection.pinged();
      expect(socket.ends).toEqual([]);
    }
  });

  test('handshakes a window: the risk stream counts them, a banned address gets 418', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'risk');
    for (let nth = 0; nth < 300; nth++) handshake(room.house, `/ws/${key}`, '', IP);
    expect(handshake(room.house, `/ws/${key}`, '', IP)).toEqual({
      status: 429,
      code: -1034,
      msg: "Too many connection attempts from IP; current limit is 300 per '5 MINUTES'.",
      retryAt: START + 5 * MINUTE,
    });
    try {
      room.house.limits.charge('futures', '/x', IP, 1_000_000);
    } catch {}
    expect(handshake(room.house, '/private/ws', '', IP)).toMatchObject({ status: 418, code: -1003 });
  });
});

describe('a peer that reads too slowly', () => {
  test('is cut at once and by name, and gets nothing after the hole', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const slow = connect(room, `/private/ws/${key}`);
    const quick = connect(room, `/private/ws/${key}`);
    slow.socket.room = 1;
    const bodies = [1, 2, 3].map(() => publish(room, 'alice/usdm'));
    expect(slow.socket.texts).toEqual(bodies.slice(0, 1));
    slow.socket.room = 100;
    bodies.push(publish(room, 'alice/usdm'));
    room.machine.pass(25 * HOUR);
    expect(slow.socket.texts).toEqual(bodies.slice(0, 1));
    expect(slow.socket.ends).toEqual(['terminated']);
    expect(slow.socket.pings).toEqual([]);
    expect(room.ends[0]).toBe('slowConsumer');
    expect(quick.socket.texts.slice(0, 4)).toEqual(bodies);
  });

  test('may be cut by the expiry of its key', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const { socket } = connect(room, `/private/ws/${key}/${key}@listenKeyExpired`);
    socket.room = 0;
    await room.house.listenKeys.close(accountOf(room.house, 'alice'), PRODUCTS.usdm, undefined);
    expect(socket.ends).toEqual(['terminated']);
    expect(room.ends).toEqual(['slowConsumer']);
  });
});

describe('the end of a connection', () => {
  const bases = STREAM_BASES.map(({ path }) => path);

  test.each(bases)('%p: after 24 hours', (base) => {
    const room = testHouse();
    const { socket } = connect(room, `${base}/ws`);
    room.machine.pass(24 * HOUR - 1);
    expect(socket.ends).toEqual([]);
    room.machine.pass(1);
    expect(socket.ends).toEqual([ENDS.lifetime]);
    expect(room.clock.pending).toBe(0);
    expect(room.house.connections.size).toBe(0);
  });

  test('the risk stream ends with 1000 and is pinged every 20 seconds', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'risk');
    const { socket } = connect(room, `/ws/${key}`);
    room.machine.pass(24 * HOUR);
    expect(socket.pings.length).toBe(24 * 180 - 1);
    expect(socket.ends).toEqual([ENDS.lifetimeSpot]);
  });

  test('without a pong it comes by the row', () => {
    const room = testHouse();
    const { socket } = connect(room, '/private/ws');
    socket.pong = () => undefined;
    room.machine.pass(13 * MINUTE - 1);
    expect(socket.ends).toEqual([]);
    room.machine.pass(1);
    expect(socket.ends).toEqual([ENDS.pongTimeout]);
  });

  test('after what is no JSON, answered first', () => {
    const room = testHouse();
    for (const send of [(c: Connection) => c.message('hello'), (c: Connection) => c.binary()]) {
      const { connection, socket } = connect(room, '/private/ws');
      send(connection);
      expect(socket.take()).toEqual([{ error: { code: 3, msg: 'Invalid JSON: expected value at line 1 column 1' } }]);
      expect(socket.ends).toEqual([ENDS.invalidJson]);
    }
  });

  test('a frame that was on its way then does nothing', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const { connection, socket } = connect(room, '/private/ws');
    connection.message('hello');
    socket.take();
    connection.message(JSON.stringify({ method: 'SUBSCRIBE', params: [key], id: 1 }));
    publish(room, 'alice/usdm');
    expect(socket.take()).toEqual([]);
    expect(room.house.listenKeys.find(key)?.subscriptions.size).toBe(0);
    expect(room.house.router.deliveries).toBe(0);
  });

  test('by the peer lets go of everything', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'usdm');
    const { connection } = connect(room, `/private/ws/${key}`);
    connection.closed();
    publish(room, 'alice/usdm');
    expect(room.house.router.deliveries).toBe(0);
    expect(room.house.listenKeys.find(key)?.subscriptions.size).toBe(0);
    expect(room.house.connections.size).toBe(0);
    expect(room.clock.pending).toBe(1);
    expect(room.ends).toEqual([]);
  });

  test('comes once, whoever asks for it', () => {
    const room = testHouse();
    const { connection, socket } = connect(room, '/private/ws');
    connection.end('endedByAdmin');
    connection.end('shutdown');
    connection.closed();
    expect(socket.ends).toEqual([ENDS.endedByAdmin]);
    expect(room.ends).toEqual(['endedByAdmin']);
  });

  test('is announced where the product announces it', async () => {
    const room = testHouse();
    const key = await startKey(room.house, 'risk');
    const raw = connect(room, `/ws/${key}`);
    const combined = connect(room, `/stream?streams=${key}`);
    const futures = connect(room, '/private/ws');
    expect([raw, combined, futures].map(({ connection }) => connection.announceShutdown())).toEqual([
      true,
      true,
      false,
    ]);
    const event = { e: 'serverShutdown', E: START };
    expect(raw.socket.take()).toEqual([event]);
    expect(combined.socket.take()).toEqual([{ stream: '!serverShutdown', data: event }]);
    expect(futures.socket.take()).toEqual([]);
  });
});
