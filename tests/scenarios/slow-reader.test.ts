/**
 * Peers that do not do their part: one that stops reading is cut by name while others do not notice, and one that never
 * closes does not hold up a stop.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { ENDS } from '@listenpost/protocol';
import type { Peer } from './peer.ts';
import { endPrograms } from './program.ts';
import { handshakeOf, httpAnswers, RawBytes, serverFrames } from './raw-bytes.ts';
import { ServerProcess, temporaryFolder } from './server-process.ts';
import { UnderTest } from './under-test.ts';

/** Of a machine that has other things to do. */
setDefaultTimeout(30_000);

const API_KEY = 'a'.repeat(64);
const DOCUMENT = {
  accounts: [{ id: 'alice', apiKeys: [{ apiKey: API_KEY, type: 'HMAC', secret: 'a secret' }] }],
  limits: 'off',
};

/** What the server holds for one peer (OUTBOX_BYTES_MAX); the kernel's buffers come before it. */
const OUTBOX_BYTES = 4 * 1024 * 1024;
const EVENT_BYTES = 60_000;
/** Less than an outbox, so that one such flood alone never cuts anybody. */
const FLOOD_EVENTS = Math.floor((OUTBOX_BYTES * 0.95) / EVENT_BYTES);
/** More floods than any kernel buffers. */
const FLOODS_MAX = 20;

/** Without a bound these would hold twelve floods each: three times what the test allows. */
const STALLED = 16;
/** What the process itself needs to take in floods. */
const ROOM_BYTES = 64 * 1024 * 1024;

let count = 0;

/** Publishes so many large numbered events as one request. */
async function flood(service: UnderTest): Promise<void> {
  const lines = Array.from({ length: FLOOD_EVENTS }, () => {
    const event = {
      e: 'ACCOUNT_CONFIG_UPDATE',
      E: 1,
      T: 2,
      ac: { s: 'BTCUSDT', l: 8 },
      n: ++count,
      x: 'x'.repeat(EVENT_BYTES - 100),
    };
    return JSON.stringify({ account: 'alice', scope: 'usdm', event });
  });
  expect((await service.admin('POST', '/admin/v1/events', lines.join('\n'))).status).toBe(200);
}

const numberOf = (text: string): number => (JSON.parse(text) as { n: number }).n;

/** Everything up to the last published event, in order and with none missing. */
async function expectAll(peer: Peer, from: number): Promise<void> {
  for (let n = from; n <= count; n++) expect(numberOf(await peer.text())).toBe(n);
  expect(peer.isOpen).toBe(true);
}

async function rawStream(service: UnderTest, path: string): Promise<RawBytes> {
  const client = await RawBytes.open(service.running.urls.http);
  client.write(handshakeOf(path));
  await client.until((received) => httpAnswers(received).answers.length > 0);
  client.take();
  return client;
}

async function metric(service: UnderTest, name: string): Promise<number> {
  const text = String((await service.admin('GET', '/metrics')).body);
  const line = text.split('\n').find((row) => row.startsWith(`listenpost_${name} `));
  return Number(line?.split(' ')[1] ?? 0);
}

const ended = (service: UnderTest, name: keyof typeof ENDS) => metric(service, `connection_ends_total{end="${name}"}`);

describe('a peer that stops reading', () => {
  const folder = temporaryFolder();
  let server: ServerProcess;
  let service: UnderTest;
  let path: string;

  beforeAll(async () => {
    server = await ServerProcess.start(folder.path, { document: DOCUMENT });
    service = server.service;
    path = `/private/ws/${await service.listenKey('/fapi/v1/listenKey', API_KEY)}`;
  });

  afterAll(async () => {
    await service.close();
    endPrograms();
    folder.remove();
  });

  test('goes on with all of its events when it comes back before its outbox is full', async () => {
    const from = count + 1;
    const pausing = await rawStream(service, path);
    pausing.pause();
    await flood(service);
    pausing.resume();
    await pausing.until((received) => serverFrames(received).frames.length >= FLOOD_EVENTS);
    const numbers = serverFrames(pausing.received).frames.map(({ payload }) => numberOf(payload.toString()));
    expect(numbers).toEqual(Array.from({ length: FLOOD_EVENTS }, (_, at) => from + at));
    expect(await ended(service, 'slowConsumer')).toBe(0);
    pausing.drop();
  });

  test('is cut as a slow consumer once its outbox is full, and others on its stream get everything', async () => {
    const from = count + 1;
    const readers = [await service.open(path), await service.open(path)];
    const stalled = await rawStream(service, path);
    stalled.pause();
    for (let floods = 0; floods < FLOODS_MAX && (await ended(service, 'slowConsumer')) === 0; floods++)
      await flood(service);
    expect(await ended(service, 'slowConsumer')).toBe(1);
    for (const reader of readers) await expectAll(reader, from);
    stalled.resume();
    const { frames } = serverFrames(await stalled.ended());
    const got = frames.filter(({ opcode }) => opcode === 1).map(({ payload }) => numberOf(payload.toString()));
    expect(got).toEqual(Array.from({ length: got.length }, (_, at) => from + at));
    expect(got.length).toBeLessThan(count - from + 1);
    for (const reader of readers) reader.drop();
  });

  test('costs no more memory than its outbox, however many there are and however long the flood', async () => {
    for (let floods = 0; floods < 8; floods++) await flood(service);
    const before = await metric(service, 'resident_memory_bytes');
    const stalled = await Promise.all(Array.from({ length: STALLED }, () => rawStream(service, path)));
    for (const client of stalled) client.pause();
    let most = before;
    for (let floods = 0; floods < 12; floods++) {
      await flood(service);
      most = Math.max(most, await metric(service, 'resident_memory_bytes'));
    }
    expect(await ended(service, 'slowConsumer')).toBe(1 + STALLED);
    expect(most - before).toBeLessThan(STALLED * 3 * OUTBOX_BYTES + ROOM_BYTES);
    for (const client of stalled) client.drop();
  });
});

describe('a stop', () => {
  test('takes no longer than its drain, whatever peers do not do', async () => {
    const service = await UnderTest.start({ document: DOCUMENT });
    const { http, https, admin } = service.running.urls;
    const path = `/private/ws/${await service.listenKey('/fapi/v1/listenKey', API_KEY)}`;
    const stalled = await rawStream(service, path);
    stalled.pause();
    await flood(service);
    // Reads everything and answers nothing, no close either.
    const mute = await rawStream(service, path);
    const begun = await Promise.all([http, https ?? '', admin].map((url) => RawBytes.open(url)));
    for (const client of begun) client.write('GET /fapi/v1/ping HTTP/1.1\r\nHo');
    const producer = await RawBytes.open(admin);
    producer.write(handshakeOf('/admin/v1/ingest'));
    await producer.until((received) => httpAnswers(received).answers.length > 0);
    const startedAt = performance.now();
    await service.running.close(1);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    const close = serverFrames(await mute.ended()).frames.find(({ opcode }) => opcode === 8);
    expect(close?.payload.readUInt16BE(0)).toBe(ENDS.shutdown.code);
    for (const client of [stalled, producer, ...begun]) client.drop();
  });
});
