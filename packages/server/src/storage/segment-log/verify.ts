/**
 * Looks at a journal's folder without changing it and without taking its lock: what is there, and everything that is not as
 * it was written. Both work beside a running server: what it is writing at this moment is the end of the log.
 */
import { join } from 'node:path';
import { JournalError, type JournalRecord, type Random } from '@listenpost/core';
import { Receipts } from '../receipts.ts';
import { textOf } from './bytes.ts';
import { CHECKPOINT, readCheckpoint } from './checkpoint.ts';
import { Damage, damaged } from './damage.ts';
import { diskFiles, type Files, isMissing, type OpenFile } from './files.ts';
import type { Frame } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { type IndexContents, readIndex, readOffsets } from './index.ts';
import { SegmentScan } from './recovery.ts';
import { indexName, numbersOf, type Run, segmentName } from './segment.ts';
import { Streams } from './streams.ts';
import { damageAt, isZeroFrom, nextMagic } from './tail.ts';

export interface Problem {
  /** The file's name in the folder. */
  readonly file: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly problem: string;
}

export interface VerifyReport {
  readonly segments: number;
  readonly frames: number;
  readonly events: number;
  /** Streams known, with those whose events retention dropped. */
  readonly streams: number;
  /** In the order of the files. Empty when all is well. At most `PROBLEMS_MAX`. */
  readonly problems: readonly Problem[];
  /** What a crash left of the last write; the next start cuts it. No problem. */
  readonly tornTail?: { readonly file: string; readonly offset: number };
}

/** A file of noise would otherwise be reported piece by piece. */
export const PROBLEMS_MAX = 1000;

export async function verifyJournal(folder: string, files: Files = diskFiles): Promise<VerifyReport> {
  const names = await files.list(folder);
  const verification = new Verification(files, folder);
  await verification.checkpoint();
  const numbers = numbersOf(names, 'log').filter((number) => number > verification.upTo);
  verification.numbers(numbers, numbersOf(names, 'index'));
  for (const number of numbers) await verification.segment(number, number === numbers.at(-1));
  return verification.report();
}

/** Streams of a folder that is only looked at are never begun. */
const noRandom: Random = {
  bytes() {
    throw new Error('verifying begins no stream');
  },
};

interface Scanned {
  /** Whether no problem was found. */
  readonly whole: boolean;
  readonly contents: IndexContents;
}

class Verification {
  upTo = 0;
  readonly #files: Files;
  readonly #folder: string;
  readonly #streams = new Streams(noRandom);
  readonly #problems: Problem[] = [];
  #segments = 0;
  #frames = 0;
  #events = 0;
  #tornTail: { file: string; offset: number } | undefined;
  /** Problems, with those that the report has no place for. */
  #found = 0;
  /** After damage in a segment without an index file. */
  #incomplete = false;

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  report(): VerifyReport {
    if (!this.#incomplete) this.#attempt(CHECKPOINT, 0, () => this.#streams.checkWhole());
    return {
      segments: this.#segments,
      frames: this.#frames,
      events: this.#events,
      streams: this.#streams.size,
      problems: this.#problems,
      ...(this.#tornTail && { tornTail: this.#tornTail }),
    };
  }

  async checkpoint(): Promise<void> {
    try {
      this.upTo = await readCheckpoint(this.#files, this.#folder, this.#streams, new Receipts());
    } catch (error) {
      this.#note(CHECKPOINT, 0, error);
    }
  }

  /** Segments are numbered from behind the checkpoint on, without a gap. */
  numbers(segments: readonly number[], indexes: readonly number[]): void {
    const present = new Set(segments);
    const last = Math.max(this.upTo, segments.at(-1) ?? 0, indexes.at(-1) ?? 0);
    for (let number = this.upTo + 1; number <= last; number += 1) {
      if (!present.has(number)) this.#add(segmentName(number), 0, 'the file is missing');
    }
  }

  async segment(number: number, last: boolean): Promise<void> {
    const name = segmentName(number);
    const file = await openUnlessDropped(this.#files, join(this.#folder, name));
    if (file === undefined) return;
    try {
      const indexed = await readIndex(this.#files, this.#folder, number);
      const reader = new FrameReader(file, await file.size());
      const { whole, contents } = await this.#scan(
        reader,
        number,
        last && indexed === undefined,
        indexed?.segment.length,
      );
      this.#segments += 1;
      if (whole && indexed !== undefined) await this.#compare(indexed, contents);
      this.#takeIn(name, whole ? contents.runs : indexed?.runs);
    } finally {
      await file.close();
    }
  }

  /** Undefined: the segment's own runs are not known, so nothing can be said of what follows on them. */
  #takeIn(name: string, runs: readonly Run[] | undefined): void {
    if (runs === undefined) this.#incomplete = true;
    for (const run of this.#incomplete || runs === undefined ? [] : runs) {
      this.#attempt(name, 0, () => this.#streams.restoreRun(run));
    }
  }

  /** Every frame, and beyond a bad one from the next that is whole. `sealedAt`: what the index file says it ends at. */
  async #scan(reader: FrameReader, number: number, mayBeTorn: boolean, sealedAt: number | undefined): Promise<Scanned> {
    const name = segmentName(number);
    const scan = new SegmentScan(number, name);
    const before = this.#found;
    const end = Math.min(reader.size, sealedAt ?? reader.size);
    if (sealedAt !== undefined && reader.size < sealedAt) {
      this.#add(name, reader.size, `the file ends here, and held ${sealedAt} bytes`);
    }
    for (let at: number | undefined = 0; at !== undefined && at < end; ) {
      const outcome = await reader.frameAt(at);
      if (outcome.kind === 'frame') {
        this.#countFrame(outcome.frame);
        // Behind damage frames are only counted: what they follow on is not known.
        if (this.#found === before) this.#take(scan, outcome.frame, name, at);
        at += outcome.frame.length;
        continue;
      }
      if (await this.#isEnd(reader, at, mayBeTorn, name)) break;
      this.#add(name, at, outcome.kind === 'bad' ? outcome.problem : 'the file ends');
      at = await nextMagic(reader, at + 1);
    }
    return { whole: this.#found === before, contents: scan.contents() };
  }

  #take(scan: SegmentScan, frame: Frame, name: string, at: number): void {
    this.#attempt(name, at, () => scan.take(frame, at));
  }

  #countFrame({ items }: Frame): void {
    this.#frames += 1;
    this.#events += items.filter(({ kind }) => kind === 'event').length;
  }

  async #isEnd(reader: FrameReader, at: number, mayBeTorn: boolean, name: string): Promise<boolean> {
    if (await isZeroFrom(reader, at)) return true;
    if (!mayBeTorn || (await damageAt(reader, at)) !== undefined) return false;
    this.#tornTail = { file: name, offset: at };
    return true;
  }

  /** The index file against what the frames say. */
  async #compare(indexed: IndexContents, scanned: IndexContents): Promise<void> {
    const name = indexName(indexed.segment.number);
    const { length, events } = indexed.segment;
    if (length !== scanned.segment.length || events !== scanned.segment.events) {
      const found = `${scanned.segment.events} events in ${scanned.segment.length} bytes`;
      this.#add(name, 0, `it counts ${events} events in ${length} bytes, the segment holds ${found}`);
      return;
    }
    for (const run of indexed.runs) {
      const problem = await this.#compareRun(run, scanned.runs[run.number]);
      if (problem !== undefined) this.#add(name, run.blockAt, problem);
    }
  }

  async #compareRun(indexed: Run, scanned: Run | undefined): Promise<string | undefined> {
    if (scanned?.stream !== indexed.stream || scanned.first !== indexed.first || scanned.count !== indexed.count) {
      return `it does not say of ${indexed.stream} what the segment says`;
    }
    try {
      const offsets = await readOffsets(this.#files, this.#folder, indexed);
      const same = offsets.every((offset, i) => offset === scanned.offsets?.[i]);
      return same ? undefined : `the places of ${indexed.stream} are not where its frames are`;
    } catch (error) {
      if (isMissing(error)) return undefined;
      return error instanceof Error ? error.message : String(error);
    }
  }

  #attempt(file: string, offset: number, check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#note(file, offset, error);
    }
  }

  #note(file: string, offset: number, error: unknown): void {
    if (!(error instanceof JournalError)) throw error;
    if (error instanceof Damage) this.#add(error.file, error.offset, error.problem);
    else this.#add(file, offset, error.message);
  }

  #add(file: string, offset: number, problem: string): void {
    this.#found += 1;
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push({ file, offset, problem });
  }
}

export interface InspectedRecord extends JournalRecord {
  readonly epoch: string;
  /** Machine time of the append, ms since the Unix epoch. */
  readonly timeMs: number;
  readonly file: string;
  /** Of the event's frame, in bytes from the start of the file. */
  readonly offset: number;
}

export interface InspectOptions {
  /** Absent: all streams, in the order of their appends. */
  readonly stream?: string;
  /** The first sequence that is wanted. */
  readonly from?: number;
  readonly limit?: number;
}

/** The events that a journal's folder holds, oldest first. Throws `JournalError('corrupt')` where a frame is not whole. */
export async function* inspectJournal(
  folder: string,
  options: InspectOptions = {},
  files: Files = diskFiles,
): AsyncGenerator<InspectedRecord> {
  const { stream, from = 1 } = options;
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  const numbers = numbersOf(await files.list(folder), 'log');
  for (const number of numbers) {
    for await (const record of recordsOf(files, folder, number, number === numbers.at(-1))) {
      if (left <= 0) return;
      if ((stream !== undefined && record.stream !== stream) || record.sequence < from) continue;
      left -= 1;
      yield record;
    }
  }
}

async function* recordsOf(
  files: Files,
  folder: string,
  number: number,
  last: boolean,
): AsyncGenerator<InspectedRecord> {
  const name = segmentName(number);
  const file = await openUnlessDropped(files, join(folder, name));
  if (file === undefined) return;
  try {
    const reader = new FrameReader(file, await file.size());
    const scan = new SegmentScan(number, join(folder, name));
    for (let at = 0; at < reader.size; ) {
      const outcome = await reader.frameAt(at);
      if (outcome.kind === 'end') return;
      if (outcome.kind === 'bad') return await refuseUnlessEnd(reader, at, join(folder, name), last, outcome.problem);
      scan.take(outcome.frame, at);
      yield* recordsIn(scan, outcome.frame, outcome.bytes, name, at);
      at += outcome.frame.length;
    }
  } finally {
    await file.close();
  }
}

/** Undefined when a server that runs beside this dropped the segment since it was listed. */
async function openUnlessDropped(files: Files, path: string): Promise<OpenFile | undefined> {
  try {
    return await files.open(path, 'read');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function* recordsIn(
  scan: SegmentScan,
  frame: Frame,
  bytes: Buffer,
  file: string,
  offset: number,
): Generator<InspectedRecord> {
  for (const item of frame.items) {
    const run = item.kind === 'event' ? scan.runOf(item.number) : undefined;
    if (item.kind !== 'event' || run === undefined) continue;
    const { stream, epoch } = run;
    const [type, body] = [textOf(bytes, item.type), textOf(bytes, item.body)];
    yield { stream, epoch, sequence: item.sequence, type, body, timeMs: frame.timeMs, file, offset };
  }
}

async function refuseUnlessEnd(
  reader: FrameReader,
  at: number,
  path: string,
  last: boolean,
  problem: string,
): Promise<void> {
  if (await isZeroFrom(reader, at)) return;
  const damage = last ? await damageAt(reader, at) : 'more segments follow';
  if (damage !== undefined) throw damaged(path, at, `${problem}; ${damage}`);
}
