/**
 * Where appends wait for the disk: numbered and encoded as they come, into one of two buffers. While one is being written
 * the other gathers, so a commit takes whatever has arrived and nobody waits for a batch to fill.
 */
import type { AppendResult, JournalRecord, NewEvent, Receipt } from '@listenpost/core';
import type { KeyAnswer } from '../receipts.ts';
import { ByteSink } from './bytes.ts';
import { beginFrame, endFrame, putEvent, putKey, putProducer, putSegment, putStream } from './frame.ts';
import type { Dictionary, StreamState, Streams } from './streams.ts';

export interface Waiting {
  readonly result: AppendResult;
  readonly receipt: Receipt | undefined;
  /** For an Idempotency-Key: what is remembered. */
  readonly answer: KeyAnswer | undefined;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: Error) => void;
}

/** Frames that are written by one write, and everyone who waits for them. */
export class Batch {
  readonly sink: ByteSink;
  readonly dictionary: Dictionary;
  /** Its place in the segment. */
  readonly base: number;
  /** Of each event: the record for the listener, its stream, and the place of its frame. */
  readonly records: JournalRecord[] = [];
  readonly states: StreamState[] = [];
  /** The streams that got their number in the segment with this batch, in the order of the numbers. */
  readonly named: StreamState[] = [];
  readonly offsets: number[] = [];
  readonly waiting: Waiting[] = [];
  frames = 0;
  firstMs = 0;
  lastMs = 0;
  /** Whether the segment is sealed after it. */
  last = false;

  constructor(sink: ByteSink, dictionary: Dictionary, base: number) {
    this.sink = sink;
    this.dictionary = dictionary;
    this.base = base;
  }

  get empty(): boolean {
    return this.frames === 0;
  }

  get end(): number {
    return this.base + this.sink.at;
  }
}

const BUFFER_BYTES = 64 * 1024;
/** A buffer that grew beyond this in a burst is let go after it. */
const BUFFER_BYTES_KEPT = 8 * 1024 * 1024;

export class Gathering {
  readonly #streams: Streams;
  readonly #segmentBytes: number;
  readonly #asksDisk: boolean;
  #batch: Batch;
  #spare: ByteSink | undefined = new ByteSink(BUFFER_BYTES);
  #appendId = 0;

  /** `asksDisk`: whether a batch is written only when the one before it is on the disk. */
  constructor(streams: Streams, segment: number, segmentBytes: number, asksDisk: boolean) {
    this.#streams = streams;
    this.#segmentBytes = segmentBytes;
    this.#asksDisk = asksDisk;
    this.#batch = new Batch(new ByteSink(BUFFER_BYTES), { segment, streams: 0 }, 0);
  }

  get empty(): boolean {
    return this.#batch.empty;
  }

  get bytes(): number {
    return this.#batch.sink.at;
  }

  /** Numbers and encodes one append. All of it is one frame: there after a crash, or not. */
  add(
    events: readonly NewEvent[],
    receipt: Receipt | undefined,
    timeMs: number,
    resolve: Waiting['resolve'],
    reject: Waiting['reject'],
  ): void {
    this.begin(timeMs);
    const batch = this.#batch;
    const touched = this.#encode(batch, events, receipt, timeMs);
    const last = new Map<string, string>();
    for (const { name, epoch, assigned } of touched) last.set(name, `${epoch}:${assigned}`);
    const result = { accepted: events.length, last, repeated: false };
    const answer = receipt?.kind === 'key' ? answerOf(events.length, touched) : undefined;
    batch.waiting.push({ result, receipt, answer, resolve, reject });
  }

  /**
   * Encodes that the stream has its epoch. Said again while that is being written it changes nothing, and is durable only
   * when the first time is: the second caller waits as the first does.
   */
  addStream(stream: string, timeMs: number, resolve: Waiting['resolve'], reject: Waiting['reject']): void {
    this.begin(timeMs);
    const batch = this.#batch;
    const state = this.#streams.obtain(stream);
    const start = beginFrame(batch.sink, this.#syncedTo(batch), timeMs);
    if (state.dictionary === batch.dictionary) putStream(batch.sink, state.number, state.name, state.epoch);
    else name(batch, state);
    close(batch, start, timeMs);
    const result = { accepted: 0, last: new Map(), repeated: false };
    batch.waiting.push({ result, receipt: undefined, answer: undefined, resolve, reject });
  }

  /** Writes the head of a new segment, when this batch begins one. Alone it is a write that tries the disk. */
  begin(timeMs: number): void {
    const batch = this.#batch;
    if (batch.base > 0 || !batch.empty) return;
    const start = beginFrame(batch.sink, 0, timeMs);
    putSegment(batch.sink, batch.dictionary.segment);
    endFrame(batch.sink, start);
    batch.firstMs = timeMs;
    batch.lastMs = timeMs;
    batch.frames = 1;
  }

  /**
   * What was gathered, to be written; appends gather in the other buffer from now on. A segment that this batch fills, or
   * that `roll` wants closed, ends with it: numbers of streams are the segment's own, so this is decided before anything
   * of the next batch is encoded.
   */
  take(roll: boolean): Batch {
    const batch = this.#batch;
    batch.last = roll || batch.end >= this.#segmentBytes;
    const sink = this.#spare ?? new ByteSink(BUFFER_BYTES);
    this.#spare = undefined;
    this.#batch = batch.last
      ? new Batch(sink, { segment: batch.dictionary.segment + 1, streams: 0 }, 0)
      : new Batch(sink, batch.dictionary, batch.end);
    return batch;
  }

  /** Gives back the buffer of a batch that is done with. */
  release(batch: Batch): void {
    batch.sink.at = 0;
    this.#spare = batch.sink.bytes.length > BUFFER_BYTES_KEPT ? undefined : batch.sink;
  }

  /** Starts over at the beginning of this segment; gives up what was gathered, unwritten. */
  restart(segment: number): Batch {
    const batch = this.#batch;
    this.#batch = new Batch(this.#spare ?? new ByteSink(BUFFER_BYTES), { segment, streams: 0 }, 0);
    this.#spare = undefined;
    return batch;
  }

  #encode(batch: Batch, events: readonly NewEvent[], receipt: Receipt | undefined, timeMs: number): StreamState[] {
    const { sink, base } = batch;
    this.#appendId += 1;
    const touched: StreamState[] = [];
    const start = beginFrame(sink, this.#syncedTo(batch), timeMs);
    for (const event of events) {
      const state = this.#streams.obtain(event.stream);
      if (state.dictionary !== batch.dictionary) name(batch, state);
      if (state.appendId !== this.#appendId) {
        state.appendId = this.#appendId;
        touched.push(state);
      }
      state.assigned += 1;
      const sequence = state.assigned;
      putEvent(sink, state.number, sequence, event.type, event.body);
      batch.records.push({ stream: event.stream, type: event.type, body: event.body, sequence });
      batch.states.push(state);
      batch.offsets.push(base + start);
    }
    if (receipt?.kind === 'key') putKey(sink, receipt.key);
    else if (receipt?.kind === 'producer') putProducer(sink, receipt.producer, receipt.n);
    close(batch, start, timeMs);
    return touched;
  }

  #syncedTo({ base }: Batch): number {
    return this.#asksDisk ? base : 0;
  }
}

function close(batch: Batch, start: number, timeMs: number): void {
  endFrame(batch.sink, start);
  if (batch.empty) batch.firstMs = timeMs;
  batch.lastMs = timeMs;
  batch.frames += 1;
}

function name({ sink, dictionary, named }: Batch, state: StreamState): void {
  state.dictionary = dictionary;
  state.number = dictionary.streams;
  dictionary.streams += 1;
  named.push(state);
  putStream(sink, state.number, state.name, state.epoch);
}

function answerOf(accepted: number, touched: readonly StreamState[]): KeyAnswer {
  return {
    accepted,
    last: touched.map((state) => ({ stream: state.name, epoch: state.epoch, sequence: state.assigned })),
  };
}
