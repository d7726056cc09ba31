/**
 * Weights, bans, frames and connections (derivatives §1.3, §3.5; spot-margin §1.4). The service stands behind a proxy it
 * trusts, so that each test comes from an address of its own.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { DEMO_ED25519_API_KEY, DEMO_HMAC_API_KEY, DEMO2_HMAC_API_KEY } from '../../packages/server/src/config/demo.ts';
import { type RawPeer, RefusedHandshake } from './raw-peer.ts';
import { type RestAnswer, UnderTest } from './under-test.ts';

const LIMIT = 5;
const POOLS = {
  futures: { limit: LIMIT },
  usdmWsApi: { limit: 10 },
  options: { limit: LIMIT },
  pm: { limit: LIMIT },
  spot: { limit: LIMIT },
  sapiUid: { limit: 6002 },
  sapiIp: { limit: LIMIT },
};
const ATTEMPTS = { attempts: { limit: 3, window: '5m' } };
const DISCONNECTED = { code: 1008, reason: 'disconnected' };

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start({
    document: {
      trustedProxies: ['127.0.0.1', '10.0.0.0/8'],
      limits: { pools: POOLS, connections: { 'ws-api': ATTEMPTS, risk: { ...ATTEMPTS, lifetime: '6h' } } },
    },
  });
});
afterAll(() => service.close());

let addresses = 0;
/** An address nobody has used yet. */
const freshAddress = () => `192.0.2.${++addresses}`;

const via = (forwardedFor: string) => ({ 'X-Forwarded-For': forwardedFor });

const ping = (ip: string, base = '/fapi/v1') => service.rest('GET', `${base}/ping`, null, { headers: via(ip) });

const weight = ({ headers }: RestAnswer) => Number(headers.get('x-mbx-used-weight-1m'));
const retryAfter = ({ headers }: { headers: Headers }) => Number(headers.get('retry-after'));

/** So many pings from one address; gives back the last answer. */
async function pings(times: number, ip: string, base?: string): Promise<RestAnswer> {
  let last = await ping(ip, base);
  for (let sent = 1; sent < times; sent++) last = await ping(ip, base);
  return last;
}

async function refusedHandshake(path: string, ip: string): Promise<RefusedHandshake> {
  try {
    await service.openRaw(path, via(ip));
  } catch (error) {
    if (error instanceof RefusedHandshake) return error;
    throw error;
  }
  throw new Error(`the handshake at ${path} was let through`);
}

describe('request weight', () => {
  test('is told in a header that counts up, also by answers that refuse', async () => {
    await service.startMinute();
    const ip = freshAddress();
    expect(weight(await ping(ip))).toBe(1);
    const refused = await service.rest('POST', '/fapi/v1/listenKey', null, { headers: via(ip) });
    expect([refused.status, weight(refused)]).toEqual([401, 2]);
    expect(weight(await service.rest('PUT', '/dapi/v1/listenKey', 'x'.repeat(64), { headers: via(ip) }))).toBe(3);
  });

  test.each([
    [
      'the futures',
      '/fapi/v1',
      -1003,
      `Too many requests; current limit is ${LIMIT} requests per minute. Please use the websocket for live updates to avoid polling the API.`,
    ],
    [
      'Portfolio Margin',
      '/papi/v1',
      -1003,
      `Too many requests; current limit is ${LIMIT} requests per minute. Please use the websocket for live updates to avoid polling the API.`,
    ],
    [
      'the options',
      '/eapi/v1',
      -1008,
      `Too much request weight used; current limit is ${LIMIT} request weight per 1 MINUTE. Please use the websocket for live updates to avoid polling the API.`,
    ],
    [
      'Spot',
      '/api/v3',
      -1003,
      `Too much request weight used; current limit is ${LIMIT} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`,
    ],
  ])('beyond the limit is refused in the words of %s, until the minute turns', async (_product, base, code, msg) => {
    await service.startMinute();
    const ip = freshAddress();
    expect((await pings(LIMIT, ip, base)).status).toBe(200);
    const answer = await ping(ip, base);
    expect(answer).toMatchObject({ status: 429, body: { code, msg } });
    expect(weight(answer)).toBe(LIMIT + 1);
    expect(retryAfter(answer)).toBeWithin(55, 61);
    await service.advance(`${retryAfter(answer)}s`);
    expect((await ping(ip, base)).status).toBe(200);
  });

  test('of both futures is one count, of options another', async () => {
    await service.startMinute();
    const ip = freshAddress();
    await pings(LIMIT, ip, '/fapi/v1');
    expect((await ping(ip, '/dapi/v1')).status).toBe(429);
    expect(weight(await ping(ip, '/eapi/v1'))).toBe(1);
  });

  test('used up refuses a handshake that costs some, and none that is free', async () => {
    await service.startMinute();
    const ip = freshAddress();
    await ping(ip);
    const refused = await refusedHandshake('/ws-dapi/v1', ip);
    expect(refused).toMatchObject({ status: 429, body: { code: -1003 } });
    expect(retryAfter(refused)).toBeWithin(55, 61);
    await (await service.openRaw('/private/ws', via(ip))).proveOpen();
  });

  test('on a WebSocket API is refused with the time to come back, and the connection stays', async () => {
    await service.startMinute();
    const startedAt = await service.now();
    const peer = await service.openRaw('/ws-fapi/v1', via(freshAddress()));
    for (let sent = 0; sent < 2; sent++) await peer.ask({ id: 1, method: 'session.status' });
    const minute = startedAt - (startedAt % 60_000);
    expect(await peer.ask({ id: 7, method: 'session.status' })).toEqual({
      id: 7,
      status: 429,
      error: {
        code: -1003,
        msg: 'Too many requests; current limit is 10 requests per minute. Please use the websocket for live updates to avoid polling the API.',
        data: { serverTime: expect.any(Number), retryAfter: minute + 60_000 },
      },
      rateLimits: [{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 10, count: 11 }],
    });
    await service.advance('1m');
    expect(await peer.ask({ id: 8, method: 'session.status' })).toMatchObject({ status: 200 });
  });
});

describe('a ban', () => {
  test('follows 429 that is ignored, shuts every door to the address, and ends by the clock', async () => {
    await service.startMinute();
    const ip = freshAddress();
    expect((await pings(2 * LIMIT - 1, ip)).status).toBe(429);
    const banned = await ping(ip);
    const until = (await service.now()) + 120_000;
    expect(banned.status).toBe(418);
    expect(retryAfter(banned)).toBeWithin(119, 121);
    const { code, msg } = banned.body as { code: number; msg: string };
    expect(code).toBe(-1003);
    const [, named] =
      /^Way too many requests; IP banned until (\d{13})\. Please use the websocket for live updates to avoid bans\.$/.exec(
        msg,
      ) ?? [];
    expect(Number(named)).toBeWithin(until - 1000, until + 1);

    const inOptions = 'Way too much request weight used; IP banned until';
    expect(await ping(ip, '/eapi/v1')).toMatchObject({
      status: 418,
      body: { code: -1008, msg: expect.stringContaining(inOptions) },
    });
    for (const path of ['/ws-fapi/v1', '/private/ws', '/ws']) {
      expect(await refusedHandshake(path, ip)).toMatchObject({ status: 418, body: { code: -1003 } });
    }
    expect((await ping(freshAddress())).status).toBe(200);

    await service.advance('115s');
    expect((await ping(ip)).status).toBe(418);
    await service.advance('5s');
    expect((await ping(ip)).status).toBe(200);
  });

  test('doubles for who earns another within a day, and is forgotten after a day of peace', async () => {
    const ip = freshAddress();
    const earned = async () => {
      await service.startMinute();
      return retryAfter(await pings(2 * LIMIT, ip));
    };
    const lengths = [];
    for (let times = 0; times < 4; times++) {
      lengths.push(await earned());
      await service.advance(`${lengths.at(-1)}s`);
    }
    expect(lengths).toEqual([120, 240, 480, 960]);
    await service.advance('25h');
    expect(await earned()).toBe(120);
  });

  test('that is waited out without another request is over for the next', async () => {
    await service.startMinute();
    const ip = freshAddress();
    await pings(2 * LIMIT, ip);
    await service.advance('2m');
    expect(weight(await ping(ip))).toBe(1);
  });

  test('ends a WebSocket API connection of its address at the next request, and leaves streams alone', async () => {
    await service.startMinute();
    const ip = freshAddress();
    const api = await service.openRaw('/ws-fapi/v1', via(ip));
    const stream = await service.openRaw('/private/ws', via(ip));
    await pings(2 * LIMIT, ip);
    expect(await api.ask({ id: 'a', method: 'session.status' })).toMatchObject({
      id: 'a',
      status: 418,
      error: { code: -1003, data: { retryAfter: expect.any(Number) } },
    });
    expect(await api.closed()).toEqual(DISCONNECTED);
    await stream.proveOpen();
  });

  test('can be earned on a WebSocket API', async () => {
    await service.startMinute();
    const ip = freshAddress();
    const peer = await service.openRaw('/ws-fapi/v1', via(ip));
    const statuses = [];
    for (let sent = 0; sent < 8; sent++) statuses.push((await peer.ask({ id: 1, method: 'session.status' }))['status']);
    expect(statuses).toEqual([200, 200, 429, 429, 429, 429, 429, 418]);
    expect(await peer.closed()).toEqual(DISCONNECTED);
    expect((await ping(ip)).status).toBe(418);
  });
});

describe('weights by account', () => {
  const path = '/sapi/v1/margin/listen-key';
  const used = ({ headers }: RestAnswer) => Number(headers.get('x-sapi-used-uid-weight-1m'));
  const ask = (method: string, apiKey: string | null, ip = freshAddress()) =>
    service.rest(method, path, apiKey, { headers: via(ip) });

  test('count all of its API keys and addresses, with 3000 for a close', async () => {
    await service.startMinute();
    expect(used(await ask('POST', DEMO_HMAC_API_KEY))).toBe(1);
    expect(used(await ask('POST', DEMO_ED25519_API_KEY))).toBe(2);
    expect(used(await ask('DELETE', DEMO_HMAC_API_KEY))).toBe(3002);
    expect(used(await ask('DELETE', DEMO_HMAC_API_KEY))).toBe(6002);
    const refused = await ask('POST', DEMO_ED25519_API_KEY);
    expect(refused).toMatchObject({
      status: 429,
      body: {
        code: -1003,
        msg: 'Too much request weight used; current limit is 6002 request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.',
      },
    });
    expect(retryAfter(refused)).toBeWithin(55, 61);
    expect(refused.headers.get('x-mbx-used-weight-1m')).toBeNull();
    expect(used(await ask('POST', DEMO2_HMAC_API_KEY))).toBe(1);
    await service.advance('1m');
    expect(used(await ask('POST', DEMO_HMAC_API_KEY))).toBe(1);
  });

  test('beyond the limit ban nobody, however often', async () => {
    await service.startMinute();
    const ip = freshAddress();
    for (let times = 0; times < 6; times++) await ask('DELETE', DEMO_HMAC_API_KEY, ip);
    expect((await ask('DELETE', DEMO_HMAC_API_KEY, ip)).status).toBe(429);
    expect((await ping(ip)).status).toBe(200);
  });

  test('do not let an address guess API keys without end', async () => {
    await service.startMinute();
    const ip = freshAddress();
    const statuses = [];
    for (let guess = 0; guess < 2 * LIMIT; guess++) statuses.push((await ask('POST', 'q'.repeat(64), ip)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429, 429, 418]);
    expect(used(await ask('POST', DEMO_HMAC_API_KEY))).toBe(1);
  });
});

describe('behind a proxy', () => {
  test('the nearest address that is no trusted proxy counts, whatever the client wrote before it', async () => {
    await service.startMinute();
    const ip = freshAddress();
    expect(weight(await ping(`${ip}, 10.1.2.3`))).toBe(1);
    expect(weight(await ping(`1.1.1.1, ${ip}`))).toBe(2);
    expect(weight(await ping(`nonsense, 2.2.2.2, ${ip}, 10.9.9.9, 127.0.0.1`))).toBe(3);
    expect(weight(await ping(`::ffff:${ip}`))).toBe(4);
    expect(weight(await ping('2001:db8::1'))).toBe(1);
  });

  test('nonsense from the proxy itself falls on the proxy', async () => {
    await service.startMinute();
    const own = weight(await service.rest('GET', '/fapi/v1/ping', null));
    expect(weight(await ping('192.0.2.200, unknown'))).toBe(own + 1);
  });

  test('the header means nothing where no proxy is trusted', async () => {
    const open = await UnderTest.start({ document: { limits: { pools: { futures: { limit: LIMIT } } } } });
    try {
      await open.startMinute();
      const statuses = [];
      for (let sent = 0; sent <= LIMIT; sent++) {
        statuses.push((await open.rest('GET', '/fapi/v1/ping', null, { headers: via(freshAddress()) })).status);
      }
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    } finally {
      await open.close();
    }
  });
});

describe('incoming frames', () => {
  const LIST = JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id: 1 });
  const burst = (peer: RawPeer, times: number) => {
    for (let sent = 0; sent < times; sent++) peer.write('text', LIST);
  };

  async function answers(peer: RawPeer, times: number): Promise<void> {
    for (let read = 0; read < times; read++) expect(await peer.json()).toHaveProperty('id', 1);
  }

  test.each(['/private/ws', '/ws', '/pm/stream'])('of %s may be 10 in a second; the next ends it', async (path) => {
    const peer = await service.openRaw(path, via(freshAddress()));
    burst(peer, 10);
    await answers(peer, 10);
    await service.advance('1s');
    burst(peer, 10);
    await answers(peer, 10);
    burst(peer, 1);
    expect(await peer.closed()).toEqual(DISCONNECTED);
    expect(peer.unread.map(({ kind }) => kind)).toEqual(['close']);
  });

  test('pings and pongs count like messages', async () => {
    const peer = await service.openRaw('/private/ws', via(freshAddress()));
    for (let sent = 0; sent < 3; sent++) {
      peer.write('ping', 'x');
      peer.write('pong');
    }
    burst(peer, 4);
    await answers(peer, 4);
    peer.write('pong');
    expect(await peer.closed()).toEqual(DISCONNECTED);
  });

  test('of the risk stream may be 5 in a second, from the moment its key is known', async () => {
    const key = await service.listenKey('/sapi/v1/margin/listen-key');
    const peer = await service.openRaw('/ws', via(freshAddress()));
    burst(peer, 3);
    await answers(peer, 3);
    peer.write('text', JSON.stringify({ method: 'SUBSCRIBE', params: [key], id: 1 }));
    peer.write('ping', 'x');
    await answers(peer, 1);
    peer.write('ping', 'x');
    expect(await peer.closed()).toEqual(DISCONNECTED);
  });

  test.each([
    ['/ws-fapi/v1', 5],
    ['/ws-api/v3', 3],
  ])('of %s: 5 pings and pongs in a second, while requests go by weight', async (path, requests) => {
    await service.startMinute();
    const peer = await service.openRaw(path, via(freshAddress()));
    for (let sent = 0; sent < requests; sent++) peer.write('text', JSON.stringify({ id: 1, method: 'nothing' }));
    await answers(peer, requests);
    for (let sent = 0; sent < 5; sent++) peer.write(sent % 2 === 0 ? 'ping' : 'pong', 'x');
    await peer.ask({ id: 1, method: 'nothing' });
    peer.write('pong');
    expect(await peer.closed()).toEqual(DISCONNECTED);
  });
});

describe('streams on one connection', () => {
  const names = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `s${from + index}`);
  const tooMany = (id: number, limit: number) => ({
    error: { code: 2, msg: `Invalid request: too many streams; a connection holds up to ${limit}` },
    id,
  });

  test('may be 1024', async () => {
    const peer = await service.openRaw('/private/stream', via(freshAddress()));
    const subscribe = (params: string[], id: number) => peer.ask({ method: 'SUBSCRIBE', params, id });
    expect(await subscribe(names(1025), 1)).toEqual(tooMany(1, 1024));
    expect(await subscribe(names(1024), 2)).toEqual({ result: null, id: 2 });
    expect(await subscribe(['one-more'], 3)).toEqual(tooMany(3, 1024));
    expect(await subscribe(names(3), 4)).toEqual({ result: null, id: 4 });
    await peer.ask({ method: 'UNSUBSCRIBE', params: ['s0'], id: 5 });
    expect(await subscribe(['one-more'], 6)).toEqual({ result: null, id: 6 });
    expect((await peer.ask({ method: 'LIST_SUBSCRIPTIONS', id: 7 })).result).toHaveLength(1024);
  });

  test('may be 200 where the key is of options', async () => {
    const key = await service.listenKey('/eapi/v1/listenKey');
    const peer = await service.openRaw(`/private/ws/${key}`, via(freshAddress()));
    expect(await peer.ask({ method: 'SUBSCRIBE', params: names(200), id: 1 })).toEqual(tooMany(1, 200));
    expect(await peer.ask({ method: 'SUBSCRIBE', params: names(199), id: 2 })).toEqual({ result: null, id: 2 });
  });

  test('are counted in the URL too', async () => {
    const stream = (listed: readonly string[]) => `/private/stream?streams=${listed.join('/')}`;
    await service.openRaw(stream(names(1024)), via(freshAddress()));
    expect(await refusedHandshake(stream(names(1025)), freshAddress())).toMatchObject({
      status: 400,
      body: { code: -1100, msg: 'Illegal stream path: more than 1024 streams.' },
    });
    const key = await service.listenKey('/eapi/v1/listenKey');
    expect((await refusedHandshake(stream([key, ...names(200)]), freshAddress())).body).toMatchObject({
      msg: 'Illegal stream path: more than 200 streams.',
    });
  });
});

describe('connection attempts', () => {
  test('are counted on the rows that have a limit, each service on its own', async () => {
    const path = `/ws/${await service.listenKey('/sapi/v1/margin/listen-key')}`;
    await service.startMinute(5);
    const ip = freshAddress();
    for (let times = 0; times < 3; times++) await service.openRaw(path, via(ip));
    const refused = await refusedHandshake(path, ip);
    expect(refused).toMatchObject({
      status: 429,
      body: { code: -1034, msg: "Too many connection attempts from IP; current limit is 3 per '5 MINUTES'." },
    });
    expect(retryAfter(refused)).toBeWithin(295, 301);
    await service.openRaw('/ws-api/v3', via(ip));
    await service.openRaw(path, via(freshAddress()));
    for (let times = 0; times < 20; times++) await service.openRaw('/private/ws', via(ip));
    await service.startMinute(5);
    await service.openRaw(`/ws/${await service.listenKey('/sapi/v1/margin/listen-key')}`, via(ip));
  });
});

describe('the lifetime of a connection', () => {
  const ended = { reason: 'connection lifetime reached' };

  test('is that of the row its first key brings, counted from the handshake', async () => {
    const shared = await service.openRaw('/ws', via(freshAddress()));
    const named = await service.openRaw(
      `/ws/${await service.listenKey('/sapi/v1/margin/listen-key')}`,
      via(freshAddress()),
    );
    const keyless = await service.openRaw('/ws', via(freshAddress()));
    await service.advance('5h');
    const key = await service.listenKey('/sapi/v1/margin/listen-key');
    await shared.ask({ method: 'SUBSCRIBE', params: [key], id: 1 });
    await service.advance('59m');
    for (const peer of [shared, named, keyless]) await peer.proveOpen();
    await service.advance('1m');
    for (const peer of [shared, named]) expect(await peer.closed()).toEqual({ code: 1000, ...ended });
    await service.advance('17h59m');
    await keyless.proveOpen();
    await service.advance('1m');
    expect(await keyless.closed()).toEqual({ code: 1001, ...ended });
  });

  test('that has passed when the key comes ends it after the answer', async () => {
    const peer = await service.openRaw('/ws', via(freshAddress()));
    await service.advance('7h');
    const key = await service.listenKey('/sapi/v1/margin/listen-key');
    expect(await peer.ask({ method: 'SUBSCRIBE', params: [key], id: 1 })).toEqual({ result: null, id: 1 });
    expect(await peer.closed()).toEqual({ code: 1000, ...ended });
  });
});

describe('while time stands still', () => {
  test('no limit applies and nothing is counted, because no window could turn', async () => {
    await service.startMinute();
    const ip = freshAddress();
    expect(weight(await ping(ip))).toBe(1);
    await service.freeze();
    const peer = await service.openRaw('/private/ws', via(ip));
    for (let sent = 0; sent < 30; sent++) peer.write('text', JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id: 1 }));
    for (let read = 0; read < 30; read++) await peer.json();
    const frozen = await pings(3 * LIMIT, ip);
    await service.resume();
    expect([frozen.status, weight(frozen)]).toEqual([200, 1]);
    expect(weight(await ping(ip))).toBe(2);
    expect((await pings(LIMIT, ip)).status).toBe(429);
  });
});

describe('"limits": "off"', () => {
  test('lifts them all, and the headers still count', async () => {
    const free = await UnderTest.start({ document: { limits: 'off' } });
    try {
      await free.startMinute();
      const path = '/sapi/v1/margin/listen-key';
      let last = await free.rest('POST', path);
      for (let sent = 0; sent < 125; sent++) last = await free.rest('DELETE', path);
      expect([last.status, last.headers.get('x-sapi-used-uid-weight-1m')]).toEqual([400, '375001']);
      const peer = await free.openRaw('/ws-fapi/v1');
      for (let sent = 0; sent < 600; sent++) peer.write('text', JSON.stringify({ id: sent, method: 'session.status' }));
      for (let sent = 0; sent < 100; sent++) peer.write('ping', 'x');
      for (let read = 0; read < 600; read++) expect(await peer.json()).toMatchObject({ id: read, status: 200 });
      await peer.proveOpen();
    } finally {
      await free.close();
    }
  });
});
