import { describe, expect, test } from 'bun:test';
import { ENDS, POOLS } from '@listenpost/protocol';
import fc from 'fast-check';
import type { ApiKeySpec } from '../accounts.ts';
import { Params } from '../control/params.ts';
import { BINANCE_LIMITS } from '../control/rate-limits.ts';
import {
  ALICE,
  apiKey,
  apiKeyText,
  BOB,
  HOUR,
  MINUTE,
  RecordingSocket,
  SECOND,
  START,
  signatureOf,
  type TestHouse,
  testHouse,
} from '../testing/memory-doors.ts';
import { handshake, isRefusal } from './handshake.ts';

const IP = '203.0.113.1';
const ED25519 = apiKey('aliceEd', 'ED25519');
const HMAC = apiKey('aliceHmac', 'HMAC');

interface Client {
  readonly socket: RecordingSocket;
  readonly connection: Exclude<ReturnType<typeof handshake>, null | { status: number }>;
  /** Sends the text and gives every frame that came for it. */
  say(text: string): Promise<unknown[]>;
  /** Sends a request and gives the one answer. */
  ask(method: string, params?: unknown, id?: unknown): Promise<Record<string, unknown>>;
}

function connect({ house }: TestHouse, path = '/ws-fapi/v1', query = ''): Client {
  const connection = handshake(house, path, query, IP);
  if (connection === null || isRefusal(connection)) throw new Error(`${path} was refused`);
  const socket = new RecordingSocket();
  socket.pong = (payload) => connection.ponged(payload);
  connection.opened(socket);
  const say = async (text: string) => {
    connection.message(text);
    await settled();
    return socket.take();
  };
  const ask = async (method: string, params?: unknown, id: unknown = 1) => {
    const frames = await say(JSON.stringify({ id, method, params }));
    expect(frames).toHaveLength(1);
    return frames[0] as Record<string, unknown>;
  };
  return { connection, socket, say, ask };
}

/** Lets everything run that waits for nothing but its turn. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

function signed(spec: ApiKeySpec, params: Record<string, unknown> = {}) {
  const whole = { apiKey: spec.apiKey.reveal(), timestamp: START, ...params };
  return { ...whole, signature: signatureOf(spec, Params.ofJson(whole).signedPayload()) };
}

const own = { apiKey: apiKeyText('aliceHmac') };

const weight = (count: number, limit = POOLS.usdmWsApi.limit) => [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit, count },
];

describe('a request', () => {
  test('is answered with its id, the status, the result and the weight used', async () => {
    const room = testHouse();
    const { socket, connection } = connect(room);
    connection.message(`{"id":"r1","method":"userDataStream.start","params":{"apiKey":"${own.apiKey}"}}`);
    await settled();
    const [key] = [...room.house.listenKeys.all()];
    expect(socket.texts).toEqual([
      `{"id":"r1","status":200,"result":{"listenKey":"${key?.key}"},"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT",` +
        `"interval":"MINUTE","intervalNum":1,"limit":2400,"count":6}]}`,
    ]);
  });

  test.each(['7', '0', '-1', '9007199254740993', '1.0', 'null', '"a-b_9"', '"5b1f7f0e-6f0f-4c43-9f6a-3d0a4cf0a001"'])(
    'has its id %p echoed as it came',
    async (id) => {
      const { socket, connection } = connect(testHouse());
      for (const method of ['session.status', 'no.such']) {
        connection.message(`{"method":"${method}","id":${id}}`);
        await settled();
        expect(socket.texts.splice(0)[0]).toStartWith(`{"id":${id},"status":`);
      }
    },
  );

  test('may carry a version before its method', async () => {
    const { ask } = connect(testHouse());
    expect(await ask('v2/session.status')).toMatchObject({ id: 1, status: 200 });
    expect(await ask('v1/v2/session.status')).toMatchObject({ status: 400, error: { code: -1020 } });
    expect(await ask('/session.status')).toMatchObject({ status: 400, error: { code: -1020 } });
  });

  test.each(['userDataStream.subscribe', 'order.place', '', 'constructor', 'toString', 'ping'])(
    'for %p, which is no method here, is told so and costs 1',
    async (method) => {
      const { ask } = connect(testHouse());
      expect(await ask(method)).toEqual({
        id: 1,
        status: 400,
        error: { code: -1020, msg: 'This operation is not supported.' },
        rateLimits: weight(6),
      });
    },
  );

  test('that fails has cost its weight', async () => {
    const { ask } = connect(testHouse());
    expect(await ask('userDataStream.ping', own)).toEqual({
      id: 1,
      status: 400,
      error: { code: -1125, msg: 'This listenKey does not exist.' },
      rateLimits: weight(6),
    });
  });

  test('is answered in turn: a logon is not overtaken by what was sent after it', async () => {
    const { say } = connect(testHouse());
    const logon = JSON.stringify({ id: 'logon', method: 'session.logon', params: signed(ED25519) });
    const both = say(logon);
    const rest = [1, 2, 3].map((id) => say(JSON.stringify({ id, method: 'userDataStream.start' })));
    const frames = [both, ...rest].map(async (frame) => (await frame) as { id: unknown; status: unknown }[]);
    const all = (await Promise.all(frames)).flat();
    expect(all.map(({ id, status }) => [id, status])).toEqual([
      ['logon', 200],
      [1, 200],
      [2, 200],
      [3, 200],
    ]);
  });

  test('that meets a fault of the store is told to try again', async () => {
    const room = testHouse();
    const { ask } = connect(room);
    room.store.fault = 'the disk is full';
    expect(await ask('userDataStream.start', own)).toMatchObject({
      status: 503,
      error: { code: -1001, msg: 'Internal error; unable to process your request. Please try again.' },
    });
    expect(room.reports).toEqual([]);
    room.store.fault = undefined;
    expect(await ask('userDataStream.start', own)).toMatchObject({ status: 200 });
  });
});

describe('rateLimits', () => {
  test('are hidden by the URL and shown by the request', async () => {
    const { ask } = connect(testHouse(), '/ws-fapi/v1', 'returnRateLimits=false');
    expect(await ask('session.status')).not.toHaveProperty('rateLimits');
    expect(await ask('no.such')).not.toHaveProperty('rateLimits');
    for (const returnRateLimits of [true, 'true']) {
      expect(await ask('session.status', { returnRateLimits })).toHaveProperty('rateLimits');
    }
  });

  test('are shown unless the request hides them', async () => {
    const { ask } = connect(testHouse());
    expect(await ask('session.status', { returnRateLimits: 7 })).toHaveProperty('rateLimits', weight(7));
    for (const returnRateLimits of [false, 'false']) {
      expect(await ask('session.status', { returnRateLimits })).not.toHaveProperty('rateLimits');
    }
    expect(await ask('session.status')).toHaveProperty('rateLimits', weight(13));
  });

  test('of COIN-M are those of REST', async () => {
    const room = testHouse();
    room.house.limits.charge('futures', '/fapi/v1/listenKey', IP, 10);
    expect(await connect(room, '/ws-dapi/v1').ask('session.status')).toHaveProperty('rateLimits', weight(17));
  });
});

describe('what is no request', () => {
  const FUTURES = { code: -1013, msg: 'INVALID_MESSAGE.' };
  const json = (msg: string) => ({ code: -1135, msg });
  const BAD_ID = json(
    "Invalid 'id' in JSON request; expected an integer, a string matching '^[a-zA-Z0-9-_]{1,36}$', or null.",
  );

  const MALFORMED = [
    ['hello', null, json('Invalid JSON Request')],
    ['', null, json('Invalid JSON Request')],
    ['[]', null, json('Invalid JSON Request')],
    ['[{"id":1}]', null, json('Invalid JSON Request')],
    ['null', null, json('Invalid JSON Request')],
    ['5.0', null, json('Invalid JSON Request')],
    ['['.repeat(100_000), null, json('Invalid JSON Request')],
    [
      `{"id":1,"method":"time","params":{"a":${'['.repeat(9000)}${']'.repeat(9000)}}}`,
      null,
      json('Invalid JSON Request'),
    ],
    ['{"method":"time"}', null, BAD_ID],
    ['{"method":"time","id":1.5}', null, BAD_ID],
    ['{"method":"time","id":true}', null, BAD_ID],
    ['{"method":"time","id":""}', null, BAD_ID],
    ['{"method":"time","id":"a b"}', null, BAD_ID],
    [`{"method":"time","id":"${'x'.repeat(37)}"}`, null, BAD_ID],
    ['{"method":"time","id":99999999999999999999}', null, BAD_ID],
    ['{"id":7}', 7, json("Missing required 'method' in JSON request.")],
    ['{"id":7,"method":5}', 7, json("Missing required 'method' in JSON request.")],
    ['{"id":7,"method":"time","params":[]}', 7, json("Invalid 'params' in JSON request; expected an object.")],
    ['{"id":7,"method":"time","params":null}', 7, json("Invalid 'params' in JSON request; expected an object.")],
    ['{"id":7,"method":"time","params":5.0}', 7, json("Invalid 'params' in JSON request; expected an object.")],
    ['{"id":"x","method":"time","params":"a"}', 'x', json("Invalid 'params' in JSON request; expected an object.")],
  ] as const;

  test.each(MALFORMED.map((row) => [row[0].slice(0, 60), ...row] as const))(
    '%p is told so',
    async (_title, text, id, error) => {
      expect(await connect(testHouse(), '/ws-api/v3').say(text)).toEqual([{ id, status: 400, error }]);
      expect(await connect(testHouse(), '/ws-fapi/v1').say(text)).toEqual([{ id, status: 400, error: FUTURES }]);
    },
  );

  test('three times ends the connection, also with requests between', async () => {
    const { connection, socket, say, ask } = connect(testHouse());
    await say('x');
    await ask('session.status');
    connection.binary();
    await settled();
    expect(socket.ends).toEqual([]);
    connection.message('x');
    connection.message('{"id":1,"method":"session.status"}');
    await settled();
    expect(socket.ends).toEqual([ENDS.tooManyMalformed]);
    expect(socket.texts).toHaveLength(2);
  });
});

describe('listenKeys', () => {
  test('are started, kept alive and stopped', async () => {
    const room = testHouse();
    const { ask } = connect(room, '/ws-dapi/v1');
    const { result } = await ask('userDataStream.start', own);
    room.machine.pass(MINUTE);
    expect(await ask('userDataStream.ping', own)).toMatchObject({ status: 200, result });
    expect([...room.house.listenKeys.all()][0]?.deadline).toBe(START + HOUR + MINUTE);
    expect(await ask('userDataStream.stop', own)).toMatchObject({ status: 200, result: {} });
    expect(await ask('userDataStream.stop', own)).toMatchObject({ status: 400, error: { code: -1125 } });
  });

  test('are told from those of the other API', async () => {
    const room = testHouse();
    await connect(room, '/ws-fapi/v1').ask('userDataStream.start', own);
    expect(await connect(room, '/ws-dapi/v1').ask('userDataStream.ping', own)).toMatchObject({ status: 400 });
  });

  test('take surplus parameters, among them half a signature', async () => {
    const { ask } = connect(testHouse());
    for (const more of [{ signature: 'x' }, { timestamp: START }, { recvWindow: 'x' }, { symbol: 'BTCUSDT' }]) {
      expect(await ask('userDataStream.start', { ...own, ...more })).toMatchObject({ status: 200 });
    }
  });

  test.each([
    [undefined, 400, { code: -1103, msg: 'param apikey not found.' }],
    [{ apiKey: '' }, 400, { code: -1103, msg: 'param apikey not found.' }],
    [{ apiKey: 5 }, 401, { code: -2014, msg: 'API-key format invalid.' }],
    [{ apiKey: apiKeyText('stranger') }, 401, { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' }],
    [{ ...signed(HMAC), signature: 'x' }, 400, { code: -1022, msg: 'Signature for this request is not valid.' }],
    [{ ...signed(HMAC), note: '\ud800' }, 400, { code: -1022, msg: 'Signature for this request is not valid.' }],
  ] as const)('for %j are refused', async (params, status, error) => {
    const room = testHouse();
    expect(await connect(room).ask('userDataStream.start', params)).toMatchObject({ status, error });
    expect(room.reports).toEqual([]);
  });
});

describe('a session', () => {
  const at = { connectedSince: START, returnRateLimits: true };

  test('is logged on, told, and logged off; the connection stays', async () => {
    const room = testHouse();
    const { ask, socket, connection } = connect(room);
    const nobody = { apiKey: null, authorizedSince: null, ...at };
    expect(await ask('session.status')).toMatchObject({ status: 200, result: { ...nobody, serverTime: START } });
    room.machine.pass(SECOND);
    const somebody = { apiKey: apiKeyText('aliceEd'), authorizedSince: START + SECOND, ...at };
    expect(await ask('session.logon', signed(ED25519))).toEqual({
      id: 1,
      status: 200,
      result: { ...somebody, serverTime: START + SECOND },
      rateLimits: weight(9),
    });
    expect(connection.info().account).toBe('alice');
    room.machine.pass(SECOND);
    expect(await ask('session.status')).toMatchObject({ result: { ...somebody, serverTime: START + 2 * SECOND } });
    expect(await ask('session.logout')).toMatchObject({ status: 200, result: nobody });
    expect(await ask('session.logout')).toMatchObject({ status: 200, result: nobody });
    expect(await ask('userDataStream.start')).toMatchObject({ error: { code: -1103 } });
    expect(connection.info().account).toBeNull();
    expect(socket.ends).toEqual([]);
  });

  test('spares its requests the apiKey; one that brings its own is judged by that alone', async () => {
    const room = testHouse();
    const { ask } = connect(room);
    await ask('session.logon', signed(ED25519));
    expect(await ask('userDataStream.start')).toMatchObject({ status: 200 });
    expect(await ask('userDataStream.start', { apiKey: apiKeyText('bobHmac') })).toMatchObject({ status: 200 });
    expect([...room.house.listenKeys.all()].map(({ account }) => account)).toEqual(['alice', 'bob']);
    expect(await ask('userDataStream.start', { apiKey: apiKeyText('stranger') })).toMatchObject({ status: 401 });
    expect(await ask('session.status')).toMatchObject({ result: { apiKey: apiKeyText('aliceEd') } });
  });

  test('has one key: a second logon replaces it, a failed one does not', async () => {
    const { ask } = connect(testHouse());
    await ask('session.logon', signed(ED25519));
    await ask('session.logon', signed(apiKey('bobEd', 'ED25519')));
    expect(await ask('session.status')).toMatchObject({ result: { apiKey: apiKeyText('bobEd') } });
    expect(await ask('session.logon', { ...signed(ED25519), signature: 'x' })).toMatchObject({ status: 400 });
    expect(await ask('session.status')).toMatchObject({ result: { apiKey: apiKeyText('bobEd') } });
  });

  test('is for Ed25519 keys only, in each product’s words', async () => {
    const room = testHouse();
    expect(await connect(room).ask('session.logon', signed(HMAC))).toMatchObject({
      status: 400,
      error: { code: -4056, msg: 'Invalid api key type.' },
    });
    expect(await connect(room, '/ws-api/v3').ask('session.logon', signed(HMAC))).toMatchObject({
      status: 400,
      error: { code: -1022, msg: 'Signature for this request is not valid.' },
    });
  });

  test.each([
    [{ timestamp: START - 5001 }, -1021],
    [{ timestamp: START + 1000 }, -1021],
    [{ timestamp: undefined }, -1102],
    [{ recvWindow: 60_001 }, -1102],
  ])('logon with %j is refused', async (params, code) => {
    expect(await connect(testHouse()).ask('session.logon', signed(ED25519, params))).toMatchObject({
      status: 400,
      error: { code },
    });
  });

  test('logon takes a signature over raw or percent-encoded values, numbers as text, and odd literals', async () => {
    const { ask, say } = connect(testHouse());
    const params = { apiKey: apiKeyText('aliceEd'), timestamp: String(START), note: 'a b/c' };
    const payload = Params.ofJson(params).signedPayload(encodeURIComponent);
    const logon = await ask('session.logon', { ...params, signature: signatureOf(ED25519, payload) });
    expect(logon).toMatchObject({ status: 200 });
    const odd = `apiKey=${params.apiKey}&recvWindow=5000.0&timestamp=${START}`;
    const text = `{"apiKey":"${params.apiKey}","recvWindow":5000.0,"timestamp":${START},"signature":"${signatureOf(ED25519, odd)}"}`;
    expect(await say(`{"id":1,"method":"session.logon","params":${text}}`)).toMatchObject([{ status: 200 }]);
  });

  test('whose key was revoked is told at its next request, which is not served, and is logged off', async () => {
    const room = testHouse();
    const { ask, say } = connect(room);
    await ask('session.logon', signed(ED25519));
    room.house.accounts.put({ ...ALICE, apiKeys: [HMAC] });
    const frame = await say('{"id":5,"method":"userDataStream.start"}');
    expect(frame).toEqual([
      { id: null, status: 401, error: { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' } },
    ]);
    expect(room.house.listenKeys.size).toBe(0);
    expect(await ask('session.status')).toMatchObject({ result: { apiKey: null, authorizedSince: null } });
  });

  test.each([
    ['lost its permission', { permissions: ['enableReading'] }],
    ['lost its address', { ipAllowList: ['127.0.0.1'] }],
  ] as const)('whose key %s is told too', async (_title, change) => {
    const room = testHouse();
    const { ask, say } = connect(room);
    await ask('session.logon', signed(ED25519));
    room.house.accounts.put({ ...ALICE, apiKeys: [apiKey('aliceEd', 'ED25519', change)] });
    expect(await say('{"id":5,"method":"session.status"}')).toMatchObject([{ id: null, status: 401 }]);
  });

  test('goes on when its account was replaced with the same key, or another’s was', async () => {
    const room = testHouse();
    const { ask } = connect(room);
    await ask('session.logon', signed(ED25519));
    room.house.accounts.put(ALICE);
    room.house.accounts.drop(BOB.id);
    expect(await ask('session.status')).toMatchObject({ id: 1, result: { apiKey: apiKeyText('aliceEd') } });
  });
});

describe('limits', () => {
  test('429 says when to come back, 418 ends the connection', async () => {
    const room = testHouse();
    const { ask, socket } = connect(room);
    room.house.limits.charge('usdmWsApi', '/ws-fapi/v1', IP, 2395);
    expect(await ask('userDataStream.start', own, 'r9')).toEqual({
      id: 'r9',
      status: 429,
      error: {
        code: -1003,
        msg: 'Too many requests; current limit is 2400 requests per minute. Please use the websocket for live updates to avoid polling the API.',
        data: { serverTime: START, retryAfter: START + MINUTE },
      },
      rateLimits: weight(2401),
    });
    for (let nth = 0; nth < 2398; nth++) await ask('no.such');
    expect(socket.ends).toEqual([]);
    expect(await ask('no.such')).toMatchObject({
      status: 418,
      error: { code: -1003, data: { serverTime: START, retryAfter: START + 2 * MINUTE } },
    });
    expect(socket.ends).toEqual([ENDS.banned]);
    expect(room.ends).toEqual(['banned']);
  });

  test('a banned address meets 418 on its other connections', async () => {
    const room = testHouse();
    const other = connect(room, '/ws-dapi/v1');
    try {
      room.house.limits.charge('spot', '/x', IP, 12_000);
    } catch {}
    expect(await other.ask('session.status')).toMatchObject({ status: 418 });
    expect(other.socket.ends).toEqual([ENDS.banned]);
  });

  test('five pings and pongs a second; requests are not among them', async () => {
    const room = testHouse();
    const { connection, socket } = connect(room);
    for (let nth = 0; nth < 20; nth++) connection.message('{"id":1,"method":"session.status"}');
    for (let nth = 0; nth < 3; nth++) connection.pinged();
    for (let nth = 0; nth < 2; nth++) connection.ponged('');
    expect(socket.ends).toEqual([]);
    connection.pinged();
    expect(socket.ends).toEqual([ENDS.tooManyFrames]);
    await settled();
    expect(socket.texts).toEqual([]);
  });

  test('requests that wait are bounded also where limits are off', () => {
    const room = testHouse({ settings: { limits: { ...BINANCE_LIMITS, enforced: false } } });
    const { connection, socket } = connect(room);
    for (let nth = 0; nth < 1024; nth++) connection.message('{"id":1,"method":"session.status"}');
    expect(socket.ends).toEqual([]);
    connection.message('{"id":1,"method":"session.status"}');
    expect(socket.ends).toEqual([ENDS.tooManyFrames]);
  });
});

describe('the end of a connection', () => {
  test.each([
    ['/ws-fapi/v1', ENDS.lifetime],
    ['/ws-dapi/v1', ENDS.lifetime],
    ['/ws-api/v3', ENDS.lifetimeSpot],
  ] as const)('%p: after 24 hours', (path, end) => {
    const room = testHouse();
    const { socket } = connect(room, path);
    room.machine.pass(24 * HOUR - 1);
    expect(socket.ends).toEqual([]);
    room.machine.pass(1);
    expect(socket.ends).toEqual([end]);
  });

  test('a peer that does not read is cut', async () => {
    const room = testHouse();
    const { connection, socket } = connect(room);
    socket.room = 1;
    for (let nth = 0; nth < 5; nth++) connection.message('{"id":1,"method":"session.status"}');
    await settled();
    expect(socket.texts).toHaveLength(1);
    expect(socket.ends).toEqual(['terminated']);
    expect(room.ends).toEqual(['slowConsumer']);
  });

  test('is announced on spot', () => {
    const room = testHouse();
    const [spot, futures] = [connect(room, '/ws-api/v3'), connect(room)];
    expect([spot, futures].map(({ connection }) => connection.announceShutdown())).toEqual([true, false]);
    expect(spot.socket.take()).toEqual([{ event: { e: 'serverShutdown', E: START } }]);
    expect(futures.socket.take()).toEqual([]);
  });

  test('a fault nobody expected is reported and answered as unknown', async () => {
    const fault = new Error('no such clock');
    const signingClocks = () => {
      throw fault;
    };
    const room = testHouse({ doors: { signingClocks } });
    const { ask } = connect(room);
    expect(await ask('session.logon', signed(ED25519))).toMatchObject({ status: 500, error: { code: -1000 } });
    expect(room.reports).toEqual([fault]);
  });
});

test('spot answers ping, time and exchangeInfo', async () => {
  const { ask } = connect(testHouse(), '/ws-api/v3');
  expect(await ask('ping')).toMatchObject({ result: {}, rateLimits: weight(3, POOLS.spot.limit) });
  expect(await ask('time')).toMatchObject({ result: { serverTime: START } });
  expect(await ask('exchangeInfo')).toMatchObject({ result: { timezone: 'UTC' }, rateLimits: weight(24, 6000) });
});

test('any frame is answered by one frame of the envelope', async () => {
  const room = testHouse({ settings: { limits: { ...BINANCE_LIMITS, enforced: false } } });
  const requests = fc.record(
    {
      id: fc.oneof(fc.integer(), fc.jsonValue()),
      method: fc.oneof(fc.constantFrom('session.logon', 'userDataStream.ping'), fc.jsonValue()),
      params: fc.oneof(
        fc.dictionary(fc.constantFrom('apiKey', 'timestamp', 'signature', 'recvWindow', '__proto__'), fc.jsonValue()),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    requests.map((request) => JSON.stringify(request)),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const frames = await connect(room).say(text);
      expect(frames).toHaveLength(1);
      expect(frames[0]).toContainKeys(['id', 'status']);
    }),
    { seed: 20260701, numRuns: 500 },
  );
  expect(room.reports).toEqual([]);
});
