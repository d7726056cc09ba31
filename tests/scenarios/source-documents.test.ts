/** Every request and response that the source documents print, in both languages, over real sockets and REST. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEMO_ED25519_API_KEY, DEMO_ED25519_PRIVATE_KEY } from '../../packages/server/src/config/demo.ts';
import { ed25519, signedParams } from './signing.ts';
import { askToken, SPOT_API, subscribeToken, tokenOf } from './spot-requests.ts';
import { UnderTest } from './under-test.ts';

/** tests/conformance/README.md says what each member is. */
interface Exchange {
  readonly name: string;
  readonly language: 'en' | 'zh-CN';
  readonly path: string;
  readonly asOf?: string;
  readonly given?: string;
  readonly request?: string;
  readonly response: object;
  readonly varies: Readonly<Record<string, keyof typeof KINDS>>;
  readonly shortened?: Readonly<Record<string, number>>;
}

interface SourceDocument {
  readonly provenance: { readonly document: string; readonly captured: string };
  readonly exchanges: readonly Exchange[];
}

/** What a value that differs from run to run looks like. */
const KINDS = {
  listenKey: /^[A-Za-z0-9]{64}$/,
  token: /^[A-Za-z0-9+/]{70}$/,
  milliseconds: /^\d{13}$/,
  microseconds: /^\d{16}$/,
  count: /^\d+$/,
} as const;

const FOLDER = join(import.meta.dirname, '..', 'conformance', 'source-documents');
const read = (name: string): SourceDocument => JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));

const USDM_START = read('usdm-start-ws-api');
const OPTIONS_START = read('options-start-rest');
const COINM_KEEPALIVE = read('coinm-keepalive-ws-api');
const USDM_KEEPALIVE = read('usdm-keepalive-rest');
const MARGIN_TOKEN = read('margin-listen-token');
const DOCUMENTS = [USDM_START, OPTIONS_START, COINM_KEEPALIVE, USDM_KEEPALIVE, MARGIN_TOKEN];
const DAY = 86_400_000;

const exchangeOf = ({ exchanges }: SourceDocument, name: string, language: string): Exchange => {
  const found = exchanges.find((exchange) => exchange.name === name && exchange.language === language);
  if (found === undefined) throw new Error(`no exchange "${name}" in ${language}`);
  return found;
};

const isRest = ({ request }: Exchange): boolean => request !== undefined && !request.startsWith('{');

/** The API key that a request names. */
const apiKeyIn = ({ exchanges }: SourceDocument): string =>
  (JSON.parse(exchanges[0]?.request ?? '') as { params: { apiKey: string } }).params.apiKey;

const USDM_API_KEY = apiKeyIn(USDM_START);
const COINM_API_KEY = apiKeyIn(COINM_KEEPALIVE);

/** Paths of all members, in their order, with their values. */
function leaves(value: unknown, path: readonly string[] = []): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path.join('.'), value]];
  return Object.entries(value).flatMap(([name, member]) => leaves(member, [...path, name]));
}

/** The same members in the same order, each of the sample's type, and of its value unless it varies. */
function expectLike(answer: unknown, { response, varies }: Exchange): void {
  const sample = leaves(response);
  const given = leaves(answer);
  expect(given.map(([path, value]) => [path, typeof value])).toEqual(
    sample.map(([path, value]) => [path, typeof value]),
  );
  for (const [nth, [path, value]] of given.entries()) {
    const kind = varies[path];
    if (kind === undefined) expect([path, value]).toEqual(sample[nth] ?? []);
    else expect(String(value)).toMatch(KINDS[kind]);
  }
}

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start();
  for (const [id, apiKey] of [
    ['usdm-reader', USDM_API_KEY],
    ['coinm-reader', COINM_API_KEY],
  ]) {
    const body = { apiKeys: [{ apiKey, type: 'HMAC', secret: `the secret of ${id}` }] };
    expect((await service.admin('PUT', `/admin/v1/accounts/${id}`, body)).status).toBe(201);
  }
});
afterAll(() => service.close());

const rules = (asOf: string) => service.admin('POST', '/admin/v1/rules', { asOf });

async function frozen(run: () => Promise<void>): Promise<void> {
  await service.freeze();
  try {
    await run();
  } finally {
    await service.resume();
  }
}

/** Sends the request as printed; the documents name no key where they print no body. */
async function replay(exchange: Exchange): Promise<unknown> {
  const { path, request = '' } = exchange;
  if (isRest(exchange)) {
    const [method = ''] = request.split(' ');
    const { status, body } = await service.rest(method, path, USDM_API_KEY);
    expect(status).toBe(200);
    return body;
  }
  return (await service.open(path)).ask(request);
}

const LISTEN_KEYS = [USDM_START, OPTIONS_START, COINM_KEEPALIVE, USDM_KEEPALIVE].flatMap(({ provenance, exchanges }) =>
  exchanges.map((exchange) => ({ ...exchange, url: provenance.document, captured: provenance.captured })),
);

test('all fixtures are replayed, each in both languages', () => {
  expect(readdirSync(FOLDER)).toHaveLength(DOCUMENTS.length);
  for (const { exchanges } of DOCUMENTS) {
    expect(new Set(exchanges.map(({ language }) => language))).toEqual(new Set(['en', 'zh-CN']));
  }
});

test.each(DOCUMENTS.flatMap(({ exchanges }) => exchanges))(
  'the sample of $name in $language is of the kinds it is said to be',
  ({ response, varies, shortened = {} }) => {
    const members = Object.fromEntries(leaves(response));
    for (const [path, kind] of Object.entries(varies)) {
      const sample = String(members[path]);
      const length = shortened[path];
      if (length === undefined) expect(sample).toMatch(KINDS[kind]);
      else expect(sample).toMatch(new RegExp(`^[A-Za-z0-9]{${length}}$`));
    }
  },
);

describe.each(LISTEN_KEYS)('$url: $name, $language', (exchange) => {
  test.each(exchange.asOf === undefined ? [exchange.captured, 'latest'] : [exchange.asOf])('as of %s', async (asOf) => {
    await rules(asOf);
    const apiKey = exchange.path === '/ws-dapi/v1' ? COINM_API_KEY : USDM_API_KEY;
    const given = exchange.given && (await service.listenKey(exchange.given, apiKey));
    const answer = await replay(exchange);
    expectLike(answer, exchange);
    const { listenKey } = (isRest(exchange) ? answer : (answer as { result: object }).result) as {
      listenKey: string;
    };
    if (given !== undefined) expect(listenKey).toBe(given);
    const again = (await replay(exchange)) as { listenKey?: string; result?: { listenKey: string } };
    expect((again.result ?? again).listenKey).toBe(listenKey);
    await rules('latest');
  });

  test.each([
    [3_599_999, true],
    [3_600_000, false],
    [3_600_001, false],
  ])('%i ms later its key is there: %p', async (ms, alive) => {
    await rules(exchange.asOf ?? 'latest');
    await frozen(async () => {
      const rest = exchange.given ?? { '/ws-fapi/v1': '/fapi/v1/listenKey' }[exchange.path] ?? exchange.path;
      const apiKey = exchange.path === '/ws-dapi/v1' ? COINM_API_KEY : USDM_API_KEY;
      await service.listenKey(rest, apiKey);
      await service.advance('1m');
      await replay(exchange);
      await service.advance(`${ms}ms`);
      const { status, body } = await service.rest('PUT', rest, apiKey);
      if (alive) expect(status).toBe(200);
      else expect([status, body]).toEqual([400, { code: -1125, msg: 'This listenKey does not exist.' }]);
    });
    await rules('latest');
  });
});

test.each(['en', 'zh-CN'])('start after a logon needs no `apiKey` (%s)', async (language) => {
  const exchange = exchangeOf(USDM_START, 'start', language);
  const peer = await service.open(exchange.path);
  const params = { apiKey: DEMO_ED25519_API_KEY, timestamp: Date.now() };
  const logon = { id: 1, method: 'session.logon', params: signedParams(params, ed25519(DEMO_ED25519_PRIVATE_KEY)) };
  expect(await peer.ask(logon)).toMatchObject({ status: 200 });
  const { params: _, ...request } = JSON.parse(exchange.request ?? '') as { params: object };
  expectLike(await peer.ask(request), exchange);
});

describe.each(['en', 'zh-CN'])(`${MARGIN_TOKEN.provenance.document}: %s`, (language) => {
  const subscribe = exchangeOf(MARGIN_TOKEN, 'subscribe', language);
  const printed = subscribe.request ?? '';
  const ID = 'f3a8f7a29f2e54df796db582f3d';
  /** The request in its own spelling with a token that was sealed here; the English one, as the other is cut off. */
  const withToken = (token: string) =>
    (exchangeOf(MARGIN_TOKEN, 'subscribe', 'en').request ?? '').replace(/(?<="listenToken": ")[^"]*/, token);

  test('the token is answered as printed', async () => {
    const exchange = exchangeOf(MARGIN_TOKEN, 'token', language);
    expectLike(await replay(exchange), exchange);
  });

  test('the subscription is answered as printed, in the envelope of the WebSocket API', async () => {
    const peer = await service.open(subscribe.path);
    const { subscriptionId } = subscribe.response as { subscriptionId: number };
    for (let before = 0; before < subscriptionId; before++) {
      const { token } = await tokenOf(service, { isIsolated: 'true', symbol: 'BNBUSDT' }, USDM_API_KEY);
      await peer.ask(subscribeToken(token));
    }
    const { token } = await tokenOf(service, {}, USDM_API_KEY);
    const answer = await peer.ask(withToken(token));
    expect(Object.keys(answer)).toEqual(['id', 'status', 'result', 'rateLimits']);
    expect([answer.id, answer.status]).toEqual([ID, 200]);
    expectLike(answer.result, subscribe);
  });

  test('the request as printed is refused: no token of ours, or no JSON', async () => {
    const answer = await (await service.open(SPOT_API)).ask(printed);
    const isCut = language === 'zh-CN';
    expect(answer).toMatchObject({
      id: isCut ? null : ID,
      status: 400,
      error: isCut ? { code: -1135, msg: 'Invalid JSON Request' } : { code: -1209, msg: 'Invalid listen token.' },
    });
  });

  test('the end of the subscription is told as printed', async () => {
    await frozen(async () => {
      const end = exchangeOf(MARGIN_TOKEN, 'end', language);
      const peer = await service.open(end.path);
      const { token } = await tokenOf(service, { validity: '5000' }, USDM_API_KEY);
      await peer.ask(withToken(token));
      await service.advance('5s');
      expectLike(await peer.frame(), end);
    });
  });

  test('`validity` is 24 hours at most, and 24 hours without', async () => {
    await frozen(async () => {
      const latest = (await service.now()) + DAY;
      expect((await tokenOf(service, {}, USDM_API_KEY)).expirationTime).toBe(latest);
      expect((await tokenOf(service, { validity: '86400000' }, USDM_API_KEY)).expirationTime).toBe(latest);
      expect(await askToken(service, { validity: '86400001' }, USDM_API_KEY)).toMatchObject({
        status: 400,
        body: { code: -1130, msg: "Data sent for parameter 'validity' is not valid." },
      });
    });
  });

  test.each(['true', 'TRUE', 'True', 'false', 'FALSE', 'False'])('isIsolated=%s', async (isIsolated) => {
    const exchange = exchangeOf(MARGIN_TOKEN, 'token', language);
    const { body } = await askToken(service, { isIsolated, symbol: 'BNBUSDT' }, USDM_API_KEY);
    expectLike(body, exchange);
    const alone = await askToken(service, { isIsolated }, USDM_API_KEY);
    expect(alone.status).toBe(isIsolated.toLowerCase() === 'true' ? 400 : 200);
  });
});
