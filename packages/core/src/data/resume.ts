/**
 * Resume (docs/decisions/0007): a subscription that says where each event stands, and may begin behind the head.
 *
 *   judge ──▶ backfill ──▶ cutover ──▶ live
 *
 * - *judge*: whether the journal still holds everything behind the position that was given. The first batch is read for it.
 * - *backfill*: the journal is read in batches from the cursor on, each when the peer has room for it. The router does not
 *   know the subscription yet, so there is no queue of live events beside it: what is published meanwhile is read as well.
 * - *cutover*: when the cursor is the journal's head the subscription joins the router, in that very turn of the event loop.
 * - *live*: the router delivers.
 *
 * No gap and no repeat at the cutover, because the journal moves its head and calls the router in one synchronous turn
 * (journal.ts): between two turns the router has delivered exactly what lies up to the head. An `await` between looking at the
 * head and `attach` would lose what is committed in it. `follows` looks at every sequence, so a hole ends the connection.
 */
import { type EndName, type Position, parsePosition, printPosition } from '@listenpost/protocol';
import type { House } from '../house.ts';
import { JournalError, type JournalRecord } from '../journal.ts';
import { positionClosing } from './envelope.ts';
import type { Subscription } from './subscription.ts';

/** What a client asks for: from now on, or from behind a place it knows. */
export type ResumeFrom = 'latest' | Position;

/** What it is told before any event. */
export interface ResumeVerdict {
  /** The place after which the events follow. */
  readonly position: string;
  /** Only when a position was given: whether everything behind it follows. */
  readonly recovered?: boolean;
  /** What does not follow: the interval (from, to]. Present when nothing was recovered. */
  readonly missed?: { readonly from: string; readonly to: string };
}

/** The verdict on a name that reads nothing. */
export const NOTHING_TO_RESUME = { position: null, recovered: false } as const;

/** Undefined when the text is neither `latest` nor a position. */
export const parseResume = (text: string): ResumeFrom | undefined => (text === 'latest' ? text : parsePosition(text));

/** A batch is what one turn of the event loop reads and sends: about a hundred events of the usual size. */
const BATCH_EVENTS_MAX = 256;
const BATCH_BYTES_MAX = 64 * 1024;

/** What a backfill needs of the connection it feeds. */
export interface Outbox {
  /** Whether so little waits for the peer that a batch may follow. */
  readonly hasRoom: boolean;
  /** Resolves when it has room, and when the connection has ended. */
  room(): Promise<void>;
  /** What `act` sends leaves together. */
  together(act: () => void): void;
  end(name: EndName): void;
}

export class Resume {
  readonly #house: House;
  readonly #subscription: Subscription;
  readonly #outbox: Outbox;
  #phase: 'judge' | 'backfill' | 'live' | 'over' = 'judge';
  #epoch: string | undefined;
  /** The last event that was delivered, or left out by a filter. */
  #cursor = 0;
  #firstBatch: readonly JournalRecord[] = [];
  /** Closes its frames up to the sequence. */
  closing = '';

  constructor(house: House, subscription: Subscription, outbox: Outbox) {
    this.#house = house;
    this.#subscription = subscription;
    this.#outbox = outbox;
  }

  /** Whether the subscription has ended. */
  get over(): boolean {
    return this.#phase === 'over';
  }

  /** Where it stands; undefined until it is judged. */
  get position(): Position | undefined {
    return this.#epoch === undefined ? undefined : { epoch: this.#epoch, sequence: this.#cursor };
  }

  /**
   * What the client is told; nothing is delivered before `start`. A subscription that reads already tells where it stands.
   * Rejects when the journal cannot be read or written.
   */
  async judge(from: ResumeFrom): Promise<ResumeVerdict> {
    const stands = this.position;
    if (stands !== undefined) return { position: printPosition(stands) };
    const { journal } = this.#house;
    const { stream } = this.#subscription;
    if (journal.head(stream) === undefined) await journal.begin(stream);
    // Nothing is awaited between the look at the head and what is said of it, but for a read that finds events.
    const recovered =
      from !== 'latest' && this.#isHere(from) && (this.#isAtHead(from) || (await this.#readFirst(from)));
    const { epoch, sequence } = recovered ? from : this.#head();
    this.#epoch = epoch;
    this.#cursor = sequence;
    this.closing = positionClosing(epoch);
    const position = printPosition({ epoch, sequence });
    if (from === 'latest') return { position };
    if (recovered) return { position, recovered };
    return { position, recovered, missed: { from: printPosition(from), to: position } };
  }

  /** The verdict has been told: what it promised follows. */
  start(): void {
    if (this.#phase !== 'judge') return;
    this.#phase = 'backfill';
    this.#backfill().catch((cause: unknown) => {
      if (this.#phase === 'over') return;
      this.#house.report(cause);
      this.#outbox.end('internalError');
    });
  }

  /** The subscription has ended: nothing follows. */
  stop(): void {
    this.#phase = 'over';
    this.#firstBatch = [];
  }

  /** Whether this event may be delivered: it is the next one. A hole is never passed on. */
  follows(sequence: number): boolean {
    if (sequence === this.#cursor + 1) {
      this.#cursor = sequence;
      return true;
    }
    this.#house.report(new Error(`${this.#subscription.stream} goes from ${this.#cursor} to ${sequence}`));
    this.#outbox.end('internalError');
    return false;
  }

  /** Of this stream, and not past its head. */
  #isHere({ epoch, sequence }: Position): boolean {
    const head = this.#head();
    return epoch === head.epoch && sequence <= head.sequence;
  }

  #isAtHead({ sequence }: Position): boolean {
    return sequence === this.#head().sequence;
  }

  /** Whether the journal holds everything behind the position; the first of it is kept for `start`. */
  async #readFirst({ sequence }: Position): Promise<boolean> {
    try {
      // Also for a subscription that ends meanwhile: what is said of its position is true all the same.
      const slice = await this.#house.readingDesk.turn(() => this.#slice(sequence));
      if (slice === undefined || slice.first > sequence + 1) return false;
      if (!this.over) this.#firstBatch = slice.records;
      return true;
    } catch (cause) {
      // What fails its checksum is never served, and would fail again: the client is told what it missed and goes on.
      if (!(cause instanceof JournalError) || cause.fault !== 'corrupt') throw cause;
      this.#house.report(cause);
      return false;
    }
  }

  async #backfill(): Promise<void> {
    const first = this.#firstBatch;
    this.#firstBatch = [];
    if (this.#outbox.hasRoom) this.#send(first);
    while (this.#phase === 'backfill' && !this.#cutOver()) {
      await this.#outbox.room();
      const slice = await this.#readWhereRoom();
      if (slice === undefined || this.#phase !== 'backfill') continue;
      if (slice.first > this.#cursor + 1) {
        // The peer reads slower than retention drops. Its next resume is told what it missed.
        this.#outbox.end('slowConsumer');
        return;
      }
      this.#send(slice.records);
    }
  }

  /** Whether the subscription has joined the router. Nothing is awaited between the look and the step: see above. */
  #cutOver(): boolean {
    if (this.#cursor < this.#head().sequence) return false;
    this.#phase = 'live';
    this.#house.router.attach(this.#subscription);
    return true;
  }

  /** Undefined when the turn came and there was no room any more, or nobody to read for. */
  async #readWhereRoom() {
    return this.#house.readingDesk.turn(() => {
      const wanted = this.#phase === 'backfill' && this.#outbox.hasRoom;
      return wanted ? this.#slice(this.#cursor) : Promise.resolve(undefined);
    });
  }

  #slice(after: number) {
    return this.#house.journal.read(this.#subscription.stream, after + 1, BATCH_EVENTS_MAX, BATCH_BYTES_MAX);
  }

  #send(records: readonly JournalRecord[]): void {
    this.#house.readingDesk.events += records.length;
    this.#outbox.together(() => {
      for (const { type, body, sequence } of records) {
        if (this.#phase !== 'backfill') return;
        this.#subscription.deliver(type, body, sequence);
      }
    });
  }

  #head(): Position {
    const head = this.#house.journal.head(this.#subscription.stream);
    if (head === undefined) throw new Error(`${this.#subscription.stream} was begun and has no head`);
    return head;
  }
}
