import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../../../../core/src/testing/seeded-random.ts';
import { messageOf } from '../journal.contract.ts';
import { takeLock } from './lock.ts';
import { openSegmentLog } from './segment-log.ts';

const root = mkdtempSync(join(tmpdir(), 'lock-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

function lockPath(): string {
  folders += 1;
  return join(mkdtempSync(join(root, `${folders}-`)), 'lock');
}

/** A process that has ended; its number is not given again so soon. */
function deadPid(): number {
  return Bun.spawnSync(['true']).pid;
}

test('one process holds it until it lets go', async () => {
  const path = lockPath();
  const release = await takeLock(path);
  expect(await messageOf(takeLock(path))).toContain(`in use by process ${process.pid}`);
  await release();
  expect(existsSync(path)).toBe(false);
  await (await takeLock(path))();
});

test('two that ask at once do not both get it', async () => {
  const path = lockPath();
  const outcomes = await Promise.allSettled([takeLock(path), takeLock(path)]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('another living process keeps it, and is named with the way out', async () => {
  const path = lockPath();
  writeFileSync(path, JSON.stringify({ pid: process.ppid, started: '' }));
  expect(await messageOf(takeLock(path))).toContain(
    `is in use by process ${process.ppid}. Stop it, or choose another data folder (lock: ${path}).`,
  );
});

for (const [holder, content] of [
  ['a dead process', () => JSON.stringify({ pid: deadPid(), started: '' })],
  ['an earlier process with a number that lives again', () => JSON.stringify({ pid: process.ppid, started: 'boot/1' })],
  ['an earlier process with our own number', () => JSON.stringify({ pid: process.pid, started: 'boot/1' })],
  ['a process that died while it wrote the lock', () => '{"pid":12'],
] as const) {
  test(`is taken over from ${holder}`, async () => {
    const path = lockPath();
    writeFileSync(path, content());
    const release = await takeLock(path);
    expect(JSON.parse(readFileSync(path, 'utf8')).pid).toBe(process.pid);
    await release();
  });
}

test('two journals on one folder: the second is refused', async () => {
  const folder = join(lockPath(), '..', 'journal');
  const options = { folder, commit: 'fsync', random: seededRandom(1), nowMs: () => 1 } as const;
  const journal = await openSegmentLog(options);
  expect(await messageOf(openSegmentLog(options))).toContain('in use by process');
  await journal.close();
  await (await openSegmentLog(options)).close();
});
