/**
 * Start: the checkpoint, then each segment by its index file, or frame by frame where that is missing. Only the last
 * segment may end in a torn write, which is cut. Anything else that is not as it was written refuses the start.
 */
import { join } from 'node:path';
import { JournalError, type Random } from '@listenpost/core';
import { Receipts, type StreamMark } from '../receipts.ts';
import { readCheckpoint } from './checkpoint.ts';
import { damaged } from './damage.ts';
import { type Files, TEMPORARY } from './files.ts';
import { FORMAT_VERSION, type Frame, type Item } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { type IndexContents, readIndex } from './index.ts';
import {
  emptyIndex,
  indexName,
  newRun,
  newSegment,
  numbersOf,
  type Run,
  type Segment,
  type SegmentIndex,
  segmentName,
  segmentPath,
} from './segment.ts';
import { Streams } from './streams.ts';
import { damageAt, isZeroFrom } from './tail.ts';

export interface Recovered {
  /** Oldest first. Those that still have their index in memory need its file written. */
  readonly segments: Segment[];
  readonly streams: Streams;
  readonly receipts: Receipts;
  /** Number of the segment that the next append begins. */
  readonly nextSegment: number;
}

export async function recover(files: Files, folder: string, random: Random): Promise<Recovered> {
  const streams = new Streams(random);
  const receipts = new Receipts();
  const upTo = await readCheckpoint(files, folder, streams, receipts);
  await clearAway(files, folder, upTo);
  const names = await files.list(folder);
  const numbers = numbersOf(names, 'log');
  checkComplete(folder, numbers, numbersOf(names, 'index'), upTo);
  const segments: Segment[] = [];
  for (const number of numbers) {
    const contents = await loadSegment(files, folder, number, number === numbers.at(-1));
    if (contents === undefined) continue;
    takeIn(contents, segmentPath(folder, number), streams, receipts);
    segments.push(contents.segment);
  }
  streams.checkWhole();
  return { segments, streams, receipts, nextSegment: (segments.at(-1)?.number ?? upTo) + 1 };
}

/** What a crash left half done: files that never got their name, and segments that the checkpoint had replaced. */
async function clearAway(files: Files, folder: string, upTo: number): Promise<void> {
  const names = await files.list(folder);
  const dropped = (number: number) => number <= upTo;
  const leftovers = [
    ...names.filter((name) => name.endsWith(TEMPORARY)),
    ...numbersOf(names, 'log').filter(dropped).map(segmentName),
    ...numbersOf(names, 'index').filter(dropped).map(indexName),
  ];
  for (const name of leftovers) await files.unlink(join(folder, name));
}

/** Segments are numbered without a gap, so one that is missing can be named. */
function checkComplete(folder: string, segments: readonly number[], indexes: readonly number[], upTo: number): void {
  const last = Math.max(upTo, segments.at(-1) ?? 0, indexes.at(-1) ?? 0);
  const present = new Set(segments);
  for (let number = upTo + 1; number <= last; number += 1) {
    if (present.has(number)) continue;
    const why =
      upTo === 0 ? 'and no checkpoint says it was dropped' : `and the checkpoint covers only those up to ${upTo}`;
    throw new JournalError('corrupt', `${segmentPath(folder, number)} is missing, ${why}.`);
  }
}

/** Undefined when nothing of the segment ever counted. */
async function loadSegment(
  files: Files,
  folder: string,
  number: number,
  last: boolean,
): Promise<IndexContents | undefined> {
  const indexed = await readIndex(files, folder, number);
  if (indexed === undefined) return rebuild(files, folder, number, last);
  const path = segmentPath(folder, number);
  const file = await files.open(path, 'read');
  try {
    const size = await file.size();
    if (size >= indexed.segment.length) return indexed;
    throw damaged(path, size, `the file ends there, and held ${indexed.segment.length} bytes`);
  } finally {
    await file.close();
  }
}

async function rebuild(
  files: Files,
  folder: string,
  number: number,
  last: boolean,
): Promise<IndexContents | undefined> {
  const path = segmentPath(folder, number);
  const file = await files.open(path, 'write');
  let contents: IndexContents;
  try {
    const reader = new FrameReader(file, await file.size());
    contents = await scanSegment(reader, path, number, last);
    if (contents.segment.length < reader.size) {
      await file.truncate(contents.segment.length);
      await file.sync();
    }
  } finally {
    await file.close();
  }
  if (contents.segment.length === 0) {
    await files.unlink(path);
    await files.syncFolder(folder);
    return undefined;
  }
  return contents;
}

/** Reads a segment frame by frame. `last`: its end may be torn; elsewhere only zeroes may follow the frames. */
async function scanSegment(reader: FrameReader, path: string, number: number, last: boolean): Promise<IndexContents> {
  const scan = new SegmentScan(number, path);
  for (;;) {
    const at = scan.segment.length;
    const outcome = await reader.frameAt(at);
    if (outcome.kind === 'frame') {
      scan.take(outcome.frame, at);
      continue;
    }
    if (outcome.kind === 'end') return scan.contents();
    const damage = await damageAt(reader, at);
    if (damage !== undefined) throw damaged(path, at, `${outcome.problem}; ${damage}`);
    if (!last && !(await isZeroFrom(reader, at)))
      throw damaged(path, at, `${outcome.problem}; later segments follow it`);
    return scan.contents();
  }
}

/** What the frames of one segment say, gathered in their order. */
export class SegmentScan {
  readonly segment: Segment;
  readonly #path: string;
  readonly #index: SegmentIndex = emptyIndex();

  constructor(number: number, path: string) {
    this.segment = newSegment(number, this.#index);
    this.#path = path;
  }

  take(frame: Frame, at: number): void {
    if (at === 0 && frame.items[0]?.kind !== 'segment') throw damaged(this.#path, at, 'it does not begin as a segment');
    const last = new Map<string, StreamMark>();
    let accepted = 0;
    let key: string | undefined;
    for (const item of frame.items) {
      if (item.kind === 'event') {
        const run = this.#runWith(item.number, item.sequence, at);
        run.offsets?.push(at);
        run.count += 1;
        last.set(run.stream, { stream: run.stream, epoch: run.epoch, sequence: item.sequence });
        accepted += 1;
      } else if (item.kind === 'stream') this.#name(item, at);
      else if (item.kind === 'segment') this.#checkSegment(item.version, item.number, at);
      else if (item.kind === 'key') key = item.key;
      else if (item.kind === 'producer') {
        const { producers } = this.#index;
        producers.set(item.producer, Math.max(item.n, producers.get(item.producer) ?? 0));
      } else throw damaged(this.#path, at, `an item of kind ${item.kind} does not belong here`);
    }
    if (key !== undefined) this.#index.keys.push([key, { accepted, last: [...last.values()] }]);
    this.#count(frame, accepted);
  }

  contents(): IndexContents {
    const { runs, keys, producers } = this.#index;
    return { segment: this.segment, runs, keys, producers: [...producers] };
  }

  /** The stream of this number. */
  runOf(number: number): Run | undefined {
    return this.#index.runs[number];
  }

  #count(frame: Frame, events: number): void {
    const { segment } = this;
    if (segment.frames === 0) segment.createdMs = frame.timeMs;
    segment.lastMs = frame.timeMs;
    segment.frames += 1;
    segment.events += events;
    segment.length += frame.length;
  }

  /** A stream may be named again while nobody knew yet that it was: then as before. */
  #name({ number, name, epoch }: Item & { readonly kind: 'stream' }, at: number): void {
    const { runs } = this.#index;
    const known = runs[number];
    if (number === runs.length) runs.push(newRun(this.segment, name, epoch, number));
    else if (known?.stream !== name || known.epoch !== epoch) {
      throw damaged(this.#path, at, `stream number ${number} is named ${name}, and was not before`);
    }
  }

  #runWith(number: number, sequence: number, at: number): Run {
    const run = this.#index.runs[number];
    if (run === undefined) {
      throw damaged(this.#path, at, `an event is of stream number ${number}, which has no name`);
    }
    if (run.count === 0) run.first = sequence;
    if (sequence === run.first + run.count) return run;
    throw damaged(this.#path, at, `${run.stream} goes from ${run.first + run.count - 1} to ${sequence}`);
  }

  #checkSegment(version: number, number: number, at: number): void {
    if (version !== FORMAT_VERSION) {
      throw damaged(this.#path, at, `its format is ${version}; this version reads ${FORMAT_VERSION}`);
    }
    if (number !== this.segment.number || at !== 0) {
      throw damaged(this.#path, at, `it says that it is segment ${number}; was it renamed?`);
    }
  }
}

function takeIn(contents: IndexContents, path: string, streams: Streams, receipts: Receipts): void {
  for (const run of contents.runs) {
    try {
      streams.restoreRun(run);
    } catch (error) {
      if (error instanceof JournalError) throw damaged(path, 0, error.message.replace(/\.$/, ''));
      throw error;
    }
  }
  for (const [key, answer] of contents.keys) receipts.remember(key, answer);
  for (const [producer, n] of contents.producers) receipts.mark(producer, n);
}
