/** Who may do what, over the real ports (derivatives §1.2, spot-margin §2; design: API keys, admin API). */
import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { METHOD_HANDLERS } from '../../packages/core/src/methods/index.ts';
import {
  DEMO_ED25519_API_KEY,
  DEMO_ED25519_PRIVATE_KEY,
  DEMO_HMAC_API_KEY,
  DEMO_HMAC_SECRET,
  DEMO2_HMAC_API_KEY,
  DEMO2_HMAC_SECRET,
} from '../../packages/server/src/config/demo.ts';
import { fixtureEvent } from './fixtures.ts';
import { ed25519, hmac, keyPair, rsa, type Sign, signedParams } from './signing.ts';
import { type RestAnswer, UnderTest } from './under-test.ts';

const HOUR = 3_600_000;
const KEY_PATHS = ['/fapi/v1/listenKey', '/dapi/v1/listenKey', '/eapi/v1/listenKey', '/papi/v1/listenKey'] as const;
const RISK_PATH = '/sapi/v1/margin/listen-key';
const REJECTED = { status: 401, body: { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' } };
const NOT_VALID = { status: 400, body: { code: -1022, msg: 'Signature for this request is not valid.' } };

const key = (letter: string) => letter.repeat(64);
const RSA_PAIR = keyPair('rsa');
const RSA_API_KEY = key('R');

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start({ document: { trustedProxies: ['127.0.0.1'] } });
  await putAccount(service, 'rsa-user', [{ apiKey: RSA_API_KEY, type: 'RSA', publicKey: RSA_PAIR.publicKey }]);
});
afterAll(() => service.close());

async function putAccount(to: UnderTest, id: string, apiKeys: readonly object[], more: object = {}): Promise<void> {
  const { status, body } = await to.admin('PUT', `/admin/v1/accounts/${id}`, { apiKeys, ...more });
  if (status >= 300) throw new Error(JSON.stringify(body));
}

describe('a complete signature on a listenKey call', () => {
  const signers: readonly [string, string, Sign][] = [
    ['HMAC', DEMO_HMAC_API_KEY, hmac(DEMO_HMAC_SECRET)],
    ['RSA', RSA_API_KEY, rsa(RSA_PAIR.privateKey)],
    ['Ed25519', DEMO_ED25519_API_KEY, ed25519(DEMO_ED25519_PRIVATE_KEY)],
  ];
  const form = (body: string) => ({ headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body });

  describe.each(signers)('of type %s', (_type, apiKey, sign) => {
    const signature = (payload: string) => `signature=${encodeURIComponent(sign(payload))}`;

    test.each([...KEY_PATHS, RISK_PATH])('is verified at %s: good passes, bad does not', async (path) => {
      const payload = `recvWindow=5000&timestamp=${Date.now()}`;
      const good = await service.rest('POST', `${path}?${payload}&${signature(payload)}`, apiKey);
      expect(good.status).toBe(200);
      const bad = await service.rest('POST', `${path}?${payload}1&${signature(payload)}`, apiKey);
      expect(bad).toMatchObject({ status: 400 });
      for (const altered of [`x=1&${payload}`, payload.replace('5000', '5001')]) {
        expect(await service.rest('POST', `${path}?${altered}&${signature(payload)}`, apiKey)).toMatchObject(NOT_VALID);
      }
    });

    test('may stand in the query, in a form body, or over both', async () => {
      const timestamp = `timestamp=${Date.now()}`;
      const [path] = KEY_PATHS;
      const inBody = form(`${timestamp}&${signature(timestamp)}`);
      expect((await service.rest('POST', path, apiKey, inBody)).status).toBe(200);
      const both = form(`${timestamp}&${signature(`a=1&b=%C3%BC${timestamp}`)}`);
      expect((await service.rest('PUT', `${path}?a=1&b=%C3%BC`, apiKey, both)).status).toBe(200);
      expect(await service.rest('PUT', `${path}?a=2&b=%C3%BC`, apiKey, both)).toMatchObject(NOT_VALID);
      const first = `${path}?${signature(timestamp)}&${timestamp}`;
      expect((await service.rest('DELETE', first, apiKey)).status).toBe(200);
    });

    test('counts for its own API key only', async () => {
      const timestamp = `timestamp=${Date.now()}`;
      const path = `${KEY_PATHS[0]}?${timestamp}&${signature(timestamp)}`;
      for (const other of [DEMO_HMAC_API_KEY, RSA_API_KEY, DEMO_ED25519_API_KEY].filter((each) => each !== apiKey)) {
        expect(await service.rest('POST', path, other)).toMatchObject(NOT_VALID);
      }
    });
  });

  test('of type HMAC may be written in capitals', async () => {
    const timestamp = `timestamp=${Date.now()}`;
    const signature = hmac(DEMO_HMAC_SECRET)(timestamp).toUpperCase();
    expect((await service.rest('POST', `${KEY_PATHS[0]}?${timestamp}&signature=${signature}`)).status).toBe(200);
  });

  test('over text that is not percent-encoded is refused', async () => {
    const payload = `note=币安&timestamp=${Date.now()}`;
    const body = `${payload}&signature=${hmac(DEMO_HMAC_SECRET)(payload)}`;
    expect(await service.rest('POST', KEY_PATHS[0], DEMO_HMAC_API_KEY, form(body))).toMatchObject(NOT_VALID);
  });

  test('with a time that is past or to come is refused, however good', async () => {
    for (const timestamp of [Date.now() - HOUR, (await service.now()) + HOUR]) {
      const signature = hmac(DEMO_HMAC_SECRET)(`timestamp=${timestamp}`);
      const answer = await service.rest('POST', `${KEY_PATHS[0]}?timestamp=${timestamp}&signature=${signature}`);
      expect(answer).toMatchObject({ status: 400, body: { code: -1021 } });
    }
  });
});

describe('a request’s time', () => {
  const signed = (timestamp: number, to = service) => {
    const signature = hmac(DEMO_HMAC_SECRET)(`timestamp=${timestamp}`);
    return to.rest('POST', `${KEY_PATHS[0]}?timestamp=${timestamp}&signature=${signature}`);
  };

  test('fits the virtual clock or the machine’s in dev, and nothing between', async () => {
    await service.advance('10h');
    expect((await signed(Date.now())).status).toBe(200);
    expect((await signed(await service.now())).status).toBe(200);
    expect(await signed(Date.now() + 5 * HOUR)).toMatchObject({ body: { code: -1021 } });
    expect(await signed((await service.now()) + 4000)).toMatchObject({ body: { code: -1021 } });
  });

  test('fits the one clock in serve: a second ahead, five behind', async () => {
    const data = mkdtempSync(join(tmpdir(), 'listenpost-security-'));
    const apiKeys = [{ apiKey: DEMO_HMAC_API_KEY, type: 'HMAC', secret: DEMO_HMAC_SECRET }];
    const serving = await UnderTest.start({
      command: 'serve',
      document: { accounts: [{ id: 'alice', apiKeys }] },
      flags: { data },
    });
    try {
      expect((await signed(Date.now(), serving)).status).toBe(200);
      expect((await signed(Date.now() - 3000, serving)).status).toBe(200);
      expect(await signed(Date.now() - 5500, serving)).toMatchObject({ body: { code: -1021 } });
      expect((await signed(Date.now() + 500, serving)).status).toBe(200);
      expect(await signed(Date.now() + 4000, serving)).toMatchObject({ body: { code: -1021 } });
      expect((await serving.admin('POST', '/admin/v1/clock', { advance: '1s' })).status).toBe(403);
      expect((await serving.admin('POST', '/admin/v1/trigger/transfer', {})).status).toBeGreaterThanOrEqual(400);
    } finally {
      await serving.close();
      rmSync(data, { recursive: true });
    }
  });
});

describe('an API key’s restrictions', () => {
  const material = { type: 'HMAC', secret: 'a-secret-of-this-key' };
  const statusFrom = async (apiKey: string, ip: string, path: string = KEY_PATHS[0]) =>
    (await service.rest('POST', path, apiKey, { headers: { 'X-Forwarded-For': ip } })).status;

  test('ipAllowList lets in its addresses and ranges, of both families', async () => {
    const apiKey = key('A');
    await putAccount(service, 'listed', [
      { ...material, apiKey, ipAllowList: ['192.0.2.7', '198.51.100.0/24', '2001:db8::/32'] },
    ]);
    for (const ip of ['192.0.2.7', '198.51.100.200', '2001:db8:1::9']) expect(await statusFrom(apiKey, ip)).toBe(200);
    for (const ip of ['192.0.2.8', '198.51.101.1', '2001:db9::1']) {
      const refused = await service.rest('POST', KEY_PATHS[0], apiKey, { headers: { 'X-Forwarded-For': ip } });
      expect(refused).toMatchObject(REJECTED);
    }
    expect(await service.rest('POST', KEY_PATHS[0], apiKey)).toMatchObject(REJECTED);
    expect(await service.rest('DELETE', KEY_PATHS[0], apiKey)).toMatchObject(REJECTED);
  });

  test('ipAllowList holds on the WebSocket API too, where a logon and each request are judged by the address', async () => {
    const pair = keyPair('ed25519');
    const apiKey = key('W');
    await putAccount(service, 'listed-ws', [
      { apiKey, type: 'ED25519', publicKey: pair.publicKey, ipAllowList: ['192.0.2.50'] },
    ]);
    const logon = () => signedParams({ apiKey, timestamp: Date.now() }, ed25519(pair.privateKey));
    for (const [ip, status] of [
      ['192.0.2.50', 200],
      ['192.0.2.51', 401],
    ] as const) {
      const peer = await service.openRaw('/ws-fapi/v1', { 'X-Forwarded-For': ip });
      expect(await peer.ask({ id: 1, method: 'session.logon', params: logon() })).toMatchObject({ status });
      expect(await peer.ask({ id: 2, method: 'userDataStream.start', params: { apiKey } })).toMatchObject({ status });
    }
  });

  test('permissions open the products they name', async () => {
    const opened = async (permissions: readonly string[]) => {
      const apiKey = key('P');
      await putAccount(service, 'permitted', [{ ...material, apiKey, permissions }]);
      const statuses = [];
      for (const path of [...KEY_PATHS, RISK_PATH]) statuses.push((await service.rest('POST', path, apiKey)).status);
      return statuses;
    };
    expect(await opened([])).toEqual([401, 401, 401, 401, 401]);
    expect(await opened(['enableReading'])).toEqual([401, 401, 401, 401, 401]);
    expect(await opened(['enableFutures'])).toEqual([200, 200, 401, 401, 401]);
    expect(await opened(['enableVanillaOptions', 'enablePortfolioMarginTrading'])).toEqual([401, 401, 200, 200, 401]);
    expect(await opened(['enableMargin'])).toEqual([401, 401, 401, 401, 200]);
  });

  test('an account’s scopes are all it has, for its keys and for publishers', async () => {
    const apiKey = key('S');
    await putAccount(service, 'scoped', [{ ...material, apiKey }], { scopes: ['coinm', 'risk'] });
    expect(await service.rest('POST', '/fapi/v1/listenKey', apiKey)).toMatchObject(REJECTED);
    expect((await service.rest('POST', '/dapi/v1/listenKey', apiKey)).status).toBe(200);
    expect((await service.rest('POST', RISK_PATH, apiKey)).status).toBe(200);
    const event = fixtureEvent('usdm', 'ORDER_TRADE_UPDATE');
    expect((await service.publish('usdm', event, 'scoped')).status).toBe(400);
  });

  test('the general calls ask for no key, and are not stopped by a bad one', async () => {
    expect((await service.rest('GET', '/fapi/v1/time', key('?'))).status).toBe(200);
  });

  test('a key that is revoked is refused at once, and its listenKey lives on, for it is the account’s', async () => {
    const [gone, stays] = [key('G'), key('H')];
    await putAccount(service, 'changing', [
      { ...material, apiKey: gone },
      { ...material, apiKey: stays },
    ]);
    const listenKey = await service.listenKey('/fapi/v1/listenKey', gone);
    const peer = await service.open(`/private/ws/${listenKey}`);
    await putAccount(service, 'changing', [{ ...material, apiKey: stays }]);
    expect(await service.rest('PUT', '/fapi/v1/listenKey', gone)).toMatchObject(REJECTED);
    expect(await service.listenKey('/fapi/v1/listenKey', stays)).toBe(listenKey);
    const event = fixtureEvent('usdm', 'ORDER_TRADE_UPDATE');
    await service.publish('usdm', event, 'changing');
    expect(await peer.frame()).toEqual(event);
    await service.admin('DELETE', '/admin/v1/accounts/changing');
    expect(await peer.frame()).toMatchObject({ e: 'listenKeyExpired', listenKey });
    expect(await service.rest('POST', '/fapi/v1/listenKey', stays)).toMatchObject(REJECTED);
  });
});

describe('secrets', () => {
  const TOKENS = { admin: 'the-admin-token-of-this-test', read: 'the-read-token-of-this-test' };
  const account = {
    apiKey: key('Z'),
    secret: 'zzz-the-secret-of-one-account-zzz',
    edKey: key('Y'),
    pair: keyPair('ed25519'),
  };

  test('stand in no answer but the one that gives them out, in no refusal, and in no line of the log', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const tokens = Object.entries(TOKENS).map(([role, token]) => ({ role, token }));
    const watched = await UnderTest.start({ document: { admin: { tokens } }, log });
    const told: string[] = [];
    const hear = ({ status, headers, body }: RestAnswer) => {
      told.push(JSON.stringify([status, [...headers], body]));
      return status;
    };
    const admin = async (method: string, path: string, body?: unknown, token: string = TOKENS.admin) => {
      const init = {
        method,
        headers: { Authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      };
      const response = await fetch(watched.running.urls.admin + path, init);
      return hear({ status: response.status, headers: response.headers, body: await response.text() });
    };
    try {
      const apiKeys = [
        { apiKey: account.apiKey, type: 'HMAC', secret: account.secret },
        { apiKey: account.edKey, type: 'ED25519', publicKey: account.pair.publicKey },
      ];
      expect(await admin('PUT', '/admin/v1/accounts/zoe', { apiKeys })).toBe(201);
      const listenKeys: string[] = [];
      for (const path of [...KEY_PATHS, RISK_PATH]) listenKeys.push(await watched.listenKey(path, account.apiKey));
      const [usdm = '', coinm = ''] = listenKeys;
      const legacy = await watched.open(`/ws/${usdm}`);
      const stream = await watched.open(`/stream?streams=${coinm}`);
      const api = await watched.open('/ws-fapi/v1');
      const params = signedParams({ apiKey: account.edKey, timestamp: Date.now() }, ed25519(account.pair.privateKey));
      await api.ask({ id: 1, method: 'session.logon', params });

      // What an operator asks for.
      for (const path of ['keys', 'sessions', 'accounts', 'trigger', 'clock', 'streams/zoe/usdm/events']) {
        expect(await admin('GET', `/admin/v1/${path}`)).toBe(200);
      }
      for (const path of ['/metrics', '/healthz', '/readyz']) expect(await admin('GET', path)).toBe(200);
      // Refusals of the admin port.
      expect(await admin('GET', '/admin/v1/keys', undefined, `${TOKENS.admin}x`)).toBe(401);
      expect(await admin('PUT', '/admin/v1/accounts/zoe', {}, TOKENS.read)).toBe(403);
      expect(await admin('PUT', '/admin/v1/accounts/thief', { apiKeys })).toBe(400);
      expect(await admin('PUT', '/admin/v1/accounts/zoe', { apiKeys: [...apiKeys, ...apiKeys] })).toBe(400);
      for (const broken of [
        { ...apiKeys[0], secret: [account.secret] },
        { ...apiKeys[0], apiKey: `${account.apiKey} ` },
        { ...apiKeys[0], apiKey: [account.apiKey] },
        { ...apiKeys[1], publicKey: account.pair.privateKey },
        { ...apiKeys[0], type: 'RSA' },
      ]) {
        expect(await admin('PUT', '/admin/v1/accounts/zoe', { apiKeys: [broken] })).toBe(400);
      }
      // Refusals of the public port.
      const timestamp = Date.now();
      for (const [method, path, apiKey] of [
        ['POST', `/fapi/v1/listenKey?timestamp=${timestamp}&signature=${'0'.repeat(64)}`, account.apiKey],
        ['POST', '/fapi/v1/listenKey?timestamp=1&signature=1', account.apiKey],
        ['PUT', '/fapi/v1/listenKey', DEMO2_HMAC_API_KEY],
        ['PUT', RISK_PATH, account.apiKey],
        ['PUT', `${RISK_PATH}?listenKey=${coinm}`, account.apiKey],
        ['DELETE', `/dapi/v1/listenKey?listenKey=${usdm}`, account.apiKey],
        ['PATCH', '/fapi/v1/listenKey', account.apiKey],
        ['POST', '/fapi/v1/nothing', account.apiKey],
        ['POST', '/fapi/v1/listenKey', `${account.apiKey}x`],
      ] as const) {
        expect(hear(await watched.rest(method, path, apiKey))).toBeGreaterThanOrEqual(400);
      }
      for (const method of ['userDataStream.ping', 'session.logon', 'nothing']) {
        told.push(JSON.stringify(await api.ask({ id: 1, method, params: { ...params, signature: 'bad' } })));
      }
      for (let times = 0; times < 3; times++) told.push(JSON.stringify(await api.ask(`{"apiKey":"${account.apiKey}`)));
      told.push(JSON.stringify(await stream.ask({ method: 'SUBSCRIBE', params: [1, coinm], id: 1 })));
      told.push(JSON.stringify(await legacy.ask(`{"method":"SUBSCRIBE","params":["${usdm}"]`)));
      await legacy.closed();

      const secrets = [
        ...listenKeys,
        ...Object.values(TOKENS),
        ...[account.apiKey, account.secret, account.edKey],
        ...[DEMO_HMAC_API_KEY, DEMO_HMAC_SECRET, DEMO2_HMAC_API_KEY, DEMO2_HMAC_SECRET, DEMO_ED25519_API_KEY],
        pemBody(account.pair.privateKey),
      ];
      for (const secret of secrets) {
        expect(told.filter((text) => text.includes(secret))).toEqual([]);
        expect(lines.filter((text) => text.includes(secret))).toEqual([]);
      }
      expect(told.length).toBeGreaterThan(30);
      expect(lines.join('')).toContain('legacyPaths');
    } finally {
      await watched.close();
    }
  });

  test('an unexpected fault is told to the operator, and to the wire only as unknown', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const watched = await UnderTest.start({ log });
    const broken = spyOn(METHOD_HANDLERS, 'time').mockImplementation(() => {
      throw new TypeError('the clock has no hands');
    });
    try {
      const api = await watched.open('/ws-api/v3');
      expect(await watched.rest('GET', '/fapi/v1/time')).toMatchObject({
        status: 500,
        body: { code: -1000, msg: 'An unknown error occured while processing the request.' },
      });
      expect(await api.ask({ id: 1, method: 'time' })).toMatchObject({
        status: 500,
        error: { code: -1000, msg: 'An unknown error occurred while processing the request.' },
      });
      expect((await api.ask({ id: 2, method: 'ping' })).status).toBe(200);
      expect(lines).toHaveLength(2);
      for (const line of lines)
        expect(JSON.parse(line)).toMatchObject({ level: 50, err: { message: 'the clock has no hands' } });
    } finally {
      broken.mockRestore();
      await watched.close();
    }
  });
});

const pemBody = (pem: string) => pem.split('\n').slice(1, -2).join('');

describe('the admin port', () => {
  const TOKENS = { admin: 'a'.repeat(40), publish: 'p'.repeat(40), read: 'r'.repeat(40) } as const;
  let guarded: UnderTest;
  beforeAll(async () => {
    const tokens = Object.entries(TOKENS).map(([role, token]) => ({ role, token }));
    guarded = await UnderTest.start({ document: { admin: { tokens } } });
  });
  afterAll(() => guarded.close());

  /** By node:http, which sends the Host it is told. */
  function call(method: string, path: string, headers: Readonly<Record<string, string>>, body = ''): Promise<number> {
    const { hostname, port } = new URL(guarded.running.urls.admin);
    return new Promise((resolve, reject) => {
      const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  const as = (role: keyof typeof TOKENS) => ({ Authorization: `Bearer ${TOKENS[role]}` });
  const event = JSON.stringify({ account: 'demo', scope: 'usdm', event: fixtureEvent('usdm', 'TRADE_LITE') });
  const CALLS = [
    ['GET', '/admin/v1/keys', 'read', ''],
    ['GET', '/admin/v1/sessions', 'read', ''],
    ['GET', '/admin/v1/accounts', 'read', ''],
    ['GET', '/admin/v1/streams/demo/usdm/events', 'read', ''],
    ['GET', '/admin/v1/clock', 'read', ''],
    ['POST', '/admin/v1/events', 'publish', event],
    ['POST', '/admin/v1/clock', 'admin', '{"advance":0}'],
    ['PUT', '/admin/v1/accounts/new', 'admin', '{"apiKeys":[]}'],
    ['DELETE', '/admin/v1/accounts/nobody', 'admin', ''],
    ['DELETE', '/admin/v1/keys/k999', 'admin', ''],
    ['DELETE', '/admin/v1/sessions/c999', 'admin', ''],
  ] as const;

  test.each(CALLS)('%s %s asks for the role %s', async (method, path, needed, body) => {
    for (const role of ['admin', 'publish', 'read'] as const) {
      const allowed = role === 'admin' || role === needed;
      expect([role, (await call(method, path, as(role), body)) === 403]).toEqual([role, !allowed]);
    }
    for (const authorization of ['', 'Bearer', 'Bearer wrong', `Basic ${TOKENS.admin}`, `Bearer ${TOKENS.admin}x`]) {
      expect(await call(method, path, { Authorization: authorization }, body)).toBe(401);
    }
  });

  test.each(['/healthz', '/readyz'])('%s asks for no token', async (path) => {
    expect(await call('GET', path, {})).toBe(200);
  });

  test('foreign names and pages are refused even with a token, the port’s own are not', async () => {
    const { port, host } = new URL(guarded.running.urls.admin);
    for (const foreign of [
      { Host: 'evil.example' },
      { Host: `evil.example:${port}` },
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { Origin: `http://127.0.0.1:${Number(port) + 1}` },
      { 'Sec-Fetch-Site': 'cross-site' },
    ]) {
      expect(await call('GET', '/admin/v1/keys', { ...as('admin'), ...foreign })).toBe(403);
      expect(await call('POST', '/admin/v1/events', { ...as('admin'), ...foreign }, event)).toBe(403);
    }
    for (const own of [{ Host: `localhost:${port}` }, { Origin: `http://${host}` }, { 'Sec-Fetch-Site': 'none' }]) {
      expect(await call('GET', '/admin/v1/keys', { ...as('read'), ...own })).toBe(200);
    }
  });

  test('a producer’s handshake is judged by the same rules', async () => {
    const handshake = (headers: Readonly<Record<string, string>>) =>
      new Promise<string>((resolve, reject) => {
        const { hostname, port, host } = new URL(guarded.running.urls.admin);
        const lines = Object.entries({
          Host: host,
          Upgrade: 'websocket',
          Connection: 'Upgrade',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
          ...headers,
        }).map(([name, value]) => `${name}: ${value}\r\n`);
        const socket = connect(Number(port), hostname, () => {
          socket.write(`GET /admin/v1/ingest HTTP/1.1\r\n${lines.join('')}\r\n`);
        });
        socket.once('data', (bytes: Buffer) => {
          socket.destroy();
          resolve(bytes.toString('latin1').slice(9, 12));
        });
        socket.once('error', reject);
      });
    expect(await handshake(as('publish'))).toBe('101');
    expect(await handshake(as('admin'))).toBe('101');
    expect(await handshake(as('read'))).toBe('403');
    expect(await handshake({})).toBe('401');
    expect(await handshake({ ...as('publish'), Origin: 'https://evil.example' })).toBe('403');
    expect(await handshake({ ...as('publish'), Host: 'evil.example' })).toBe('403');
  });
});
