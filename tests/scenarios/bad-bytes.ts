/**
 * What strangers, broken clients and fuzzers send, as fast-check arbitraries: requests that are nearly right, frames that
 * no client should send, lines that no producer should publish, and accidents that happen to any of them.
 */
import { ENDPOINTS, WS_APIS } from '@listenpost/protocol';
import fc from 'fast-check';
import { type ClientFrame, clientFrame } from './raw-bytes.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

const mostly = <Value>(usual: Value, ...odd: readonly Value[]): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 16, arbitrary: fc.constant(usual) }, fc.constantFrom(...odd));

// --- Accidents ----------------------------------------------------------------------------------------------------------

interface Accident {
  readonly kind: 'insert' | 'delete' | 'overwrite' | 'repeat' | 'cut';
  /** Where, as a part of the whole. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

const accident: fc.Arbitrary<Accident> = fc.record({
  kind: fc.constantFrom('insert', 'delete', 'overwrite', 'repeat', 'cut'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
});

function afterAccident(whole: Buffer, { kind, at, bytes }: Accident): Buffer {
  const place = Math.floor(at * whole.length);
  const before = whole.subarray(0, place);
  const after = whole.subarray(place);
  switch (kind) {
    case 'insert':
      return Buffer.concat([before, bytes, after]);
    case 'delete':
      return Buffer.concat([before, after.subarray(bytes.length)]);
    case 'overwrite':
      return Buffer.concat([before, bytes, after.subarray(bytes.length)]);
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, 64), after]);
    case 'cut':
      return before;
  }
}

/** The bytes as they are or after some accidents, in one piece or several. */
export function mistreated(bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<readonly Buffer[]> {
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 2 });
  return fc
    .tuple(bytes, fc.oneof(fc.constant([]), fc.array(accident, { maxLength: 3 })), cuts)
    .map(([whole, accidents, places]) => {
      const damaged = accidents.reduce(afterAccident, whole);
      const ends = [...places.sort(), 1].map((part) => Math.floor(part * damaged.length));
      return ends.map((end, at) => damaged.subarray(ends[at - 1] ?? 0, end)).filter(({ length }) => length > 0);
    });
}

export const anyBytes: fc.Arbitrary<readonly Buffer[]> = fc.array(
  fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  { minLength: 1, maxLength: 3 },
);

/** Of an account of its own: what it asks for may be right, and then it is done. */
export const FUZZER_API_KEY = 'f'.repeat(64);

// --- Requests -------------------------------------------------------------------------------------------------------------

const PATHS = [
  ...ENDPOINTS.map(({ path }) => path),
  ...WS_APIS.map(({ path }) => path),
  ...['/', '/ws', '/stream', '/private/ws', '/private/stream', '/pm/ws', '/private/ws/abc'],
  ...['/healthz', '/readyz', '/metrics', '/admin/v1/streams/alice/usdm/events'],
  ...['events', 'ingest', 'keys', 'keys/k0', 'sessions', 'accounts', 'trigger/x', 'clock'].map(
    (name) => `/admin/v1/${name}`,
  ),
];

export const ODD_NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'] as const;

const oddText = fc.oneof(
  fc.constantFrom(
    ...ODD_NAMES,
    '%00',
    '%ff',
    '%',
    '%zz',
    '%F0%9F%92%A9',
    '../',
    '..%2f',
    '//',
    '\\',
    '#',
    '?',
    '&',
    '=',
  ),
  fc.constantFrom(' ', '\0', '\xff', '\x7f', '{}', '"', '<script>', ':99999', '[::1]', 'a'.repeat(300), '-1', '1e999'),
  fc.string({ maxLength: 20 }),
);

const parameter = fc.tuple(
  fc.oneof(fc.constantFrom('listenKey', 'streams', 'events', 'timestamp', 'signature', 'producer', 'limit'), oddText),
  oddText,
);

const target = fc
  .tuple(fc.constantFrom(...PATHS), fc.option(oddText, { nil: '', freq: 3 }), fc.array(parameter, { maxLength: 6 }))
  .map(([path, tail, query]) => {
    const pairs = query.map(([name, value]) => `${name}=${value}`).join('&');
    return path + tail + (pairs === '' ? '' : `?${pairs}`);
  });

const header = fc.tuple(
  fc.oneof(
    fc.constantFrom('Host', 'Content-Length', 'Transfer-Encoding', 'Content-Type', 'Connection', 'Upgrade', 'Expect'),
    fc.constantFrom(
      'X-MBX-APIKEY',
      'X-Forwarded-For',
      'Idempotency-Key',
      'Authorization',
      'Sec-WebSocket-Key',
      'Origin',
    ),
    fc.string({ minLength: 1, maxLength: 10 }),
  ),
  fc.oneof(
    fc.constantFrom(
      '',
      '0',
      '-1',
      '1e9',
      '18446744073709551616',
      'chunked',
      'gzip, chunked',
      'close',
      'websocket',
      '[',
    ),
    fc.constantFrom(
      '100-continue',
      FUZZER_API_KEY,
      '127.0.0.1',
      'a:99999',
      'http://evil',
      'Bearer x',
      'application/json',
    ),
    fc.string({ maxLength: 40 }),
  ),
);

const body = fc.oneof(
  fc.constantFrom('', '{}', 'listenKey=abc&recvWindow=5000', '[', '{"__proto__":{"a":1}}', '=&=&==', '0\r\n\r\n'),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);

/** HTTP requests that are right in their frame, or nearly. */
export const request: fc.Arbitrary<Buffer> = fc
  .record({
    method: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE') },
      fc.constantFrom('HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'get', 'BREW', ''),
    ),
    target,
    version: mostly('HTTP/1.1', 'HTTP/1.0', 'HTTP/2', 'HTTP/9.9', ''),
    host: mostly(
      'Host: 127.0.0.1\r\n',
      '',
      'Host: [\r\n',
      'Host:\r\n',
      'Host: a:99999\r\n',
      'Host: /fapi/v1/time?\r\n',
    ),
    headers: fc.array(header, { maxLength: 5 }),
    body,
  })
  .map((parts) => {
    const length = parts.body === '' ? '' : `Content-Length: ${parts.body.length}\r\n`;
    const headers = parts.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return latin1(
      `${parts.method} ${parts.target} ${parts.version}\r\n${parts.host}${length}${headers}\r\n${parts.body}`,
    );
  });

// --- Frames ---------------------------------------------------------------------------------------------------------------

const requestMember = fc.oneof(
  fc.constantFrom<unknown>(null, 1, -1, 1e300, 2 ** 53 + 1, '', 'x', true, [], {}, ['combined', true], ...ODD_NAMES),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Control messages and requests, nearly as clients send them. */
const message = fc
  .record(
    {
      method: fc.oneof(
        fc.constantFrom<unknown>('SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY'),
        fc.constantFrom<unknown>('session.logon', 'session.status', 'userDataStream.start', 'ping', 'v1/time'),
        requestMember,
      ),
      params: fc.oneof(
        fc.array(fc.oneof(fc.constantFrom('combined', 'abc@trade', '__proto__', 'a'.repeat(300)), requestMember)),
        fc.dictionary(
          fc.constantFrom('apiKey', 'timestamp', 'signature', 'listenKey', 'recvWindow', 'x'),
          requestMember,
        ),
        requestMember,
      ),
      id: requestMember,
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.stringify(value));

const payload: fc.Arbitrary<Uint8Array> = fc.oneof(
  message.map((text) => Buffer.from(text)),
  fc
    .constantFrom('', '{', '[[', '{"__proto__":{"x":1},"id":1,"method":"ping"}', '"\\ud800"', '\ufeff{}')
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 130 }),
);

/** FIN, text: what clients send. The rest is every other first byte there is. */
const head = fc.oneof({ weight: 6, arbitrary: fc.constant(0x81) }, fc.integer({ min: 0, max: 255 }));

const frame: fc.Arbitrary<ClientFrame> = fc.record(
  {
    head,
    payload,
    masked: mostly(true, false),
    length: fc.constantFrom(0n, 1n, 125n, 126n, 65_536n, 1n << 32n, 1n << 63n, (1n << 64n) - 1n),
  },
  { requiredKeys: ['head', 'payload'] },
);

export const frames: fc.Arbitrary<Buffer> = fc
  .array(fc.oneof({ weight: 3, arbitrary: frame.map(({ head, payload }) => ({ head, payload })) }, frame), {
    minLength: 1,
    maxLength: 6,
  })
  .map((all) => Buffer.concat(all.map(clientFrame)));

// --- Published lines ------------------------------------------------------------------------------------------------------

const eventMember = fc.oneof(
  fc.constantFrom(
    '1',
    '-0',
    '1e999',
    '1E400',
    '0.1e-400',
    '9007199254740993',
    '"\\ud800"',
    '"\\u0000"',
    '"ü€😀"',
    'null',
  ),
  fc.constantFrom(
    '[]',
    '{}',
    `${'['.repeat(200)}${']'.repeat(200)}`,
    '{"a":1,"a":2}',
    '{"__proto__":null}',
    '" "',
    'true',
  ),
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
);

const eventText = fc
  .array(fc.tuple(fc.constantFrom('x', 'y', 'E', 'e', 'ac', '__proto__', 'constructor', ''), eventMember), {
    maxLength: 4,
  })
  .map((members) => {
    const more = members.map(([name, value]) => `,${JSON.stringify(name)}:${value}`).join('');
    return `{"e":"ACCOUNT_CONFIG_UPDATE","E":1,"T":2,"ac":{"s":"BTCUSDT","l":8}${more}}`;
  });

const line = fc
  .record({
    account: mostly('"alice"', '"nobody"', '1', '"\\u0061lice"', ...ODD_NAMES.map((name) => `"${name}"`)),
    scope: mostly('"usdm"', '"coinm"', '"isolated:X"', 'null', ...ODD_NAMES.map((name) => `"${name}"`)),
    event: fc.oneof({ weight: 4, arbitrary: eventText }, eventMember),
    more: mostly('', ',"n":1', ',"n":-1', ',"account":"bob"', ',"__proto__":{"account":"bob"}', ',"constructor":1'),
    space: mostly('', ' ', '\t', '\r', '\u00a0', '\ufeff'),
  })
  .map((of) => `${of.space}{"account":${of.account},"scope":${of.scope}${of.more},"event":${of.event}}${of.space}`);

/** NDJSON, nearly as producers send it. */
export const lines: fc.Arbitrary<Buffer> = fc
  .tuple(fc.array(line, { minLength: 1, maxLength: 3 }), mostly('\n', '\r\n', '\n\n', '\r', '\u2028'))
  .map(([all, end]) => Buffer.from(all.join(end)));
