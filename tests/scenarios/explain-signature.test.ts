/**
 * A refused signature (-1022) is told on the wire as the exchange tells it; the emulator tells its user why. Each slip is made
 * as clients make it, and the explanation must name that one.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { type DestinationStream, pino } from 'pino';
import {
  DEMO_ED25519_API_KEY,
  DEMO_ED25519_PRIVATE_KEY,
  DEMO_HMAC_API_KEY,
  DEMO_HMAC_SECRET,
  DEMO2_HMAC_SECRET,
} from '../../packages/server/src/config/demo.ts';
import { ed25519, hmac, keyPair, type Sign } from './signing.ts';
import { SPOT_API } from './spot-requests.ts';
import { UnderTest } from './under-test.ts';

const KEY_PATH = '/fapi/v1/listenKey';

let service: UnderTest;
let logged: string[] = [];
const log: DestinationStream = { write: (line) => void logged.push(line) };

beforeAll(async () => {
  service = await UnderTest.start({ log: pino({ level: 'warn' }, log) });
});
afterAll(() => service.close());
beforeEach(async () => {
  logged = [];
  await service.admin('DELETE', '/admin/v1/journal');
});

interface Explained {
  readonly explanation?: {
    readonly expected: string;
    readonly slips: readonly { readonly slip: string; readonly says: string }[];
  };
}

/** The slips of the last request, by the journal. */
async function slips(): Promise<readonly string[]> {
  const { body } = await service.admin('GET', '/admin/v1/journal?kind=request,message');
  const last = (body as { entries: (Explained & { code?: number })[] }).entries.at(-1);
  expect(last?.code).toBe(-1022);
  return last?.explanation?.slips.map(({ slip }) => slip) ?? [];
}

const sign = hmac(DEMO_HMAC_SECRET);
const signEd = ed25519(DEMO_ED25519_PRIVATE_KEY);

interface Rest {
  readonly query: string;
  readonly body?: string;
  /** What was signed. */
  readonly over: string;
  readonly by?: Sign;
  readonly apiKey?: string;
  /** How the signature is put in. */
  readonly put?: (signature: string) => string;
}

/** A listenKey request whose query is signed in some way. */
async function rest({ query, body, over, by = sign, apiKey, put = encodeURIComponent }: Rest): Promise<void> {
  const { status, body: answer } = await service.rest(
    'POST',
    `${KEY_PATH}?${query}&signature=${put(by(over))}`,
    apiKey,
    {
      ...(body === undefined ? {} : { body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
    },
  );
  expect([status, answer]).toEqual([400, { code: -1022, msg: 'Signature for this request is not valid.' }]);
}

const now = () => `timestamp=${Date.now()}`;

describe('over REST', () => {
  test.each<[string, (t: string) => Rest]>([
    ['missing-param', (t) => ({ query: `recvWindow=5000&${t}`, over: t })],
    ['other-order', (t) => ({ query: `${t}&recvWindow=5000&a=b`, over: `a=b&recvWindow=5000&${t}` })],
    ['recv-window', (t) => ({ query: t, over: `recvWindow=5000&${t}` })],
    ['recv-window', (t) => ({ query: `recvWindow=6000&${t}`, over: `recvWindow=60000&${t}` })],
    ['body-before-query', (t) => ({ query: t, body: 'a=1&b=2', over: `a=1&b=2${t}` })],
    ['joined-by-ampersand', (t) => ({ query: t, body: 'a=1&b=2', over: `${t}&a=1&b=2` })],
    ['body-not-signed', (t) => ({ query: t, body: 'a=1', over: t })],
    ['percent-encoding', (t) => ({ query: `note=a%20b%2Fc&${t}`, over: `note=a b/c&${t}` })],
    ['percent-encoding', (t) => ({ query: `note=a+b&${t}`, over: `note=a%20b&${t}` })],
    ['percent-encoding', (t) => ({ query: t, body: 'note=ä', over: `${t}note=ä` })],
    ['api-key-signed', (t) => ({ query: t, over: `apiKey=${DEMO_HMAC_API_KEY}&${t}` })],
    ['path-signed', (t) => ({ query: t, over: `${KEY_PATH}?${t}` })],
    ['path-signed', (t) => ({ query: t, over: `?${t}` })],
    [
      'params-after-signature',
      (t) => ({ query: t, over: t, put: (signature) => `${signature}&recvWindow=1000&a=b&c=d` }),
    ],
    ['wrong-secret', (t) => ({ query: t, over: t, by: hmac(DEMO2_HMAC_SECRET) })],
    ['secret-with-line-break', (t) => ({ query: t, over: t, by: hmac(`${DEMO_HMAC_SECRET}\n`) })],
    ['api-key-as-secret', (t) => ({ query: t, over: t, by: hmac(DEMO_HMAC_API_KEY) })],
    ['unknown', (t) => ({ query: t, over: t, by: hmac('some other secret') })],
    ['unknown', (t) => ({ query: t, over: 'something else' })],
    [
      'base64-not-hex',
      (t) => ({
        query: t,
        over: t,
        by: (text) => createHmac('sha256', DEMO_HMAC_SECRET).update(text).digest('base64'),
      }),
    ],
    [
      'wrong-hash',
      (t) => ({ query: t, over: t, by: (text) => createHmac('sha512', DEMO_HMAC_SECRET).update(text).digest('hex') }),
    ],
    ['wrong-secret', (t) => ({ query: t, over: t, by: signEd })],
    ['wrong-key-type', (t) => ({ query: t, over: t, by: ed25519(keyPair('ed25519').privateKey) })],
    ['wrong-secret', (t) => ({ query: t, over: t, apiKey: DEMO_ED25519_API_KEY })],
    ['wrong-key-type', (t) => ({ query: t, over: t, apiKey: DEMO_ED25519_API_KEY, by: hmac('another secret') })],
    [
      'hex-not-base64',
      (t) => ({
        query: t,
        over: t,
        apiKey: DEMO_ED25519_API_KEY,
        by: (text) => Buffer.from(signEd(text), 'base64').toString('hex'),
      }),
    ],
    [
      'signature-not-encoded',
      (t) => ({
        query: t,
        over: t,
        apiKey: DEMO_ED25519_API_KEY,
        by: signEd,
        put: (signature) => signature.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
      }),
    ],
    [
      'signature-encoded-twice',
      (t) => ({
        query: t,
        over: t,
        apiKey: DEMO_ED25519_API_KEY,
        by: signEd,
        put: (signature) => encodeURIComponent(encodeURIComponent(signature)),
      }),
    ],
  ])('%s', async (slip, request) => {
    await rest(request(now()));
    expect(await slips()).toEqual([slip]);
  });

  test('two slips at once are both named', async () => {
    const t = now();
    const base64: Sign = (text) => createHmac('sha256', DEMO_HMAC_SECRET).update(text).digest('base64');
    await rest({ query: `recvWindow=5000&${t}`, over: t, by: base64 });
    expect(await slips()).toEqual(['missing-param', 'base64-not-hex']);
  });

  test('the text to sign is the one that was sent', async () => {
    const t = now();
    await rest({ query: `a=%C3%A4&${t}`, body: 'b=2', over: '' });
    const { body } = await service.admin('GET', '/admin/v1/explain-signature?redact=false');
    const [mistake] = (body as { mistakes: Explained[] }).mistakes;
    expect(mistake?.explanation?.expected).toBe(`a=%C3%A4&${t}b=2`);
  });
});

describe('over the WebSocket API', () => {
  type Params = Readonly<Record<string, string | number>>;
  const pairs = (params: Params) => Object.entries(params).map(([name, value]) => `${name}=${value}`);
  const sorted = (params: Params) => pairs(params).sort().join('&');

  test.each<[string, (params: Params) => string, Sign?]>([
    ['unsorted', (params) => pairs(params).join('&')],
    ['missing-param', ({ apiKey: _, ...rest }) => sorted(rest)],
    ['missing-param', ({ recvWindow: _, ...rest }) => sorted(rest)],
    ['recv-window', (params) => sorted({ ...params, recvWindow: 5000 })],
    [
      'values-quoted',
      (params) =>
        Object.entries(params)
          .sort()
          .map(([name, value]) => `${name}=${JSON.stringify(String(value))}`)
          .join('&'),
    ],
    [
      'json-signed',
      (params) =>
        JSON.stringify(Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]))),
    ],
    ['wrong-secret', sorted, hmac(DEMO2_HMAC_SECRET)],
    ['base64-not-hex', sorted, (text) => createHmac('sha256', DEMO_HMAC_SECRET).update(text).digest('base64')],
  ])('%s', async (slip, over, by = sign) => {
    const params = { timestamp: Date.now(), recvWindow: 4000, apiKey: DEMO_HMAC_API_KEY };
    const api = await service.open(SPOT_API);
    const request = {
      id: 1,
      method: 'userDataStream.subscribe.signature',
      params: { ...params, signature: by(over(params)) },
    };
    expect(await api.ask(request)).toMatchObject({ status: 400, error: { code: -1022 } });
    expect(await slips()).toEqual([slip]);
  });

  test('values that were percent-encoded otherwise', async () => {
    const params = { apiKey: DEMO_ED25519_API_KEY, note: 'a b', timestamp: Date.now() };
    const over = sorted({ ...params, note: 'a+b' });
    const api = await service.open('/ws-fapi/v1');
    expect(
      await api.ask({ id: 1, method: 'session.logon', params: { ...params, signature: signEd(over) } }),
    ).toMatchObject({ error: { code: -1022 } });
    expect(await slips()).toEqual(['percent-encoding']);
  });
});

test('who runs the emulator reads one line for each distinct mistake, and no secret anywhere', async () => {
  for (let time = 0; time < 3; time++) {
    const t = now();
    await rest({ query: t, over: `recvWindow=5000&${t}` });
    await rest({ query: t, over: t, by: hmac(DEMO2_HMAC_SECRET) });
  }
  expect(await slips()).toEqual(['wrong-secret']);
  expect(logged.map((line) => JSON.parse(line).msg)).toEqual([
    expect.stringMatching(
      /^-1022 on POST \/fapi\/v1\/listenKey of account demo: recvWindow=5000 was signed and not sent; .* To sign: "timestamp=\d+"/,
    ),
    expect.stringMatching(
      /^-1022 on POST \/fapi\/v1\/listenKey of account demo: it was signed with the secret of an API key of account "demo2"/,
    ),
  ]);
  const { body } = await service.admin('GET', '/admin/v1/explain-signature');
  expect(body).toMatchObject({
    mistakes: [
      { account: 'demo', count: 3 },
      { account: 'demo', count: 3 },
    ],
  });
  const everything = JSON.stringify([
    logged,
    body,
    (await service.admin('GET', '/admin/v1/journal?redact=false')).body,
  ]);
  for (const secret of [DEMO_HMAC_SECRET, DEMO2_HMAC_SECRET]) expect(everything).not.toContain(secret);
});
