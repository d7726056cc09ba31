/** What outlives a process: numbering, receipts, keys under older secrets; and what the next one finds wrong with the files. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import { verifyJournal } from '../../packages/server/src/storage/segment-log/verify.ts';
import { endPrograms, Program } from './program.ts';
import { seedOf } from './seed.ts';
import { ServerProcess, temporaryFolder } from './server-process.ts';
import { type RestAnswer, UnderTest } from './under-test.ts';

/** Of a machine that has other things to do. */
setDefaultTimeout(30_000);

const API_KEY = 'a'.repeat(64);
const REST_PATH = '/fapi/v1/listenKey';
const alice = { id: 'alice', apiKeys: [{ apiKey: API_KEY, type: 'HMAC', secret: 'a secret' }] };
const journal = { commit: 'fsync', segmentBytes: '64KiB' };
const DOCUMENT = { accounts: [alice], limits: 'off', journal };

const folder = temporaryFolder();
let services: UnderTest[] = [];

afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
});
afterAll(() => {
  endPrograms();
  folder.remove();
});

async function started(data: string, document: Readonly<Record<string, unknown>> = DOCUMENT): Promise<UnderTest> {
  const service = await UnderTest.start({ command: 'serve', document, flags: { data }, rig: { upkeepEveryMs: 5 } });
  services.push(service);
  return service;
}

async function stopped(service: UnderTest): Promise<void> {
  services = services.filter((each) => each !== service);
  await service.close();
}

const lineOf = (scope: string, id: string, bytes = 0, n?: number): string => {
  const event = { e: 'ACCOUNT_CONFIG_UPDATE', E: 1, T: 2, ac: { s: 'BTCUSDT', l: 8 }, id, x: 'x'.repeat(bytes) };
  return JSON.stringify({ account: 'alice', scope, ...(n === undefined ? {} : { n }), event });
};

const idsFrom = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at + 1}`);

async function published(
  service: UnderTest,
  lines: readonly string[],
  { key, producer }: { key?: string; producer?: string } = {},
) {
  const query = producer === undefined ? '' : `?producer=${producer}`;
  const response = await fetch(`${service.running.urls.admin}/admin/v1/events${query}`, {
    method: 'POST',
    body: lines.join('\n'),
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });
  const body = (await response.json()) as { accepted: number; duplicates?: number; last: Record<string, string> };
  expect([response.status, body.accepted]).toEqual([200, lines.length]);
  return { ...body, replayed: response.headers.has('idempotent-replayed') };
}

interface Page {
  readonly events: readonly { readonly position: string; readonly event: { readonly id: string } }[];
  readonly next?: string;
  readonly missed?: { readonly from: string; readonly to: string };
}

const pageOf = (service: UnderTest, scope: string, query = ''): Promise<RestAnswer> =>
  service.admin('GET', `/admin/v1/streams/alice/${scope}/events?limit=1000${query}`);

describe('retention by size', () => {
  const data = join(folder.path, 'retention');
  const document = { ...DOCUMENT, journal: { ...journal, retention: { bytes: '256KiB' } } };
  let epoch: string;
  let last: number;

  test('drops the oldest and says what is missing; a stream that lost everything keeps its number', async () => {
    const service = await started(data, document);
    await published(service, [lineOf('coinm', 'quiet1'), lineOf('coinm', 'quiet2')], { key: 'early' });
    await published(service, [lineOf('coinm', 'quiet3', 0, 7)], { producer: 'engine' });
    const ids = idsFrom('loud', 600);
    for (let at = 0; at < ids.length; at += 20) {
      await published(
        service,
        ids.slice(at, at + 20).map((id) => lineOf('usdm', id, 1000)),
      );
    }
    let page = (await pageOf(service, 'usdm')).body as Page;
    const startedAt = performance.now();
    while (page.events.length > 300 && performance.now() - startedAt < 3000) {
      page = (await pageOf(service, 'usdm')).body as Page;
    }
    [epoch = ''] = page.events[0]?.position.split(':') ?? [];
    last = ids.length;
    const { events, missed } = (await pageOf(service, 'usdm', `&from=${epoch}:1`)).body as Page;
    const first = ids.length - events.length + 1;
    expect(events.length).toBeLessThanOrEqual(300);
    expect(events.map(({ position, event }) => [position, event.id])).toEqual(
      ids.slice(first - 1).map((id, at) => [`${epoch}:${first + at}`, id]),
    );
    expect(missed).toEqual({ from: `${epoch}:1`, to: `${epoch}:${first - 1}` });
    expect(await pageOf(service, 'coinm')).toMatchObject({ status: 200, body: { events: [] } });
  });

  test('the next process numbers on, and knows every receipt of what was dropped', async () => {
    const service = await started(data, document);
    const repeated = await published(service, [lineOf('coinm', 'quiet1'), lineOf('coinm', 'quiet2')], { key: 'early' });
    const quietEpoch = repeated.last['alice/coinm']?.split(':')[0];
    expect([repeated.replayed, repeated.last]).toEqual([true, { 'alice/coinm': `${quietEpoch}:2` }]);
    const counted = await published(service, [lineOf('coinm', 'quiet3', 0, 7)], { producer: 'engine' });
    expect([counted.duplicates, counted.last]).toEqual([1, {}]);
    const quiet = await published(service, [lineOf('coinm', 'quiet4')]);
    expect(quiet.last).toEqual({ 'alice/coinm': `${quietEpoch}:4` });
    const loud = await published(service, [lineOf('usdm', 'after')]);
    expect(loud.last).toEqual({ 'alice/usdm': `${epoch}:${last + 1}` });
  });
});

const DAMAGE_SEED = seedOf(4);

describe(`a flipped bit (seed ${DAMAGE_SEED})`, () => {
  const whole = join(folder.path, 'whole');
  const ids = idsFrom('e', 200);
  const random = seededRandom(DAMAGE_SEED);
  let flips = 0;

  /** A copy of the folder with one bit of one segment flipped, and where. */
  function damaged(): { readonly data: string; readonly file: string } {
    const data = join(folder.path, `damaged${++flips}`);
    cpSync(whole, data, { recursive: true });
    const segments = readdirSync(join(data, 'journal')).filter((name) => name.endsWith('.log'));
    const file = random.pick(segments);
    const bytes = readFileSync(join(data, 'journal', file));
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
    writeFileSync(join(data, 'journal', file), bytes);
    return { data, file };
  }

  test('of a journal of several whole segments', async () => {
    const service = await started(whole);
    for (let at = 0; at < ids.length; at += 10) {
      await published(
        service,
        ids.slice(at, at + 10).map((id) => lineOf('usdm', id, random.below(3000))),
      );
    }
    await stopped(service);
    const report = await verifyJournal(join(whole, 'journal'));
    expect(report).toMatchObject({ events: ids.length, problems: [] });
    expect(report.tornTail).toBeUndefined();
    expect(report.segments).toBeGreaterThan(3);
  });

  test('is named by its file, wherever it is', async () => {
    for (let flip = 0; flip < 60; flip++) {
      const { data, file } = damaged();
      const { problems, tornTail } = await verifyJournal(join(data, 'journal'));
      expect([...problems, ...(tornTail === undefined ? [] : [tornTail])].map((place) => place.file)).toContain(file);
    }
  });

  test('is told by the command with the place, and exit code 1', async () => {
    const { data, file } = damaged();
    const { code, stdout, stderr } = await Program.run(['journal', 'verify', data]);
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`^${file} at byte \\d+: .+$`, 'm'));
    expect(stderr).toMatch(/^listenpost: \d+ places? not as written\n$/);
  });

  test('is never served: the start or the read refuses and names the file', async () => {
    for (let flip = 0; flip < 12; flip++) {
      const { data, file } = damaged();
      const service = await started(data).catch((cause: Error) => cause.message);
      if (typeof service === 'string') {
        expect(service).toContain(file);
        continue;
      }
      const { status, body } = await pageOf(service, 'usdm');
      expect([status, body]).toEqual([503, { error: { reason: expect.stringContaining(file) } }]);
      await stopped(service);
    }
  });
});

describe('after a kill', () => {
  const killed = join(folder.path, 'killed', 'data');
  const ids = idsFrom('e', 10);
  let rows: readonly { readonly file: string; readonly offset: number }[];

  /** A copy of what the killed process left. */
  function copied(name: string): string {
    const data = join(folder.path, name);
    cpSync(killed, data, { recursive: true });
    return data;
  }

  beforeAll(async () => {
    const server = await ServerProcess.start(join(folder.path, 'killed'), { document: DOCUMENT });
    for (const id of ids) await published(server.service, [lineOf('usdm', id)]);
    await server.killed();
    const { stdout } = await Program.run(['journal', 'inspect', killed]);
    rows = stdout
      .trim()
      .split('\n')
      .map((row) => JSON.parse(row));
    expect(rows).toHaveLength(ids.length);
  });

  test('a torn tail is cut at the start, and its number given to the next event', async () => {
    const data = copied('torn');
    const { file, offset } = rows.at(-1) as (typeof rows)[number];
    truncateSync(join(data, 'journal', file), offset + 20);
    const verified = await Program.run(['journal', 'verify', data]);
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining('the last write is unfinished')]);
    const service = await started(data);
    const page = (await pageOf(service, 'usdm')).body as Page;
    expect(page.events.map(({ event }) => event.id)).toEqual(ids.slice(0, -1));
    expect((await published(service, [lineOf('usdm', 'next')])).last['alice/usdm']).toMatch(/:10$/);
    await stopped(service);
    expect((await Program.run(['journal', 'verify', data])).stdout).not.toContain('unfinished');
  });

  test('a flipped bit with whole writes behind it is no torn tail: the start refuses and cuts nothing', async () => {
    const data = copied('flipped');
    const { file, offset } = rows[4] as (typeof rows)[number];
    const path = join(data, 'journal', file);
    const bytes = readFileSync(path);
    bytes[offset + 20] = (bytes[offset + 20] as number) ^ 1;
    writeFileSync(path, bytes);
    const start = started(data);
    expect(start).rejects.toThrow(file);
    await start.catch(() => undefined);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });
});

describe('rotated secrets', () => {
  const data = join(folder.path, 'rotation');
  const secret = (id: string) => ({ id, value: `${id} `.repeat(20) });
  const under = (current: string, ...previous: readonly string[]) => ({
    ...DOCUMENT,
    secrets: { current: secret(current), previous: previous.map(secret) },
  });
  const bobsApiKey = 'b'.repeat(64);
  const bob = { apiKeys: [{ apiKey: bobsApiKey, type: 'HMAC', secret: 'of bob' }] };
  let key: string;
  let second: string;

  test('an older secret keeps its keys and accounts while it is among the previous ones', async () => {
    let service = await started(data, under('k1'));
    key = await service.listenKey(REST_PATH, API_KEY);
    await service.admin('PUT', '/admin/v1/accounts/bob', bob);
    await stopped(service);
    service = await started(data, under('k2', 'k1'));
    const peer = await service.open(`/private/ws/${key}`);
    await published(service, [lineOf('usdm', 'e1')]);
    expect(await peer.frame()).toMatchObject({ id: 'e1' });
    expect(await service.listenKey(REST_PATH, API_KEY)).toBe(key);
    expect((await service.rest('PUT', REST_PATH, API_KEY)).status).toBe(200);
    second = await service.listenKey(REST_PATH, bobsApiKey);
    await stopped(service);
  });

  test('one that is gone too early stops the start with its name', async () => {
    const start = started(data, under('k2'));
    expect(start).rejects.toThrow('needs the secret "k1", which is not configured');
    await start.catch(() => undefined);
  });

  test('once its accounts are put anew it can go, and takes its own keys with it alone', async () => {
    let service = await started(data, under('k2', 'k1'));
    await service.admin('PUT', '/admin/v1/accounts/alice', { apiKeys: alice.apiKeys });
    await service.admin('PUT', '/admin/v1/accounts/bob', bob);
    await stopped(service);
    service = await started(data, under('k2'));
    expect(await service.listenKey(REST_PATH, bobsApiKey)).toBe(second);
    expect(await service.listenKey(REST_PATH, API_KEY)).not.toBe(key);
    const peer = await service.open(`/private/ws/${key}`);
    await published(service, [lineOf('usdm', 'e2')]);
    expect(await peer.unread(() => peer.ping())).toEqual([]);
  });
});

test('a start that fails leaves the data folder and the ports to the next', async () => {
  const data = join(folder.path, 'half-way');
  const other = await started(join(folder.path, 'other'));
  const taken = Number(new URL(other.running.urls.admin).port);
  const start = UnderTest.start({ command: 'serve', document: DOCUMENT, flags: { data, adminPort: taken } });
  expect(start).rejects.toThrow();
  await start.catch(() => undefined);
  const service = await started(data);
  await published(service, [lineOf('usdm', 'e1')]);
});

test('a second process on the same data folder is refused with a sentence, and the first goes on', async () => {
  const home = join(folder.path, 'shared');
  const first = await ServerProcess.start(home, { document: DOCUMENT });
  await published(first.service, [lineOf('usdm', 'e1')]);
  const args = ['serve', '--config', join(home, 'listenpost.json'), '--data', join(home, 'data')];
  const { code, stdout, stderr } = await Program.run([...args, '--port', '0', '--admin-port', '0']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^listenpost: .* is in use by process \d+.*\n$/);
  await published(first.service, [lineOf('usdm', 'e2')]);
  expect((await first.service.admin('GET', '/readyz')).status).toBe(200);
  await first.service.close();
  const next = await started(join(home, 'data'));
  expect(((await pageOf(next, 'usdm')).body as Page).events).toHaveLength(2);
});
