/**
 * The journal on disk: an append-only log of checksummed frames in segments (docs/journal-format.md).
 *
 *   append → gathering → one write and one sync in flight → committed: index, listener, answers
 *
 * Writing never blocks the event loop and never waits for a batch to fill: `#run` writes what has gathered, and what comes
 * meanwhile gathers for the next round.
 *
 * After a failed write or sync nothing behind the last committed frame of that segment is trusted, whatever a later sync
 * says: the segment is cut there and sealed, and the next append begins a new one. Until that works every append is tried
 * and rejected.
 */
import { join } from 'node:path';
import {
  type AppendResult,
  type Journal,
  JournalError,
  type JournalRecord,
  type JournalSlice,
  type NewEvent,
  PRODUCERS_MAX,
  type Random,
  type Receipt,
} from '@listenpost/core';
import type { Position } from '@listenpost/protocol';
import { appendResult, PendingKeys, type Receipts } from '../receipts.ts';
import { SHORT_TEXT_MAX } from './bytes.ts';
import { writeCheckpoint } from './checkpoint.ts';
import type { ReadShelves } from './event-reader.ts';
import { diskFiles, type Files, type OpenFile } from './files.ts';
import { type Batch, Gathering } from './gathering.ts';
import { StreamReader } from './reading.ts';
import { type Recovered, recover } from './recovery.ts';
import { Sealing } from './sealing.ts';
import {
  ALLOCATION_BYTES,
  emptyIndex,
  indexName,
  newRun,
  newSegment,
  type Run,
  type Segment,
  type SegmentIndex,
  segmentName,
  segmentPath,
} from './segment.ts';
import type { StreamState, Streams } from './streams.ts';

export interface SegmentLogOptions {
  /** Default: the machine's disk. */
  readonly files?: Files;
  readonly folder: string;
  /** `fsync`: an event is on the disk before it is delivered. `write`: with the operating system. */
  readonly commit: 'fsync' | 'write';
  /** A segment is sealed once it holds this much. Default 64 MiB; at most a quarter of `retention.bytes`. */
  readonly segmentBytes?: number;
  /** Whole segments beyond either bound are dropped, oldest first. Absent: kept. */
  readonly retention?: { readonly ageMs?: number; readonly bytes?: number };
  readonly random: Random;
  /** Machine time, ms since the Unix epoch. */
  readonly nowMs: () => number;
  /** Default 64 MiB. */
  readonly pendingBytesMax?: number;
  /** Default 16 MiB of outlines, 32 MiB of frames. */
  readonly readShelves?: ReadShelves;
}

const SEGMENT_BYTES = 64 * 1024 * 1024;
const PENDING_BYTES_MAX = 64 * 1024 * 1024;
/** Places in a segment are u32, and a segment may pass its bound by one batch. */
const SEGMENT_AND_BATCH_BYTES_MAX = 2 ** 32 - 2 * ALLOCATION_BYTES;
/** Of `retention.bytes`, so that dropping whole segments comes close to the bound. */
const SEGMENTS_WITHIN_RETENTION = 4;
/** An event outlives `retention.ageMs` by at most this part of it, because its segment may have gone on that long. */
const SEGMENT_AGE_PART = 8;
const NOTHING: AppendResult = { accepted: 0, last: new Map(), repeated: false };
/** What an event takes beside its texts, at most. */
const EVENT_BYTES = 64;

/** A segment that is being written. */
interface OpenSegment {
  readonly segment: Segment;
  readonly index: SegmentIndex;
  readonly file: OpenFile;
  /** Bytes of the file, zeroes included. */
  allocated: number;
}

/** Opens the journal in a folder, making it if need be. Throws `JournalError('corrupt')`, and an `Error` when it is in use. */
export async function openSegmentLog(options: SegmentLogOptions): Promise<SegmentLog> {
  const files = options.files ?? diskFiles;
  const { folder } = options;
  await files.makeFolder(folder);
  const unlock = await files.lock(folder);
  try {
    return new SegmentLog(options, files, await recover(files, folder, options.random), unlock);
  } catch (error) {
    await unlock();
    if (!(error instanceof JournalError)) throw error;
    const advice = `The journal was not opened. To see all damage run: listenpost journal verify ${folder}`;
    throw new JournalError(error.fault, `${error.message} ${advice}`, { cause: error });
  }
}

export class SegmentLog implements Journal {
  readonly #files: Files;
  readonly #folder: string;
  readonly #commit: 'fsync' | 'write';
  readonly #ageMs: number;
  readonly #retentionBytes: number;
  readonly #nowMs: () => number;
  readonly #pendingBytesMax: number;
  readonly #segmentBytes: number;
  readonly #unlock: () => Promise<void>;
  readonly #streams: Streams;
  readonly #receipts: Receipts;
  readonly #pendingKeys = new PendingKeys();
  readonly #gathering: Gathering;
  readonly #reader: StreamReader;
  readonly #sealing: Sealing;

  /** Oldest first, without the active one. */
  #segments: Segment[];
  #active: OpenSegment | undefined;
  /** After a failed write: to be cut before anything else is written. */
  #broken: OpenSegment | undefined;
  /** With commit `write`: filled, and to be on the disk before the next segment begins. */
  #unsynced: OpenSegment | undefined;
  #syncing: Promise<void> | undefined;
  #toUnlink: string[] = [];

  #listener: (records: readonly JournalRecord[]) => void = () => {};
  #fault: string | undefined;
  #inFlightBytes = 0;
  #running = false;
  #rollWanted = false;
  #probeWanted = false;
  #closed = false;
  #idle: (() => void)[] = [];
  #retaining: Promise<void> | undefined;

  constructor(options: SegmentLogOptions, files: Files, recovered: Recovered, unlock: () => Promise<void>) {
    const retentionBytes = options.retention?.bytes ?? Number.POSITIVE_INFINITY;
    const wanted = Math.min(options.segmentBytes ?? SEGMENT_BYTES, retentionBytes / SEGMENTS_WITHIN_RETENTION);
    this.#pendingBytesMax = Math.min(options.pendingBytesMax ?? PENDING_BYTES_MAX, SEGMENT_AND_BATCH_BYTES_MAX / 2);
    this.#segmentBytes = Math.min(wanted, SEGMENT_AND_BATCH_BYTES_MAX - this.#pendingBytesMax);
    this.#files = files;
    this.#folder = options.folder;
    this.#commit = options.commit;
    this.#ageMs = options.retention?.ageMs ?? Number.POSITIVE_INFINITY;
    this.#retentionBytes = retentionBytes;
    this.#nowMs = options.nowMs;
    this.#unlock = unlock;
    this.#streams = recovered.streams;
    this.#receipts = recovered.receipts;
    this.#segments = recovered.segments;
    this.#reader = new StreamReader(files, options.folder, options.readShelves);
    const asksDisk = options.commit === 'fsync';
    this.#gathering = new Gathering(recovered.streams, recovered.nextSegment, this.#segmentBytes, asksDisk);
    this.#sealing = new Sealing(files, options.folder);
    for (const segment of recovered.segments) {
      if (segment.index !== undefined) this.#sealing.add(segment, undefined);
    }
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  append(events: readonly NewEvent[], receipt?: Receipt): Promise<AppendResult> {
    if (this.#closed) return Promise.reject(new JournalError('closed', 'The journal is closed.'));
    if (receipt?.kind === 'key') {
      const known = this.#receipts.answerOf(receipt.key);
      if (known !== undefined) return Promise.resolve(appendResult(known, true));
      const pending = this.#pendingKeys.get(receipt.key);
      if (pending !== undefined) return pending;
    } else if (events.length === 0 && receipt === undefined) return Promise.resolve(NOTHING);
    const refusal = this.#refusal(events, receipt);
    if (refusal !== undefined) return Promise.reject(refusal);
    const append = new Promise<AppendResult>((resolve, reject) => {
      this.#gathering.add(events, receipt, this.#nowMs(), resolve, reject);
    });
    if (receipt?.kind === 'key') this.#pendingKeys.set(receipt.key, append);
    this.#wake();
    return append;
  }

  producerMark(producer: string): number {
    return this.#receipts.producerMark(producer);
  }

  head(stream: string): Position | undefined {
    const state = this.#streams.get(stream);
    return state?.begun === true ? { epoch: state.epoch, sequence: state.committed } : undefined;
  }

  async begin(stream: string): Promise<Position> {
    if (this.#closed) throw new JournalError('closed', 'The journal is closed.');
    const known = this.head(stream);
    if (known !== undefined) return known;
    const refusal = this.#refusal([{ stream, type: '', body: '' }]);
    if (refusal !== undefined) throw refusal;
    await new Promise<AppendResult>((resolve, reject) => {
      this.#gathering.addStream(stream, this.#nowMs(), resolve, reject);
      this.#wake();
    });
    return this.head(stream) as Position;
  }

  async read(
    stream: string,
    from: number,
    limit: number,
    bytesMax = Number.POSITIVE_INFINITY,
  ): Promise<JournalSlice | undefined> {
    const state = this.#streams.get(stream);
    return state?.begun === true ? this.#reader.read(state, from, limit, bytesMax) : undefined;
  }

  onCommitted(listener: (records: readonly JournalRecord[]) => void): void {
    this.#listener = listener;
  }

  retain(): Promise<void> {
    this.#retaining ??= this.#retain().finally(() => {
      this.#retaining = undefined;
    });
    return this.#retaining;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#whenIdle();
    await this.#retaining?.catch(() => {});
    try {
      await this.#mend();
      this.#retireActive();
      await this.#syncRetired();
      await this.#sealing.close();
    } catch (error) {
      const message = `Closing the journal in ${this.#folder} failed: ${reasonOf(error)}. The next start will look at all of its end.`;
      throw new JournalError('failed', message, { cause: error });
    } finally {
      await this.#unlock();
    }
  }

  #refusal(events: readonly NewEvent[], receipt?: Receipt): JournalError | undefined {
    let bytes = this.#inFlightBytes + this.#gathering.bytes;
    for (const { stream, type, body } of events) {
      if (stream.length > SHORT_TEXT_MAX) return tooLong('stream');
      if (type.length > SHORT_TEXT_MAX) return tooLong('type');
      bytes += stream.length + type.length + body.length + EVENT_BYTES;
    }
    if (bytes > this.#pendingBytesMax) {
      const message = `More than ${this.#pendingBytesMax} bytes wait to be stored. Send less at once, or later.`;
      return new JournalError('overloaded', message);
    }
    if (receipt?.kind === 'key') return receipt.key.length > SHORT_TEXT_MAX ? tooLong('key') : undefined;
    if (receipt === undefined) return undefined;
    if (receipt.producer.length > SHORT_TEXT_MAX) return tooLong('producer');
    if (this.#receipts.admit(receipt.producer)) return undefined;
    const message = `Producer "${receipt.producer}" is new and ${PRODUCERS_MAX} are known already. Use a known name.`;
    return new JournalError('overloaded', message);
  }

  /** Starts writing at the end of this turn of the event loop, so that what arrived together is written together. */
  #wake(): void {
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => void this.#run());
  }

  #whenIdle(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async #run(): Promise<void> {
    while (this.#hasWork()) {
      const batch = this.#gathering.take(this.#rollWanted);
      this.#rollWanted = false;
      this.#inFlightBytes = batch.sink.at;
      const error = await this.#write(batch);
      this.#inFlightBytes = 0;
      if (error === undefined) this.#committed(batch);
      else await this.#failed(batch, error);
      this.#gathering.release(batch);
    }
    if (this.#rollWanted) this.#rollIdle();
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Seals the active segment while nothing waits to be written to it. */
  #rollIdle(): void {
    this.#rollWanted = false;
    if (this.#active === undefined) return;
    this.#gathering.restart(this.#active.segment.number + 1);
    this.#retireActive();
  }

  #hasWork(): boolean {
    if (this.#probeWanted) {
      this.#probeWanted = false;
      this.#gathering.begin(this.#nowMs());
    }
    return !this.#gathering.empty;
  }

  /** Makes a batch durable, as far as the commit policy asks. Gives the error when that failed. */
  async #write(batch: Batch): Promise<unknown> {
    try {
      await this.#mend();
      await this.#syncRetired();
      this.#active ??= await this.#begin(batch);
      const { file } = this.#active;
      await file.write(this.#padded(batch, this.#active), batch.base);
      if (this.#commit === 'fsync') await file.sync();
      if (batch.base === 0) await this.#files.syncFolder(this.#folder);
      return undefined;
    } catch (error) {
      return error ?? new Error('unknown');
    }
  }

  async #begin(batch: Batch): Promise<OpenSegment> {
    const { segment: number } = batch.dictionary;
    const file = await this.#files.open(segmentPath(this.#folder, number), 'create');
    const index = emptyIndex();
    return { segment: newSegment(number, index), index, file, allocated: 0 };
  }

  /** The batch's bytes, with zeroes up to the next step of allocation where the file grows. */
  #padded(batch: Batch, active: OpenSegment): Uint8Array {
    const { sink, end } = batch;
    if (end <= active.allocated) return sink.written();
    const step = Math.ceil(end / ALLOCATION_BYTES) * ALLOCATION_BYTES;
    active.allocated = Math.max(end, Math.min(step, this.#segmentBytes));
    const padding = active.allocated - end;
    sink.reserve(padding);
    return sink.bytes.fill(0, sink.at, sink.at + padding).subarray(0, sink.at + padding);
  }

  #committed(batch: Batch): void {
    const active = this.#active;
    if (active === undefined) throw new Error('a batch was written to no segment');
    count(active.segment, batch);
    hold(active, batch);
    this.#remember(active.index, batch);
    this.#fault = undefined;
    if (batch.last) this.#retireActive();
    // In the turn in which `hold` moved the heads, with nothing awaited in between (core's journal.ts: one turn).
    if (batch.records.length > 0) this.#listener(batch.records);
    for (const { resolve, result } of batch.waiting) resolve(result);
  }

  #remember(index: SegmentIndex, batch: Batch): void {
    for (const { receipt, answer } of batch.waiting) {
      if (receipt === undefined) continue;
      if (receipt.kind === 'producer') {
        this.#receipts.mark(receipt.producer, receipt.n);
        index.producers.set(receipt.producer, this.#receipts.producerMark(receipt.producer));
      } else if (answer !== undefined) {
        this.#receipts.remember(receipt.key, answer);
        this.#pendingKeys.delete(receipt.key);
        index.keys.push([receipt.key, answer]);
      }
    }
  }

  /**
   * Takes back everything that is not durable. The cut is tried before anyone hears of the failure: a crash right after an
   * answer "rejected" then finds nothing of it. Where the disk refuses the cut too, a crash may find it.
   */
  async #failed(batch: Batch, error: unknown): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    this.#broken ??= active;
    const gathered = this.#gathering.restart(this.#broken ? nextAfter(this.#broken.segment) : batch.dictionary.segment);
    this.#streams.rollBack([batch, gathered].flatMap(({ states, named }) => [...states, ...named]));
    this.#fault = faultSentence(this.#folder, error);
    await this.#mend().catch(() => {});
    const failure = new JournalError('failed', this.#fault, { cause: error });
    for (const waiting of [...batch.waiting, ...gathered.waiting]) {
      if (waiting.receipt?.kind === 'key') this.#pendingKeys.delete(waiting.receipt.key);
      if (waiting.receipt?.kind === 'producer') this.#receipts.dismiss(waiting.receipt.producer);
      waiting.reject(failure);
    }
  }

  /** Cuts a segment whose last write failed back to what is durable. The tail of that file is not trusted again. */
  async #mend(): Promise<void> {
    const broken = this.#broken;
    if (broken === undefined) return;
    const { segment, file } = broken;
    if (segment.length > 0) {
      await file.truncate(segment.length);
      await file.sync();
      this.#broken = undefined;
      this.#segments.push(segment);
      this.#sealing.add(segment, file);
      return;
    }
    await this.#files.unlink(segmentPath(this.#folder, segment.number));
    await this.#files.syncFolder(this.#folder);
    this.#broken = undefined;
    await file.close();
  }

  #retireActive(): void {
    const active = this.#active;
    if (active === undefined) return;
    this.#active = undefined;
    this.#segments.push(active.segment);
    if (this.#commit === 'write') this.#unsynced = active;
    else this.#sealing.add(active.segment, active.file);
  }

  /** Recovery lets only the last segment end torn; so with commit `write` a full one is synced before the next begins. */
  #syncRetired(): Promise<void> {
    this.#syncing ??= this.#syncUnsynced().finally(() => {
      this.#syncing = undefined;
    });
    return this.#syncing;
  }

  async #syncUnsynced(): Promise<void> {
    const unsynced = this.#unsynced;
    if (unsynced === undefined) return;
    await unsynced.file.sync();
    this.#unsynced = undefined;
    this.#sealing.add(unsynced.segment, unsynced.file);
  }

  async #retain(): Promise<void> {
    if (this.#closed) return;
    if (this.#fault !== undefined) this.#probeWanted = true;
    if (this.#isOld(this.#active)) this.#rollWanted = true;
    if (this.#probeWanted || this.#rollWanted) this.#wake();
    await this.#whenIdle();
    try {
      await this.#syncRetired();
      await this.#sealing.retry();
      await this.#drop(this.#beyondRetention());
    } catch (error) {
      const message = `Dropping old segments in ${this.#folder} failed: ${reasonOf(error)}.`;
      throw new JournalError('failed', message, { cause: error });
    }
  }

  #beyondRetention(): Segment[] {
    const oldestMs = this.#nowMs() - this.#ageMs;
    let bytes = this.#active?.segment.length ?? 0;
    for (const segment of this.#segments) bytes += segment.length + segment.indexBytes;
    const dropped: Segment[] = [];
    for (const segment of this.#segments) {
      if (bytes <= this.#retentionBytes && segment.lastMs >= oldestMs) break;
      bytes -= segment.length + segment.indexBytes;
      dropped.push(segment);
    }
    return dropped;
  }

  /** The checkpoint first: until it counts, only these segments know where their streams stand. */
  async #drop(dropped: readonly Segment[]): Promise<void> {
    const last = dropped.at(-1);
    if (last !== undefined) {
      const contents = { upTo: last.number, timeMs: this.#nowMs(), streams: this.#streams, receipts: this.#receipts };
      await writeCheckpoint(this.#files, this.#folder, contents, () => this.#syncCommitted());
      for (const segment of dropped) segment.dropped = true;
      this.#segments = this.#segments.filter((segment) => !segment.dropped);
      this.#streams.forgetDropped();
      this.#toUnlink.push(...dropped.flatMap(({ number }) => [segmentName(number), indexName(number)]));
      await this.#sealing.forgetDropped();
    }
    await this.#unlinkDropped();
  }

  /** A checkpoint must not count what a crash could still take away, as commit `write` allows. */
  async #syncCommitted(): Promise<void> {
    if (this.#commit === 'fsync') return;
    await this.#syncRetired();
    await this.#active?.file.sync();
  }

  async #unlinkDropped(): Promise<void> {
    for (let name = this.#toUnlink[0]; name !== undefined; name = this.#toUnlink[0]) {
      await this.#files.unlink(join(this.#folder, name));
      this.#toUnlink.shift();
    }
  }

  #isOld(active: OpenSegment | undefined): boolean {
    // One that nothing was committed to yet has no age.
    if (active === undefined || active.segment.length === 0) return false;
    return active.segment.createdMs < this.#nowMs() - this.#ageMs / SEGMENT_AGE_PART;
  }
}

/** A segment that nothing was committed to is removed, and its number given to the next: numbers have no gap. */
function nextAfter({ number, length }: Segment): number {
  return length > 0 ? number + 1 : number;
}

function tooLong(field: string): JournalError {
  return new JournalError('failed', `${field} is longer than ${SHORT_TEXT_MAX} characters. Use a shorter one.`);
}

function faultSentence(folder: string, error: unknown): string {
  return `The journal in ${folder} cannot be written: ${reasonOf(error)}. Publishing is refused until a write works again.`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function count(segment: Segment, batch: Batch): void {
  if (segment.length === 0) segment.createdMs = batch.firstMs;
  segment.length = batch.end;
  segment.lastMs = batch.lastMs;
  segment.frames += batch.frames;
  segment.events += batch.records.length;
}

/**
 * Makes a batch's events readable. A stream's run in the segment begins where the segment names it. Runs are numbered by
 * counting them: streams are named and committed in one order, but their own `number` may be of the next segment already.
 */
function hold({ segment, index }: OpenSegment, batch: Batch): void {
  const { records, states, named, offsets } = batch;
  for (const state of named) {
    const run = newRun(segment, state.name, state.epoch, index.runs.length);
    state.runs.push(run);
    state.begun = true;
    index.runs.push(run);
  }
  for (let i = 0; i < records.length; i += 1) {
    const state = states[i] as StreamState;
    const run = state.runs.at(-1) as Run;
    const { sequence } = records[i] as JournalRecord;
    if (run.count === 0) run.first = sequence;
    run.offsets?.push(offsets[i] as number);
    run.count += 1;
    state.committed = sequence;
  }
}
