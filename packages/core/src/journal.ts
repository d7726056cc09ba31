/**
 * The journal: what makes an event durable, gives it its number, and is the only source of what reaches a socket.
 *
 * Guarantees, which every implementation keeps and one contract suite checks:
 * - An append is all or nothing. Its events become durable together with its receipt.
 * - Durable before delivery: `onCommitted` and the resolution of `append` come after the commit policy is met
 *   (`fsync`: on the disk; `write`: with the operating system; `memory`: nowhere else), listener first.
 * - Order: appends are numbered in the order of the calls. Within a stream sequences are 1, 2, 3 … without a gap, and the
 *   listener sees them in that order, also across appends.
 * - A rejected append was not delivered, is not served by `read`, and its numbers are given to later events. After a
 *   failed write every append that was waiting behind it is rejected too, because their numbers followed from it.
 * - Numbering never restarts: a stream's epoch and last sequence outlive its events (retention) and the process. An epoch
 *   that `begin` told does so before the stream's first event, too.
 * - One turn: `head` moves and the listener is called in the same synchronous turn of the event loop, so that whoever sees
 *   the head between two turns knows what the listener has seen. Resume joins the router on the strength of this.
 * - A loop of reads starves nobody: one that has something to give resolves in a later turn than it was called in.
 * - What fails its checksum is reported with file and offset and never served.
 *
 * Bounds: `append` rejects with `JournalError('overloaded')` when more than `pendingBytesMax` wait to be written.
 */
import type { Position } from '@listenpost/protocol';

export interface NewEvent {
  /** `<account>/<scope>`. */
  readonly stream: string;
  /** The event's `e`, for subscriptions that filter by it. */
  readonly type: string;
  /** JSON text exactly as published. Never rewritten. */
  readonly body: string;
}

export interface JournalRecord extends NewEvent {
  /** From 1, without a gap, within the stream. */
  readonly sequence: number;
}

/**
 * Makes a retry safe. Stored in the same commit as the events.
 * `key`: an Idempotency-Key; the same key again within `IDEMPOTENCY_KEYS_MAX` later keys appends nothing and answers what
 * the first answered. `producer`: the highest line number `n` seen from a named producer.
 */
export type Receipt =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'producer'; readonly producer: string; readonly n: number };

export interface AppendResult {
  /** Events appended; as the first time, when the receipt was already known. */
  readonly accepted: number;
  /** Stream → printed position of the last event of this append in it. */
  readonly last: ReadonlyMap<string, string>;
  /** Whether this answers a repeated Idempotency-Key. */
  readonly repeated: boolean;
}

export interface JournalSlice {
  readonly epoch: string;
  readonly records: readonly JournalRecord[];
  /** Sequence of the oldest event that is still held, or last + 1 when none is. */
  readonly first: number;
  /** Last sequence that was committed in this stream; 0 when none. */
  readonly last: number;
}

export interface Journal {
  append(events: readonly NewEvent[], receipt?: Receipt): Promise<AppendResult>;
  /** The highest `n` stored for this producer; 0 when it is new. */
  producerMark(producer: string): number;
  /** Where the stream stands; undefined while it has had no event and was not begun. */
  head(stream: string): Position | undefined;
  /**
   * Gives a stream that has had no event its epoch, under the same promises as an append. Resolves with where the stream
   * stands: `<epoch>:0`, or its head when it was begun already.
   */
  begin(stream: string): Promise<Position>;
  /**
   * Up to `limit` events from sequence `from` on, inclusive, oldest first; `from` below `first` reads from `first`. Their
   * bodies take at most `bytesMax` bytes of UTF-8 together, but the first one comes however large it is. Undefined when the
   * stream was never begun. Throws `JournalError('corrupt')` naming file and offset.
   */
  read(stream: string, from: number, limit: number, bytesMax?: number): Promise<JournalSlice | undefined>;
  /** The one listener: the router. Called once per commit with all its records, in order. */
  onCommitted(listener: (records: readonly JournalRecord[]) => void): void;
  /** Undefined when appends are taken; otherwise the fault, in a sentence for the operator. */
  readonly fault: string | undefined;
  /** Drops whole segments by the retention bounds. Called by the owner on a timer of machine time. */
  retain(): Promise<void>;
  /** Commits what was appended, then releases everything. Further appends reject. */
  close(): Promise<void>;
}

export type JournalFault = 'overloaded' | 'failed' | 'corrupt' | 'closed';

export class JournalError extends Error {
  readonly fault: JournalFault;

  constructor(fault: JournalFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'JournalError';
    this.fault = fault;
  }
}

/** How long an Idempotency-Key is remembered, counted in later keys: an hour of one retrying request every 36 ms. */
export const IDEMPOTENCY_KEYS_MAX = 100_000;

/** Producers remembered; a 10,001st that is new is refused, because forgetting one would break its promise. */
export const PRODUCERS_MAX = 10_000;
