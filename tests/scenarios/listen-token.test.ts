/** listenTokens from creation to `eventStreamTerminated` (spot-margin §3.5, §4.3), over real sockets. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_HMAC_API_KEY, DEMO_HMAC_SECRET, DEMO2_HMAC_API_KEY } from '../../packages/server/src/config/demo.ts';
import { fixtureEvent } from './fixtures.ts';
import { hmac } from './signing.ts';
import {
  askToken,
  call,
  logon,
  SPOT_API,
  subscribeSigned,
  subscribeToken,
  TOKEN_PATH,
  tokenOf,
} from './spot-requests.ts';
import { UnderTest } from './under-test.ts';

const DAY = 86_400_000;
const TERMINATED = { e: 'eventStreamTerminated', E: expect.any(Number) };
const INVALID = { status: 400, error: { code: -1209, msg: 'Invalid listen token.' } };
const CROSS = fixtureEvent('margin', 'executionReport');
const ISOLATED = fixtureEvent('isolated', 'balanceUpdate');

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start();
});
afterAll(() => service.close());

/** Time stands still from here to `resume`, so that instants can be told to the millisecond. */
async function frozen(run: () => Promise<void>): Promise<void> {
  await service.freeze();
  try {
    await run();
  } finally {
    await service.resume();
  }
}

describe('POST /sapi/v1/userListenToken', () => {
  test('answers a token of 70 characters that ends in 24 hours, at a weight of 1 by UID', async () => {
    await frozen(async () => {
      const { status, body, headers } = await service.rest('POST', TOKEN_PATH);
      expect(status).toBe(200);
      const now = await service.now();
      expect(body).toEqual({ token: expect.stringMatching(/^[A-Za-z0-9+/]{70}$/), expirationTime: now + DAY });
      expect(headers.has('x-sapi-used-uid-weight-1m')).toBe(true);
    });
    await service.startMinute();
    const counts = [];
    for (let nth = 0; nth < 2; nth++) {
      counts.push((await askToken(service)).headers.get('x-sapi-used-uid-weight-1m'));
    }
    expect(counts).toEqual(['1', '2']);
  });

  test('makes another token each time', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => tokenOf(service)));
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(20);
  });

  test.each([
    ['1', 1],
    ['1000', 1000],
    ['86400000', DAY],
  ])('honours a validity of %s ms', async (validity, ms) => {
    await frozen(async () => {
      expect((await tokenOf(service, { validity })).expirationTime).toBe((await service.now()) + ms);
    });
  });

  test.each(['86400001', '0', '-1', '1.5', 'abc', '1e3', '99999999999999999999', ' 1', '0x10'])(
    'refuses a validity of %p',
    async (validity) => {
      expect(await askToken(service, { validity })).toMatchObject({
        status: 400,
        body: { code: -1130, msg: "Data sent for parameter 'validity' is not valid." },
      });
    },
  );

  test.each(['true', 'TRUE', 'True'])('isIsolated=%s is of the one symbol', async (isIsolated) => {
    const { token } = await tokenOf(service, { isIsolated, symbol: 'BTCUSDT' });
    const peer = await service.open(SPOT_API);
    await peer.ask(subscribeToken(token));
    await service.publish('margin', CROSS);
    await service.publish('isolated:ETHUSDT', ISOLATED);
    await service.publish('isolated:BTCUSDT', ISOLATED);
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: ISOLATED });
  });

  test.each([{ isIsolated: 'false', symbol: 'BTCUSDT' }, { isIsolated: 'FALSE' }, { symbol: 'NOPE' }, {}])(
    '%p is of cross margin',
    async (form) => {
      const peer = await service.open(SPOT_API);
      await peer.ask(subscribeToken((await tokenOf(service, form as Record<string, string>)).token));
      await service.publish('isolated:BTCUSDT', ISOLATED);
      await service.publish('margin', CROSS);
      expect(await peer.frame()).toEqual({ subscriptionId: 0, event: CROSS });
    },
  );

  test.each([
    [{ isIsolated: 'true' }, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."],
    [{ isIsolated: 'true', symbol: '' }, -1105, "Parameter 'symbol' was empty."],
    [{ isIsolated: 'true', symbol: 'NOPE' }, -1121, 'Invalid symbol.'],
    [{ isIsolated: 'true', symbol: 'btcusdt' }, -1121, 'Invalid symbol.'],
    [{ isIsolated: 'true', symbol: '__proto__' }, -1121, 'Invalid symbol.'],
    [{ isIsolated: 'yes', symbol: 'BTCUSDT' }, -1130, "Data sent for parameter 'isIsolated' is not valid."],
  ] as const)('refuses %p', async (form, code, msg) => {
    expect(await askToken(service, form)).toMatchObject({ status: 400, body: { code, msg } });
  });

  test.each([
    ['no API key', null, 401, -2014],
    ['a malformed API key', 'u', 401, -2014],
    ['an unknown API key', 'u'.repeat(64), 401, -2015],
  ])('refuses %s', async (_what, apiKey, status, code) => {
    expect(await askToken(service, {}, apiKey)).toMatchObject({ status, body: { code } });
  });

  test('takes the query, signed or not, and a complete signature must be right', async () => {
    const query = `isIsolated=true&symbol=BTCUSDT&timestamp=${Date.now()}`;
    const signature = hmac(DEMO_HMAC_SECRET)(query);
    expect(await service.rest('POST', `${TOKEN_PATH}?${query}&signature=${signature}`)).toMatchObject({ status: 200 });
    expect(await service.rest('POST', `${TOKEN_PATH}?validity=5000`)).toMatchObject({ status: 200 });
    expect(await service.rest('POST', `${TOKEN_PATH}?${query}&signature=${'0'.repeat(64)}`)).toMatchObject({
      status: 400,
      body: { code: -1022 },
    });
  });

  test('refuses permissions and margin accounts that are not there', async () => {
    const put = (id: string, more: object, key: object = {}) =>
      service.admin('PUT', `/admin/v1/accounts/${id}`, {
        apiKeys: [{ apiKey: id.padEnd(64, 'x'), type: 'HMAC', secret: `${id} secret`, ...key }],
        ...more,
      });
    await put('reader', {}, { permissions: ['enableReading'] });
    await put('onlyBtc', { scopes: ['isolated:BTCUSDT'] });
    const ask = (id: string, form: Record<string, string> = {}) => askToken(service, form, id.padEnd(64, 'x'));
    expect(await ask('reader')).toMatchObject({ status: 401, body: { code: -2015 } });
    expect(await ask('onlyBtc')).toMatchObject({ status: 400, body: { code: -3003 } });
    const isolated = { isIsolated: 'true', symbol: 'ETHUSDT' };
    expect(await ask('onlyBtc', isolated)).toMatchObject({ status: 400, body: { code: -3003 } });
    expect(await ask('onlyBtc', { ...isolated, symbol: 'BTCUSDT' })).toMatchObject({ status: 200 });
  });
});

/** With one character changed. */
const flipped = (token: string, at: number) =>
  token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);

describe('userDataStream.subscribe.listenToken', () => {
  test('needs no logon, costs 2, and tells when it ends', async () => {
    const { token, expirationTime } = await tokenOf(service);
    await service.startMinute();
    const peer = await service.open(SPOT_API);
    const request = subscribeToken(token);
    expect(await peer.ask(request)).toEqual({
      id: request.id,
      status: 200,
      result: { subscriptionId: 0, expirationTime },
      rateLimits: [expect.objectContaining({ count: 4 })],
    });
    expect((await peer.ask(call('session.subscriptions'))).result).toEqual([{ subscriptionId: 0, expirationTime }]);
  });

  test('reads cross, isolated and spot accounts of several owners side by side', async () => {
    const peer = await service.open(SPOT_API);
    await peer.ask(subscribeToken((await tokenOf(service)).token));
    await peer.ask(subscribeToken((await tokenOf(service, { isIsolated: 'true', symbol: 'BTCUSDT' })).token));
    await peer.ask(subscribeToken((await tokenOf(service, {}, DEMO2_HMAC_API_KEY)).token));
    await peer.ask(subscribeSigned());
    await service.publish('margin', CROSS, 'demo2');
    await service.publish('isolated:BTCUSDT', ISOLATED, 'demo2');
    await service.publish('isolated:BTCUSDT', ISOLATED);
    await service.publish('margin', CROSS);
    await service.publish('spot', ISOLATED);
    const ids = [];
    for (let nth = 0; nth < 4; nth++) ids.push((await peer.frame()).subscriptionId);
    expect(ids).toEqual([2, 1, 0, 3]);
    expect(await peer.unread(() => peer.ping())).toEqual([]);
  });

  test('one token opens several connections', async () => {
    const { token } = await tokenOf(service);
    const peers = [await service.open(SPOT_API), await service.open(SPOT_API)];
    for (const peer of peers) expect(await peer.ask(subscribeToken(token))).toMatchObject({ status: 200 });
    await service.publish('margin', CROSS);
    for (const peer of peers) expect(await peer.frame()).toEqual({ subscriptionId: 0, event: CROSS });
  });

  test('refuses what is no token, in one answer for all', async () => {
    const peer = await service.open(SPOT_API);
    const { token } = await tokenOf(service);
    const bad = [
      'x',
      'x'.repeat(70),
      token.slice(0, -1),
      `${token}A`,
      `${token}==`,
      ` ${token}`,
      token.toLowerCase(),
      token.replaceAll('+', '-').replaceAll('/', '_').replace(/^./, '_'),
      // The four lowest bits of the last character carry nothing: another spelling of the same bytes is none.
      token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A'),
      '6xXxePXwZRjVSHKhzUCCGnmN3fkvMTXru+pYJS8RwijXk9Vcyr3rkwfVOTcP2OkONqciYA',
      ...[0, 1, 6, 8, 20, 25, 40, 47, 60].map((at) => flipped(token, at)),
    ];
    for (const text of bad) expect(await peer.ask(subscribeToken(text))).toMatchObject(INVALID);
    for (const text of [7, true, [token], { token }])
      expect(await peer.ask(subscribeToken(text))).toMatchObject(INVALID);
    expect((await peer.ask(call('session.subscriptions'))).result).toEqual([]);
    expect(await peer.ask(subscribeToken(token))).toMatchObject({ status: 200 });
  });

  test('refuses a token that another server sealed', async () => {
    const other = await UnderTest.start();
    try {
      const peer = await service.open(SPOT_API);
      expect(await peer.ask(subscribeToken((await tokenOf(other)).token))).toMatchObject(INVALID);
    } finally {
      await other.close();
    }
  });

  test('refuses a token of the future, sealed with the same secret by a server whose clock is ahead', async () => {
    const secrets = { current: { id: 'shared', value: 'a secret that two servers share'.repeat(4) } };
    const [here, ahead] = [
      await UnderTest.start({ document: { secrets } }),
      await UnderTest.start({ document: { secrets } }),
    ];
    try {
      const peer = await here.open(SPOT_API);
      expect(await peer.ask(subscribeToken((await tokenOf(ahead)).token))).toMatchObject({ status: 200 });
      await ahead.advance('1h');
      expect(await peer.ask(subscribeToken((await tokenOf(ahead)).token))).toMatchObject(INVALID);
      const brief = await tokenOf(ahead, { validity: '1000' });
      expect(await peer.ask(subscribeToken(brief.token))).toMatchObject({
        result: { subscriptionId: 0, expirationTime: brief.expirationTime },
      });
    } finally {
      await here.close();
      await ahead.close();
    }
  });

  test('in a flood is answered until the weight is used up, then ends the connection; nobody else feels it', async () => {
    const victim = await UnderTest.start();
    try {
      await victim.startMinute();
      const { token } = await tokenOf(victim);
      const other = await tokenOf(victim, {}, DEMO2_HMAC_API_KEY);
      const reader = await victim.open(SPOT_API);
      await reader.ask(subscribeToken(other.token));
      const flooding = await victim.openRaw(SPOT_API);
      for (let nth = 0; nth < 10_000; nth++) {
        flooding.write('text', JSON.stringify(subscribeToken(nth % 2 === 0 ? token : flipped(token, nth % 70))));
      }
      await flooding.closed();
      const statuses = new Map<number, number>();
      for (const { kind, payload } of flooding.unread) {
        if (kind !== 'text') continue;
        const { status } = JSON.parse(payload.toString()) as { status: number };
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      expect([...statuses.keys()].sort()).toEqual([200, 400, 429, 418].sort());
      // Two each of 6,000, less the handshakes and the first subscribe; then as many 429 until the ban.
      expect((statuses.get(200) ?? 0) + (statuses.get(400) ?? 0)).toBeWithin(2990, 3001);
      expect(statuses.get(429)).toBeWithin(2990, 3001);
      expect(statuses.get(418)).toBe(1);
      await victim.publish('margin', CROSS, 'demo2');
      expect(await reader.frame()).toEqual({ subscriptionId: 0, event: CROSS });
      expect((await victim.admin('GET', '/healthz')).status).toBe(200);
    } finally {
      await victim.close();
    }
  });

  test('asks for its parameter and takes no other', async () => {
    const peer = await service.open(SPOT_API);
    const { token } = await tokenOf(service);
    const method = 'userDataStream.subscribe.listenToken';
    for (const params of [{}, { listenToken: null }, { foo: 1 }]) {
      expect(await peer.ask(call(method, params))).toMatchObject({
        status: 400,
        error: {
          code: -1102,
          msg: "Mandatory parameter 'listenToken' was not sent, was empty/null, or malformed.",
        },
      });
    }
    expect(await peer.ask(call(method, { listenToken: token, apiKey: DEMO_HMAC_API_KEY }))).toMatchObject({
      status: 400,
      error: { code: -1104, msg: "Not all sent parameters were read; read '1' parameter(s) but was sent '2'." },
    });
  });

  test('reads another stream than the logon of the same account', async () => {
    const peer = await service.open(SPOT_API);
    await peer.ask(logon());
    await peer.ask(call('userDataStream.subscribe'));
    expect(await peer.ask(subscribeToken((await tokenOf(service)).token))).toMatchObject({
      result: { subscriptionId: 1 },
    });
  });
});

describe('the documents’ own request', () => {
  const written = (listenToken: string) => `{
  "id": "f3a8f7a29f2e54df796db582f3d",
  "method": "userDataStream.subscribe.listenToken",
  "params": {
    "listenToken": ${listenToken}
  }
}`;
  const SAMPLE = '5DbylArkmImhyHkpG6s9tbiFy5uAMTFwzx9vwsFjDv9dC3GkKxSuoTCj0HvcJC0WYi8';

  test('is answered under its id, in the envelope of the WebSocket API', async () => {
    const peer = await service.open(`${SPOT_API}?returnRateLimits=false`);
    const { token, expirationTime } = await tokenOf(service);
    peer.send(written(JSON.stringify(token)));
    const result = `{"subscriptionId":0,"expirationTime":${expirationTime}}`;
    expect(await peer.text()).toBe(`{"id":"f3a8f7a29f2e54df796db582f3d","status":200,"result":${result}}`);
  });

  test('with their sample token, which nobody here has sealed, is -1209', async () => {
    const peer = await service.open(SPOT_API);
    expect(await peer.ask(written(JSON.stringify(`${SAMPLE}fA`)))).toMatchObject({
      id: 'f3a8f7a29f2e54df796db582f3d',
      ...INVALID,
    });
  });

  test('cut off inside the token, as one page prints it, is no JSON', async () => {
    const peer = await service.open(SPOT_API);
    expect(await peer.ask(written(`"${SAMPLE}`))).toEqual({
      id: null,
      status: 400,
      error: { code: -1135, msg: 'Invalid JSON Request' },
    });
  });
});

describe('the end of a token', () => {
  test('is one last word at its instant, and silence', async () => {
    await frozen(async () => {
      const peer = await service.open(SPOT_API);
      const { token, expirationTime } = await tokenOf(service, { validity: '5000' });
      await peer.ask(subscribeToken(token));
      await service.advance('4999ms');
      await service.publish('margin', CROSS);
      expect(await peer.frame()).toEqual({ subscriptionId: 0, event: CROSS });
      await service.advance('1ms');
      expect(await peer.frame()).toEqual({
        subscriptionId: 0,
        event: { e: 'eventStreamTerminated', E: expirationTime },
      });
      await service.publish('margin', CROSS);
      expect(await peer.unread(() => peer.ping())).toEqual([]);
      expect(await peer.ask(subscribeToken(token))).toMatchObject(INVALID);
      expect(await peer.ask(call('userDataStream.unsubscribe'))).toMatchObject({ error: { code: -2036 } });
    });
  });

  test('is put off by another token, under the same id and without a word', async () => {
    await frozen(async () => {
      const peer = await service.open(SPOT_API);
      await peer.ask(subscribeToken((await tokenOf(service, { validity: '5000' })).token));
      await service.advance('4s');
      const later = await tokenOf(service, { validity: '5000' });
      expect((await peer.ask(subscribeToken(later.token))).result).toEqual({
        subscriptionId: 0,
        expirationTime: later.expirationTime,
      });
      await service.advance('4999ms');
      await service.publish('margin', CROSS);
      expect(await peer.frame()).toEqual({ subscriptionId: 0, event: CROSS });
      await service.advance('1ms');
      expect(await peer.frame()).toEqual({ subscriptionId: 0, event: TERMINATED });
      const again = await tokenOf(service);
      expect(await peer.ask(subscribeToken(again.token))).toMatchObject({ result: { subscriptionId: 1 } });
    });
  });

  test('is brought forward by one that ends earlier', async () => {
    await frozen(async () => {
      const peer = await service.open(SPOT_API);
      await peer.ask(subscribeToken((await tokenOf(service)).token));
      await peer.ask(subscribeToken((await tokenOf(service, { validity: '1000' })).token));
      await service.advance('1s');
      expect(await peer.frame()).toEqual({ subscriptionId: 0, event: TERMINATED });
    });
  });

  test('comes before the end of the connection, where both fall into one advance', async () => {
    const peer = await service.open(SPOT_API);
    await peer.ask(subscribeToken((await tokenOf(service, { validity: '60000' })).token));
    await service.advance('25h');
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: TERMINATED });
    expect(await peer.closed()).toEqual({ code: 1000, reason: 'connection lifetime reached' });
  });

  test('does not come with a logout', async () => {
    const peer = await service.open(SPOT_API);
    await peer.ask(logon());
    await peer.ask(subscribeToken((await tokenOf(service)).token));
    await peer.ask(call('session.logout'));
    await service.publish('margin', CROSS);
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: CROSS });
  });
});

describe('revocation', () => {
  const key = 'brief'.padEnd(64, 'x');
  const path = '/admin/v1/accounts/brief';
  const hmacKey = { apiKey: key, type: 'HMAC', secret: 'the secret of the brief' };
  const second = { apiKey: 'second'.padEnd(64, 'x'), type: 'HMAC', secret: 'another secret of it' };

  test.each([
    ['the account is deleted', () => service.admin('DELETE', path)],
    ['the API key is deleted', () => service.admin('PUT', path, { apiKeys: [second] })],
    ['the API key gets another secret', () => service.admin('PUT', path, { apiKeys: [{ ...hmacKey, secret: 'new' }] })],
    [
      'the API key loses the permission',
      () => service.admin('PUT', path, { apiKeys: [{ ...hmacKey, permissions: ['enableReading'] }] }),
    ],
    [
      'the account loses the margin account',
      () => service.admin('PUT', path, { apiKeys: [hmacKey], scopes: ['spot'] }),
    ],
  ])('when %s ends its tokens at once', async (_what, change) => {
    await service.admin('PUT', path, { apiKeys: [hmacKey] });
    const { token } = await tokenOf(service, {}, key);
    const peer = await service.open(SPOT_API);
    await peer.ask(subscribeToken(token));
    await change();
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: TERMINATED });
    expect(await peer.ask(subscribeToken(token))).toMatchObject(INVALID);
  });

  test('outlives an account that comes back', async () => {
    await service.admin('PUT', path, { apiKeys: [hmacKey] });
    const { token } = await tokenOf(service, {}, key);
    await service.admin('DELETE', path);
    await service.admin('PUT', path, { apiKeys: [hmacKey] });
    const peer = await service.open(SPOT_API);
    expect(await peer.ask(subscribeToken(token))).toMatchObject(INVALID);
    expect(await peer.ask(subscribeToken((await tokenOf(service, {}, key)).token))).toMatchObject({ status: 200 });
  });

  test('of another key of the account touches nothing', async () => {
    await service.admin('PUT', path, { apiKeys: [hmacKey, second] });
    const { token } = await tokenOf(service, {}, key);
    const peer = await service.open(SPOT_API);
    await peer.ask(subscribeToken(token));
    await service.admin('PUT', path, { apiKeys: [hmacKey] });
    await service.publish('margin', CROSS, 'brief');
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: CROSS });
    expect(await (await service.open(SPOT_API)).ask(subscribeToken(token))).toMatchObject({ status: 200 });
  });
});

test('tokens outlive a restart, another order of symbols and the rotation of the secret', async () => {
  const data = mkdtempSync(join(tmpdir(), 'listenpost-tokens-'));
  const [old, fresh] = ['old', 'fresh'].map((id) => ({ id, value: `${id} secret`.repeat(8) }));
  const start = (secrets: object, symbols: readonly string[]) =>
    UnderTest.start({ document: { secrets, symbols }, flags: { data } });
  const isolated = { isIsolated: 'true', symbol: 'ETHUSDT' };
  let run = await start({ current: old }, ['BTCUSDT', 'ETHUSDT']);
  try {
    const tokens = [await tokenOf(run), await tokenOf(run, isolated)];
    await run.close();
    run = await start({ current: fresh, previous: [old] }, ['SOLUSDT', 'ETHUSDT', 'BTCUSDT']);
    const peer = await run.open(SPOT_API);
    for (const { token } of tokens) expect(await peer.ask(subscribeToken(token))).toMatchObject({ status: 200 });
    await run.publish('isolated:ETHUSDT', ISOLATED);
    expect(await peer.frame()).toEqual({ subscriptionId: 1, event: ISOLATED });
    const later = await tokenOf(run);
    await run.close();
    // The symbol went with the config; its number stays its own.
    run = await start({ current: fresh, previous: [old] }, ['BTCUSDT']);
    const other = await run.open(SPOT_API);
    expect(await other.ask(subscribeToken(tokens[1]?.token))).toMatchObject(INVALID);
    expect(await other.ask(subscribeToken(later.token))).toMatchObject({ status: 200 });
  } finally {
    await run.close();
    rmSync(data, { recursive: true });
  }
});

test('expirationTimeUnit: "microseconds" holds for the answer to a subscribe alone', async () => {
  const other = await UnderTest.start({ document: { expirationTimeUnit: 'microseconds' } });
  try {
    const peer = await other.open(SPOT_API);
    const { token, expirationTime } = await tokenOf(other);
    expect(String(expirationTime)).toHaveLength(13);
    expect((await peer.ask(subscribeToken(token))).result).toMatchObject({ expirationTime: expirationTime * 1000 });
    const { serverTime } = (await peer.ask(call('session.status'))).result as { serverTime: number };
    expect(String(serverTime)).toHaveLength(13);
  } finally {
    await other.close();
  }
});
