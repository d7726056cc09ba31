/**
 * One place for a connection, which is to be filled at all times: it opens a feed, opens another when that ends, and hands over
 * from one to the next without a break (make before break).
 */
import type { Clock, Doors, Timer } from '../doors.ts';
import { RateLimitError, type UserDataStreamError } from '../errors.ts';
import type { Feed, FeedEnd, FeedEvent, FeedHandlers, Join, OpenFeed } from '../feed/feed.ts';
import type { Budget } from './budget.ts';
import { jittered } from './wait.ts';

export interface SlotOptions {
  readonly doors: Doors;
  readonly budget: Budget;
  readonly openFeed: OpenFeed;
  readonly scopes: readonly string[];
  /** Age at which a connection hands over to the next, in ms; before the venue cuts it at 24 h. */
  readonly handoverAfterMs: number;
  resumeOf(scope: string): string | undefined;
  joined(feed: Feed, scope: string, join: Join): void;
  event(feed: Feed, scope: string, event: FeedEvent): void;
  proved(feed: Feed, at: number): void;
  lost(feed: Feed, scope: string, reason: string): void;
  /** Whether the feed covers every scope, so that the one before it is not needed any more. */
  covers(feed: Feed): boolean;
  /** Whether any connection reads, of this slot or another. */
  reading(): boolean;
  /** A feed joined all its scopes. */
  opened(): void;
  /** What reads, or what is to read next, may be another than before. */
  changed(): void;
  /** An attempt failed; another follows after so many ms. */
  failed(end: FeedEnd, nextInMs: number): void;
  /** An error that trying again does not mend, and nothing reads. */
  fatal(error: UserDataStreamError): void;
}

/** Handovers of many streams, announced to all of them at once, are spread over this. */
const SPREAD_MS = 1000;

/** A connection that lived shorter has not worked: what opens and ends at once must not be opened again at once. */
const WORKED_AFTER_MS = 10_000;

interface Opening {
  readonly feed: Feed;
  readonly unjoined: Set<string>;
}

export class Slot {
  readonly #options: SlotOptions;
  readonly #clock: Clock;
  /** Reads now. */
  #current: Feed | undefined;
  #currentSince = 0;
  /** Whether the current one has told the budget that it worked. */
  #succeeded = false;
  /** Is to read next: being opened, or open and waiting until it covers. */
  #next: Opening | undefined;
  #opening: Timer | undefined;
  #lifetime: Timer | undefined;
  #closed = false;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.#clock = options.doors.clock;
  }

  get current(): Feed | undefined {
    return this.#current;
  }

  get handingOver(): boolean {
    return this.#current !== undefined && (this.#next !== undefined || this.#opening !== undefined);
  }

  /** Opens a feed, unless one is being opened. */
  open(delayMs = 0): void {
    if (this.#closed || this.#next !== undefined || this.#opening !== undefined) return;
    const { budget } = this.#options;
    this.#opening = this.#clock.after(Math.max(delayMs, budget.connectionDelayMs()), () => {
      this.#opening = undefined;
      // The venue may have asked for silence since: of one refusal every waiting connection learns.
      if (budget.blockedUntil > 0) this.open();
      else this.#openNow();
    });
  }

  /** Opens the next connection beside the current one, which goes once the next one covers. */
  handOver(spread: boolean): void {
    this.open(spread ? this.#options.doors.random.next() * SPREAD_MS : 0);
  }

  /** The current connection is not to be trusted: another one, at once. */
  replace(reason: string): void {
    const feed = this.#current;
    if (feed === undefined) return;
    feed.close();
    this.#ended(feed, { reason, error: undefined });
  }

  /** This feed of ours, current or next, cannot be gone on with. */
  drop(feed: Feed, reason: string): void {
    if (feed !== this.#current && feed !== this.#next?.feed) return;
    feed.close();
    this.#ended(feed, { reason, error: undefined });
  }

  /** What is open ends: its grant is gone. */
  restart(reason: string): void {
    for (const feed of [this.#next?.feed, this.#current]) if (feed !== undefined) this.drop(feed, reason);
  }

  prove(): void {
    this.#current?.prove();
  }

  /** Something was proven: the next one may cover by now. */
  settle(): void {
    const next = this.#next;
    if (next === undefined || next.unjoined.size > 0 || !this.#options.covers(next.feed)) return;
    const old = this.#current;
    this.#current = next.feed;
    this.#currentSince = this.#clock.now();
    this.#succeeded = false;
    this.#next = undefined;
    this.#limitLife();
    if (old === undefined) return;
    old.close();
    this.#loseAll(old, 'handed over');
  }

  close(): void {
    this.#closed = true;
    this.#opening?.cancel();
    this.#lifetime?.cancel();
    this.#next?.feed.close();
    this.#current?.close();
    this.#next = undefined;
    this.#current = undefined;
  }

  #openNow(): void {
    const { openFeed, resumeOf, scopes } = this.#options;
    const opening: { feed?: Feed } = {};
    const self = () => opening.feed as Feed;
    const handlers: FeedHandlers = {
      joined: (scope, join) => this.#joined(self(), scope, join),
      event: (scope, event) => this.#options.event(self(), scope, event),
      proved: (at) => {
        this.#options.proved(self(), at);
        if (self() === this.#current) this.#tellSuccess();
        this.settle();
        this.#options.changed();
      },
      lost: (scope, reason) => this.#lost(self(), scope, reason),
      shutdownAnnounced: () => {
        if (self() === this.#current) this.handOver(true);
      },
      ended: (end) => this.#ended(self(), end),
    };
    opening.feed = openFeed(handlers, resumeOf, scopes);
    this.#next = { feed: opening.feed, unjoined: new Set(scopes) };
    this.#options.changed();
  }

  #joined(feed: Feed, scope: string, join: Join): void {
    this.#options.joined(feed, scope, join);
    const next = this.#next;
    if (next?.feed === feed && next.unjoined.delete(scope) && next.unjoined.size === 0) {
      this.#options.opened();
    }
    this.settle();
    this.#options.changed();
  }

  #lost(feed: Feed, scope: string, reason: string): void {
    if (this.#next?.feed === feed) this.#next.unjoined.add(scope);
    this.#options.lost(feed, scope, reason);
  }

  #ended(feed: Feed, end: FeedEnd): void {
    if (this.#closed) return;
    const wasCurrent = feed === this.#current;
    if (!wasCurrent && feed !== this.#next?.feed) return;
    if (wasCurrent) {
      this.#current = undefined;
      this.#lifetime?.cancel();
    } else {
      this.#next = undefined;
    }
    this.#loseAll(feed, end.reason);
    this.settle();
    // While another connection reads, there is time: a key that is refused now may be taken again before that one ends.
    const lasting = end.error !== undefined && !end.error.shouldRetry();
    if (lasting && !this.#options.reading()) return this.#options.fatal(end.error);
    if (this.#current === undefined || !wasCurrent) this.#openAgain(end, wasCurrent && this.#worked());
  }

  /** Once of each connection: that an old one still works says nothing of those that cannot be opened now. */
  #tellSuccess(): void {
    if (this.#succeeded || !this.#worked()) return;
    this.#succeeded = true;
    this.#options.budget.succeeded();
  }

  #worked(): boolean {
    return this.#clock.now() - this.#currentSince >= WORKED_AFTER_MS;
  }

  /** At once after a connection that had worked, then with growing pauses. */
  #openAgain(end: FeedEnd, worked: boolean): void {
    if (this.#next !== undefined || this.#opening !== undefined) return;
    const { budget, failed } = this.#options;
    const quickly = worked && end.error === undefined;
    const pauseMs = quickly ? this.#options.doors.random.next() * 100 : budget.failed();
    // What it was refused by may be another host than that of the connection: the one that grants are asked of.
    const silenceMs = end.error instanceof RateLimitError ? Math.max(0, end.error.retryAt - this.#clock.now()) : 0;
    const delayMs = Math.max(
      pauseMs,
      silenceMs + (silenceMs > 0 ? jittered(SPREAD_MS, this.#options.doors.random) : 0),
    );
    failed(end, delayMs);
    this.open(delayMs);
  }

  #loseAll(feed: Feed, reason: string): void {
    for (const scope of this.#options.scopes) this.#options.lost(feed, scope, reason);
  }

  /** Earlier than asked by up to a tenth, so that streams that began together do not hand over together; never later. */
  #limitLife(): void {
    const { handoverAfterMs, doors } = this.#options;
    this.#lifetime?.cancel();
    const lifeMs = handoverAfterMs * (1 - 0.1 * doors.random.next());
    this.#lifetime = this.#clock.after(lifeMs, () => this.handOver(false));
  }
}
