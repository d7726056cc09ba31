/**
 * SIGKILL in mid-load, again and again: what was acknowledged is there afterwards, once and in order, and nothing was
 * delivered that is not.
 */
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { join } from 'node:path';
import { type SeededRandom, seededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import {
  AccountOwner,
  type Actor,
  HttpProducer,
  heldJournal,
  KeyHolder,
  type KeyRow,
  Listener,
  ResumingListener,
  RetryingProducer,
  StreamingProducer,
} from './kill-load.ts';
import { endPrograms, Program } from './program.ts';
import { seedOf } from './seed.ts';
import { ServerProcess, temporaryFolder } from './server-process.ts';
import type { UnderTest } from './under-test.ts';

/** Of a machine that has other things to do. */
setDefaultTimeout(30_000);

const folder = temporaryFolder();
afterAll(() => {
  endPrograms();
  folder.remove();
});

const KILLS = 8;

const ACCOUNTS = ['alice', 'bob', 'carol', 'dave'] as const;
const apiKeyOf = (account: string) => account.padEnd(64, 'A');

const DOCUMENT = {
  accounts: ACCOUNTS.map((id) => ({ id, apiKeys: [{ apiKey: apiKeyOf(id), type: 'HMAC', secret: 'a secret' }] })),
  limits: 'off',
  // Small, so that segments are sealed and begun in mid-load too.
  journal: { commit: 'fsync', segmentBytes: '256KiB' },
};

/** Nobody publishes to carol: what her listener receives would be a stranger's. */
const WRITTEN = ['alice/usdm', 'alice/coinm', 'bob/usdm'] as const;
const READ = ['alice/usdm', 'alice/coinm', 'bob/usdm', 'bob/usdm', 'carol/usdm'] as const;

const REST_PATHS: Readonly<Record<string, string>> = {
  usdm: '/fapi/v1/listenKey',
  coinm: '/dapi/v1/listenKey',
  options: '/eapi/v1/listenKey',
  pm: '/papi/v1/listenKey',
  risk: '/sapi/v1/margin/listen-key',
};

const STREAM_PATHS: Readonly<Record<string, string>> = { usdm: '/private/ws/', coinm: '/ws/' };
const WRAPPED_PATHS: Readonly<Record<string, string>> = {
  usdm: '/private/stream?streams=',
  coinm: '/stream?streams=',
};

const KILL_SEED = seedOf(1);

test(`killed ${KILLS} times under load, nothing that was promised is lost, repeated or out of order (seed ${KILL_SEED})`, async () => {
  const random = seededRandom(KILL_SEED);
  const own = () => seededRandom(random.below(2 ** 32));
  let server = await ServerProcess.start(folder.path, { document: DOCUMENT });
  const listeners = await listenersOf(server.service);
  const resuming = await resumingOf(server.service, own);
  const actors: readonly Actor[] = [
    new HttpProducer('h1', own(), WRITTEN),
    new HttpProducer('h2', own(), WRITTEN),
    new RetryingProducer('r1', own(), WRITTEN),
    new RetryingProducer('r2', own(), WRITTEN),
    new StreamingProducer('s1', own(), WRITTEN),
    new StreamingProducer('s2', own(), WRITTEN),
    ...listeners,
    ...resuming,
    ...Object.entries(REST_PATHS).map(([scope, path]) => new KeyHolder(own(), 'dave', apiKeyOf('dave'), scope, path)),
    new AccountOwner(own(), 'erin'),
    new AccountOwner(own(), 'frank'),
  ];
  for (let kill = 0; kill < KILLS; kill++) {
    await untilKilled(server, actors, 20 + random.below(400), random.below(5));
    server = await ServerProcess.start(folder.path, { document: DOCUMENT });
    const journal = await heldJournal(server.service, [...WRITTEN, 'carol/usdm']);
    expect(journal.get('carol/usdm')).toEqual([]);
    for (const actor of actors) await actor.check(server.service, journal);
    if (kill < KILLS - 1) continue;
    for (const listener of resuming) await listener.finish(server.service, journal);
  }
  for (const { recoveries } of resuming) expect(recoveries).toBeGreaterThanOrEqual(KILLS);
  expect(listeners.filter(({ delivered }) => delivered > 0)).toHaveLength(listeners.length - 1);
  server.program.kill('SIGTERM');
  expect((await server.program.ended()).code).toBe(0);
  const verified = await Program.run(['journal', 'verify', `${folder.path}/data`]);
  expect(verified).toMatchObject({ code: 0, stderr: '' });
}, 120_000);

async function listenersOf(service: UnderTest): Promise<Listener[]> {
  const listeners: Listener[] = [];
  for (const stream of READ) {
    const [account = '', scope = ''] = stream.split('/');
    const { body } = await service.rest('POST', REST_PATHS[scope] ?? '', apiKeyOf(account));
    listeners.push(new Listener(stream, `${STREAM_PATHS[scope]}${(body as { listenKey: string }).listenKey}`));
  }
  return listeners;
}

/** One for each stream that is written, there before its first event; their keys live on through the kills. */
async function resumingOf(service: UnderTest, random: () => SeededRandom): Promise<ResumingListener[]> {
  return Promise.all(
    WRITTEN.map(async (stream) => {
      const [account = '', scope = ''] = stream.split('/');
      const key = await service.listenKey(REST_PATHS[scope] ?? '', apiKeyOf(account));
      const listener = new ResumingListener(random(), stream, `${WRAPPED_PATHS[scope]}${key}&resume=`);
      await listener.begin(service);
      return listener;
    }),
  );
}

/** Lets the actors work until so many promises were made, and kills the server some moments later, in mid-work. */
async function untilKilled(
  server: ServerProcess,
  actors: readonly Actor[],
  promises: number,
  delayMs: number,
): Promise<void> {
  let left = promises;
  const acknowledged = () => {
    if (--left === 0) setTimeout(() => server.program.kill('SIGKILL'), delayMs);
  };
  await Promise.all(actors.map((actor) => actor.work(server.service, acknowledged)));
  expect((await server.program.ended()).stderr).toBe('');
}

interface ClockRow {
  readonly now: number;
  readonly frozen: boolean;
}

const CLOCK_SEED = seedOf(2);

test(`the clock goes on where it stood, and keys with it (seed ${CLOCK_SEED})`, async () => {
  const random = seededRandom(CLOCK_SEED);
  const data = join(folder.path, 'clock');
  const options = { command: 'dev', document: DOCUMENT } as const;
  let server = await ServerProcess.start(data, options);
  const restarted = async () => {
    await server.killed();
    server = await ServerProcess.start(data, options);
    return server.service;
  };
  const key = await server.service.listenKey(REST_PATHS['usdm'] ?? '', apiKeyOf('alice'));
  let aheadMs = 0;
  for (const frozen of [false, true]) {
    await server.service.admin('POST', '/admin/v1/clock', frozen ? { freeze: true } : { resume: true });
    const { body } = await server.service.admin('POST', '/admin/v1/clock', { advance: 1 + random.below(25 * 60_000) });
    const before = body as ClockRow;
    aheadMs = before.now - Date.now();
    const after = (await (await restarted()).admin('GET', '/admin/v1/clock')).body as ClockRow;
    expect(after.frozen).toBe(frozen);
    if (frozen) expect(after.now).toBe(before.now);
    else expect(Math.abs(after.now - Date.now() - aheadMs)).toBeLessThan(1000);
  }
  const { body } = await server.service.admin('GET', '/admin/v1/keys?account=alice');
  const [row] = (body as { keys: KeyRow[] }).keys;
  const left = Date.parse(row?.expiresAt ?? '') - (await server.service.now());
  await server.service.advance(`${left - 1}ms`);
  expect(await (await restarted()).listenKey(REST_PATHS['usdm'] ?? '', apiKeyOf('alice'))).toBe(key);
  await server.service.advance('60m');
  expect(((await (await restarted()).admin('GET', '/admin/v1/keys')).body as { keys: KeyRow[] }).keys).toEqual([]);
  expect(await server.service.listenKey(REST_PATHS['usdm'] ?? '', apiKeyOf('alice'))).not.toBe(key);
  await server.service.close();
});
