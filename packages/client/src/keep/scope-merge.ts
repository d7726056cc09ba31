/**
 * One scope's stream, made of whatever feeds carry it: now one, for a while two (a handover, parallel connections). What it
 * gives out is each event once, in the order of the venue, and a gap wherever something may be missing.
 *
 * A feed *covers* the scope when nothing lies between what the stream has and what the feed brings. Until then its events are
 * held, so that a gap is announced before the events behind it:
 *
 * - Where the venue numbers its events, positions tell: a feed covers once the stream has reached the position it joined at.
 * - Elsewhere time tells. `covered` is the instant until which everything has arrived. A feed that joined at J covers as soon
 *   as one that covers already is proven beyond J; if none is left that could be, what lies between is a gap.
 *
 * A duplicate is what a position says it is, or, on a venue without them, an event whose documented identity was seen within
 * `identityWindowMs` (docs/event-identity.md).
 */
import { type Position, parsePosition, printPosition } from '@listenpost/protocol';
import type { Clock } from '../doors.ts';
import type { WireEvent } from '../events.ts';
import type { Feed, FeedEvent, Join } from '../feed/feed.ts';
import type { Missed } from '../wire/event-frame.ts';

/** Two connections that were being opened at one time have joined at most so far apart: a handshake's bound, and a request's. */
const JOINING_MS_MAX = 30_000;

/** Bounds the memory of identities; at a thousand events a second it still holds the window. */
const IDENTITIES_MAX = 65_536;

export interface GapFound {
  readonly from: number;
  readonly to: number;
  readonly silentSince: number;
  readonly missed: Missed | undefined;
  readonly reason: string;
}

export interface ScopeMergeOptions {
  readonly scope: string;
  readonly clock: Clock;
  /** Undefined: duplicates are let through. */
  readonly identityOf: ((event: WireEvent) => string) | undefined;
  /** Beyond this an equal event is another one: a second margin call with the same figures. */
  readonly identityWindowMs: number;
  /** What may be held for feeds that do not cover yet. */
  readonly heldBytesMax: number;
  event(event: FeedEvent): void;
  gap(gap: GapFound): void;
  /** The scope has its first feed that covers. */
  begun(): void;
  /** This feed cannot be gone on with: it has left out what it should have brought, or brings more than can be held. */
  broken(feed: Feed, reason: string): void;
}

interface Tap {
  readonly feed: Feed;
  readonly join: Join;
  /** Where the venue numbers its events: the position at which the feed joined, until the stream has reached it. */
  aim: Position | undefined;
  /** Null once the feed covers. */
  held: FeedEvent[] | null;
  heldBytes: number;
  provedAt: number;
}

export class ScopeMerge {
  readonly #options: ScopeMergeOptions;
  readonly #taps = new Map<Feed, Tap>();
  readonly #seen = new Map<string, number>();
  #position: Position | undefined;
  #begun = false;
  #covered: number | undefined;
  #lastEventAt: number | undefined;
  /** An instant before which the last event cannot have been sent: what arrived late says nothing of the time it took. */
  #lastSentAfter = 0;
  /** When the account was last known to have nothing that had not arrived. */
  #accountProvenAt = 0;
  #lostBy = 'the stream was not read';
  /** Where the last gap ended. */
  #bridgedTo: number | undefined;

  /** `from`: where an earlier run stopped. */
  constructor(options: ScopeMergeOptions, from: { readonly position?: Position; readonly at?: number } = {}) {
    this.#options = options;
    this.#position = from.position;
    this.#covered = from.at;
    this.#accountProvenAt = from.at ?? 0;
  }

  /** The last position given out, or where the stream begins. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** Until when everything has arrived; undefined while the stream has not begun. */
  get covered(): number | undefined {
    return this.#covered;
  }

  get lastEventAt(): number | undefined {
    return this.#lastEventAt;
  }

  /** When the account last showed that it is heard. */
  get heardAt(): number {
    return Math.max(this.#accountProvenAt, this.#lastEventAt ?? 0);
  }

  /** From here on the account may have had what never arrived, however well its feeds answer. */
  get silentSince(): number {
    return Math.max(this.#accountProvenAt, this.#lastSentAfter);
  }

  covers(feed: Feed): boolean {
    return this.#taps.get(feed)?.held === null;
  }

  /** Whether any feed covers: the stream is whole up to now. */
  get whole(): boolean {
    return [...this.#taps.values()].some(({ held }) => held === null);
  }

  joined(feed: Feed, join: Join): void {
    const aim = join.position === undefined ? undefined : parsePosition(join.position);
    const tap: Tap = { feed, join, aim, held: [], heldBytes: 0, provedAt: join.at };
    this.#taps.set(feed, tap);
    if (this.#fits(tap)) this.#cover(tap);
    else if (!this.whole) this.#bridgeTo(tap);
  }

  event(feed: Feed, event: FeedEvent): void {
    const tap = this.#taps.get(feed);
    if (tap === undefined) return;
    if (tap.held === null) return this.#take(tap, event);
    tap.held.push(event);
    tap.heldBytes += event.bytes;
    if (tap.heldBytes > this.#options.heldBytesMax) this.#options.broken(feed, 'more came than can be held');
  }

  proved(feed: Feed, at: number): void {
    const tap = this.#taps.get(feed);
    if (tap === undefined) return;
    tap.provedAt = Math.max(tap.provedAt, at);
    if (tap.held === null) this.#advance(tap);
  }

  lost(feed: Feed, reason: string): void {
    const tap = this.#taps.get(feed);
    if (tap === undefined || !this.#taps.delete(feed)) return;
    if (tap.held !== null || this.whole) return;
    this.#lostBy = reason;
    const [next] = [...this.#taps.values()].sort((a, b) => a.join.at - b.join.at);
    if (next !== undefined) this.#bridgeTo(next);
  }

  /** The account was found to have nothing, at this instant, that had not arrived. */
  accountProven(at: number): void {
    this.#accountProvenAt = Math.max(this.#accountProvenAt, at);
  }

  /**
   * The silence of its feeds proves nothing since this instant, unless an event came later: the account was found to have what
   * never arrived, or the grant to have gone unannounced.
   */
  distrust(since: number = this.#accountProvenAt): void {
    if (this.#covered !== undefined) this.#covered = Math.min(this.#covered, Math.max(since, this.#lastSentAfter));
  }

  /** Whether nothing can lie between what the stream has and what the feed brings. */
  #fits({ join, aim }: Tap): boolean {
    if (aim === undefined) return this.#covered === undefined || (this.whole && join.at <= this.#covered);
    if (this.#position === undefined) return join.recovered !== false && this.#covered === undefined;
    return join.recovered === true || reaches(this.#position, aim);
  }

  #cover(tap: Tap): void {
    const { join, aim } = tap;
    if (aim !== undefined && join.recovered !== true && !reaches(this.#position, aim)) this.#position = aim;
    this.#advance(tap);
    if (!this.#begun) {
      this.#begun = true;
      this.#options.begun();
      this.#accountProvenAt = join.at;
    }
    this.#flush(tap);
  }

  /** Nobody is left who could bring what lies between: it is missing. */
  #bridgeTo(tap: Tap): void {
    const { at } = tap.join;
    const missed = this.#missed(tap);
    // A cursor's instant may lie ahead: another machine's clock wrote it.
    const from = Math.min(this.#covered ?? at, at);
    const silentSince = Math.min(from, this.silentSince);
    // Before the gap is told: whoever has handled it stands behind it.
    if (tap.aim !== undefined) this.#position = tap.aim;
    tap.aim = undefined;
    this.#begun = true;
    this.#covered = at;
    this.#bridgedTo = at;
    this.#options.gap({ from, to: at, silentSince, missed, reason: this.#lostBy });
    this.#accountProvenAt = tap.join.at;
    this.#flush(tap);
    this.#caughtUp();
  }

  /** What its feed said when it was asked for what the stream then had, as far as nobody else has brought it since. */
  #missed({ join, aim }: Tap): Missed | undefined {
    const has = this.#position;
    return join.missed === undefined || has === undefined || aim === undefined
      ? join.missed
      : { from: printPosition(has), to: printPosition(aim) };
  }

  #flush(tap: Tap): void {
    const held = this.#inOrder(tap);
    tap.held = null;
    tap.heldBytes = 0;
    for (const event of held) {
      if (this.#taps.get(tap.feed) !== tap) return;
      this.#take(tap, event);
    }
    // The last one may have broken it.
    if (this.#taps.get(tap.feed) === tap) this.#advance(tap);
  }

  /**
   * What a feed holds that was opened beside the one which ended a gap may begin before that one's first event: inside the gap
   * that was told already, and behind what has been given out since. It is left out: late is not in order.
   */
  #inOrder({ held, join }: Tap): readonly FeedEvent[] {
    const { identityOf } = this.#options;
    if (held === null) return [];
    if (this.#bridgedTo === undefined || join.position !== undefined || identityOf === undefined) return held;
    if (join.at - this.#bridgedTo > JOINING_MS_MAX) return held;
    const firstKnown = held.findIndex(({ event }) => this.#knows(identityOf(event)));
    return held.slice(Math.max(0, firstKnown));
  }

  /**
   * A feed that covers proves the stream until when it is proven itself, but not while it backfills: the answer to a ping may
   * overtake what was sent before the feed joined. Feeds that joined before that instant cover from then on.
   */
  #advance({ aim, provedAt }: Tap): void {
    if (aim !== undefined && !reaches(this.#position, aim)) return;
    this.#covered = Math.max(this.#covered ?? 0, provedAt);
    for (const tap of [...this.#taps.values()]) {
      if (tap.held !== null && tap.join.position === undefined && tap.join.at <= this.#covered) this.#flush(tap);
    }
  }

  #take(tap: Tap, event: FeedEvent): void {
    const position = event.position === undefined ? undefined : parsePosition(event.position);
    if (position === undefined) {
      if (this.#seenBefore(event.event)) return;
    } else {
      const order = this.#orderOf(position);
      if (order < 0) return;
      if (order > 0) return this.#options.broken(tap.feed, `the venue left out what comes before ${event.position}`);
      this.#position = position;
    }
    this.#lastEventAt = this.#options.clock.now();
    this.#lastSentAfter = Math.max(this.#lastSentAfter, Math.min(this.#covered ?? 0, this.#lastEventAt));
    this.#options.event(event);
    if (position !== undefined) this.#caughtUp();
  }

  /** 0: the next one. Negative: had. Positive: others are missing before it. */
  #orderOf(position: Position): number {
    const at = this.#position;
    if (at === undefined) return 0;
    if (at.epoch !== position.epoch) return 1;
    return Math.sign(position.sequence - at.sequence - 1);
  }

  /** Feeds cover whose position the stream has come to. */
  #caughtUp(): void {
    for (const tap of [...this.#taps.values()]) {
      if (tap.aim === undefined || !reaches(this.#position, tap.aim)) continue;
      tap.aim = undefined;
      if (tap.held === null) this.#advance(tap);
      else this.#flush(tap);
    }
  }

  /** Whether an event of this identity was given out lately. */
  #knows(identity: string): boolean {
    const { identityWindowMs, clock } = this.#options;
    const seenAt = this.#seen.get(identity);
    return seenAt !== undefined && clock.now() - seenAt <= identityWindowMs;
  }

  #seenBefore(event: WireEvent): boolean {
    const { identityOf, identityWindowMs, clock } = this.#options;
    if (identityOf === undefined) return false;
    const identity = identityOf(event);
    if (this.#knows(identity)) return true;
    const now = clock.now();
    this.#seen.delete(identity);
    this.#seen.set(identity, now);
    for (const [oldest, at] of this.#seen) {
      if (this.#seen.size <= IDENTITIES_MAX && now - at <= identityWindowMs) break;
      this.#seen.delete(oldest);
    }
    return false;
  }
}

const reaches = (has: Position | undefined, wanted: Position): boolean =>
  has !== undefined && has.epoch === wanted.epoch && has.sequence >= wanted.sequence;
