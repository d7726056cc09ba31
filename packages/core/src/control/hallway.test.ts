import { describe, expect, test } from 'bun:test';
import { ENDPOINTS, type Endpoint, POOLS, PRODUCTS } from '@listenpost/protocol';
import { ALICE, apiKeyText, HOUR, START, type TestHouse, testHouse } from '../testing/memory-doors.ts';
import { answer, type Reply } from './hallway.ts';
import { Params } from './params.ts';

const IP = '203.0.113.1';

const endpoint = (http: Endpoint['http'], path: string): Endpoint => {
  const row = ENDPOINTS.find((each) => each.http === http && each.path === path);
  if (row === undefined) throw new Error(`no row for ${http} ${path}`);
  return row;
};

/** A REST call as the edge makes it. */
function call(
  { house }: TestHouse,
  row: Endpoint,
  params: Readonly<Record<string, string>> = {},
  apiKey: string | undefined = apiKeyText('aliceHmac'),
): Promise<Reply> {
  const { operation, product, security, pool, path, weight } = row;
  const caller = {
    ip: IP,
    apiKey,
    session: undefined,
    timeUnit: 'MILLISECOND',
    missingKeyError: 'BAD_API_KEY_FMT',
    signedPayloads: () => [],
  } as const;
  const given = new Params(new Map(Object.entries(params)));
  return answer(house, {
    operation,
    product: PRODUCTS[product],
    security,
    pool,
    endpoint: path,
    weight,
    caller,
    params: given,
  });
}

const resultOf = (reply: Reply) => ('result' in reply ? reply.result : reply);

describe('over REST', () => {
  const LISTEN_KEYS = [
    ['/fapi/v1/listenKey', ['listenKey'], ['listenKey']],
    ['/dapi/v1/listenKey', ['listenKey'], ['listenKey']],
    ['/eapi/v1/listenKey', ['listenKey', 'expiration'], []],
    ['/papi/v1/listenKey', ['listenKey'], []],
    ['/sapi/v1/margin/listen-key', ['listenKey'], []],
  ] as const;

  test.each(LISTEN_KEYS)(
    '%s: start, keepalive and close answer in the product’s own bodies',
    async (path, start, kept) => {
      const room = testHouse();
      const started = resultOf(await call(room, endpoint('POST', path)));
      expect(Object.keys(started)).toEqual([...start]);
      expect(started).toMatchObject(start.length === 2 ? { expiration: START + HOUR } : {});
      const listenKey = String((started as Record<string, unknown>).listenKey);
      const extended = resultOf(await call(room, endpoint('PUT', path), { listenKey }));
      expect(extended).toEqual(kept.length === 1 ? { listenKey } : {});
      expect(resultOf(await call(room, endpoint('DELETE', path), { listenkey: listenKey }))).toEqual({});
      expect(await call(room, endpoint('DELETE', path))).toMatchObject({
        status: 400,
        error: { code: -1125, msg: 'This listenKey does not exist.' },
      });
    },
  );

  test('a keepalive of the risk stream without its key says which parameter is missing', async () => {
    expect(await call(testHouse(), endpoint('PUT', '/sapi/v1/margin/listen-key'))).toMatchObject({
      status: 400,
      error: { code: -1102, msg: "Mandatory parameter 'listenKey' was not sent, was empty/null, or malformed." },
    });
  });

  test('without an API key the answer is 401', async () => {
    const room = testHouse();
    for (const key of ['', 'short']) {
      expect(await call(room, endpoint('POST', '/fapi/v1/listenKey'), {}, key)).toMatchObject({
        status: 401,
        error: { code: -2014, msg: 'API-key format invalid.' },
        usage: { pool: POOLS.futures },
      });
    }
  });

  test('USDⓈ-M and COIN-M share one counter; failures cost too', async () => {
    const room = testHouse();
    await call(room, endpoint('POST', '/fapi/v1/listenKey'));
    await call(room, endpoint('PUT', '/dapi/v1/listenKey'));
    expect(await call(room, endpoint('GET', '/dapi/v1/time'))).toEqual({
      status: 200,
      result: { serverTime: START },
      usage: { pool: POOLS.futures, count: 3 },
    });
  });

  test('the risk stream is charged to the account', async () => {
    const room = testHouse();
    const path = '/sapi/v1/margin/listen-key';
    expect(await call(room, endpoint('POST', path))).toMatchObject({ usage: { pool: POOLS.sapiUid, count: 1 } });
    expect(await call(room, endpoint('DELETE', path))).toMatchObject({ usage: { count: 3001 } });
    expect(room.house.limits.usageOf('sapiUid', path, 'alice').count).toBe(3001);
    const bob = await call(room, endpoint('POST', path), {}, apiKeyText('bobHmac'));
    expect(bob).toMatchObject({ usage: { count: 1 } });
    for (let nth = 0; nth < 59; nth++) await call(room, endpoint('DELETE', path));
    expect(await call(room, endpoint('POST', path))).toMatchObject({ status: 429, retryAt: START + 60_000 });
    expect(await call(room, endpoint('POST', path), {}, apiKeyText('bobHmac'))).toMatchObject({ status: 200 });
  });

  test('who guesses API keys where an account would pay, pays by address', async () => {
    const service = testHouse();
    const row = endpoint('POST', '/sapi/v1/margin/listen-key');
    for (let guess = 1; guess <= 3; guess++) await call(service, row, {}, 'g'.repeat(64));
    expect(service.house.limits.usageOf('sapiIp', row.path, IP).count).toBe(3);
    await call(service, row);
    expect(service.house.limits.usageOf('sapiIp', row.path, IP).count).toBe(3);
  });

  test('a banned address is refused everywhere until the ban ends', async () => {
    const room = testHouse();
    for (let nth = 0; nth < 4800; nth++) await call(room, endpoint('GET', '/fapi/v1/ping'));
    for (const path of ['/fapi/v1/ping', '/eapi/v1/ping', '/api/v3/ping']) {
      expect(await call(room, endpoint('GET', path))).toMatchObject({ status: 418, retryAt: START + 120_000 });
    }
    room.machine.pass(120_000);
    expect(await call(room, endpoint('GET', '/fapi/v1/ping'))).toMatchObject({ status: 200 });
  });

  test('errors come in the words of the product', async () => {
    const room = testHouse();
    const options = endpoint('GET', '/eapi/v1/ping');
    for (let nth = 0; nth < 2400; nth++) await call(room, options);
    expect(await call(room, options)).toMatchObject({
      status: 429,
      error: {
        code: -1008,
        msg: 'Too much request weight used; current limit is 2400 request weight per 1 MINUTE. Please use the websocket for live updates to avoid polling the API.',
      },
    });
  });
});

test('answers are tallied by operation and status', async () => {
  const room = testHouse({ accounts: [{ ...ALICE, scopes: ['usdm'] }] });
  await call(room, endpoint('POST', '/fapi/v1/listenKey'));
  await call(room, endpoint('POST', '/fapi/v1/listenKey'));
  await call(room, endpoint('POST', '/dapi/v1/listenKey'));
  expect([...room.house.requests.all()]).toEqual([
    { operation: 'userDataStream.start', status: 200, count: 2 },
    { operation: 'userDataStream.start', status: 401, count: 1 },
  ]);
});

test('a row whose security does not fit its handler is reported, not served', async () => {
  const room = testHouse();
  const row = endpoint('POST', '/fapi/v1/listenKey');
  expect(await call(room, { ...row, security: 'NONE' })).toMatchObject({ status: 500, error: { code: -1000 } });
  expect(String(room.reports[0])).toContain("userDataStream.start needs an API key, but its row's security is NONE");
});

test('a session method has no meaning outside a session', async () => {
  const row = { ...endpoint('GET', '/fapi/v1/ping'), operation: 'session.status' } as const;
  expect(await call(testHouse(), row)).toMatchObject({ status: 400, error: { code: -1020 } });
});
