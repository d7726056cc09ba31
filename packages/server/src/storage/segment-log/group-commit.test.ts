/** How the segment log shares the disk: what is written together, what a slow or full disk does to those who wait. */
import { describe, expect, test } from 'bun:test';
import type { Journal, JournalRecord } from '@listenpost/core';
import { seededRandom } from '../../../../core/src/testing/seeded-random.ts';
import { event, faultOf } from '../journal.contract.ts';
import { FaultyFiles, type Operation } from '../testing/faulty-files.ts';
import { openSegmentLog } from './segment-log.ts';
import { verifyJournal } from './verify.ts';

const FOLDER = '/data/journal';

function open(files: FaultyFiles, commit: 'fsync' | 'write' = 'fsync', more = {}): Promise<Journal> {
  return openSegmentLog({
    files,
    folder: FOLDER,
    commit,
    random: seededRandom(1),
    nowMs: () => 1_700_000_000_000,
    ...more,
  });
}

function turns(count: number): Promise<void> {
  return count === 0
    ? Promise.resolve()
    : new Promise<void>((resolve) => setImmediate(resolve)).then(() => turns(count - 1));
}

function logWrites(disk: FaultyFiles): number {
  return disk.operations.filter(({ kind, name }) => kind === 'write' && name.endsWith('.log')).length;
}

describe('a commit', () => {
  test('takes everything that arrived in one turn by one write and one sync', async () => {
    const disk = new FaultyFiles(1);
    const journal = await open(disk);
    await Promise.all(Array.from({ length: 100 }, (_, i) => journal.append([event('alice/usdm', String(i))])));
    expect(logWrites(disk)).toBe(1);
    expect(disk.operations.filter(({ kind }) => kind === 'sync').length).toBe(1);
    await journal.close();
  });

  test('asks no disk with commit write', async () => {
    const disk = new FaultyFiles(1);
    const journal = await open(disk, 'write');
    await journal.append([event('alice/usdm', '1')]);
    expect(disk.operations.filter(({ kind }) => kind === 'sync').length).toBe(0);
    await journal.close();
  });

  test('that the disk holds up gathers what comes meanwhile, and delivers nothing early', async () => {
    const disk = new FaultyFiles(1);
    const journal = await open(disk);
    await journal.append([event('alice/usdm', 'first')]);
    const seen: JournalRecord[] = [];
    journal.onCommitted((records) => seen.push(...records));
    const writesBefore = logWrites(disk);
    disk.plan = ({ kind }) => (kind === 'sync' ? { kind: 'stall' } : undefined);
    const appends = [journal.append([event('alice/usdm', 'held up')])];
    await turns(10);
    for (let i = 0; i < 50; i += 1) appends.push(journal.append([event('alice/usdm', String(i))]));
    await turns(20);
    expect(seen).toEqual([]);
    expect(journal.head('alice/usdm')?.sequence).toBe(1);
    expect(logWrites(disk) - writesBefore).toBe(1);
    disk.plan = () => undefined;
    disk.release();
    await Promise.all(appends);
    expect(seen.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 51 }, (_, i) => i + 2));
    expect(logWrites(disk) - writesBefore).toBe(2);
    await journal.close();
  });

  test('whose segment is new is no reason to seal it, though retention looks in the middle of its first write', async () => {
    const disk = new FaultyFiles(1);
    const journal = await open(disk, 'fsync', { retention: { ageMs: 60_000 } });
    disk.plan = ({ kind }) => (kind === 'sync' ? { kind: 'stall' } : undefined);
    const first = journal.append([event('alice/usdm', '1')]);
    await turns(10);
    const retained = journal.retain();
    disk.plan = () => undefined;
    disk.release();
    await Promise.all([first, retained]);
    await journal.append([event('alice/usdm', '2')]);
    await journal.close();
    expect(await verifyJournal(FOLDER, disk)).toMatchObject({ segments: 1, events: 2 });
  });

  test('is one write for each segment, and segments end once they are full', async () => {
    const disk = new FaultyFiles(1);
    const journal = await open(disk, 'fsync', { segmentBytes: 5000 });
    for (let i = 0; i < 30; i += 1) await journal.append([event('alice/usdm', 'x'.repeat(900))]);
    await journal.close();
    const report = await verifyJournal(FOLDER, disk);
    expect(report).toMatchObject({ segments: 6, events: 30, streams: 1, problems: [] });
    for (const [name, { length }] of disk.contents()) if (name.endsWith('.log')) expect(length).toBeLessThan(6100);
  });
});

describe('a full disk', () => {
  const full = ({ kind }: Operation) => (kind === 'write' ? ({ kind: 'fail', code: 'ENOSPC' } as const) : undefined);

  test('rejects every append with a sentence, and takes them again when there is room', async () => {
    const disk = new FaultyFiles(1);
    const journal = await open(disk);
    await journal.append([event('alice/usdm', '1')]);
    disk.plan = full;
    for (let i = 0; i < 5; i += 1) expect(await faultOf(journal.append([event('alice/usdm', 'no')]))).toBe('failed');
    expect(journal.fault).toContain('ENOSPC');
    expect(journal.fault).toContain('/data/journal');
    disk.plan = () => undefined;
    const { last } = await journal.append([event('alice/usdm', '2')]);
    expect([...last.values()][0]).toEndWith(':2');
    expect(journal.fault).toBeUndefined();
    const slice = await journal.read('alice/usdm', 1, 10);
    expect(slice?.records.map(({ body }) => JSON.parse(body).body)).toEqual(['1', '2']);
    await journal.close();
    expect(await verifyJournal(FOLDER, disk)).toMatchObject({ events: 2, problems: [] });
  });

  test('is found to have room again by retain, without an append', async () => {
    const disk = new FaultyFiles(1);
    const journal = await open(disk);
    disk.plan = full;
    expect(await faultOf(journal.append([event('alice/usdm', 'no')]))).toBe('failed');
    await journal.retain();
    expect(journal.fault).toBeDefined();
    disk.plan = () => undefined;
    await journal.retain();
    expect(journal.fault).toBeUndefined();
    expect(journal.head('alice/usdm')).toBeUndefined();
    await journal.close();
  });

  test('rejects those who wait behind the failed write too, because their numbers followed from it', async () => {
    const disk = new FaultyFiles(1);
    const journal = await open(disk);
    await journal.append([event('alice/usdm', '1')]);
    disk.plan = ({ kind }) => (kind === 'sync' ? { kind: 'stall' } : undefined);
    const first = faultOf(journal.append([event('alice/usdm', 'a')], { kind: 'key', key: 'a' }));
    await turns(10);
    const second = faultOf(journal.append([event('alice/usdm', 'b'), event('bob/pm', 'b')], { kind: 'key', key: 'b' }));
    await turns(10);
    disk.plan = ({ kind }) => (kind === 'write' ? { kind: 'fail', code: 'EIO' } : undefined);
    disk.release();
    expect(await first).toBeUndefined();
    expect(await second).toBe('failed');
    disk.plan = () => undefined;
    const again = await journal.append([event('alice/usdm', 'b'), event('bob/pm', 'b')], { kind: 'key', key: 'b' });
    expect(again.repeated).toBe(false);
    expect([...again.last.values()].map((text) => text.split(':')[1])).toEqual(['3', '1']);
    await journal.close();
  });

  test('that refuses index files does not stop appends and reads; they are written later', async () => {
    const disk = new FaultyFiles(1);
    const journal = await open(disk, 'fsync', { segmentBytes: 2000 });
    disk.plan = ({ kind, name }) =>
      kind === 'write' && name.includes('.index') ? { kind: 'fail', code: 'ENOSPC' } : undefined;
    for (let i = 0; i < 10; i += 1) await journal.append([event('alice/usdm', 'x'.repeat(900))]);
    expect((await journal.read('alice/usdm', 1, 100))?.records.length).toBe(10);
    expect(journal.fault).toBeUndefined();
    disk.plan = () => undefined;
    await journal.retain();
    const indexes = [...disk.contents().keys()].filter((name) => name.endsWith('.index'));
    expect(indexes.length).toBeGreaterThan(3);
    expect((await journal.read('alice/usdm', 1, 100))?.records.length).toBe(10);
    await journal.close();
  });
});

test('a read in the middle of which retention drops its segment begins where the stream now begins', async () => {
  const disk = new FaultyFiles(1);
  const journal = await open(disk, 'fsync', { segmentBytes: 2000, retention: { bytes: 8000 } });
  for (let i = 0; i < 20; i += 1) await journal.append([event('alice/usdm', 'x'.repeat(900))]);
  let held = 0;
  disk.plan = ({ kind, name }) => {
    if (kind !== 'open' || name !== 'segment-0000000001.log' || held > 0) return undefined;
    held += 1;
    return { kind: 'stall' };
  };
  const reading = journal.read('alice/usdm', 1, 100);
  while (held === 0) await turns(1);
  await journal.retain();
  disk.release();
  const slice = await reading;
  expect(slice?.first).toBeGreaterThan(10);
  expect(slice?.records[0]?.sequence).toBe(slice?.first as number);
  await journal.close();
});

test('a disk that cannot be read is a failure, not damage', async () => {
  const disk = new FaultyFiles(1);
  const journal = await open(disk);
  await journal.append([event('alice/usdm', '1')]);
  disk.plan = ({ kind }) => (kind === 'read' ? { kind: 'fail', code: 'EIO' } : undefined);
  expect(await faultOf(journal.read('alice/usdm', 1, 10))).toBe('failed');
  disk.plan = () => undefined;
  expect((await journal.read('alice/usdm', 1, 10))?.records.length).toBe(1);
  await journal.close();
});

test('close says so when the disk refuses its last work, and lets go of the folder', async () => {
  const disk = new FaultyFiles(1);
  const journal = await open(disk);
  await journal.append([event('alice/usdm', '1')]);
  disk.plan = ({ kind }) => (kind === 'sync' || kind === 'truncate' ? { kind: 'fail', code: 'EIO' } : undefined);
  expect(await faultOf(journal.append([event('alice/usdm', 'no')]))).toBe('failed');
  expect(await faultOf(journal.close())).toBe('failed');
  disk.plan = () => undefined;
  await turns(20);
  await (await open(disk)).close();
});
