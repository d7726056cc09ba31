/** What every client asks before it opens a stream, and what it gets where nothing is served (clients reference, row 17). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { UnderTest } from './under-test.ts';

const BASES = [
  { base: '/api/v3', weight: 20, symbol: 'BTCUSDT' },
  { base: '/fapi/v1', weight: 1, symbol: 'BTCUSDT' },
  { base: '/dapi/v1', weight: 1, symbol: 'BTCUSD_PERP' },
  { base: '/eapi/v1', weight: 1, symbol: undefined },
] as const;

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start();
});
afterAll(() => service.close());

const JSON_TYPE = 'application/json;charset=UTF-8';

describe.each(BASES)('$base', ({ base, weight, symbol }) => {
  test('ping answers an empty object, with or without a key', async () => {
    for (const apiKey of [null, 'nonsense']) {
      const { status, headers, body } = await service.rest('GET', `${base}/ping?x=1`, apiKey);
      expect([status, headers.get('content-type'), body]).toEqual([200, JSON_TYPE, {}]);
      expect(Number(headers.get('x-mbx-used-weight-1m'))).toBeGreaterThan(0);
    }
  });

  test('time follows the clock, also while it stands still', async () => {
    const time = async () => ((await service.rest('GET', `${base}/time`)).body as { serverTime: number }).serverTime;
    await service.freeze();
    const before = await time();
    expect(before).toBe(await service.now());
    expect(await time()).toBe(before);
    await service.advance('61m');
    expect(await time()).toBe(before + 61 * 60_000);
    await service.resume();
    expect(await time()).toBeWithin(before + 61 * 60_000, before + 62 * 60_000);
  });

  test('exchangeInfo lists the symbols of its product, its limits and the time', async () => {
    await service.startMinute();
    const { status, body, headers } = await service.rest('GET', `${base}/exchangeInfo`, null);
    expect(status).toBe(200);
    expect(headers.get('x-mbx-used-weight-1m')).toBe(String(weight));
    const info = body as {
      timezone: string;
      serverTime: number;
      rateLimits: { rateLimitType: string; interval: string; limit: number }[];
      [list: string]: unknown;
    };
    expect(info.timezone).toBe('UTC');
    expect(info.serverTime).toBeWithin((await service.now()) - 5000, (await service.now()) + 1);
    expect(info.rateLimits.map((row) => `${row.rateLimitType} ${row.interval}`)).toContain('REQUEST_WEIGHT MINUTE');
    const symbols = (info['symbols'] ?? info['optionSymbols']) as { symbol: string }[];
    if (symbol !== undefined) expect(symbols.map((row) => row.symbol)).toContain(symbol);
    expect(symbols.length).toBeGreaterThan(0);
  });
});

test('Portfolio Margin has a ping of its own', async () => {
  expect(await service.rest('GET', '/papi/v1/ping', null)).toMatchObject({ status: 200, body: {} });
});

test('exchangeInfo tells the symbols and the limits that the config sets', async () => {
  const own = await UnderTest.start({
    document: { symbols: ['ETHUSDT'], limits: { pools: { futures: { limit: 77 } } } },
  });
  try {
    const { body } = await own.rest('GET', '/fapi/v1/exchangeInfo');
    const { symbols, rateLimits } = body as { symbols: { symbol: string }[]; rateLimits: { limit: number }[] };
    expect(new Set(symbols.map(({ symbol }) => symbol))).toEqual(new Set(['ETHUSDT']));
    expect(rateLimits.map(({ limit }) => limit)).toContain(77);
  } finally {
    await own.close();
  }
});

describe('what is not served', () => {
  test.each([
    ['GET', '/fapi/v1/leverageBracket'],
    ['GET', '/fapi/v1/positionRisk?timestamp=1&signature=2'],
    ['GET', '/sapi/v1/capital/config/getall'],
    ['GET', '/sapi/v1/margin/allPairs'],
    ['GET', '/sapi/v1/margin/isolated/allPairs'],
    ['GET', '/papi/v1/time'],
    ['GET', '/'],
    ['GET', '/private/ws'],
    ['GET', '/ws-fapi/v1'],
    ['POST', '/stream'],
    ['GET', '/fapi/v1/listenKey'],
    ['PATCH', '/fapi/v1/listenKey'],
    ['POST', '/fapi/v1/ping'],
    ['GET', '/fapi/v1/ping/'],
    ['GET', '/FAPI/v1/ping'],
  ])('%s %s is a JSON error at once', async (method, path) => {
    const startedAt = performance.now();
    const { status, headers, body } = await service.rest(method, path);
    expect([status, headers.get('content-type')]).toEqual([404, JSON_TYPE]);
    expect(body).toEqual({ code: -5000, msg: `Path ${path.split('?')[0]}, Method ${method} is invalid` });
    expect(performance.now() - startedAt).toBeLessThan(500);
  });

  test('a body that comes along does not change that', async () => {
    const body = JSON.stringify({ symbol: 'BTCUSDT' });
    expect((await service.rest('POST', '/fapi/v1/order', undefined, { body })).status).toBe(404);
  });

  test('a path without end is cut short in the answer', async () => {
    const { status, body } = await service.rest('GET', `/fapi/v1/${'x'.repeat(8000)}`);
    expect(status).toBe(404);
    expect(JSON.stringify(body).length).toBeLessThan(400);
  });
});

describe('other verbs', () => {
  test.each(['HEAD', 'OPTIONS'])('%s is answered at once, with nothing hanging', async (method) => {
    for (const path of ['/fapi/v1/ping', '/fapi/v1/listenKey', '/nothing', '/private/ws']) {
      const response = await fetch(service.running.urls.http + path, { method });
      expect(response.status).toBe(404);
      const text = await response.text();
      if (method === 'HEAD') expect(text).toBe('');
      else expect(JSON.parse(text)).toEqual({ code: -5000, msg: `Path ${path}, Method ${method} is invalid` });
    }
  });

  test('a HEAD leaves its connection fit for the next request', async () => {
    const answers = await pipelined('HEAD /fapi/v1/ping', 'GET /fapi/v1/ping');
    expect(answers).toMatch(/^HTTP\/1\.1 404 .*\r\n\r\nHTTP\/1\.1 200 .*\r\n\r\n\{\}$/s);
  });
});

/** Several requests on one connection; what came back until it closed. */
function pipelined(...requests: readonly string[]): Promise<string> {
  const { hostname, port, host } = new URL(service.running.urls.http);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => {
      for (const [index, request] of requests.entries()) {
        const last = index === requests.length - 1;
        socket.write(`${request} HTTP/1.1\r\nHost: ${host}\r\n${last ? 'Connection: close\r\n' : ''}\r\n`);
      }
    });
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}
