import { expect, test } from 'bun:test';
import { type Journal, JournalError } from '@listenpost/core';
import { type SeededRandom, seededRandom } from '../../../../core/src/testing/seeded-random.ts';
import { event } from '../journal.contract.ts';
import { FaultyFiles } from '../testing/faulty-files.ts';
import type { ReadShelves } from './event-reader.ts';
import type { Files } from './files.ts';
import { openSegmentLog } from './segment-log.ts';

test('a disk that cannot be read is a failure of the journal, told in a sentence, and passes', async () => {
  const disk = new FaultyFiles(1);
  const journal = await openSegmentLog({
    files: disk,
    folder: '/journal',
    commit: 'fsync',
    random: seededRandom(1),
    nowMs: () => 0,
  });
  await journal.append([{ stream: 'alice/usdm', type: 'X', body: '{"e":"X"}' }]);
  disk.plan = ({ kind }) => (kind === 'read' ? { kind: 'fail', code: 'EIO' } : undefined);
  const error = await journal.read('alice/usdm', 1, 10).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(JournalError);
  expect(error).toMatchObject({ fault: 'failed', message: expect.stringContaining('in /journal failed') });
  disk.plan = () => undefined;
  expect((await journal.read('alice/usdm', 1, 10))?.records).toHaveLength(1);
  await journal.close();
});

const FOLDER = '/journal';
const STREAMS = ['alice/usdm', 'bob/pm', 'carol/spot', 'dave/spot'];
const NOTHING_KEPT = { outlines: 0, frames: 0 };
const OUTLINES_ONLY = { outlines: 1024 * 1024, frames: 0 };

const open = (files: Files, readShelves?: ReadShelves, segmentBytes = 64 * 1024) =>
  openSegmentLog({
    ...{ files, folder: FOLDER, commit: 'fsync', random: seededRandom(1), nowMs: () => 0, segmentBytes },
    ...(readShelves === undefined ? {} : { readShelves }),
  });

/** Appends of a few events or of many, of one stream or of all, short and long, of one byte a letter or of three. */
async function fill(journal: Journal, random: SeededRandom): Promise<void> {
  for (let appends = 25; appends > 0; appends -= 1) {
    const size = random.pick([1, 2, 12, 60]);
    const streams = random.pick([STREAMS, [random.pick(STREAMS)]]);
    await journal.append(
      Array.from({ length: size }, (_, nth) => {
        const body = random.pick(['x', '€']).repeat(random.below(random.pick([20, 900])));
        return event(random.pick(streams), `${appends} ${nth} ${body}`, random.pick(['X', 'ORDER_TRADE_UPDATE']));
      }),
    );
  }
}

const SEEDS = 20;

test(`a read gives the same with outlines, with frames in memory and without (${SEEDS} seeds)`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed);
    const disk = new FaultyFiles(seed);
    const written = await open(disk);
    await fill(written, random);
    await written.close();
    const journals: Journal[] = [];
    for (const shelves of [NOTHING_KEPT, OUTLINES_ONLY, { outlines: 2000, frames: 0 }, undefined])
      journals.push(await open(disk.afterExit(), shelves));
    const [plain, ...kept] = journals as [Journal, ...Journal[]];
    for (let reads = 60; reads > 0; reads -= 1) {
      const stream = random.pick(STREAMS);
      const from = 1 + random.below((plain.head(stream)?.sequence ?? 0) + 3);
      const limit = random.pick([1, 1, 3, 256]);
      const bytesMax = random.pick([0, 700, 5000, Number.POSITIVE_INFINITY]);
      const slice = await plain.read(stream, from, limit, bytesMax);
      for (const journal of kept)
        expect([seed, await journal.read(stream, from, limit, bytesMax)]).toEqual([seed, slice]);
    }
    await Promise.all(journals.map((journal) => journal.close()));
  }
});

/** One append of fifty events, ten for each of five streams, in a frame of some 35 KB. */
async function oneFrame(disk: FaultyFiles): Promise<void> {
  const journal = await open(disk, undefined, 1024 * 1024);
  await journal.append(Array.from({ length: 50 }, (_, nth) => event(`s${nth % 5}/usdm`, `${nth} ${'x'.repeat(650)}`)));
  await journal.close();
}

test('an event that rots after its frame was verified is refused as the frame is, and served again once it is whole', async () => {
  const disk = new FaultyFiles(1);
  await oneFrame(disk);
  const journal = await open(disk, OUTLINES_ONLY);
  const whole = await journal.read('s0/usdm', 1, 10);
  const neighbour = await journal.read('s1/usdm', 3, 1);
  const bytes = disk.contents().get('segment-0000000001.log') as Buffer;
  const third = bytes.indexOf('"10 x');
  const second = bytes.indexOf('"5 x');
  const told = await refusalOf(disk, third);
  expect(told).toMatch(/segment-0000000001\.log is damaged at byte \d+: the frame fails its checksum/);
  const random = seededRandom(1);
  let refused = 0;
  // From inside the event before to inside the event behind, so both of their edges and all between.
  for (let at = second + 600; at < third + 720; at += 1) {
    const sound = bytes[at] as number;
    bytes[at] = sound ^ (1 << random.below(8));
    const found = await journal.read('s0/usdm', 3, 1).catch((error: Error) => error.message);
    if (typeof found === 'string') {
      expect(found).toBe(told);
      refused += 1;
    } else expect(found).toMatchObject({ records: whole?.records.slice(2, 3) });
    bytes[at] = sound;
    expect(await journal.read('s0/usdm', 1, 10)).toEqual(whole);
    expect(await journal.read('s1/usdm', 3, 1)).toEqual(neighbour);
  }
  // The event's own bytes: head, type, body; and no byte of the others.
  const [record] = whole?.records.slice(2, 3) ?? [];
  expect(refused).toBe(19 + Buffer.byteLength(`${record?.type}${record?.body}`));
  await journal.close();
});

/** What a journal says that never read the frame before this byte of it rotted. */
async function refusalOf(disk: FaultyFiles, at: number): Promise<string> {
  const copy = disk.afterExit();
  const bytes = copy.contents().get('segment-0000000001.log') as Buffer;
  bytes[at] = (bytes[at] as number) ^ 1;
  const journal = await open(copy, NOTHING_KEPT);
  const message = await messageOf(journal.read('s0/usdm', 3, 1));
  await journal.close();
  return message;
}

test('a segment that is cut off after its frame was verified is named', async () => {
  const disk = new FaultyFiles(1);
  await oneFrame(disk);
  const journal = await open(disk, OUTLINES_ONLY);
  await journal.read('s0/usdm', 1, 1);
  const file = await disk.open(`${FOLDER}/segment-0000000001.log`, 'write');
  await file.truncate(20_000);
  expect((await journal.read('s0/usdm', 2, 1))?.records).toHaveLength(1);
  expect(await messageOf(journal.read('s0/usdm', 10, 1))).toContain('segment-0000000001.log is damaged at byte ');
  await journal.close();
});

test('an event of a large frame is read without the frame once that was verified', async () => {
  const disk = new FaultyFiles(1);
  await oneFrame(disk);
  const reads: number[] = [];
  const journal = await open(noting(disk, reads), OUTLINES_ONLY);
  const asked = async (stream: string, from: number, limit: number) => {
    reads.length = 0;
    expect((await journal.read(stream, from, limit))?.records).toHaveLength(limit);
    return reads.map((bytes) => Math.ceil(bytes / 1024));
  };
  await asked('s0/usdm', 1, 1);
  expect(await asked('s3/usdm', 7, 1)).toEqual([1]);
  // Ten with four others between each two of them are close together: one read, from the first of them on.
  expect(await asked('s4/usdm', 1, 10)).toEqual([33]);
  await journal.close();
});

test('a frame as long as the one before is read at once', async () => {
  const disk = new FaultyFiles(1);
  const filled = await open(disk, undefined, 1024 * 1024);
  for (let appends = 0; appends < 6; appends += 1) {
    const body = `${appends} ${'x'.repeat(10_000)}`;
    await filled.append([event('alice/usdm', body), event(`${appends}/usdm`, 'y'.repeat(20_000))]);
  }
  await filled.close();
  const reads: number[] = [];
  const journal = await open(noting(disk, reads), NOTHING_KEPT);
  const perFrame: number[] = [];
  for (let sequence = 1; sequence <= 6; sequence += 1) {
    reads.length = 0;
    await journal.read('alice/usdm', sequence, 1);
    perFrame.push(reads.length);
  }
  expect(perFrame.slice(1)).toEqual([1, 1, 1, 1, 1]);
  await journal.close();
});

/** The same disk; notes how many bytes each read of a segment asked for. */
function noting(disk: FaultyFiles, reads: number[]): Files {
  const open = async (...[path, mode]: Parameters<Files['open']>) => {
    const file = await disk.open(path, mode);
    if (!path.endsWith('.log')) return file;
    const read = file.read.bind(file);
    file.read = (at, length) => {
      reads.push(length);
      return read(at, length);
    };
    return file;
  };
  return new Proxy<Files>(disk, {
    get: (_, name) => {
      if (name === 'open') return open;
      const value: unknown = Reflect.get(disk, name, disk);
      return typeof value === 'function' ? value.bind(disk) : value;
    },
  });
}

const messageOf = (reading: Promise<unknown>): Promise<string> =>
  reading.then(
    () => 'it was served',
    (error: Error) => error.message,
  );
