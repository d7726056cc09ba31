/**
 * A disk that takes no more: publishing says so and delivers nothing, /readyz says why, and when there is room again the
 * service goes on without a restart and without a gap.
 */
import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { join } from 'node:path';
import { seededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import { FaultyFiles, type OperationKind } from '../../packages/server/src/storage/testing/faulty-files.ts';
import type { Peer } from './peer.ts';
import { endPrograms } from './program.ts';
import { seedOf } from './seed.ts';
import { ServerProcess, temporaryFolder } from './server-process.ts';
import { UnderTest } from './under-test.ts';

/** Of a machine that has other things to do. */
setDefaultTimeout(30_000);

const API_KEY = 'a'.repeat(64);
const REST_PATH = '/fapi/v1/listenKey';
const accounts = [{ id: 'alice', apiKeys: [{ apiKey: API_KEY, type: 'HMAC', secret: 'a secret' }] }];

const folder = temporaryFolder();
afterAll(() => {
  endPrograms();
  folder.remove();
});

const lineOf = (id: string, bytes = 0, n?: number): string => {
  const event = { e: 'ACCOUNT_CONFIG_UPDATE', E: 1, T: 2, ac: { s: 'BTCUSDT', l: 8 }, id, x: 'x'.repeat(bytes) };
  return JSON.stringify({ account: 'alice', scope: 'usdm', ...(n === undefined ? {} : { n }), event });
};

interface Published {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly replayed: boolean;
  readonly body: { readonly accepted?: number; readonly error?: { readonly reason: string } };
}

async function publish(service: UnderTest, lines: readonly string[], key?: string): Promise<Published> {
  const headers = key === undefined ? {} : { 'Idempotency-Key': key };
  const init = { method: 'POST', body: lines.join('\n'), headers };
  const response = await fetch(`${service.running.urls.admin}/admin/v1/events`, init);
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    replayed: response.headers.has('idempotent-replayed'),
    body: (await response.json()) as Published['body'],
  };
}

/** Sends one message to the streaming ingest and gives back its answer and, where the server closed, the code. */
async function stream(service: UnderTest, producer: string, message: string) {
  const socket = new WebSocket(
    `${service.running.urls.admin.replace('http', 'ws')}/admin/v1/ingest?producer=${producer}`,
  );
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  socket.onopen = () => socket.send(message);
  const answer = await new Promise<Published['body']>((resolve) => {
    socket.onmessage = ({ data }) => resolve(JSON.parse(String(data)));
  });
  if (answer.error === undefined) socket.close(1000);
  return { answer, code: await closed };
}

const ready = (service: UnderTest) => service.admin('GET', '/readyz');

/** Asks until the server says that it is ready: its upkeep tries the disk again by itself. */
async function untilReady(service: UnderTest): Promise<void> {
  for (const startedAt = performance.now(); performance.now() - startedAt < 3000; ) {
    if ((await ready(service)).status === 200) return;
  }
  throw new Error(`not ready after 3 s: ${JSON.stringify((await ready(service)).body)}`);
}

const idOf = (text: string): string => (JSON.parse(text) as { id: string }).id;

async function expectNext(peer: Peer, ids: readonly string[]): Promise<void> {
  const got: string[] = [];
  while (got.length < ids.length) got.push(idOf(await peer.text()));
  expect(got).toEqual([...ids]);
}

/** The stream holds these events and no others, numbered from 1. */
async function expectHeld(service: UnderTest, ids: readonly string[]): Promise<void> {
  const { body } = await service.admin('GET', '/admin/v1/streams/alice/usdm/events?limit=1000');
  const { events } = body as { events: { position: string; event: { id: string } }[] };
  expect(events.map(({ event }) => event.id)).toEqual([...ids]);
  const [epoch] = events[0]?.position.split(':') ?? [];
  expect(events.map(({ position }) => position)).toEqual(ids.map((_id, at) => `${epoch}:${at + 1}`));
}

/** What a disk may refuse when it is full or failing. */
const REFUSALS: readonly (readonly OperationKind[])[] = [
  ['write'],
  ['sync'],
  ['write', 'open'],
  ['write', 'truncate'],
  ['write', 'open', 'truncate', 'unlink', 'rename', 'syncFolder'],
  ['sync', 'truncate', 'syncFolder'],
];

const SEED = seedOf(3);

describe(`a journal whose disk refuses (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const disk = new FaultyFiles(random.below(2 ** 32));
  const document = { accounts, limits: 'off', journal: { commit: 'fsync', segmentBytes: '64KiB' } };
  const flags = { data: join(folder.path, 'journal') };
  const start = (files: FaultyFiles) =>
    UnderTest.start({ command: 'serve', document, flags, rig: { files, upkeepEveryMs: 5 } });
  const held: string[] = [];
  let services: UnderTest[] = [];
  let count = 0;
  const next = () => `e${++count}`;

  afterEach(async () => {
    for (const service of services.splice(0)) await service.close();
  });

  test('publishing is refused with a reason, nothing is delivered, and it goes on by itself', async () => {
    const service = await start(disk);
    services = [service];
    const peer = await service.open(`/private/ws/${await service.listenKey(REST_PATH, API_KEY)}`);
    let n = 0;
    for (const kinds of [...REFUSALS, ...REFUSALS]) {
      const before = Array.from({ length: 1 + random.below(4) }, next);
      expect(
        await publish(
          service,
          before.map((id) => lineOf(id, random.below(20_000))),
        ),
      ).toMatchObject({ status: 200 });
      await expectNext(peer, before);

      disk.plan = ({ kind }) => (kinds.includes(kind) ? { kind: 'fail', code: 'ENOSPC' } : undefined);
      const [plain, keyed, counted] = [next(), next(), next()];
      const message = lineOf(counted, 0, ++n);
      for (let attempt = 0; attempt < 2; attempt++) {
        const [first, second, third] = await Promise.all([
          publish(service, [lineOf(plain)]),
          publish(service, [lineOf(keyed)], keyed),
          stream(service, 'engine', message),
        ]);
        const reason = expect.stringContaining('cannot be written: ENOSPC');
        expect(first).toMatchObject({ status: 503, retryAfter: '5', body: { error: { reason } } });
        expect(second).toMatchObject({ status: 503, retryAfter: '5', body: { error: { reason } } });
        expect(third).toMatchObject({ answer: { error: { reason } }, code: 1013 });
      }
      const faults = [expect.stringMatching(/^journal: .*ENOSPC/)];
      expect(await ready(service)).toMatchObject({ status: 503, body: { ready: false, faults } });
      expect((await service.admin('GET', '/healthz')).status).toBe(200);
      expect((await service.admin('GET', '/metrics')).body).toContain('listenpost_journal_fault 1');
      expect((await service.rest('PUT', REST_PATH, API_KEY)).status).toBe(200);
      expect(await peer.unread(() => peer.ping())).toEqual([]);

      disk.plan = () => undefined;
      await untilReady(service);
      expect(await publish(service, [lineOf(keyed)], keyed)).toMatchObject({ status: 200, replayed: false });
      expect(await publish(service, [lineOf(keyed)], keyed)).toMatchObject({ status: 200, replayed: true });
      expect((await stream(service, 'engine', message)).answer).toMatchObject({ accepted: 1 });
      await expectNext(peer, [keyed, counted]);
      held.push(...before, keyed, counted);
    }
    expect(await peer.unread(() => peer.ping())).toEqual([]);
    await expectHeld(service, held);
  });

  test('the next process finds all that was acknowledged and nothing that was refused', async () => {
    const service = await start(disk.afterExit());
    services = [service];
    await expectHeld(service, held);
  });
});

describe('a file that may not grow', () => {
  test('what does not fit is refused and leaves nothing; what fits is taken, without a gap', async () => {
    const data = join(folder.path, 'large');
    const document = { accounts, limits: 'off', journal: { commit: 'fsync', segmentBytes: '1MiB' } };
    const server = await ServerProcess.start(data, { document, fileKiBMax: 8 * 1024 });
    const { service } = server;
    const peer = await service.open(`/private/ws/${await service.listenKey(REST_PATH, API_KEY)}`);
    expect((await publish(service, [lineOf('e1')])).status).toBe(200);
    const large = Array.from({ length: 160 }, (_, at) => lineOf(`large${at}`, 60_000));
    const reason = expect.stringContaining('cannot be written: EFBIG');
    expect(await publish(service, large)).toMatchObject({ status: 503, body: { error: { reason } } });
    expect(await ready(service)).toMatchObject({ status: 503, body: { faults: [expect.stringContaining('EFBIG')] } });
    expect((await publish(service, [lineOf('e2')])).status).toBe(200);
    expect((await ready(service)).status).toBe(200);
    await expectNext(peer, ['e1', 'e2']);
    await expectHeld(service, ['e1', 'e2']);
    peer.drop();
    await server.killed();
    const next = await ServerProcess.start(data, { document });
    await expectHeld(next.service, ['e1', 'e2']);
    expect((await publish(next.service, large)).status).toBe(200);
    await next.service.close();
  });

  test('a registry without room refuses changes, and what it acknowledged before is kept', async () => {
    const data = join(folder.path, 'registry');
    const document = { accounts, limits: 'off', journal: { commit: 'fsync', segmentBytes: '64KiB' } };
    const server = await ServerProcess.start(data, { document, fileKiBMax: 512 });
    const { service } = server;
    const key = await service.listenKey(REST_PATH, API_KEY);
    const peer = await service.open(`/private/ws/${key}`);
    let keptFrom = 0;
    let refused = await service.rest('PUT', REST_PATH, API_KEY);
    for (let asks = 0; refused.status === 200; asks++) {
      expect(asks).toBeLessThan(2000);
      const askedAt = Date.now();
      refused = await service.rest('PUT', REST_PATH, API_KEY);
      if (refused.status === 200) keptFrom = askedAt;
    }
    expect(refused.status).toBeGreaterThanOrEqual(500);
    expect(refused.body).toEqual({ code: expect.any(Number), msg: expect.any(String) });
    expect(await ready(service)).toMatchObject({
      status: 503,
      body: { faults: [expect.stringMatching(/^registry: /)] },
    });
    const put = await service.admin('PUT', '/admin/v1/accounts/bob', { apiKeys: [] });
    expect(put).toMatchObject({ status: 503, body: { error: { reason: expect.stringMatching(/^registry: /) } } });
    expect((await service.admin('GET', '/admin/v1/accounts')).body).toMatchObject({ accounts: [{ id: 'alice' }] });
    // Events do not wait for the registry.
    expect((await publish(service, [lineOf('e1')])).status).toBe(200);
    await expectNext(peer, ['e1']);
    peer.drop();
    await server.killed();
    const next = await ServerProcess.start(data, { document });
    const { body } = await next.service.admin('GET', '/admin/v1/keys');
    const [row] = (body as { keys: { expiresAt: string }[] }).keys;
    expect(Date.parse(row?.expiresAt ?? '')).toBeGreaterThanOrEqual(keptFrom + 3_600_000);
    expect(await next.service.listenKey(REST_PATH, API_KEY)).toBe(key);
    expect((await next.service.admin('GET', '/admin/v1/accounts')).body).toMatchObject({ accounts: [{ id: 'alice' }] });
    await next.service.close();
  });
});
