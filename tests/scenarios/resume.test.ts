/**
 * Resume over real sockets and a journal on disk: a client that comes back with the last position it has gets everything
 * behind it, once and in order, or is told exactly what it missed.
 */
import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENDS } from '@listenpost/protocol';
import { type SeededRandom, seededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import { fixtureEvent } from './fixtures.ts';
import type { Peer } from './peer.ts';
import { endPrograms } from './program.ts';
import { handshakeOf, RawBytes, serverFrames } from './raw-bytes.ts';
import { seedOf } from './seed.ts';
import { ServerProcess, temporaryFolder } from './server-process.ts';
import { askToken, call, SPOT_API } from './spot-requests.ts';
import { UnderTest } from './under-test.ts';

/** Of a machine that has other things to do. */
setDefaultTimeout(30_000);

const API_KEY = 'a'.repeat(64);
const KEY_PATH = '/fapi/v1/listenKey';
const SEGMENT_BYTES = 64 * 1024;
const DOCUMENT = {
  accounts: [{ id: 'alice', apiKeys: [{ apiKey: API_KEY, type: 'HMAC', secret: 'a secret' }] }],
  limits: 'off',
  journal: { commit: 'fsync', segmentBytes: `${SEGMENT_BYTES}B` },
};

const folder = temporaryFolder();
let folders = 0;
let services: UnderTest[] = [];

afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
});
afterAll(() => {
  endPrograms();
  folder.remove();
});

const freshFolder = () => join(folder.path, String(++folders));

async function started(data = freshFolder(), journal: object = DOCUMENT.journal): Promise<UnderTest> {
  const document = { ...DOCUMENT, journal };
  const service = await UnderTest.start({ command: 'serve', document, flags: { data }, rig: { upkeepEveryMs: 5 } });
  services.push(service);
  return service;
}

async function stopped(service: UnderTest): Promise<void> {
  services = services.filter((each) => each !== service);
  await service.close();
}

const usdm = (n: number, bytes = 0) => ({
  ...{ e: 'ACCOUNT_CONFIG_UPDATE', E: 1, T: 2, ac: { s: 'BTCUSDT', l: 8 } },
  n,
  x: 'x'.repeat(bytes),
});

const margin = (n: number) => ({ ...fixtureEvent('margin', 'balanceUpdate'), n });

/** Publishes events numbered from `from` to `to`, in one request; gives the position of the last. */
async function publish(
  service: UnderTest,
  from: number,
  to: number,
  { scope = 'usdm', bytes = 0, eventOf = (n: number): object => usdm(n, bytes) } = {},
): Promise<string> {
  const lines = range(from, to).map((n) => JSON.stringify({ account: 'alice', scope, event: eventOf(n) }));
  const { status, body } = await service.admin('POST', '/admin/v1/events', lines.join('\n'));
  expect(status).toBe(200);
  return (body as { last: Record<string, string> }).last[`alice/${scope}`] ?? '';
}

const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

const keyOf = (service: UnderTest) => service.listenKey(KEY_PATH, API_KEY);

const wrappedPath = (key: string, resume: string) => `/private/stream?streams=${key}&resume=${resume}`;

interface Verdict {
  readonly position: string;
  readonly recovered?: boolean;
  readonly missed?: { readonly from: string; readonly to: string };
}

async function resumed(service: UnderTest, resume: string): Promise<{ peer: Peer; verdict: Verdict; key: string }> {
  const key = await keyOf(service);
  const peer = await service.open(wrappedPath(key, resume));
  const { stream, resume: verdict } = await peer.frame();
  expect(stream).toBe(key);
  return { peer, verdict: verdict as Verdict, key };
}

/** The next events, which must be numbered so and stand where their numbers say. */
async function expectEvents(peer: Peer, from: number, to: number): Promise<string> {
  let position = '';
  for (let n = from; n <= to; n++) {
    const frame = await peer.frame();
    const event = (frame['data'] ?? frame['event']) as { n: number };
    position = frame['position'] as string;
    expect({ n: event.n, at: Number(position.split(':')[1]) }).toEqual({ n, at: n });
  }
  return position;
}

async function metric(service: UnderTest, name: string): Promise<number> {
  const text = String((await service.admin('GET', '/metrics')).body);
  const line = text.split('\n').find((row) => row.startsWith(`listenpost_${name} `));
  return Number(line?.split(' ')[1] ?? 0);
}

const cut = (service: UnderTest) => metric(service, 'connection_ends_total{end="slowConsumer"}');

/** Waits for the thing itself, which comes while the server does other work. */
async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await done())) if (performance.now() > deadline) throw new Error(`${what} did not come within 20 s`);
}

describe('a client that comes back', () => {
  test('by the same key goes on behind its position, over wss too', async () => {
    const service = await UnderTest.start({ document: DOCUMENT, flags: { data: freshFolder() } });
    services.push(service);
    const { peer, verdict, key } = await resumed(service, 'latest');
    expect(verdict).toEqual({ position: expect.stringMatching(/^\w{12}:0$/) });
    await publish(service, 1, 3);
    const position = await expectEvents(peer, 1, 3);
    peer.drop();
    await publish(service, 4, 2000);
    const secure = (service.running.urls.https ?? '').replace('https', 'wss');
    const socket = new WebSocket(secure + wrappedPath(key, position), { tls: { rejectUnauthorized: false } } as never);
    const frames: { resume?: Verdict; data?: { n: number } }[] = [];
    await new Promise<void>((resolve, reject) => {
      socket.onerror = () => reject(new Error('no wss'));
      socket.onmessage = ({ data }) => {
        if (frames.push(JSON.parse(String(data))) === 1 + 1997) resolve();
      };
    });
    socket.close();
    expect(frames[0]?.resume).toEqual({ position, recovered: true });
    expect(frames.slice(1).map(({ data }) => data?.n)).toEqual(range(4, 2000));
  });

  test('by the next key goes on behind its position', async () => {
    const service = await started();
    const { peer, key } = await resumed(service, 'latest');
    await publish(service, 1, 2);
    const position = await expectEvents(peer, 1, 2);
    await service.rest('DELETE', KEY_PATH, API_KEY);
    await publish(service, 3, 10);
    const next = await resumed(service, position);
    expect(next.key).not.toBe(key);
    expect(next.verdict).toEqual({ position, recovered: true });
    await publish(service, 11, 12);
    await expectEvents(next.peer, 3, 12);
  });

  test('by the next listenToken on another connection goes on behind its position', async () => {
    const service = await started();
    const subscribe = async (resume: string) => {
      const { token } = (await askToken(service, {}, API_KEY)).body as { token: string };
      const peer = await service.open(SPOT_API);
      const answer = await peer.ask(call('userDataStream.subscribe.listenToken', { listenToken: token, resume }));
      return { peer, result: answer['result'] as Verdict };
    };
    const first = await subscribe('latest');
    const options = { scope: 'margin', eventOf: margin };
    await publish(service, 1, 2, options);
    const position = await expectEvents(first.peer, 1, 2);
    first.peer.drop();
    await publish(service, 3, 700, options);
    const second = await subscribe(position);
    expect(second.result).toMatchObject({ subscriptionId: 0, position, recovered: true });
    await publish(service, 701, 702, options);
    await expectEvents(second.peer, 3, 702);
  });

  test('after a restart goes on behind its position, whatever segments its events are in', async () => {
    const data = freshFolder();
    let service = await started(data);
    const { peer } = await resumed(service, 'latest');
    await publish(service, 1, 5);
    const position = await expectEvents(peer, 1, 5);
    for (let n = 6; n < 406; n += 40) await publish(service, n, n + 39, { bytes: 1000 });
    await stopped(service);
    expect(readdirSync(join(data, 'journal')).filter((name) => name.endsWith('.log')).length).toBeGreaterThan(4);
    service = await started(data);
    const again = await resumed(service, position);
    expect(again.verdict).toEqual({ position, recovered: true });
    await publish(service, 406, 410);
    await expectEvents(again.peer, 6, 410);
  });

  test('after its position has been dropped is told what it missed, and goes on live', async () => {
    const service = await started(freshFolder(), { ...DOCUMENT.journal, retention: { bytes: '256KiB' } });
    const { verdict } = await resumed(service, 'latest');
    let last = '';
    for (let n = 1; n < 1001; n += 50) last = await publish(service, n, n + 49, { bytes: 1000 });
    await until('retention', async () => {
      const { body } = await service.admin('GET', '/admin/v1/streams/alice/usdm/events?limit=1');
      return (body as { events: { position: string }[] }).events[0]?.position !== verdict.position.replace(':0', ':1');
    });
    const again = await resumed(service, verdict.position);
    expect(again.verdict).toEqual({
      position: last,
      recovered: false,
      missed: { from: verdict.position, to: last },
    });
    await publish(service, 1001, 1002);
    await expectEvents(again.peer, 1001, 1002);
  });

  test('to events that fail their checksum is told what it missed, and the others of the journal are served', async () => {
    const data = freshFolder();
    let service = await started(data);
    const { verdict } = await resumed(service, 'latest');
    for (let n = 1; n < 401; n += 20) await publish(service, n, n + 19, { bytes: 1000 });
    await stopped(service);
    const path = join(data, 'journal', 'segment-0000000001.log');
    const bytes = readFileSync(path);
    const at = bytes.indexOf('"n":30,');
    expect(at).toBeGreaterThan(0);
    bytes.writeUInt8('1'.charCodeAt(0), at + 4);
    writeFileSync(path, bytes);
    service = await started(data);
    const epoch = verdict.position.split(':')[0];
    const damaged = await resumed(service, `${epoch}:25`);
    const missed = { from: `${epoch}:25`, to: `${epoch}:400` };
    expect(damaged.verdict).toEqual({ position: `${epoch}:400`, recovered: false, missed });
    const whole = await resumed(service, `${epoch}:60`);
    expect(whole.verdict).toEqual({ position: `${epoch}:60`, recovered: true });
    await publish(service, 401, 402);
    await expectEvents(damaged.peer, 401, 402);
    await expectEvents(whole.peer, 61, 402);
  });
});

test('an epoch that was told is the stream’s for good, though it was killed at once', async () => {
  const data = freshFolder();
  const told: string[] = [];
  for (let kill = 0; kill < 3; kill++) {
    const server = await ServerProcess.start(data, { document: DOCUMENT });
    const { verdict } = await resumed(server.service, told[0] ?? 'latest');
    told.push(verdict.position);
    if (kill > 0) expect(verdict.recovered).toBe(true);
    await server.killed();
  }
  expect(new Set(told).size).toBe(1);
  const service = await started(join(data, 'data'));
  expect((await publish(service, 1, 1)).replace(/:1$/, ':0')).toBe(told[0] ?? '');
});

describe('a client that reads slowly', () => {
  const EVENT_BYTES = 50_000;
  /** Six outboxes full: more than the kernel takes and an outbox together. */
  const EVENTS = 500;
  const HELD_BACK = 150;

  async function paused(service: UnderTest, resume: string): Promise<RawBytes> {
    const client = await RawBytes.open(service.running.urls.http);
    client.write(handshakeOf(wrappedPath(await keyOf(service), resume)));
    await client.until((received) => received.includes('"resume":{'));
    client.pause();
    return client;
  }

  /** Behind the handshake's answer. */
  const framesIn = (bytes: Buffer) => serverFrames(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)).frames;

  const numbersIn = (bytes: Buffer) =>
    framesIn(bytes)
      .filter(({ opcode }) => opcode === 1)
      .flatMap(({ payload }) => /"n":(\d+)/.exec(payload.toString())?.slice(1).map(Number) ?? []);

  test('is waited for: a backlog of six outboxes costs no connection and little memory, and comes whole', async () => {
    const service = await started(freshFolder(), { ...DOCUMENT.journal, segmentBytes: '4MiB' });
    const { verdict, peer } = await resumed(service, 'latest');
    peer.drop();
    for (let n = 1; n <= EVENTS; n += 50) await publish(service, n, n + 49, { bytes: EVENT_BYTES });
    const client = await paused(service, verdict.position);
    let read = -1;
    await until('the end of what the kernel takes', async () => {
      const before = read;
      await publish(service, 0, 0, { scope: 'coinm' });
      read = await metric(service, 'events_backfilled_total');
      return before === read;
    });
    expect(read).toBeLessThan(EVENTS - HELD_BACK);
    client.resume();
    const end = `:${EVENTS}"}`;
    await client.until((received) => received.subarray(-end.length).toString('latin1') === end);
    expect(numbersIn(client.received)).toEqual(range(1, EVENTS));
    expect(await cut(service)).toBe(0);
    client.drop();
  });

  test('is cut as a slow consumer when retention overtakes it, and told at its next resume what it missed', async () => {
    const journal = { ...DOCUMENT.journal, segmentBytes: '1MiB', retention: { bytes: '16MiB' } };
    const service = await started(freshFolder(), journal);
    const { verdict, peer } = await resumed(service, 'latest');
    peer.drop();
    let n = 0;
    const more = async () => {
      await publish(service, n + 1, n + 50, { bytes: EVENT_BYTES });
      n += 50;
    };
    for (let times = 0; times < 5; times++) await more();
    const client = await paused(service, verdict.position);
    for (let times = 0; times < 12; times++) await more();
    client.resume();
    const frames = framesIn(await client.ended());
    expect(frames.find(({ opcode }) => opcode === 8)?.payload.readUInt16BE(0)).toBe(ENDS.slowConsumer.code);
    expect(await cut(service)).toBe(1);
    const numbers = numbersIn(client.received);
    expect(numbers).toEqual(range(1, numbers.length));
    const epoch = verdict.position.split(':')[0];
    const position = `${epoch}:${numbers.length}`;
    const again = await resumed(service, position);
    const head = `${epoch}:${n}`;
    expect(again.verdict).toEqual({ position: head, recovered: false, missed: { from: position, to: head } });
    await publish(service, n + 1, n + 1);
    await expectEvents(again.peer, n + 1, n + 1);
  });
});

test('a storm: 400 clients resume at once, live delivery goes on meanwhile, and each gets everything once', async () => {
  const CLIENTS = 400;
  const BACKLOG = 300;
  const service = await started();
  const { verdict, peer, key } = await resumed(service, 'latest');
  await publish(service, 1, BACKLOG);
  await expectEvents(peer, 1, BACKLOG);
  const storm = Array.from({ length: CLIENTS }, () => service.open(wrappedPath(key, verdict.position)));
  let n = BACKLOG;
  for (let live = 0; live < 50; live++) {
    n++;
    await publish(service, n, n);
    await expectEvents(peer, n, n);
    // It did not wait until the storm was over.
    if (live === 0) expect(await metric(service, 'events_backfilled_total')).toBeLessThan(CLIENTS * BACKLOG);
  }
  const clients = await Promise.all(storm);
  await publish(service, n + 1, n + 5);
  for (const client of clients) {
    expect((await client.frame())['resume']).toEqual({ position: verdict.position, recovered: true });
    await expectEvents(client, 1, n + 5);
  }
  expect(await metric(service, 'backfill_turns_waiting')).toBe(0);
  expect(await metric(service, 'events_backfilled_total')).toBeGreaterThanOrEqual(CLIENTS * BACKLOG);
});

/** A client that comes and goes, keeps its position, and knows what it must have got. */
class Wanderer {
  readonly #service: () => UnderTest;
  readonly #random: SeededRandom;
  #peer: Peer | undefined;
  position = 'latest';
  /** The numbers it got, or was told it missed. */
  next = 1;
  recoveries = 0;

  constructor(service: () => UnderTest, random: SeededRandom) {
    this.#service = service;
    this.#random = random;
  }

  async step(published: number): Promise<void> {
    if (this.#peer === undefined) await this.#come();
    else if (this.#random.below(3) === 0) this.leave();
    else await this.#read(this.#random.below(1 + Math.max(0, published - this.next + 1)));
  }

  leave(): void {
    this.#peer?.drop();
    this.#peer = undefined;
  }

  /** Reads up to the last one that was published. */
  async finish(published: number): Promise<void> {
    if (this.#peer === undefined) await this.#come();
    await this.#read(published - this.next + 1);
    expect(this.next).toBe(published + 1);
  }

  async #come(): Promise<void> {
    const { peer, verdict } = await resumed(this.#service(), this.position);
    this.#peer = peer;
    if (this.position !== 'latest') {
      expect(verdict).toEqual({ position: this.position, recovered: true });
      this.recoveries++;
    }
    this.position = verdict.position;
    this.next = Number(verdict.position.split(':')[1]) + 1;
  }

  async #read(count: number): Promise<void> {
    if (count <= 0 || this.#peer === undefined) return;
    this.position = await expectEvents(this.#peer, this.next, this.next + count - 1);
    this.next += count;
  }
}

const SEED = seedOf(4);

test(`clients that come and go while events are published and the service restarts miss nothing (seed ${SEED})`, async () => {
  const random = seededRandom(SEED);
  const data = freshFolder();
  let service = await started(data);
  const wanderers = Array.from({ length: 8 }, () => new Wanderer(() => service, seededRandom(random.below(2 ** 32))));
  let published = 0;
  for (let step = 0; step < 150; step++) {
    const count = random.below(step % 10 === 0 ? 600 : 12);
    const publishing = count === 0 ? undefined : publish(service, published + 1, published + count);
    // What is on its way already may come now or later; each reads only what has been answered.
    const moving = wanderers.filter(() => random.below(2) === 0);
    await Promise.all(moving.map((wanderer) => wanderer.step(published)));
    await publishing;
    published += count;
    if (random.below(50) > 0) continue;
    for (const wanderer of wanderers) wanderer.leave();
    await stopped(service);
    service = await started(data);
  }
  await Promise.all(wanderers.map((wanderer) => wanderer.finish(published)));
  expect(wanderers.reduce((sum, { recoveries }) => sum + recoveries, 0)).toBeGreaterThan(20);
});
