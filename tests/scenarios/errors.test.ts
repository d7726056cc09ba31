/**
 * Every error the system can say, provoked over a real socket: each row of `ERRORS` in each of its wordings, and each row of
 * `STREAM_ERRORS`. What Spot's WebSocket API says is asked for in JSON and in SBE, and must be the same.
 *
 * The tables below are the whole of it: a row that nothing here provokes fails the first tests.
 */
import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test';
import { once } from 'node:events';
import { connect } from 'node:net';
import {
  decodeMessage,
  ERRORS,
  type ErrorDialect,
  type ErrorName,
  errorOf,
  PRODUCTS,
  responseForm,
  STREAM_ERRORS,
  type StreamErrorName,
} from '@listenpost/protocol';
import { METHOD_HANDLERS } from '../../packages/core/src/methods/index.ts';
import {
  DEMO_ED25519_API_KEY,
  DEMO_ED25519_PRIVATE_KEY,
  DEMO_HMAC_API_KEY,
  DEMO_HMAC_SECRET,
} from '../../packages/server/src/config/demo.ts';
import { endPrograms } from './program.ts';
import { type RawPeer, RefusedHandshake } from './raw-peer.ts';
import { ServerProcess, temporaryFolder } from './server-process.ts';
import { ed25519, hmac, signedParams } from './signing.ts';
import { call, SPOT_API, subscribeSigned, subscribeToken, TOKEN_PATH, tokenOf } from './spot-requests.ts';
import { UnderTest, type UnderTestOptions } from './under-test.ts';

/** What the wire said, whichever door it came by. */
interface Refused {
  readonly status: number;
  readonly code: number;
  readonly msg: string;
}

// --- Services: one of each kind, started when it is first needed ------------------------------------------------------

const SYMBOLS = Array.from({ length: 1000 }, (_, nth) => `S${nth}USDT`);
const few = { limit: 10 };
const POOLS = { futures: few, options: few, spot: few, usdmWsApi: few };

const KINDS = {
  open: { document: { limits: 'off', trustedProxies: ['127.0.0.1'] } },
  counted: { document: { limits: { pools: POOLS }, trustedProxies: ['127.0.0.1'] } },
  calledOften: { document: { limits: { connections: { 'ws-api': { attempts: { limit: 1, window: '5m' } } } } } },
  wide: { document: { limits: 'off', symbols: SYMBOLS } },
  inSpring: { document: { limits: 'off', asOf: '2026-02-18' } },
  withoutSbe: { document: { sbe: 'off' } },
  withoutOldPaths: { document: { legacyPaths: '404' } },
  full: { rig: { connectionsMax: 0 } },
} as const satisfies Record<string, UnderTestOptions>;
type Kind = keyof typeof KINDS;

const started = new Map<Kind, Promise<UnderTest>>();
const folder = temporaryFolder();

function on(kind: Kind): Promise<UnderTest> {
  const service = started.get(kind) ?? UnderTest.start(KINDS[kind]);
  started.set(kind, service);
  return service;
}

beforeAll(async () => {
  const body = { apiKeys: [{ apiKey: ONLY_BTC, type: 'HMAC', secret: 'x' }], scopes: ['isolated:BTCUSDT'] };
  expect((await (await on('open')).admin('PUT', '/admin/v1/accounts/onlyBtc', body)).status).toBe(201);
});
afterAll(async () => {
  for (const service of await Promise.all(started.values())) await service.close();
  endPrograms();
  folder.remove();
});

// --- Doors -------------------------------------------------------------------------------------------------------------

type Sent = Readonly<Record<string, string>>;

let addresses = 0;
/** An address nobody has used yet, as the proxy tells it. */
const stranger = (): Sent => ({ 'X-Forwarded-For': `192.0.2.${++addresses}` });

interface Rest {
  readonly apiKey?: string | null;
  readonly headers?: Sent;
}

async function rest(service: UnderTest, line: string, { apiKey, headers = {} }: Rest = {}): Promise<Refused> {
  const [method = '', path = ''] = line.split(' ');
  const { status, body } = await service.rest(method, path, apiKey, { headers });
  return { status, ...(body as { code: number; msg: string }) };
}

/** The REST call again and again from one address, until its answer has this status. */
async function restUntil(status: number, line: string): Promise<Refused> {
  const headers = stranger();
  for (let asks = 0; asks < 100; asks++) {
    const refused = await rest(await on('counted'), line, { headers });
    if (refused.status === status) return refused;
  }
  throw new Error(`${line} was never answered with ${status}`);
}

async function handshake(service: UnderTest, path: string, headers: Sent = {}): Promise<Refused> {
  const answer = await service.openRaw(path, headers).catch((cause: unknown) => cause);
  if (!(answer instanceof RefusedHandshake)) throw new Error(`${path} was let through`);
  return { status: answer.status, ...(answer.body as { code: number; msg: string }) };
}

type Encoding = 'JSON' | 'SBE';
type Ask = string | object;

const URLS: Readonly<Record<Encoding, string>> = {
  JSON: SPOT_API,
  SBE: `${SPOT_API}?responseFormat=sbe&sbeSchemaId=3&sbeSchemaVersion=5`,
};

/** Of one frame; undefined where it is no refusal. */
function refusedIn(frame: string | Uint8Array): Refused | undefined {
  const { status, error } = (typeof frame === 'string' ? JSON.parse(frame) : responseForm(decodeMessage(frame))) as {
    status: number;
    error?: { code: number; msg: string };
  };
  return error === undefined ? undefined : { status, code: error.code, msg: error.msg };
}

async function frameOf(peer: RawPeer): Promise<string | Uint8Array> {
  const { kind, payload } = await peer.frame();
  return kind === 'binary' ? payload : payload.toString();
}

/** Sends the requests one by one and gives back what the last was refused with. */
async function asking(service: UnderTest, path: string, asks: readonly Ask[], headers: Sent = {}): Promise<Refused> {
  const peer = await service.openRaw(path, headers);
  let last: Refused | undefined;
  for (const ask of asks) {
    peer.write('text', typeof ask === 'string' ? ask : JSON.stringify(ask));
    last = refusedIn(await frameOf(peer));
  }
  peer.drop();
  if (last === undefined) throw new Error(`${path} took ${JSON.stringify(asks.at(-1))}`);
  return last;
}

/** The requests on Spot's WebSocket API in this encoding. */
const spot = (encoding: Encoding, ...asks: readonly Ask[]) =>
  on('open').then((service) => asking(service, URLS[encoding], asks));

const usdm = (...asks: readonly Ask[]) => on('open').then((service) => asking(service, '/ws-fapi/v1', asks));

/** The request until its answer has this status. */
async function spotUntil(status: number, encoding: Encoding): Promise<Refused> {
  const headers = stranger();
  const peer = await (await on('counted')).openRaw(URLS[encoding], headers);
  for (let asks = 0; asks < 100; asks++) {
    peer.write('text', JSON.stringify(call('ping')));
    const refused = refusedIn(await frameOf(peer));
    if (refused?.status === status) return refused;
  }
  throw new Error(`the WebSocket API never answered with ${status}`);
}

/** Subscribes one connection to a thousand symbols, `rounds` times, and then to one more: what the first refusal says. */
async function subscribing(encoding: Encoding, rounds: number): Promise<Refused> {
  const service = await on('wide');
  const tokens = await Promise.all(SYMBOLS.map((symbol) => tokenOf(service, { isIsolated: 'true', symbol })));
  const asks = tokens.map(({ token }) => JSON.stringify(subscribeToken(token)));
  // The runtime's own client: hundreds of thousands of frames are too many for one made by hand.
  const peer = await service.open(URLS[encoding]);
  const next = () => (encoding === 'SBE' ? peer.bytes() : peer.text());
  for (let round = 1; round < rounds; round++) {
    for (const ask of asks) peer.send(ask);
    peer.send(call('userDataStream.unsubscribe'));
    // An answer to each, and the last word of each subscription.
    for (let nth = 0; nth <= 2 * asks.length; nth++) await next();
  }
  for (const ask of [...asks, subscribeSigned()]) {
    peer.send(ask);
    const refused = refusedIn(await next());
    if (refused !== undefined) return refused;
  }
  throw new Error('all were taken');
}

/** A fault nobody expected, in the one handler that answers these. */
async function withoutHands<Result>(act: () => Promise<Result>): Promise<Result> {
  const broken = spyOn(METHOD_HANDLERS, 'time').mockImplementation(() => {
    throw new TypeError('the clock has no hands');
  });
  try {
    return await act();
  } finally {
    broken.mockRestore();
  }
}

/** A registry on a disk that takes no more. */
let starved: Promise<UnderTest> | undefined;
async function startStarved(): Promise<UnderTest> {
  const accounts = [{ id: 'demo', apiKeys: [{ apiKey: DEMO_HMAC_API_KEY, type: 'HMAC', secret: DEMO_HMAC_SECRET }] }];
  const document = { accounts, limits: 'off', asOf: '2026-02-18', journal: { commit: 'memory' } };
  const { service } = await ServerProcess.start(folder.path, { document, fileKiBMax: 512 });
  for (let asks = 0; (await service.rest('POST', '/api/v3/userDataStream')).status === 200; asks++) {
    if (asks > 5000) throw new Error('the registry found room for everything');
  }
  return service;
}
const onStarved = (): Promise<UnderTest> => (starved ??= startStarved());

/** A handshake that lacks its key, as no WebSocket client sends it. */
async function handshakeWithoutKey(): Promise<Refused> {
  const { hostname, port, host } = new URL((await on('open')).running.urls.http);
  const socket = connect(Number(port), hostname);
  socket.write(`GET ${SPOT_API} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  const [head = '', body = ''] = bytes.toString().split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), ...JSON.parse(body) };
}

// --- Requests ----------------------------------------------------------------------------------------------------------

const ONLY_BTC = 'onlyBtc'.padEnd(64, 'x');
const UNKNOWN_KEY = 'u'.repeat(64);
const RISK_PATH = '/sapi/v1/margin/listen-key';
const now = () => Date.now();

type Given = Readonly<Record<string, string | number>>;

/** A logon of the demo account, rightly signed over what is given. */
const logon = (given: Given, apiKey = DEMO_ED25519_API_KEY) =>
  call('session.logon', signedParams({ apiKey, ...given }, ed25519(DEMO_ED25519_PRIVATE_KEY)));

const logonByHmac = () =>
  call('session.logon', signedParams({ apiKey: DEMO_HMAC_API_KEY, timestamp: now() }, hmac(DEMO_HMAC_SECRET)));

const unsubscribe = (params: object = {}) => call('userDataStream.unsubscribe', params);

/** A query that is whole: key, timestamp and signature. */
const signedQuery = (given: string) => `${given}&signature=${hmac(DEMO_HMAC_SECRET)(given)}`;

// --- The table ---------------------------------------------------------------------------------------------------------

/** How one wording of a row is provoked. The status, the code and the words are those of the references, letter for letter. */
interface Provocation {
  readonly when: string;
  readonly dialect: ErrorDialect;
  readonly says: readonly [status: number, code: number, msg: string | RegExp];
  /** Given the encoding where the row is Spot's WebSocket API's: then it is asked in both. */
  readonly provoke: (() => Promise<Refused>) | ((encoding: Encoding) => Promise<Refused>);
  /** Only where the door has no other: a handshake, REST, or a schema. */
  readonly encodings?: readonly Encoding[];
}

const provocation =
  (dialect: ErrorDialect, encodings: readonly Encoding[] | undefined) =>
  (when: string, provoke: Provocation['provoke'], ...says: Provocation['says']): Provocation => ({
    when,
    dialect,
    says,
    provoke,
    ...(encodings === undefined ? {} : { encodings }),
  });

/** On Spot's WebSocket API, in JSON and in SBE. */
const inBoth = provocation('spot', ['JSON', 'SBE']);
const bySbe = provocation('spot', ['SBE']);
/** By another door, in Spot's words. */
const bySpot = provocation('spot', undefined);
const byFutures = provocation('futures', undefined);
const byOptions = provocation('options', undefined);

const TOO_MUCH_SPOT =
  'Too much request weight used; current limit is 10 request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.';
const BANNED_SPOT =
  /^Way too much request weight used; IP banned until \d{13}\. Please use WebSocket Streams for live updates to avoid bans\.$/;
const UNKNOWN_SPOT = 'An unknown error occurred while processing the request.';
const RANGE_OF_RECV_WINDOW =
  "Illegal characters found in parameter 'recvWindow'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.";

const PROVOKED: { readonly [Row in ErrorName]: readonly Provocation[] } = {
  UNKNOWN: [
    byFutures(
      'a handler fails',
      () => withoutHands(async () => rest(await on('open'), 'GET /fapi/v1/time')),
      500,
      -1000,
      'An unknown error occured while processing the request.',
    ),
    byOptions(
      'a handler fails',
      () => withoutHands(async () => rest(await on('open'), 'GET /eapi/v1/time')),
      500,
      -1000,
      UNKNOWN_SPOT,
    ),
    inBoth('a handler fails', (encoding) => withoutHands(() => spot(encoding, call('time'))), 500, -1000, UNKNOWN_SPOT),
  ],
  DISCONNECTED: [
    byFutures(
      'the registry takes no changes',
      async () => rest(await onStarved(), 'POST /fapi/v1/listenKey'),
      503,
      -1001,
      'Internal error; unable to process your request. Please try again.',
    ),
    inBoth(
      'the registry takes no changes',
      async (encoding) =>
        asking(await onStarved(), URLS[encoding].replace('Version=5', 'Version=2'), [
          call('userDataStream.start', { apiKey: DEMO_HMAC_API_KEY }),
        ]),
      503,
      -1001,
      'Internal error; unable to process your request. Please try again.',
    ),
  ],
  TOO_MANY_REQUESTS: [
    byFutures(
      'the weight of the minute is used up',
      () => restUntil(429, 'GET /fapi/v1/ping'),
      429,
      -1003,
      'Too many requests; current limit is 10 requests per minute. Please use the websocket for live updates to avoid polling the API.',
    ),
    byOptions(
      'the weight of the minute is used up',
      () => restUntil(429, 'GET /eapi/v1/ping'),
      429,
      -1008,
      'Too much request weight used; current limit is 10 request weight per 1 MINUTE. Please use the websocket for live updates to avoid polling the API.',
    ),
    bySpot('the weight of the minute is used up', () => restUntil(429, 'GET /api/v3/ping'), 429, -1003, TOO_MUCH_SPOT),
    inBoth('the weight of the minute is used up', (encoding) => spotUntil(429, encoding), 429, -1003, TOO_MUCH_SPOT),
  ],
  IP_BANNED: [
    byFutures(
      '429 is ignored',
      () => restUntil(418, 'GET /fapi/v1/ping'),
      418,
      -1003,
      /^Way too many requests; IP banned until \d{13}\. Please use the websocket for live updates to avoid bans\.$/,
    ),
    byOptions(
      '429 is ignored',
      () => restUntil(418, 'GET /eapi/v1/ping'),
      418,
      -1008,
      /^Way too much request weight used; IP banned until \d{13}\. Please use the websocket for live updates to avoid bans\.$/,
    ),
    bySpot('429 is ignored', () => restUntil(418, 'GET /api/v3/ping'), 418, -1003, BANNED_SPOT),
    inBoth('429 is ignored', (encoding) => spotUntil(418, encoding), 418, -1003, BANNED_SPOT),
  ],
  TOO_MANY_CONNECTIONS: [
    bySpot(
      'one address connects too often',
      async () => {
        const service = await on('calledOften');
        await service.startMinute(5);
        await service.openRaw(SPOT_API).catch(() => undefined);
        return handshake(service, SPOT_API);
      },
      429,
      -1034,
      "Too many connection attempts from IP; current limit is 1 per '5 MINUTES'.",
    ),
  ],
  INVALID_MESSAGE: [byFutures('a text is no JSON', () => usdm('nope'), 400, -1013, 'INVALID_MESSAGE.')],
  INVALID_JSON: [
    inBoth('a text is no JSON', (encoding) => spot(encoding, '{"id":1'), 400, -1135, 'Invalid JSON Request'),
  ],
  INVALID_REQUEST_ID: [
    inBoth(
      'the id is an object',
      (encoding) => spot(encoding, '{"id":{},"method":"ping"}'),
      400,
      -1135,
      "Invalid 'id' in JSON request; expected an integer, a string matching '^[a-zA-Z0-9-_]{1,36}$', or null.",
    ),
  ],
  INVALID_PARAMS: [
    inBoth(
      'params are a list',
      (encoding) => spot(encoding, '{"id":1,"method":"ping","params":[]}'),
      400,
      -1135,
      "Invalid 'params' in JSON request; expected an object.",
    ),
  ],
  MISSING_METHOD: [
    inBoth(
      'no method is named',
      (encoding) => spot(encoding, '{"id":1}'),
      400,
      -1135,
      "Missing required 'method' in JSON request.",
    ),
  ],
  SERVICE_SHUTTING_DOWN: [
    bySpot(
      'the service holds all the connections it may',
      async () => handshake(await on('full'), SPOT_API),
      503,
      -1016,
      'This service is no longer available.',
    ),
  ],
  UNSUPPORTED_OPERATION: [
    inBoth(
      'a method is unknown',
      (encoding) => spot(encoding, call('order.place')),
      400,
      -1020,
      'This operation is not supported.',
    ),
  ],
  TIMESTAMP_OUTSIDE_RECV_WINDOW: [
    inBoth(
      'a request is too old',
      (encoding) => spot(encoding, logon({ timestamp: now() - 6000 })),
      400,
      -1021,
      'Timestamp for this request is outside of the recvWindow.',
    ),
  ],
  TIMESTAMP_AHEAD: [
    inBoth(
      'a request is of the future',
      (encoding) => spot(encoding, logon({ timestamp: now() + 3_600_000 })),
      400,
      -1021,
      "Timestamp for this request was 1000ms ahead of the server's time.",
    ),
  ],
  MALFORMED_TIMESTAMP: [
    byFutures(
      'a timestamp is no number',
      () => usdm(logon({ timestamp: 'now' })),
      400,
      -1102,
      "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.",
    ),
    byOptions(
      'a timestamp is no number',
      async () => rest(await on('open'), `POST /eapi/v1/listenKey?${signedQuery('timestamp=now')}`),
      400,
      -1102,
      'Mandatory parameter `timestamp` was not sent, was empty/null, or malformed.',
    ),
    inBoth(
      'a timestamp is no number',
      (encoding) => spot(encoding, logon({ timestamp: 'now' })),
      400,
      -1100,
      "Illegal characters found in parameter 'timestamp'; legal range is '^[0-9]{1,20}$'.",
    ),
  ],
  MALFORMED_RECV_WINDOW: [
    byFutures(
      'recvWindow is no number',
      () => usdm(logon({ timestamp: now(), recvWindow: 'x' })),
      400,
      -1130,
      "Data sent for parameter 'recvWindow' is not valid.",
    ),
    inBoth(
      'recvWindow is no number',
      (encoding) => spot(encoding, logon({ timestamp: now(), recvWindow: 'x' })),
      400,
      -1100,
      RANGE_OF_RECV_WINDOW,
    ),
  ],
  INVALID_SIGNATURE: [
    inBoth(
      'a signature is another’s',
      (encoding) =>
        spot(
          encoding,
          call(
            'userDataStream.subscribe.signature',
            signedParams({ apiKey: DEMO_HMAC_API_KEY, timestamp: now() }, hmac('not its secret')),
          ),
        ),
      400,
      -1022,
      'Signature for this request is not valid.',
    ),
  ],
  DUPLICATE_PARAMETERS: [
    bySpot(
      'one name comes twice',
      async () => rest(await on('open'), `POST ${TOKEN_PATH}?validity=1000&validity=2000`),
      400,
      -1101,
      'Duplicate values for a parameter detected.',
    ),
  ],
  PARAM_EMPTY: [
    inBoth(
      'a parameter is empty',
      (encoding) => spot(encoding, subscribeToken('')),
      400,
      -1105,
      "Parameter 'listenToken' was empty.",
    ),
  ],
  MANDATORY_PARAM: [
    inBoth(
      'a parameter is missing',
      (encoding) => spot(encoding, call('userDataStream.subscribe.listenToken')),
      400,
      -1102,
      "Mandatory parameter 'listenToken' was not sent, was empty/null, or malformed.",
    ),
    bySpot(
      'the SBE schema is not named',
      async () => handshake(await on('open'), `${SPOT_API}?responseFormat=sbe`),
      400,
      -1102,
      "Mandatory parameter 'sbeSchemaId' was not sent, was empty/null, or malformed.",
    ),
  ],
  RECV_WINDOW_TOO_LARGE: [
    inBoth(
      'recvWindow is above a minute',
      (encoding) => spot(encoding, logon({ timestamp: now(), recvWindow: 60_001 })),
      400,
      -1102,
      "'recvWindow' contains unexpected value. Cannot be greater than 60000.",
    ),
    byOptions(
      'recvWindow is above a minute',
      async () =>
        rest(await on('open'), `POST /eapi/v1/listenKey?${signedQuery(`timestamp=${now()}&recvWindow=60001`)}`),
      400,
      -1131,
      'recvWindow must be less than 60000',
    ),
  ],
  RECV_WINDOW_PRECISION: [
    inBoth(
      'recvWindow has four decimals',
      (encoding) => spot(encoding, logon({ timestamp: now(), recvWindow: '1.0001' })),
      400,
      -1111,
      "Parameter 'recvWindow' has too much precision.",
    ),
  ],
  API_KEY_NOT_FOUND: [
    byFutures('no API key is given', () => usdm(call('userDataStream.start')), 400, -1103, 'param apikey not found.'),
  ],
  UNREAD_PARAMETERS: [
    inBoth(
      'a parameter too many is sent',
      (encoding) => spot(encoding, call('userDataStream.subscribe', { apiKey: DEMO_HMAC_API_KEY })),
      400,
      -1104,
      "Not all sent parameters were read; read '0' parameter(s) but was sent '1'.",
    ),
  ],
  BAD_SYMBOL: [
    bySpot(
      'an isolated symbol is unknown',
      async () => rest(await on('open'), `POST ${TOKEN_PATH}?isIsolated=true&symbol=NOPE`),
      400,
      -1121,
      'Invalid symbol.',
    ),
  ],
  EITHER_PARAM: [
    byFutures(
      'an order is asked for by no id',
      async () => rest(await on('open'), `GET /fapi/v1/order?${signedQuery(`symbol=BTCUSDT&timestamp=${now()}`)}`),
      400,
      -1102,
      "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    ),
  ],
  ORDER_NOT_FOUND: [
    byFutures(
      'an order is asked for that never was',
      async () =>
        rest(await on('open'), `GET /fapi/v1/order?${signedQuery(`symbol=BTCUSDT&orderId=1&timestamp=${now()}`)}`),
      400,
      -2013,
      'Order does not exist.',
    ),
  ],
  OPTIONAL_PARAMS_BAD_COMBO: [
    bySbe(
      '`resume` is asked for in SBE',
      (encoding) => spot(encoding, subscribeSigned('demo', { resume: 'latest' })),
      400,
      -1128,
      'Combination of optional parameters invalid.',
    ),
    bySpot(
      '`resume` comes with the second token of a stream',
      async () => {
        const service = await on('open');
        const { token: listenToken } = await tokenOf(service);
        const again = call('userDataStream.subscribe.listenToken', { listenToken, resume: 'latest' });
        return asking(service, SPOT_API, [subscribeToken(listenToken), again]);
      },
      400,
      -1128,
      'Combination of optional parameters invalid.',
    ),
  ],
  INVALID_LISTEN_KEY: [
    bySpot(
      'no key is alive',
      async () => rest(await on('full'), `PUT ${RISK_PATH}?listenKey=x`),
      400,
      -1125,
      'This listenKey does not exist.',
    ),
  ],
  INVALID_PARAMETER: [
    bySpot(
      '`validity` is above a day',
      async () => rest(await on('open'), `POST ${TOKEN_PATH}?validity=86400001`),
      400,
      -1130,
      "Data sent for parameter 'validity' is not valid.",
    ),
    inBoth(
      'a subscriptionId is no number',
      (encoding) => spot(encoding, unsubscribe({ subscriptionId: 'x' })),
      400,
      -1130,
      "Data sent for parameter 'subscriptionId' is not valid.",
    ),
    bySpot(
      'responseFormat is both',
      async () => handshake(await on('open'), `${URLS.SBE}&responseFormat=json`),
      400,
      -1130,
      "Data sent for parameter 'responseFormat' is not valid.",
    ),
  ],
  TOO_MANY_SUBSCRIPTIONS: [
    inBoth(
      'a thousand are active',
      (encoding) => subscribing(encoding, 1),
      400,
      -1191,
      "Too many subscriptions. Connection may create up to '1000' subscriptions at a time.",
    ),
  ],
  INVALID_SBE_HEADER: [
    bySpot(
      'the SBE version is no number',
      async () => handshake(await on('open'), URLS.SBE.replace('Version=5', 'Version=five')),
      400,
      -1152,
      'Invalid SBE message header.',
    ),
  ],
  UNSUPPORTED_SBE_SCHEMA: [
    bySpot(
      'the SBE version is retired',
      async () => handshake(await on('open'), URLS.SBE.replace('Version=5', 'Version=1')),
      400,
      -1153,
      'Invalid SBE schema ID or version specified.',
    ),
  ],
  DEPRECATED_SBE_SCHEMA: [
    bySbe(
      'the asked schema lacks the answer',
      async () =>
        asking(await on('inSpring'), URLS.SBE.replace('Version=5', 'Version=0'), [call('session.subscriptions')]),
      400,
      -1161,
      "Unable to encode the response in SBE schema '3:0'. Please use schema '3:1' or higher.",
    ),
  ],
  SBE_DISABLED: [
    bySpot('SBE is off', async () => handshake(await on('withoutSbe'), URLS.SBE), 400, -1155, 'SBE is not enabled.'),
  ],
  INVALID_TIME_UNIT: [
    bySpot(
      'timeUnit is misspelt',
      async () => handshake(await on('open'), `${SPOT_API}?timeUnit=ns`),
      400,
      -1194,
      'Invalid value for time unit; expected either MICROSECOND or MILLISECOND.',
    ),
    bySpot(
      'X-MBX-TIME-UNIT is misspelt',
      async () => rest(await on('open'), 'GET /api/v3/time', { headers: { 'X-MBX-TIME-UNIT': 'ns' } }),
      400,
      -1194,
      'Invalid value for time unit; expected either MICROSECOND or MILLISECOND.',
    ),
  ],
  INVALID_LISTEN_TOKEN: [
    inBoth(
      'a token was sealed by nobody',
      (encoding) => spot(encoding, subscribeToken('x'.repeat(70))),
      400,
      -1209,
      'Invalid listen token.',
    ),
  ],
  BAD_API_KEY_FMT: [
    bySpot(
      'no API key is sent',
      async () => rest(await on('open'), `POST ${TOKEN_PATH}`, { apiKey: null }),
      401,
      -2014,
      'API-key format invalid.',
    ),
    inBoth(
      'an API key is malformed',
      (encoding) => spot(encoding, logon({ timestamp: now() }, 'short')),
      401,
      -2014,
      'API-key format invalid.',
    ),
  ],
  REJECTED_MBX_KEY: [
    inBoth(
      'an API key is unknown',
      (encoding) => spot(encoding, logon({ timestamp: now() }, UNKNOWN_KEY)),
      401,
      -2015,
      'Invalid API-key, IP, or permissions for action.',
    ),
    inBoth(
      'nobody is logged on',
      (encoding) => spot(encoding, call('userDataStream.subscribe')),
      401,
      -2015,
      'Invalid API-key, IP, or permissions for action.',
    ),
  ],
  SUBSCRIPTION_ACTIVE: [
    inBoth(
      'an account is subscribed twice',
      (encoding) => spot(encoding, subscribeSigned(), subscribeSigned()),
      400,
      -2035,
      'User Data Stream subscription already active.',
    ),
  ],
  SUBSCRIPTION_INACTIVE: [
    inBoth(
      'nothing is subscribed',
      (encoding) => spot(encoding, unsubscribe()),
      400,
      -2036,
      'User Data Stream subscription not active.',
    ),
  ],
  MAXIMUM_SUBSCRIPTION_IDS: [
    inBoth(
      '65,535 ids were given',
      (encoding) => subscribing(encoding, 66),
      400,
      -2042,
      'Maximum subscription ID reached for this connection.',
    ),
  ],
  MARGIN_ACCOUNT_NOT_FOUND: [
    bySpot(
      'the account has no cross margin',
      async () => rest(await on('open'), `POST ${TOKEN_PATH}`, { apiKey: ONLY_BTC }),
      400,
      -3003,
      'Margin account does not exist.',
    ),
  ],
  INVALID_API_KEY_TYPE: [
    byFutures('an HMAC key logs on', () => usdm(logonByHmac()), 400, -4056, 'Invalid api key type.'),
    inBoth(
      'an HMAC key logs on',
      (encoding) => spot(encoding, logonByHmac()),
      400,
      -1022,
      'Signature for this request is not valid.',
    ),
  ],
  ILLEGAL_STREAM_PATH: [
    byFutures(
      'a stream path ends in a slash',
      async () => handshake(await on('open'), '/private/ws/'),
      400,
      -1100,
      'Illegal stream path: a trailing slash.',
    ),
  ],
  MALFORMED_HANDSHAKE: [
    byFutures('a handshake lacks its key', handshakeWithoutKey, 400, -1100, 'Malformed WebSocket handshake.'),
  ],
  PATH_WITHOUT_USER_DATA: [
    byFutures(
      'a key comes on a path that is shut to it',
      async () => {
        const service = await on('withoutOldPaths');
        return handshake(service, `/ws/${await service.listenKey('/fapi/v1/listenKey')}`);
      },
      404,
      -5000,
      'This path carries no USDⓈ-M Futures user data; use /private.',
    ),
  ],
  PATH_NOT_FOUND: [
    byFutures(
      'nothing is there',
      async () => rest(await on('open'), 'GET /fapi/v3/order'),
      404,
      -5000,
      'Path /fapi/v3/order, Method GET is invalid',
    ),
  ],
};

/** Codes of spot-margin §8.1 that this system has no cause to send, and why. */
const NEVER_SENT: ReadonlyMap<number, string> = new Map([
  [-1002, 'an API key is either good for a call or rejected with -2015'],
  [-1006, 'there is no message bus behind an answer: what is not known to be done was not done, -1001'],
  [-1007, 'the same: nothing is sent on to a backend whose answer could be waited for in vain'],
  [-1008, 'of Spot: load is bounded by weight and by connections, which have -1003 and -1016'],
  [-1103, 'of Spot: a parameter nobody knows is told by -1104 where it is told at all'],
  [-1106, 'no call takes a parameter only sometimes'],
  [-1108, 'a number too large is out of range: -1130, or -1102 for recvWindow'],
]);

/** spot-margin §8.1, in its order. */
const LISTED = [
  ...[-1000, -1001, -1002, -1003, -1006, -1007, -1008, -1016, -1020, -1021, -1022, -1034, -1100, -1101, -1102, -1103],
  ...[-1104, -1105, -1106, -1108, -1111, -1121, -1125, -1128, -1130, -1135, -1152, -1153, -1155, -1161, -1191, -1194],
  ...[-1209, -2014, -2015, -2035, -2036, -2042],
];

const DIALECTS: readonly ErrorDialect[] = [...new Set(Object.values(PRODUCTS).map(({ errors }) => errors))];
const ROWS = Object.keys(ERRORS) as ErrorName[];
const wordsIn = (row: ErrorName, dialect: ErrorDialect): string => JSON.stringify(errorOf(row, dialect));

describe('the tables', () => {
  test.each(ROWS)('%s is provoked in all its wordings', (row) => {
    const provoked = PROVOKED[row].map(({ dialect }) => wordsIn(row, dialect));
    expect(new Set(provoked)).toEqual(new Set(DIALECTS.map((dialect) => wordsIn(row, dialect))));
  });

  test('every code of Spot is sent, or has a reason why not', () => {
    const inSpotsWords = ROWS.flatMap((row) => PROVOKED[row]).filter(({ dialect }) => dialect === 'spot');
    const sent = new Set<number>(inSpotsWords.map(({ says: [, code] }) => code));
    expect(LISTED.filter((code) => sent.has(code) === NEVER_SENT.has(code))).toEqual([]);
  });

  test('every stream error is provoked', () => {
    expect(new Set(STREAMS.map(({ row }) => row))).toEqual(new Set(Object.keys(STREAM_ERRORS) as StreamErrorName[]));
  });
});

/** The row's own words, with anything where they have a blank. */
function templateOf(row: ErrorName, dialect: ErrorDialect): RegExp {
  const { msg } = errorOf(row, dialect, ...Array.from({ length: 9 }, () => '\u0000'));
  return new RegExp(`^${msg.split('\u0000').map(escaped).join('.+')}$`);
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

describe.each(ROWS.map((row) => [row, PROVOKED[row]] as const))('%s', (row, provocations) => {
  const asked = provocations.flatMap((each) => (each.encodings ?? ['JSON']).map((encoding) => ({ ...each, encoding })));

  test.each(asked)(
    'in words of $dialect, where $when ($encoding)',
    async ({ dialect, says, provoke, encoding }) => {
      const refused = await provoke(encoding);
      const [status, code, msg] = says;
      expect(refused).toEqual({ status, code, msg: typeof msg === 'string' ? msg : expect.stringMatching(msg) });
      expect(errorOf(row, dialect)).toMatchObject({ status: refused.status, code: refused.code });
      expect(refused.msg).toMatch(templateOf(row, dialect));
    },
    120_000,
  );
});

// --- Control messages on streams ---------------------------------------------------------------------------------------

interface StreamProvocation {
  readonly row: StreamErrorName;
  readonly text: string;
  /** The whole frame. */
  readonly frame: string;
}

const VARIANTS = '`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`';
const MANY = JSON.stringify(Array.from({ length: 1025 }, (_, nth) => `s${nth}@trade`));

/** spot-margin §5.2, derivatives §3.4. */
const STREAMS: readonly StreamProvocation[] = [
  {
    row: 'UNKNOWN_PROPERTY',
    text: '{"method":"GET_PROPERTY","params":["colour"],"id":1}',
    frame: '{"error":{"code":0,"msg":"Unknown property"},"id":1}',
  },
  {
    row: 'VALUE_NOT_BOOLEAN',
    text: '{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}',
    frame: '{"error":{"code":1,"msg":"Invalid value type: expected Boolean"},"id":1}',
  },
  {
    row: 'PROPERTY_NOT_STRING',
    text: '{"method":"SET_PROPERTY","params":[7,true],"id":1}',
    frame: '{"error":{"code":2,"msg":"Invalid request: property name must be a string"},"id":1}',
  },
  {
    row: 'INVALID_ID',
    text: '{"method":"LIST_SUBSCRIPTIONS","id":{}}',
    frame: '{"error":{"code":2,"msg":"Invalid request: request ID must be an unsigned integer"}}',
  },
  {
    row: 'UNKNOWN_VARIANT',
    text: '{"method":"JUMP","id":1}',
    frame: `{"error":{"code":2,"msg":"Invalid request: unknown variant \`JUMP\`, expected one of ${VARIANTS} at line 1 column 16"},"id":1}`,
  },
  {
    row: 'TOO_MANY_PARAMETERS',
    text: '{"method":"GET_PROPERTY","params":["combined","combined"],"id":1}',
    frame: '{"error":{"code":2,"msg":"Invalid request: too many parameters"},"id":1}',
  },
  {
    row: 'MISSING_METHOD',
    text: '{"id":1}',
    frame: '{"error":{"code":2,"msg":"Invalid request: missing field `method` at line 1 column 8"},"id":1}',
  },
  {
    row: 'PARAMS_NOT_STRINGS',
    text: '{"method":"SUBSCRIBE","params":[1],"id":1}',
    frame: '{"error":{"code":2,"msg":"Invalid request: params must be an array of strings"},"id":1}',
  },
  {
    row: 'TOO_MANY_STREAMS',
    text: `{"method":"SUBSCRIBE","params":${MANY},"id":1}`,
    frame: '{"error":{"code":2,"msg":"Invalid request: too many streams; a connection holds up to 1024"},"id":1}',
  },
  {
    row: 'INVALID_STREAM',
    text: '{"method":"SUBSCRIBE","params":["a b"],"id":1}',
    frame: '{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":1}',
  },
  {
    row: 'INVALID_JSON',
    text: 'x',
    frame: '{"error":{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}}',
  },
];

describe('on a stream', () => {
  test.each(STREAMS)('$row', async ({ row, text, frame }) => {
    const peer = await (await on('open')).open(`/ws/${await (await on('open')).listenKey(RISK_PATH)}`);
    peer.send(text);
    expect(await peer.text()).toBe(frame);
    if (STREAM_ERRORS[row].closes) expect(await peer.closed()).toMatchObject({ code: 1008 });
    else await peer.ping();
  });
});
