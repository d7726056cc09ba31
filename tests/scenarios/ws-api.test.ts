import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  DEMO_ED25519_API_KEY,
  DEMO_ED25519_PRIVATE_KEY,
  DEMO_HMAC_API_KEY,
  DEMO_HMAC_SECRET,
  DEMO2_HMAC_API_KEY,
} from '../../packages/server/src/config/demo.ts';
import { fixtureEvent } from './fixtures.ts';
import type { Peer } from './peer.ts';
import { ed25519, hmac, keyPair, signedParams } from './signing.ts';
import { UnderTest } from './under-test.ts';

const APIS = [
  { title: 'USDⓈ-M', path: '/ws-fapi/v1', rest: '/fapi/v1', scope: 'usdm' },
  { title: 'COIN-M', path: '/ws-dapi/v1', rest: '/dapi/v1', scope: 'coinm' },
] as const;

const NO_KEY = { status: 400, error: { code: -1125, msg: 'This listenKey does not exist.' } };
const REVOKED = {
  id: null,
  status: 401,
  error: { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' },
};

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start();
});
afterAll(() => service.close());

let lastId = 0;
const call = (method: string, params?: object) => ({
  id: ++lastId,
  method,
  ...(params === undefined ? {} : { params }),
});

const signDemo = ed25519(DEMO_ED25519_PRIVATE_KEY);
const demoLogon = () => signedParams({ apiKey: DEMO_ED25519_API_KEY, timestamp: Date.now() }, signDemo);

async function loggedOn(path: string): Promise<Peer> {
  const peer = await service.open(path);
  expect(await peer.ask(call('session.logon', demoLogon()))).toMatchObject({ status: 200 });
  return peer;
}

/** The one item of `rateLimits`. */
const rateLimit = (limit: number, count: number) => [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit, count },
];

describe.each(APIS)('userDataStream methods of $title', ({ path, rest, scope }) => {
  const apiKey = DEMO_HMAC_API_KEY;

  test('start, ping and stop answer as REST does, with the very same key', async () => {
    const peer = await service.open(path);
    const { result } = await peer.ask(call('userDataStream.start', { apiKey }));
    expect(result).toEqual({ listenKey: await service.listenKey(`${rest}/listenKey`) });
    expect(await peer.ask(call('userDataStream.ping', { apiKey }))).toMatchObject({ status: 200, result });
    const stopped = await peer.ask(call('userDataStream.stop', { apiKey }));
    expect(stopped).toMatchObject({ status: 200, result: {} });
    expect(await peer.ask(call('userDataStream.ping', { apiKey }))).toMatchObject(NO_KEY);
    expect(await peer.ask(call('userDataStream.stop', { apiKey }))).toMatchObject(NO_KEY);
  });

  test('ping counts the 60 minutes from its own call', async () => {
    const peer = await service.open(path);
    const { result } = await peer.ask(call('userDataStream.start', { apiKey }));
    await service.advance('40m');
    await peer.ask(call('userDataStream.ping', { apiKey }));
    await service.advance('59m');
    expect((await peer.ask(call('userDataStream.start', { apiKey }))).result).toEqual(result);
    await service.advance('61m');
    expect(await peer.ask(call('userDataStream.ping', { apiKey }))).toMatchObject(NO_KEY);
  });

  test.each([
    ['a uuid', '"5b1f7f0e-6f0f-4c43-9f6a-3d0a4cf0a001"'],
    ['an integer', '7'],
    ['a negative integer', '-7'],
    ['32 hex digits', `"${'0a'.repeat(16)}"`],
    ['a uint32', '4294967295'],
    ['a 19-digit integer', '9223372036854775807'],
    ['null', 'null'],
  ])('an id that is %s comes back to the last digit, in its own type', async (_what, id) => {
    const peer = await service.open(path);
    peer.send(`{"id":${id},"method":"session.status"}`);
    expect(await peer.text()).toStartWith(`{"id":${id},"status":200,`);
  });

  test('members of an answer stand in the documented order', async () => {
    const peer = await service.open(path);
    const good = await peer.ask(call('userDataStream.start', { apiKey }));
    expect(Object.keys(good)).toEqual(['id', 'status', 'result', 'rateLimits']);
    const bad = await peer.ask(call('userDataStream.start', {}));
    expect(Object.keys(bad)).toEqual(['id', 'status', 'error', 'rateLimits']);
  });

  test.each([
    ['no API key', {}, 400, -1103, 'param apikey not found.'],
    ['an empty API key', { apiKey: '' }, 400, -1103, 'param apikey not found.'],
    ['an unknown API key', { apiKey: 'u'.repeat(64) }, 401, -2015, 'Invalid API-key, IP, or permissions for action.'],
    ['a malformed API key', { apiKey: 'u' }, 401, -2014, 'API-key format invalid.'],
    ['an API key that is no text', { apiKey: [1] }, 401, -2014, 'API-key format invalid.'],
  ])('%s is refused', async (_what, params, status, code, msg) => {
    const peer = await service.open(path);
    for (const method of ['userDataStream.start', 'userDataStream.ping', 'userDataStream.stop']) {
      expect(await peer.ask(call(method, params))).toMatchObject({ status, error: { code, msg } });
    }
  });

  test('after a logon the API key may be left out, and one that is sent counts for its request alone', async () => {
    const peer = await loggedOn(path);
    const own = (await peer.ask(call('userDataStream.start'))).result;
    expect(own).toEqual({ listenKey: await service.listenKey(`${rest}/listenKey`, DEMO_ED25519_API_KEY) });
    const others = (await peer.ask(call('userDataStream.start', { apiKey: DEMO2_HMAC_API_KEY }))).result;
    expect(others).toEqual({ listenKey: await service.listenKey(`${rest}/listenKey`, DEMO2_HMAC_API_KEY) });
    expect((await peer.ask(call('userDataStream.ping'))).result).toEqual(own);
  });

  test('a listenKey that is named is ignored by ping, and saves a fresh key from a late stop', async () => {
    const peer = await loggedOn(path);
    const { result } = await peer.ask(call('userDataStream.start'));
    const listenKey = 'd'.repeat(64);
    expect(await peer.ask(call('userDataStream.ping', { listenKey }))).toMatchObject({ status: 200, result });
    expect(await peer.ask(call('userDataStream.stop', { listenKey }))).toMatchObject(NO_KEY);
    expect((await peer.ask(call('userDataStream.ping'))).result).toEqual(result);
  });

  test('a signature that came whole is verified, half of one is ignored', async () => {
    const peer = await service.open(path);
    const whole = signedParams({ apiKey, timestamp: Date.now() }, hmac(DEMO_HMAC_SECRET));
    expect(await peer.ask(call('userDataStream.start', whole))).toMatchObject({ status: 200 });
    const wrong = { ...whole, signature: '0'.repeat(64) };
    expect(await peer.ask(call('userDataStream.start', wrong))).toMatchObject({ status: 400, error: { code: -1022 } });
    expect(await peer.ask(call('userDataStream.start', { apiKey, signature: 'x' }))).toMatchObject({ status: 200 });
    expect(await peer.ask(call('userDataStream.start', { apiKey, timestamp: 1 }))).toMatchObject({ status: 200 });
  });

  test('no account event ever arrives here', async () => {
    const peer = await loggedOn(path);
    await peer.ask(call('userDataStream.start'));
    expect((await service.publish(scope, fixtureEvent(scope, 'ORDER_TRADE_UPDATE'))).status).toBe(200);
    expect(await peer.unread(() => peer.ping())).toEqual([]);
  });
});

describe.each(APIS)('the session of $title', ({ path }) => {
  test('before a logon it has neither key nor time of logon', async () => {
    const peer = await service.open(path);
    const { result } = await peer.ask(call('session.status'));
    expect(result).toEqual({
      apiKey: null,
      authorizedSince: null,
      connectedSince: expect.any(Number),
      returnRateLimits: true,
      serverTime: expect.any(Number),
    });
  });

  test('logon answers the session, status repeats it, logout empties it and leaves the socket open', async () => {
    const peer = await service.open(path);
    const on = (await peer.ask(call('session.logon', demoLogon()))).result as Record<string, number>;
    expect(Object.keys(on)).toEqual(['apiKey', 'authorizedSince', 'connectedSince', 'returnRateLimits', 'serverTime']);
    expect(on).toMatchObject({ apiKey: DEMO_ED25519_API_KEY, returnRateLimits: true });
    expect(on['authorizedSince']).toBeGreaterThanOrEqual(on['connectedSince'] as number);
    const { serverTime: _, ...lasting } = on;
    expect((await peer.ask(call('session.status'))).result).toMatchObject(lasting);
    for (let times = 0; times < 2; times++) {
      expect((await peer.ask(call('session.logout'))).result).toMatchObject({ apiKey: null, authorizedSince: null });
    }
    expect(await peer.ask(call('userDataStream.start'))).toMatchObject({ error: { code: -1103 } });
  });

  test('a logon is signed over the values as they are, or percent-encoded as official connectors do', async () => {
    for (const encode of [(value: string) => value, encodeURIComponent]) {
      const peer = await service.open(path);
      const params = { apiKey: DEMO_ED25519_API_KEY, note: 'ein Grüß & +1', timestamp: Date.now() };
      expect(await peer.ask(call('session.logon', signedParams(params, signDemo, encode)))).toMatchObject({
        status: 200,
      });
    }
  });

  test('numbers may come as text, a time in microseconds, and recvWindow with three decimals', async () => {
    const apiKey = DEMO_ED25519_API_KEY;
    for (const params of [
      { apiKey, timestamp: `${Date.now()}`, recvWindow: '5000' },
      { apiKey, timestamp: Date.now() * 1000, recvWindow: 60_000 },
      { apiKey, timestamp: Date.now(), recvWindow: 4999.125 },
    ]) {
      const peer = await service.open(path);
      expect(await peer.ask(call('session.logon', signedParams(params, signDemo)))).toMatchObject({ status: 200 });
    }
  });

  const HOUR = 3_600_000;
  const outside = 'Timestamp for this request is outside of the recvWindow.';
  const ahead = "Timestamp for this request was 1000ms ahead of the server's time.";
  const missing = (name: string) => `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`;
  const tooLarge = "'recvWindow' contains unexpected value. Cannot be greater than 60000.";

  test.each([
    ['a time long past', async () => ({ timestamp: Date.now() - HOUR }), -1021, outside],
    ['a time to come', async () => ({ timestamp: (await service.now()) + HOUR }), -1021, ahead],
    [
      'a time beyond a small recvWindow',
      async () => ({ timestamp: Date.now() - 3000, recvWindow: 2000 }),
      -1021,
      outside,
    ],
    ['no timestamp', async () => ({}), -1102, missing('timestamp')],
    ['a timestamp that is no integer', async () => ({ timestamp: 'now' }), -1102, missing('timestamp')],
    ['recvWindow above a minute', async () => ({ timestamp: Date.now(), recvWindow: 60_001 }), -1102, tooLarge],
    [
      'recvWindow of four decimals',
      async () => ({ timestamp: Date.now(), recvWindow: '1.0001' }),
      -1111,
      "Parameter 'recvWindow' has too much precision.",
    ],
    [
      'recvWindow that is no number',
      async () => ({ timestamp: Date.now(), recvWindow: 'x' }),
      -1130,
      "Data sent for parameter 'recvWindow' is not valid.",
    ],
  ] as const)('a logon with %s is refused', async (_what, timesOf, code, msg) => {
    const peer = await service.open(path);
    const times: Readonly<Record<string, string | number>> = await timesOf();
    const params = signedParams({ apiKey: DEMO_ED25519_API_KEY, ...times }, signDemo);
    expect(await peer.ask(call('session.logon', params))).toMatchObject({ status: 400, error: { code, msg } });
    expect((await peer.ask(call('session.status'))).result).toMatchObject({ apiKey: null });
  });

  test('a logon without, with a wrong and with a stranger’s signature is refused', async () => {
    const peer = await service.open(path);
    const good = demoLogon();
    const { signature: _, ...unsigned } = good;
    expect((await peer.ask(call('session.logon', unsigned))).error).toEqual({ code: -1102, msg: missing('signature') });
    const stranger = ed25519(keyPair('ed25519').privateKey);
    const wrong = { code: -1022, msg: 'Signature for this request is not valid.' };
    for (const params of [
      { ...good, signature: `${good['signature']}=` },
      { ...good, timestamp: Number(good['timestamp']) - 1 },
      signedParams(unsigned as Record<string, string | number>, stranger),
    ]) {
      expect((await peer.ask(call('session.logon', params))).error).toEqual(wrong);
    }
  });

  test('a logon with an HMAC key is refused, however well it is signed', async () => {
    const peer = await service.open(path);
    const params = signedParams({ apiKey: DEMO_HMAC_API_KEY, timestamp: Date.now() }, hmac(DEMO_HMAC_SECRET));
    const answer = await peer.ask(call('session.logon', params));
    expect(answer).toMatchObject({ status: 400, error: { code: -4056, msg: 'Invalid api key type.' } });
    expect(await peer.ask(call('userDataStream.start'))).toMatchObject({ error: { code: -1103 } });
  });

  test('a second logon replaces the first, a failed one leaves it', async () => {
    const pair = keyPair('ed25519');
    const other = 'R'.repeat(64);
    await putAccount('replacing', [{ apiKey: other, type: 'ED25519', publicKey: pair.publicKey }]);
    const peer = await loggedOn(path);
    const before = (await peer.ask(call('userDataStream.start'))).result;
    await peer.ask(call('session.logon', { ...demoLogon(), signature: 'x' }));
    expect((await peer.ask(call('userDataStream.ping'))).result).toEqual(before);
    const params = signedParams({ apiKey: other, timestamp: Date.now() }, ed25519(pair.privateKey));
    expect((await peer.ask(call('session.logon', params))).result).toMatchObject({ apiKey: other });
    expect((await peer.ask(call('userDataStream.start'))).result).not.toEqual(before);
  });

  test('a revoked key ends its logon at the next request, with a frame that answers none', async () => {
    const pair = keyPair('ed25519');
    const apiKey = 'V'.repeat(64);
    await putAccount('revoking', [{ apiKey, type: 'ED25519', publicKey: pair.publicKey }]);
    const peer = await service.open(path);
    const logon = () => signedParams({ apiKey, timestamp: Date.now() }, ed25519(pair.privateKey));
    expect(await peer.ask(call('session.logon', logon()))).toMatchObject({ status: 200 });
    await putAccount('revoking', []);
    expect(await peer.unread(() => peer.ping())).toEqual([]);
    expect(await peer.ask(call('session.status'))).toEqual(REVOKED);
    expect((await peer.ask(call('session.status'))).result).toMatchObject({ apiKey: null, authorizedSince: null });
    expect(await peer.ask(call('session.logon', logon()))).toMatchObject({ status: 401, error: { code: -2015 } });
  });

  test('a key that lost its permission or its address ends its logon likewise', async () => {
    const pair = keyPair('ed25519');
    const key = { apiKey: 'P'.repeat(64), type: 'ED25519', publicKey: pair.publicKey };
    for (const restriction of [{ permissions: ['enableReading'] }, { ipAllowList: ['10.0.0.1'] }]) {
      await putAccount('restricting', [key]);
      const peer = await service.open(path);
      const params = signedParams({ apiKey: key.apiKey, timestamp: Date.now() }, ed25519(pair.privateKey));
      expect(await peer.ask(call('session.logon', params))).toMatchObject({ status: 200 });
      await putAccount('restricting', [{ ...key, ...restriction }]);
      expect(await peer.ask(call('userDataStream.start'))).toEqual(REVOKED);
    }
  });

  test('a version prefix changes nothing', async () => {
    const peer = await service.open(path);
    expect(await peer.ask(call('v1/userDataStream.start', { apiKey: DEMO_HMAC_API_KEY }))).toMatchObject({
      status: 200,
    });
    expect(await peer.ask(call('v2/session.status'))).toMatchObject({ status: 200 });
    for (const method of ['vx/session.status', 'v1/v1/session.status', 'v1/', '/session.status']) {
      expect(await peer.ask(call(method))).toMatchObject({ status: 400, error: { code: -1020 } });
    }
  });

  test('an unknown method is answered, costs a weight of one, and is no malformed frame', async () => {
    const peer = await service.open(path);
    const unsupported = { code: -1020, msg: 'This operation is not supported.' };
    await service.startMinute();
    for (const [index, method] of ['userDataStream.subscribe', 'order.place', '', 'x'.repeat(9000)].entries()) {
      const { status, error, rateLimits } = await peer.ask(call(method));
      expect({ status, error, rateLimits }).toEqual({
        status: 400,
        error: unsupported,
        rateLimits: rateLimit(2400, index + 1),
      });
    }
    expect(peer.isOpen).toBe(true);
  });
});

describe('rateLimits', () => {
  test.each(APIS)(
    'of $title start with the handshake and grow with each request, failed ones too',
    async ({ path }) => {
      await service.startMinute();
      const peer = await service.open(path);
      const counts = [];
      for (const request of [
        call('session.status'),
        call('userDataStream.start', { apiKey: DEMO_HMAC_API_KEY }),
        call('userDataStream.start', {}),
        call('session.logon', {}),
        call('session.logon', demoLogon()),
      ]) {
        counts.push((await peer.ask(request)).rateLimits);
      }
      expect(counts).toEqual([7, 8, 9, 11, 13].map((count) => rateLimit(2400, count)));
    },
  );

  test('returnRateLimits on the URL is the default, in a request the exception', async () => {
    const peer = await service.open('/ws-fapi/v1?returnRateLimits=false');
    const status = async (params?: object) => peer.ask(call('session.status', params));
    expect(await status()).not.toHaveProperty('rateLimits');
    expect((await status())['result']).toMatchObject({ returnRateLimits: false });
    expect(await status({ returnRateLimits: true })).toHaveProperty('rateLimits');
    expect(await status({ returnRateLimits: 'true' })).toHaveProperty('rateLimits');
    expect(await peer.ask(call('userDataStream.ping', {}))).not.toHaveProperty('rateLimits');
    const shown = await service.open('/ws-fapi/v1?timeUnit=MICROSECOND&returnRateLimits=true');
    expect(await shown.ask(call('session.status'))).toHaveProperty('rateLimits');
    expect(await shown.ask(call('session.status', { returnRateLimits: false }))).not.toHaveProperty('rateLimits');
  });

  test('hidden ones count all the same', async () => {
    await service.startMinute();
    const peer = await service.open('/ws-fapi/v1?returnRateLimits=false');
    for (let times = 0; times < 3; times++) await peer.ask(call('session.status'));
    const { rateLimits } = await peer.ask(call('session.status', { returnRateLimits: true }));
    expect(rateLimits).toEqual(rateLimit(2400, 13));
  });

  const usedWeight = async (path: string) =>
    Number((await service.rest('GET', path)).headers.get('x-mbx-used-weight-1m'));

  test('USDⓈ-M counts its WebSocket API apart from REST', async () => {
    await service.startMinute();
    await service.open('/ws-fapi/v1');
    expect(await usedWeight('/fapi/v1/ping')).toBe(1);
  });

  test('COIN-M counts its WebSocket API together with the REST of both futures', async () => {
    await service.startMinute();
    expect(await usedWeight('/fapi/v1/ping')).toBe(1);
    const peer = await service.open('/ws-dapi/v1');
    expect((await peer.ask(call('session.status'))).rateLimits).toEqual(rateLimit(2400, 8));
    expect(await usedWeight('/dapi/v1/ping')).toBe(9);
  });

  test('all connections of one address share one count', async () => {
    await service.startMinute();
    const [first, second] = [await service.open('/ws-fapi/v1'), await service.open('/ws-fapi/v1')];
    await first.ask(call('session.status'));
    expect((await second.ask(call('session.status'))).rateLimits).toEqual(rateLimit(2400, 14));
  });
});

describe('malformed frames', () => {
  const INVALID = { id: null, status: 400, error: { code: -1013, msg: 'INVALID_MESSAGE.' } };

  test.each([
    ['no JSON', 'nope'],
    ['nothing', ''],
    ['an array', '[]'],
    ['a number', '7'],
    ['no id', '{"method":"session.status"}'],
    ['an id that is an object', '{"id":{},"method":"session.status"}'],
    ['an id that is a fraction', '{"id":1.5,"method":"session.status"}'],
    ['an id of 37 characters', `{"id":"${'a'.repeat(37)}","method":"session.status"}`],
    ['an id of other characters', '{"id":"a b","method":"session.status"}'],
    ['nesting without end', '['.repeat(100_000)],
  ])('%s', async (_what, text) => {
    const peer = await service.open('/ws-fapi/v1');
    expect(await peer.ask(text)).toEqual(INVALID);
    expect(await peer.ask(call('session.status'))).toMatchObject({ status: 200 });
  });

  test.each([
    ['no method', '{"id":3}'],
    ['a method that is no text', '{"id":3,"method":7}'],
    ['params that are an array', '{"id":3,"method":"session.status","params":[]}'],
    ['params that are null', '{"id":3,"method":"session.status","params":null}'],
  ])('%s: the id comes back', async (_what, text) => {
    const peer = await service.open('/ws-dapi/v1');
    expect(await peer.ask(text)).toEqual({ ...INVALID, id: 3 });
  });

  test('three end the connection, whatever came between', async () => {
    const peer = await service.open('/ws-fapi/v1');
    for (let times = 0; times < 2; times++) {
      await peer.ask('nope');
      await peer.ask(call('session.status'));
    }
    expect(peer.isOpen).toBe(true);
    expect(await peer.ask('nope')).toEqual(INVALID);
    expect(await peer.closed()).toEqual({ code: 1008, reason: 'disconnected' });
  });

  test('a binary frame is one', async () => {
    const peer = await service.openRaw('/ws-fapi/v1');
    for (let times = 0; times < 3; times++) {
      peer.write('binary', JSON.stringify(call('session.status')));
      expect(await peer.json()).toEqual(INVALID);
    }
    expect(await peer.closed()).toEqual({ code: 1008, reason: 'disconnected' });
  });

  test('a frame beyond 256 KiB ends the connection', async () => {
    const peer = await service.openRaw('/ws-fapi/v1');
    peer.write('text', `"${'x'.repeat(256 * 1024)}"`);
    expect((await peer.closed()).code).toBe(1009);
  });

  test('answers leave in the order of the requests, also when they come in one burst', async () => {
    const peer = await service.open('/ws-fapi/v1');
    const requests = [
      call('session.logon', demoLogon()),
      call('userDataStream.start'),
      call('session.logout'),
      call('x'),
    ];
    for (const request of requests) peer.send(request);
    for (const { id } of requests) expect((await peer.frame()).id).toBe(id);
  });
});

describe('the Spot API', () => {
  const path = '/ws-api/v3';

  test('answers ping, time and exchangeInfo, each at its weight', async () => {
    await service.startMinute();
    const peer = await service.open(path);
    const ping = await peer.ask(call('ping'));
    expect(ping).toMatchObject({ status: 200, result: {}, rateLimits: rateLimit(6000, 3) });
    const time = await peer.ask(call('time'));
    expect(time).toMatchObject({ status: 200, rateLimits: rateLimit(6000, 4) });
    const { serverTime } = time.result as { serverTime: number };
    expect(Math.abs(serverTime - (await service.now()))).toBeLessThan(1000);
    const info = await peer.ask(call('exchangeInfo'));
    expect(info).toMatchObject({ status: 200, rateLimits: rateLimit(6000, 24) });
    const { serverTime: _, ...lasting } = (await service.rest('GET', '/api/v3/exchangeInfo')).body as Record<
      string,
      unknown
    >;
    expect(info.result).toMatchObject(lasting);
  });

  test('has sessions for Ed25519 keys only, in its own words', async () => {
    const peer = await loggedOn(path);
    expect((await peer.ask(call('v3/session.status'))).result).toMatchObject({ apiKey: DEMO_ED25519_API_KEY });
    expect((await peer.ask(call('session.logout'))).result).toMatchObject({ apiKey: null });
    const params = signedParams({ apiKey: DEMO_HMAC_API_KEY, timestamp: Date.now() }, hmac(DEMO_HMAC_SECRET));
    expect(await peer.ask(call('session.logon', params))).toMatchObject({ status: 400, error: { code: -1022 } });
  });

  test('issues no listenKeys', async () => {
    const peer = await loggedOn(path);
    for (const method of ['userDataStream.start', 'userDataStream.ping', 'userDataStream.stop']) {
      expect(await peer.ask(call(method))).toMatchObject({ status: 400, error: { code: -1020 } });
    }
  });

  test.each([
    ['no JSON', 'nope', null, 'Invalid JSON Request'],
    [
      'a missing id',
      '{"method":"ping"}',
      null,
      "Invalid 'id' in JSON request; expected an integer, a string matching '^[a-zA-Z0-9-_]{1,36}$', or null.",
    ],
    ['a missing method', '{"id":3}', 3, "Missing required 'method' in JSON request."],
    [
      'params that are no object',
      '{"id":3,"method":"ping","params":[]}',
      3,
      "Invalid 'params' in JSON request; expected an object.",
    ],
  ])('%s is refused precisely', async (_what, text, id, msg) => {
    const peer = await service.open(path);
    expect(await peer.ask(text)).toEqual({ id, status: 400, error: { code: -1135, msg } });
  });
});

test.each([
  ['/ws-fapi/v1', 1001],
  ['/ws-dapi/v1', 1001],
  ['/ws-api/v3', 1000],
])('%s lasts 24 h and ends with %d', async (path, code) => {
  const peer = await service.open(path);
  await service.advance('23h59m');
  await peer.ping();
  await service.advance('61s');
  expect(await peer.closed()).toEqual({ code, reason: 'connection lifetime reached' });
});

async function putAccount(id: string, apiKeys: readonly object[]): Promise<void> {
  const { status, body } = await service.admin('PUT', `/admin/v1/accounts/${id}`, { apiKeys });
  if (status >= 300) throw new Error(JSON.stringify(body));
}
