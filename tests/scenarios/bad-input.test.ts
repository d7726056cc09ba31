/**
 * Any bytes on any socket: an error or a close with a documented code, never a crash, a stack trace, or an event on a
 * stranger's socket. A failed property prints its seed; `LISTENPOST_SEED` runs all of them from another one.
 */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { WS_APIS } from '@listenpost/protocol';
import fc from 'fast-check';
import { anyBytes, FUZZER_API_KEY, frames, lines, mistreated, ODD_NAMES, request } from './bad-bytes.ts';
import { fixtureEvent } from './fixtures.ts';
import type { Peer } from './peer.ts';
import { endPrograms } from './program.ts';
import {
  clientFrame,
  type HttpAnswer,
  handshakeOf,
  httpAnswers,
  RawBytes,
  serverFrames,
  textFrame,
} from './raw-bytes.ts';
import { seedOf } from './seed.ts';
import { ServerProcess, temporaryFolder } from './server-process.ts';
import { type RestAnswer, UnderTest } from './under-test.ts';

/** Of a machine that has other things to do. */
setDefaultTimeout(30_000);

const SEED = seedOf(20_260_701);
const runs = (numRuns: number) => ({ seed: SEED, numRuns });

const API_KEY = 'a'.repeat(64);
const STRANGERS_API_KEY = 'b'.repeat(64);
const account = (id: string, apiKey: string) => ({ id, apiKeys: [{ apiKey, type: 'HMAC', secret: `of ${id}` }] });
const DOCUMENT = {
  accounts: [account('alice', API_KEY), account('bob', STRANGERS_API_KEY), account('fuzzer', FUZZER_API_KEY)],
  limits: 'off',
};
const EVENT = fixtureEvent('usdm', 'ACCOUNT_CONFIG_UPDATE');

const folder = temporaryFolder();
let server: ServerProcess;
let service: UnderTest;
let key: string;
let own: Peer;
let stranger: Peer;

beforeAll(async () => {
  server = await ServerProcess.start(folder.path, { document: DOCUMENT });
  service = server.service;
  key = await service.listenKey('/fapi/v1/listenKey', API_KEY);
  own = await service.open(`/private/ws/${key}`);
  stranger = await service.open(`/private/ws/${await service.listenKey('/fapi/v1/listenKey', STRANGERS_API_KEY)}`);
});

afterEach(async () => {
  await healthy();
  expect(server.program.stderr).toBe('');
});

afterAll(async () => {
  await service.publish('usdm', EVENT, 'bob');
  expect(await stranger.frame()).toEqual(EVENT);
  await service.close();
  expect((await server.program.ended()).code).toBe(0);
  endPrograms();
  folder.remove();
});

const PROBES = { http: 'GET /fapi/v1/ping', admin: 'GET /healthz' } as const;
const probes = new Map<Port, RawBytes>();

/** Both ports answer, and soon. */
async function healthy(): Promise<void> {
  await Promise.all([probed('http'), probed('admin')]);
}

async function probed(port: Port): Promise<void> {
  const known = probes.get(port);
  const probe = known === undefined || known.closed ? await RawBytes.open(service.running.urls[port]) : known;
  probes.set(port, probe);
  const late = setTimeout(() => probe.drop(), 1000);
  probe.write(`${PROBES[port]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  await probe.until((received) => httpAnswers(received).answers.length > 0);
  clearTimeout(late);
  expect(httpAnswers(probe.take()).answers).toMatchObject([{ status: 200 }]);
}

/** What no answer may hold: where the code runs, and what it threw. */
const REVEALING = /\n\s+at |\bnode_modules\b|packages\/|\.[tj]s:\d|Error:|listenpost-scenario/;

/** Sends the pieces one by one; what has come back by the time the server has answered others after the last of them. */
async function told(client: RawBytes, pieces: readonly Uint8Array[]): Promise<Buffer> {
  for (const piece of pieces) {
    client.write(piece);
    await healthy();
  }
  // Twice: what was answered in the same turn as the first may be read after it.
  await healthy();
  client.drop();
  return harmless(client.received);
}

function harmless(received: Buffer): Buffer {
  expect(received.toString('latin1')).not.toMatch(REVEALING);
  return received;
}

type Port = 'http' | 'admin';

/**
 * What the server answers by itself is JSON of its port, or the page of an endpoint that is gone; what the runtime answers to
 * a broken request has no body.
 */
function expectWorded({ status, body, last }: HttpAnswer, port: Port): void {
  if (status < 400) return;
  expect(status).not.toBe(500);
  if (body === '') return;
  if (status === 410) return expect(body).toContain('<title>410 Gone</title>');
  const { code, msg, error } = JSON.parse(body);
  expect(port === 'http' ? [typeof code, typeof msg] : ['number', typeof error.reason]).toEqual(['number', 'string']);
  expect(last).toBe(false);
}

async function expectAnswers(port: Port, pieces: readonly Uint8Array[]): Promise<readonly HttpAnswer[]> {
  const { answers } = httpAnswers(await told(await RawBytes.open(service.running.urls[port]), pieces));
  for (const answer of answers) expectWorded(answer, port);
  return answers;
}

describe.each(['http', 'admin'] as const)('HTTP on the %s port', (port) => {
  test('any bytes', () =>
    fc.assert(
      fc.asyncProperty(anyBytes, (pieces) => expectAnswers(port, pieces).then(() => undefined)),
      runs(150),
    ));

  test('requests that are nearly right, damaged or not, in pieces', () =>
    fc.assert(
      fc.asyncProperty(mistreated(request), (pieces) => expectAnswers(port, pieces).then(() => undefined)),
      runs(500),
    ));

  const get = (target: string) => Buffer.from(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, 'latin1');

  test.each([
    ['a path of nothing but escapes', '/%00%ff%FE%', 404],
    ['a path that climbs', '/fapi/v1/../../../../etc/passwd', 404],
    ['a path that climbs by escapes', '/admin/v1/..%2f..%2fetc%2fpasswd', 404],
    ['a path of 8 KiB', `/${'p'.repeat(8192)}`, 404],
    ['a path of 100 KiB', `/${'p'.repeat(102_400)}`, 431],
    ['a query of 100 KiB', `/healthz?x=${'q'.repeat(102_400)}`, 431],
    ['two thousand parameters', `/nothing?${'a=1&'.repeat(2000)}`, 404],
  ])('%s', async (_what, target, status) => {
    expect(await expectAnswers(port, [get(target)])).toMatchObject([{ status }]);
  });

  test.each([
    ['none', undefined],
    ['half an IPv6 address', '['],
    ['a port that is none', 'a:99999'],
    ['two words', 'a b'],
    ['a path', '/healthz?'],
  ])('a host that is %s moves no path', async (_what, host) => {
    const head = host === undefined ? 'HTTP/1.0\r\n' : `HTTP/1.1\r\nHost: ${host}\r\n`;
    const answers = await expectAnswers(port, [Buffer.from(`GET /fapi/v1/ping ${head}\r\n`)]);
    expect(answers).toMatchObject([{ status: port === 'http' ? 200 : 403 }]);
  });

  test('names that every object has are names of nothing', async () => {
    for (const name of ODD_NAMES) {
      expect(await expectAnswers(port, [get(`/${name}`)])).toMatchObject([{ status: 404 }]);
      expect(await expectAnswers(port, [get(`/private/${name}/ws?${name}=${name}`)])).toMatchObject([{ status: 404 }]);
    }
  });
});

test('thousands of parameters on a path that reads them', async () => {
  const many = Array.from({ length: 1000 }, (_, at) => `p${at}=${at}`).join('&');
  expect((await service.rest('POST', `/fapi/v1/listenKey?${many}`, API_KEY)).status).toBe(200);
  const form = {
    body: `${many}&${'&'.repeat(40_000)}`,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  };
  expect((await service.rest('PUT', '/fapi/v1/listenKey', API_KEY, form)).status).toBe(200);
});

const SOCKETS: readonly (readonly [what: string, port: Port, path: () => string])[] = [
  ['a stream', 'http', () => `/private/ws/${key}`],
  ['a combined stream', 'http', () => '/stream?streams='],
  ...WS_APIS.map(({ path }) => [`the WebSocket API ${path}`, 'http', () => path] as const),
  ['the ingest', 'admin', () => '/admin/v1/ingest'],
];

describe.each(SOCKETS)('frames on %s', (_what, port, path) => {
  /** RFC 6455 §7.4.1, and 1013 of the registry: what a producer is told that must come back. */
  const CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1013];

  const opened = async () => {
    const client = await RawBytes.open(service.running.urls[port]);
    client.write(handshakeOf(path()));
    await client.until((received) => httpAnswers(received).answers.length > 0);
    return client;
  };

  /** The server's frames, taken apart, and the code it closed with. */
  function read(received: Buffer): { readonly texts: readonly unknown[]; readonly code: number | undefined } {
    const { answers, rest } = httpAnswers(harmless(received));
    expect(answers).toMatchObject([{ status: 101 }]);
    const { frames: all } = serverFrames(rest);
    const texts = all.filter(({ opcode }) => opcode === 1).map(({ payload }) => JSON.parse(payload.toString()));
    const close = all.find(({ opcode }) => opcode === 8);
    expect(all.filter(({ opcode }) => ![1, 8, 9, 10].includes(opcode))).toEqual([]);
    const code = close && close.payload.length >= 2 ? close.payload.readUInt16BE(0) : undefined;
    return { texts, code };
  }

  test('any bytes and any frames, damaged or not, in pieces', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(mistreated(frames), anyBytes), async (pieces) => {
        const { code } = read(await told(await opened(), pieces));
        // A client's close is answered with its own code, which may be any that a peer may send.
        if (code !== undefined && code < 3000) expect(CODES).toContain(code);
      }),
      runs(120),
    ));

  const x = Buffer.from('x');
  const large = (bytes: number) => Buffer.alloc(bytes, 'x');
  const bytesMax = (port === 'http' ? 256 * 1024 : 16 * 1024 * 1024) + 1;
  test.each([
    ['reserved bit 1', [{ head: 0xc1, payload: x }], 1002],
    ['reserved bit 2', [{ head: 0xa1, payload: x }], 1002],
    ['reserved bit 3', [{ head: 0x91, payload: x }], 1002],
    ['an opcode that is none', [{ head: 0x83, payload: x }], 1002],
    ['a control opcode that is none', [{ head: 0x8b, payload: x }], 1002],
    ['a fragmented ping', [{ head: 0x09, payload: x }], 1002],
    ['a ping of 126 bytes', [{ head: 0x89, payload: large(126) }], 1002],
    ['an unmasked frame', [{ head: 0x81, payload: x, masked: false }], 1002],
    ['a length of 2^62', [{ head: 0x81, payload: x, length: 1n << 62n }], 1009],
    ['a length of 2^64 - 1', [{ head: 0x81, payload: x, length: (1n << 64n) - 1n }], 1009],
    ['a frame one byte too long', [{ head: 0x81, payload: large(bytesMax) }], 1009],
    [
      'fragments that are too long together',
      [
        { head: 0x01, payload: large(bytesMax - 1) },
        { head: 0x80, payload: x },
      ],
      1009,
    ],
    ['text that is no UTF-8', [{ head: 0x81, payload: Buffer.from([0xc3, 0x28]) }], 1007],
    ['a surrogate in UTF-8', [{ head: 0x81, payload: Buffer.from([0xed, 0xa0, 0x80]) }], 1007],
    ['a continuation of nothing', [{ head: 0x80, payload: x }], 1002],
    [
      'a message within a message',
      [
        { head: 0x01, payload: x },
        { head: 0x81, payload: x },
      ],
      1002,
    ],
    ['a close of one byte', [{ head: 0x88, payload: x }], 1002],
    ['a close with a code that is none', [{ head: 0x88, payload: Buffer.from([3, 0xed]) }], 1002],
    ['a close whose reason is no UTF-8', [{ head: 0x88, payload: Buffer.from([3, 0xe8, 0xff]) }], 1007],
  ] as const)('%s', async (_name, sent, code) => {
    const client = await opened();
    for (const frame of sent) client.write(clientFrame(frame));
    expect(read(await client.ended())).toMatchObject({ code });
  });

  /** The first text frame that comes back. */
  async function answerTo(...frames: readonly Uint8Array[]): Promise<unknown> {
    const client = await opened();
    for (const frame of frames) client.write(frame);
    await client.until((received) => read(received).texts.length > 0);
    client.drop();
    return read(client.received).texts[0];
  }

  test('fragments of a message with a ping between them are one message', async () => {
    const answer = await answerTo(
      clientFrame({ head: 0x01, payload: Buffer.from('{"id":77,"meth') }),
      clientFrame({ head: 0x89, payload: x }),
      clientFrame({ head: 0x80, payload: Buffer.from('od":"LIST_SUBSCRIPTIONS"}') }),
    );
    expect(answer).toMatchObject(port === 'http' ? { id: 77 } : { error: { line: 1 } });
  });

  test('messages whose members are those that every object has', async () => {
    const odd = ODD_NAMES.flatMap((name) => [
      { id: 1, method: name },
      { id: name, method: 'SET_PROPERTY', params: [name, true] },
      { id: 1, method: 'SUBSCRIBE', params: [name, `${name}@${name}`] },
      { id: 1, method: 'userDataStream.start', params: { [name]: name, apiKey: name } },
      { id: 1, method: 'session.logon', params: { apiKey: API_KEY, signature: name, timestamp: name, [name]: [name] } },
    ]);
    const asProto = '{"__proto__":{"method":"ping","id":1}}';
    for (const text of [...odd.map((message) => JSON.stringify(message)), asProto]) {
      expect(await answerTo(textFrame(text))).toBeInstanceOf(Object);
    }
  });

  test.each([1000, 40_000, 120_000])('brackets %d deep', async (depth) => {
    const deep = '['.repeat(depth) + ']'.repeat(depth);
    for (const text of [deep, `{"id":1,"method":"SUBSCRIBE","params":${deep}}`, `{"id":${deep},"method":"ping"}`]) {
      expect(await answerTo(textFrame(text))).toBeInstanceOf(Object);
    }
  });
});

describe('published lines', () => {
  const publish = async (body: Uint8Array | string): Promise<RestAnswer> => {
    const { urls } = service.running;
    const response = await fetch(`${urls.admin}/admin/v1/events`, { method: 'POST', body: body as string });
    const text = await response.text();
    expect(text).not.toMatch(REVEALING);
    return { status: response.status, headers: response.headers, body: JSON.parse(text) };
  };

  test('what is taken is numbered, stored and delivered as it stood; what is refused leaves nothing', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(mistreated(lines), async (pieces) => {
        const { status, body } = await publish(Buffer.concat(pieces));
        const { last = {}, error } = body as { last?: Record<string, string>; error?: unknown };
        if (status !== 200) {
          expect([status, error]).toEqual([400, expect.objectContaining({ reason: expect.any(String) })]);
          return;
        }
        const position = last['alice/usdm'];
        if (position !== undefined) taken = Number(position.split(':')[1]);
      }),
      runs(600),
    );
    expect(taken).toBeGreaterThan(50);
    await expectDelivered(taken);
  });

  /** The own socket has got all that the journal holds and no more, byte for byte. */
  async function expectDelivered(count: number): Promise<void> {
    const events: string[] = [];
    while (events.length < count) events.push(await own.text());
    const response = await fetch(`${service.running.urls.admin}/admin/v1/streams/alice/usdm/events?limit=1000`);
    const text = await response.text();
    const epoch = /"position":"([^:]+):/.exec(text)?.[1];
    const held = events.map((event, at) => `{"position":"${epoch}:${at + 1}","event":${event}}`);
    expect(text).toBe(`{"events":[${held.join(',')}]}`);
    expect(await own.unread(() => own.ping())).toEqual([]);
  }

  const EVENT_BYTES_MAX = 64 * 1024;
  const event = (member: string) => `{"e":"ACCOUNT_CONFIG_UPDATE","E":1,"T":2,"ac":{"s":"BTCUSDT","l":8}${member}}`;
  const line = (text: string) => `{"account":"alice","scope":"coinm","event":${text}}`;
  const sized = (bytes: number, filling = 'x') => {
    const room = bytes - Buffer.byteLength(event(',"x":""'));
    return event(`,"x":"${filling.repeat(room / Buffer.byteLength(filling))}"`);
  };

  test.each([
    ['numbers beyond any double', event(',"x":[1e999,-1e999,0.1e-400,9007199254740993]')],
    ['halves of surrogate pairs', event(String.raw`,"x":"\ud800","\udc00":"\uDC00\uD800"`)],
    ['zeroes in texts', event(String.raw`,"x":"\u0000","\u0000":1`)],
    ['members of every object', event(',"__proto__":{"e":"x"},"constructor":{"prototype":1},"toString":null')],
    ['members twice', event(',"x":1,"x":2')],
    ['blanks of all kinds', event(' ,\t"x" : [ 1 ,\r 2 ] ')],
    ['brackets 30,000 deep', event(`,"x":${'['.repeat(30_000)}${']'.repeat(30_000)}`)],
    ['the largest size', sized(EVENT_BYTES_MAX)],
  ])('an event with %s is delivered as it stood', async (_what, text) => {
    const peer = await service.open(`/ws/${await service.listenKey('/dapi/v1/listenKey', API_KEY)}`);
    expect(await publish(`${line(text)}\r\n`)).toMatchObject({ status: 200, body: { accepted: 1 } });
    expect(await peer.text()).toBe(text);
    peer.drop();
  });

  test.each([
    ['one byte too many', line(sized(EVENT_BYTES_MAX + 1)), /larger than/],
    ['characters of several bytes', line(sized(EVENT_BYTES_MAX + 4, 'ü€')), /larger than/],
    ['a byte order mark', `\ufeff${line(event(''))}`, /not JSON/],
    ['a member twice', line(event('')).replace('{', '{"account":"bob",'), /account/],
    ['a member twice, once escaped', line(event('')).replace('{', '{"\\u0061ccount":"bob",'), /account/],
    ['an own __proto__', line(event('')).replace('{', '{"__proto__":{"account":"bob"},'), /__proto__/],
    [
      'account and scope from a __proto__',
      `{"__proto__":{"account":"bob","scope":"usdm"},"event":${event('')}}`,
      /__proto__/,
    ],
    ['brackets a million deep', line(event(`,"x":${'['.repeat(1_000_000)}`)), /not JSON|larger/],
    ['two objects on one line', line(event('')) + line(event('')), /not JSON/],
    ['an event of the system', line('{"e":"listenKeyExpired","E":1,"listenKey":"x"}'), /system's own/],
    ['a number for an event', line('1e999'), /event/],
    ['nothing', '', /empty/],
    ['blanks', ' \r\n\t\r\n', /empty/],
  ])('%s is refused by name', async (_what, text, reason) => {
    const { status, body } = await publish(text);
    expect([status, body]).toEqual([400, { error: { line: 1, reason: expect.stringMatching(reason) } }]);
  });

  test.each(['ff', 'c080', 'eda080', 'f5808080', 'e282'])('the bytes %s are no UTF-8 and are refused', async (hex) => {
    const [before = '', after = ''] = line(event(',"x":"|"')).split('|');
    const { status, body } = await publish(
      Buffer.concat([Buffer.from(before), Buffer.from(hex, 'hex'), Buffer.from(after)]),
    );
    expect([status, body]).toEqual([400, { error: { reason: expect.stringContaining('not valid UTF-8') } }]);
  });
});

describe.each(ODD_NAMES.map((name) => [name]))('%s as a name', (name) => {
  const line = (more: object) => ({ account: 'alice', scope: 'usdm', event: EVENT, ...more });
  const publish = (more: object, query = '') => service.admin('POST', `/admin/v1/events${query}`, line(more));

  test('names no account, scope, event, key or session', async () => {
    for (const more of [{ account: name }, { scope: name }, { event: { ...EVENT, e: name } }]) {
      expect(await publish(more)).toMatchObject({ status: 400, body: { error: { line: 1 } } });
    }
    expect((await service.admin('GET', `/admin/v1/streams/${name}/usdm/events`)).status).toBe(404);
    expect((await service.admin('GET', `/admin/v1/streams/alice/${name}/events`)).status).toBe(400);
    for (const kind of ['keys', 'sessions']) {
      expect((await service.admin('DELETE', `/admin/v1/${kind}/${name}`)).status).toBeOneOf([400, 404]);
    }
    expect((await service.admin('DELETE', `/admin/v1/accounts/${name}`)).status).toBe(404);
  });

  test('names an account that was put, until it is deleted', async () => {
    const apiKey = name.padEnd(64, 'x');
    const apiKeys = [{ apiKey, type: 'HMAC', secret: 'a secret' }];
    expect((await service.admin('PUT', `/admin/v1/accounts/${name}`, { apiKeys })).status).toBe(201);
    const peer = await service.open(`/private/ws/${await service.listenKey('/fapi/v1/listenKey', apiKey)}`);
    expect(await publish({ account: name })).toMatchObject({ status: 200, body: { accepted: 1 } });
    expect(await peer.frame()).toEqual(EVENT);
    expect((await service.admin('DELETE', `/admin/v1/accounts/${name}`)).status).toBe(200);
    expect((await publish({ account: name })).status).toBe(400);
    peer.drop();
  });

  test('names a producer and an Idempotency-Key', async () => {
    const counted = () => publish({ n: 1, scope: 'coinm' }, `?producer=${name}`);
    expect(await counted()).toMatchObject({ status: 200, body: { accepted: 1 } });
    expect(await counted()).toMatchObject({ status: 200, body: { accepted: 1, duplicates: 1 } });
    const keyed = () =>
      fetch(`${service.running.urls.admin}/admin/v1/events`, {
        method: 'POST',
        body: JSON.stringify(line({ scope: 'coinm' })),
        headers: { 'Idempotency-Key': name },
      });
    const [first, again] = [await keyed(), await keyed()];
    expect(await again.json()).toEqual(await first.json());
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });
});

test('scenarios of the emulator have no such names and take no such parameters', async () => {
  const emulator = await UnderTest.start();
  for (const name of ODD_NAMES) {
    expect(await emulator.admin('POST', `/admin/v1/trigger/${name}`)).toMatchObject({ status: 404 });
    const text = `{"${name}":{"account":"demo2"}}`;
    expect((await emulator.admin('POST', '/admin/v1/trigger/order.filled', text)).status).toBeOneOf([200, 400]);
    for (const field of ['account', 'scope', 'product', 'symbol']) {
      const answer = await emulator.admin('POST', '/admin/v1/trigger/order.filled', { [field]: name });
      expect([field, answer.status]).toEqual([field, 400]);
    }
  }
  await emulator.close();
});
