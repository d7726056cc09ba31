import { expect, test } from 'bun:test';
import { seededRandom } from '../../../../core/src/testing/seeded-random.ts';
import { event, messageOf } from '../journal.contract.ts';
import { FaultyFiles } from '../testing/faulty-files.ts';
import { openSegmentLog } from './segment-log.ts';
import { type InspectedRecord, inspectJournal, verifyJournal } from './verify.ts';

const FOLDER = '/data/journal';
const NOW_MS = 1_700_000_000_000;

async function journalOf(appends: number, more = {}): Promise<FaultyFiles> {
  const disk = new FaultyFiles(1);
  const journal = await openSegmentLog({
    files: disk,
    folder: FOLDER,
    commit: 'fsync',
    random: seededRandom(1),
    nowMs: () => NOW_MS,
    ...more,
  });
  for (let i = 1; i <= appends; i += 1) await journal.append([event('alice/usdm', `a${i}`), event('bob/pm', `b${i}`)]);
  await journal.retain();
  await journal.close();
  return disk;
}

async function all(records: AsyncIterable<InspectedRecord>): Promise<InspectedRecord[]> {
  const found: InspectedRecord[] = [];
  for await (const record of records) found.push(record);
  return found;
}

test('verify counts what is there', async () => {
  const disk = await journalOf(20, { segmentBytes: 1000 });
  const report = await verifyJournal(FOLDER, disk);
  expect(report).toMatchObject({ events: 40, streams: 2, problems: [] });
  expect(report.segments).toBeGreaterThan(3);
  expect(report.frames).toBe(20 + report.segments);
});

test('verify of a folder without a journal finds nothing', async () => {
  expect(await verifyJournal('/none', new FaultyFiles(1))).toEqual({
    segments: 0,
    frames: 0,
    events: 0,
    streams: 0,
    problems: [],
  });
});

test('verify counts streams that only the checkpoint knows', async () => {
  const disk = await journalOf(60, { segmentBytes: 1000, retention: { bytes: 4000 } });
  const report = await verifyJournal(FOLDER, disk);
  expect(report).toMatchObject({ streams: 2, problems: [] });
  expect(report.events).toBeLessThan(60);
});

test('verify reports one problem for one damaged frame and goes on behind it', async () => {
  const disk = await journalOf(20);
  const bytes = disk.contents().get('segment-0000000001.log') as Buffer;
  const at = bytes.indexOf('a7');
  bytes[at] = 0x62;
  const report = await verifyJournal(FOLDER, disk);
  expect(report.problems.length).toBe(1);
  expect(report.problems[0]?.problem).toBe('the frame fails its checksum');
  expect(report.problems[0]?.offset).toBeLessThan(at);
  expect(report.events).toBe(38);
});

test('verify and inspect change nothing and need no lock', async () => {
  const disk = await journalOf(5, { segmentBytes: 1000 });
  const release = await disk.lock(FOLDER);
  const before = disk.operations.length;
  await verifyJournal(FOLDER, disk);
  await all(inspectJournal(FOLDER, {}, disk));
  expect(new Set(disk.operations.slice(before).map(({ kind }) => kind))).toEqual(new Set(['open', 'read']));
  await release();
});

test('verify tells a torn tail from a problem', async () => {
  const disk = new FaultyFiles(3);
  const options = { folder: FOLDER, commit: 'fsync', random: seededRandom(1), nowMs: () => NOW_MS } as const;
  const journal = await openSegmentLog({ files: disk, ...options });
  await journal.append([event('alice/usdm', '1')]);
  const start = (disk.contents().get('segment-0000000001.log') as Buffer).lastIndexOf(0xfe) + 1;
  disk.plan = ({ kind }) => (kind === 'sync' ? { kind: 'stall' } : undefined);
  const appending = journal.append([event('alice/usdm', 'x'.repeat(2000))]);
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  const bytes = disk.contents().get('segment-0000000001.log') as Buffer;
  bytes.fill(0, start + 600, start + 1800);
  const report = await verifyJournal(FOLDER, disk);
  expect(report).toMatchObject({
    problems: [],
    tornTail: { file: 'segment-0000000001.log', offset: start },
    events: 1,
  });
  expect((await all(inspectJournal(FOLDER, {}, disk))).length).toBe(1);
  disk.release();
  await appending;
});

test('inspect gives every event in the order of the appends, with where it is', async () => {
  const disk = await journalOf(10, { segmentBytes: 1000 });
  const records = await all(inspectJournal(FOLDER, {}, disk));
  expect(records.map(({ body }) => JSON.parse(body).body)).toEqual(
    Array.from({ length: 20 }, (_, i) => `${i % 2 === 0 ? 'a' : 'b'}${Math.floor(i / 2) + 1}`),
  );
  expect(records[0]).toMatchObject({ stream: 'alice/usdm', sequence: 1, type: 'ORDER_TRADE_UPDATE', timeMs: NOW_MS });
  expect(records[0]?.epoch).toMatch(/^[A-Za-z0-9]{12}$/);
  expect(records[0]?.file).toBe('segment-0000000001.log');
  expect(records.at(-1)?.file).not.toBe('segment-0000000001.log');
});

test('inspect gives one stream, from a sequence, up to a limit', async () => {
  const disk = await journalOf(10, { segmentBytes: 1000 });
  const records = await all(inspectJournal(FOLDER, { stream: 'bob/pm', from: 4, limit: 3 }, disk));
  expect(records.map(({ stream, sequence }) => `${stream} ${sequence}`)).toEqual(['bob/pm 4', 'bob/pm 5', 'bob/pm 6']);
});

test('inspect stops at damage and names it', async () => {
  const disk = await journalOf(20);
  const bytes = disk.contents().get('segment-0000000001.log') as Buffer;
  bytes[bytes.indexOf('a7')] = 0x62;
  const seen: number[] = [];
  const reading = (async () => {
    for await (const { sequence } of inspectJournal(FOLDER, { stream: 'alice/usdm' }, disk)) seen.push(sequence);
  })();
  expect(await messageOf(reading)).toContain('segment-0000000001.log is damaged at byte ');
  expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
});
