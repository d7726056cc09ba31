/**
 * The journal that lives in memory: `journal.commit` "memory", and tests. Nothing outlives the process.
 * It commits what one turn of the event loop gathered, as the segment log does, so that both show the same order of calls.
 */
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
import { newEpoch } from './epoch.ts';
import { Fifo } from './fifo.ts';
import { appendResult, type KeyAnswer, PendingKeys, Receipts, type StreamMark } from './receipts.ts';

export interface MemoryJournalOptions {
  readonly random: Random;
  /** Machine time, ms since the Unix epoch. */
  readonly nowMs: () => number;
  /** Events beyond either bound are dropped, oldest first. Default 256 MiB, no bound of age. */
  readonly retention?: { readonly ageMs?: number; readonly bytes?: number };
  /** Default 64 MiB. */
  readonly pendingBytesMax?: number;
  /**
   * Waited for by each read that finds something: reads of a disk let others in between, and a loop of reads must not starve
   * them here either. Default: a turn of the event loop.
   */
  readonly letOthersIn?: () => Promise<void>;
  /** What it begins with. */
  readonly streams?: readonly StreamState[];
}

/** All that a journal holds of a stream that was begun. */
export interface StreamState {
  readonly stream: string;
  readonly epoch: string;
  readonly last: number;
  /** The latest ones, oldest first; the last of them has the sequence `last`. */
  readonly events: readonly { readonly type: string; readonly body: string }[];
}

const RETENTION_BYTES = 256 * 1024 * 1024;
const PENDING_BYTES_MAX = 64 * 1024 * 1024;
/** What a held event costs beside its text: its object, its places in two queues. An estimate on the high side. */
const RECORD_BYTES = 160;

interface Stream {
  readonly name: string;
  readonly epoch: string;
  readonly records: Fifo<JournalRecord>;
  /** Last sequence given out, committed or not. */
  assigned: number;
  committed: number;
  /** Whether its epoch may be told: an event was committed, or the stream was begun. */
  begun: boolean;
}

interface Held {
  readonly stream: Stream;
  readonly bytes: number;
  readonly timeMs: number;
}

interface Waiting {
  readonly answer: KeyAnswer;
  readonly receipt: Receipt | undefined;
  readonly resolve: (result: AppendResult) => void;
}

export class MemoryJournal implements Journal {
  readonly fault: string | undefined = undefined;
  readonly #random: Random;
  readonly #nowMs: () => number;
  readonly #ageMs: number;
  readonly #retentionBytes: number;
  readonly #pendingBytesMax: number;
  readonly #letOthersIn: () => Promise<void>;
  readonly #streams = new Map<string, Stream>();
  readonly #held = new Fifo<Held>();
  readonly #receipts = new Receipts();
  readonly #pendingKeys = new PendingKeys();
  #heldBytes = 0;
  #waitingBytes = 0;
  #waiting: Waiting[] = [];
  #gathered: JournalRecord[] = [];
  #listener: (records: readonly JournalRecord[]) => void = () => {};
  #closed = false;

  constructor(options: MemoryJournalOptions) {
    this.#random = options.random;
    this.#nowMs = options.nowMs;
    this.#ageMs = options.retention?.ageMs ?? Number.POSITIVE_INFINITY;
    this.#retentionBytes = options.retention?.bytes ?? RETENTION_BYTES;
    this.#pendingBytesMax = options.pendingBytesMax ?? PENDING_BYTES_MAX;
    this.#letOthersIn = options.letOthersIn ?? (() => new Promise((resolve) => setImmediate(resolve)));
    for (const state of options.streams ?? []) this.#restore(state);
  }

  append(events: readonly NewEvent[], receipt?: Receipt): Promise<AppendResult> {
    if (this.#closed) return Promise.reject(new JournalError('closed', 'The journal is closed.'));
    if (receipt?.kind === 'key') {
      const known = this.#receipts.answerOf(receipt.key);
      if (known !== undefined) return Promise.resolve(appendResult(known, true));
      const pending = this.#pendingKeys.get(receipt.key);
      if (pending !== undefined) return pending;
    }
    const bytes = events.reduce((sum, event) => sum + heldBytes(event), 0);
    if (this.#waitingBytes + bytes > this.#pendingBytesMax) {
      const message = `More than ${this.#pendingBytesMax} bytes wait to be stored. Send less at once, or later.`;
      return Promise.reject(new JournalError('overloaded', message));
    }
    if (receipt?.kind === 'producer' && !this.#receipts.admit(receipt.producer)) {
      const message = `Producer "${receipt.producer}" is new and ${PRODUCERS_MAX} are known already. Use a known name.`;
      return Promise.reject(new JournalError('overloaded', message));
    }
    return this.#gather(events, receipt, bytes);
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
    const state = this.#stream(stream);
    state.begun = true;
    return { epoch: state.epoch, sequence: state.committed };
  }

  async read(
    stream: string,
    from: number,
    limit: number,
    bytesMax = Number.POSITIVE_INFINITY,
  ): Promise<JournalSlice | undefined> {
    const state = this.#streams.get(stream);
    if (state?.begun !== true) return undefined;
    const last = state.committed;
    const first = last - state.records.length + 1;
    const start = Math.max(from, first) - first;
    const records = within(state.records.slice(start, start + Math.max(limit, 0)), bytesMax);
    if (records.length > 0) await this.#letOthersIn();
    return { epoch: state.epoch, records, first, last };
  }

  /** What was committed. Receipts are left out: a producer that sends again appends again. */
  state(): StreamState[] {
    return [...this.#streams.values()]
      .filter(({ begun }) => begun)
      .map(({ name, epoch, committed, records }) => ({
        stream: name,
        epoch,
        last: committed,
        events: records.slice(0, records.length).map(({ type, body }) => ({ type, body })),
      }));
  }

  onCommitted(listener: (records: readonly JournalRecord[]) => void): void {
    this.#listener = listener;
  }

  async retain(): Promise<void> {
    this.#dropOld();
  }

  async close(): Promise<void> {
    this.#commit();
    this.#closed = true;
  }

  #gather(events: readonly NewEvent[], receipt: Receipt | undefined, bytes: number): Promise<AppendResult> {
    const touched = new Set<Stream>();
    for (const event of events) {
      const stream = this.#stream(event.stream);
      stream.assigned += 1;
      touched.add(stream);
      this.#gathered.push({ stream: event.stream, type: event.type, body: event.body, sequence: stream.assigned });
    }
    const last: StreamMark[] = [];
    for (const { name, epoch, assigned } of touched) last.push({ stream: name, epoch, sequence: assigned });
    this.#waitingBytes += bytes;
    if (this.#waiting.length === 0) queueMicrotask(() => this.#commit());
    const append = new Promise<AppendResult>((resolve) => {
      this.#waiting.push({ answer: { accepted: events.length, last }, receipt, resolve });
    });
    if (receipt?.kind === 'key') this.#pendingKeys.set(receipt.key, append);
    return append;
  }

  #restore({ stream, epoch, last, events }: StreamState): void {
    const made = this.#made(stream, epoch);
    made.assigned = last;
    made.committed = last;
    made.begun = true;
    const timeMs = this.#nowMs();
    for (const [at, event] of events.entries()) {
      this.#hold({ ...event, stream, sequence: last - events.length + 1 + at }, timeMs);
    }
  }

  #stream(name: string): Stream {
    return this.#streams.get(name) ?? this.#made(name, newEpoch(this.#random));
  }

  #made(name: string, epoch: string): Stream {
    const made = { name, epoch, records: new Fifo<JournalRecord>(), assigned: 0, committed: 0, begun: false };
    this.#streams.set(name, made);
    return made;
  }

  #commit(): void {
    const waiting = this.#waiting;
    const records = this.#gathered;
    this.#waiting = [];
    this.#gathered = [];
    this.#waitingBytes = 0;
    const timeMs = this.#nowMs();
    for (const record of records) this.#hold(record, timeMs);
    for (const { receipt, answer } of waiting) this.#remember(receipt, answer);
    this.#dropOld();
    if (records.length > 0) this.#listener(records);
    for (const { resolve, answer } of waiting) resolve(appendResult(answer, false));
  }

  #hold(record: JournalRecord, timeMs: number): void {
    const stream = this.#stream(record.stream);
    const bytes = heldBytes(record);
    stream.committed = record.sequence;
    stream.begun = true;
    stream.records.push(record);
    this.#held.push({ stream, bytes, timeMs });
    this.#heldBytes += bytes;
  }

  #remember(receipt: Receipt | undefined, answer: KeyAnswer): void {
    if (receipt === undefined) return;
    if (receipt.kind === 'producer') {
      this.#receipts.mark(receipt.producer, receipt.n);
      return;
    }
    this.#receipts.remember(receipt.key, answer);
    this.#pendingKeys.delete(receipt.key);
  }

  #dropOld(): void {
    const oldestMs = this.#nowMs() - this.#ageMs;
    for (let held = this.#held.peek(); held !== undefined; held = this.#held.peek()) {
      if (this.#heldBytes <= this.#retentionBytes && held.timeMs >= oldestMs) return;
      this.#held.shift();
      held.stream.records.shift();
      this.#heldBytes -= held.bytes;
    }
  }
}

/** As many of them, oldest first, as the bound takes; at least one. */
function within(records: readonly JournalRecord[], bytesMax: number): readonly JournalRecord[] {
  let bytes = 0;
  for (const [at, { body }] of records.entries()) {
    bytes += Buffer.byteLength(body);
    if (bytes > bytesMax && at > 0) return records.slice(0, at);
  }
  return records;
}

function heldBytes(event: NewEvent): number {
  return event.body.length + RECORD_BYTES;
}
