/** Flipped bits, in every byte of every file of a journal: named by file and place, or without effect; never served. */
import { describe, expect, test } from 'bun:test';
import { type Journal, JournalError } from '@listenpost/core';
import { seededRandom } from '../../../../core/src/testing/seeded-random.ts';
import { event } from '../journal.contract.ts';
import { FaultyFiles } from '../testing/faulty-files.ts';
import { MAGIC } from './frame.ts';
import { openSegmentLog } from './segment-log.ts';
import { verifyJournal } from './verify.ts';

const FOLDER = '/data/journal';
const STREAMS = ['alice/usdm', 'bob/pm'];
/** Begun, and without an event. */
const SILENT = 'carol/spot';

function open(
  files: FaultyFiles,
  sizes: { segmentBytes?: number; retention?: { bytes: number } } = {},
): Promise<Journal> {
  return openSegmentLog({
    files,
    folder: FOLDER,
    commit: 'fsync',
    random: seededRandom(1),
    nowMs: () => 1_700_000_000_000,
    ...sizes,
  });
}

/** Appends one after the other, each answered; gives what a reader must see. */
async function fill(journal: Journal, appends: number): Promise<void> {
  for (let i = 0; i < appends; i += 1) {
    if (i === 1) await journal.begin(SILENT);
    const receipt = i % 3 === 0 ? ({ kind: 'key', key: `k${i}` } as const) : undefined;
    await journal.append(
      [event(STREAMS[i % 2] as string, `${i} ${'x'.repeat(i * 3)}`), event('bob/pm', `${i}`)],
      receipt,
    );
  }
}

async function contents(journal: Journal): Promise<unknown> {
  return [journal.head(SILENT), ...(await Promise.all(STREAMS.map((stream) => journal.read(stream, 1, 1000))))];
}

/** What opening and reading everything gives, or the message that refused it. */
async function lookAt(disk: FaultyFiles): Promise<unknown> {
  let journal: Journal | undefined;
  try {
    journal = await open(disk);
    return await contents(journal);
  } catch (error) {
    if (!(error instanceof JournalError) || error.fault !== 'corrupt') throw error;
    return error.message;
  } finally {
    await journal?.close();
  }
}

interface Flip {
  readonly file: string;
  readonly offset: number;
}

/** For each byte of the files that `chosen` names: one bit of it flipped, on a copy of the disk. */
async function eachFlip(
  disk: FaultyFiles,
  chosen: (name: string) => boolean,
  check: (damagedDisk: FaultyFiles, flip: Flip) => Promise<void>,
): Promise<number> {
  const random = seededRandom(1);
  let flips = 0;
  for (const [file, { length }] of disk.contents()) {
    for (let offset = 0; chosen(file) && offset < length; offset += 1) {
      const copy = disk.afterExit();
      const bytes = copy.contents().get(file) as Buffer;
      bytes[offset] = (bytes[offset] as number) ^ (1 << random.below(8));
      await check(copy, { file, offset });
      flips += 1;
    }
  }
  return flips;
}

describe('a flipped bit in a sealed journal', () => {
  async function sealed(): Promise<{ disk: FaultyFiles; whole: unknown }> {
    const disk = new FaultyFiles(1);
    const journal = await open(disk, { segmentBytes: 900 });
    await fill(journal, 10);
    const whole = await contents(journal);
    await journal.close();
    return { disk, whole };
  }

  test('in a segment is named by file and frame, and the rest of no frame is served', async () => {
    const { disk, whole } = await sealed();
    const flips = await eachFlip(
      disk,
      (name) => name.endsWith('.log'),
      async (damagedDisk, flip) => {
        const found = await lookAt(damagedDisk);
        // The frame that begins a segment holds no event: only verify reads it.
        if (typeof found === 'string') {
          expect(found).toContain(`${flip.file} is damaged at byte `);
          expect(Number(/at byte (\d+)/.exec(found)?.[1])).toBeLessThanOrEqual(flip.offset);
        } else expect(found).toEqual(whole);
        const { problems } = await verifyJournal(FOLDER, damagedDisk);
        expect(problems.map(({ file }) => file)).toEqual([flip.file]);
        expect(problems[0]?.offset).toBeLessThanOrEqual(flip.offset);
      },
    );
    expect(flips).toBeGreaterThan(2000);
  });

  test('in an index file is repaired from the segment, or named', async () => {
    const { disk, whole } = await sealed();
    await eachFlip(
      disk,
      (name) => name.endsWith('.index'),
      async (damagedDisk, { file }) => {
        const found = await lookAt(damagedDisk.afterExit());
        if (typeof found === 'string') expect(found).toContain(`${file} is damaged at byte `);
        else expect(found).toEqual(whole);
      },
    );
  });

  test('in a segment without its index file refuses to open', async () => {
    const { disk } = await sealed();
    const name = 'segment-0000000002.log';
    await eachFlip(
      disk,
      (file) => file === name,
      async (damagedDisk, { offset }) => {
        await damagedDisk.unlink(`${FOLDER}/${name.replace('.log', '.index')}`);
        const found = await lookAt(damagedDisk);
        expect(found).toContain(`${name} is damaged at byte `);
        expect(found).toContain('listenpost journal verify /data/journal');
        expect(Number(/at byte (\d+)/.exec(String(found))?.[1])).toBeLessThanOrEqual(offset);
      },
    );
  });
});

test('a flipped bit in the checkpoint refuses to open', async () => {
  const disk = new FaultyFiles(1);
  const journal = await open(disk, { segmentBytes: 900, retention: { bytes: 3600 } });
  await fill(journal, 20);
  await journal.retain();
  await journal.close();
  const flips = await eachFlip(
    disk,
    (name) => name === 'checkpoint',
    async (damagedDisk, { offset }) => {
      const found = await lookAt(damagedDisk);
      expect(found).toContain('checkpoint is damaged at byte ');
      expect(Number(/at byte (\d+)/.exec(String(found))?.[1])).toBeLessThanOrEqual(offset);
    },
  );
  expect(flips).toBeGreaterThan(200);
});

describe('a flipped bit in the segment that was being written', () => {
  /** A machine that stopped while nothing was being written: every frame in the file was answered. */
  async function stopped(): Promise<{ disk: FaultyFiles; end: number; whole: unknown }> {
    const disk = new FaultyFiles(1);
    const journal = await open(disk, { segmentBytes: 8192 });
    await fill(journal, 6);
    const { frames } = await verifyJournal(FOLDER, disk);
    expect(frames).toBe(8);
    const left = disk.afterCrash(1);
    const bytes = left.contents().get('segment-0000000001.log') as Buffer;
    return { disk: left, end: bytes.lastIndexOf(0xfe) + 1, whole: await lookAt(left.afterExit()) };
  }

  test('in any answered frame, the last one too, refuses to open: it is no torn tail', async () => {
    const { disk, end } = await stopped();
    await eachFlip(
      disk,
      (name) => name.endsWith('.log'),
      async (damagedDisk, { file, offset }) => {
        if (offset >= end) return;
        const found = await lookAt(damagedDisk);
        expect(found).toContain(`${file} is damaged at byte `);
      },
    );
  });

  test('and so does an answered frame that reads as zeroes, when a later append proves that it was there', async () => {
    const { disk, end } = await stopped();
    const starts = frameStarts(disk.contents().get('segment-0000000001.log') as Buffer);
    expect(starts.length).toBe(8);
    for (const [i, start] of starts.slice(0, -1).entries()) {
      const copy = disk.afterExit();
      (copy.contents().get('segment-0000000001.log') as Buffer).fill(0, start, starts[i + 1] ?? end);
      expect(await lookAt(copy)).toContain(`segment-0000000001.log is damaged at byte ${start}`);
    }
  });

  test('behind the last frame changes nothing', async () => {
    const { disk, end, whole } = await stopped();
    for (const offset of [end, end + 1, end + 30, end + 511, 8191]) {
      const copy = disk.afterExit();
      const bytes = copy.contents().get('segment-0000000001.log') as Buffer;
      bytes[offset] = 0x10;
      expect(await lookAt(copy)).toEqual(whole);
    }
  });

  test('a last frame that was cut short at any byte is a torn tail, and is cut', async () => {
    const { disk, end } = await stopped();
    const start = (disk.contents().get('segment-0000000001.log') as Buffer).lastIndexOf(
      Buffer.from([0xff, 0x4c, 0x50, 1]),
    );
    for (let size = start; size < end; size += 1) {
      const copy = disk.afterExit();
      (copy.contents().get('segment-0000000001.log') as Buffer).fill(0, size, end);
      const journal = await open(copy);
      expect(journal.head('bob/pm')?.sequence).toBe(7);
      await journal.close();
      const report = await verifyJournal(FOLDER, copy);
      expect(report).toMatchObject({ problems: [], frames: 7 });
    }
  });
});

test('a segment that is missing is named', async () => {
  const disk = new FaultyFiles(1);
  const journal = await open(disk, { segmentBytes: 900 });
  await fill(journal, 10);
  await journal.close();
  for (const name of disk.contents().keys()) {
    if (!name.endsWith('.log')) continue;
    const copy = disk.afterExit();
    await copy.unlink(`${FOLDER}/${name}`);
    expect(await lookAt(copy)).toContain(`${name} is missing`);
    const { problems } = await verifyJournal(FOLDER, copy);
    expect(problems[0]).toMatchObject({ file: name });
  }
});

test('a segment that is shorter than its index says is named', async () => {
  const disk = new FaultyFiles(1);
  const journal = await open(disk);
  await fill(journal, 3);
  await journal.close();
  const file = await disk.open(`${FOLDER}/segment-0000000001.log`, 'write');
  await file.truncate(200);
  await file.close();
  expect(await lookAt(disk)).toContain('segment-0000000001.log is damaged at byte 200: the file ends there');
  expect((await verifyJournal(FOLDER, disk)).problems[0]).toMatchObject({
    file: 'segment-0000000001.log',
    offset: 200,
  });
});

function frameStarts(bytes: Buffer): number[] {
  const starts: number[] = [];
  for (let at = bytes.indexOf(MAGIC); at >= 0; at = bytes.indexOf(MAGIC, at + 1)) starts.push(at);
  return starts;
}
