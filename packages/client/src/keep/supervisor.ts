/**
 * Keeps one account's streams of one product whole: connections in their slots, grants in their keepers, a merge for each
 * scope, and the verdict on all of it. Every fault (an expired key, a lapsed token, a dead socket, a shutdown) comes to the
 * same two moves: a slot opens another feed, and the merge says whether anything lies between.
 */
import type { Position } from '@listenpost/protocol';
import type { Doors, Timer } from '../doors.ts';
import { streamError, type UserDataStreamError } from '../errors.ts';
import type { WireEvent } from '../events.ts';
import type { Feed, FeedEvent, OpenFeed } from '../feed/feed.ts';
import { AccountWatch, type CheckAccounts } from './account-watch.ts';
import type { Budget } from './budget.ts';
import { type GapFound, ScopeMerge } from './scope-merge.ts';
import { Slot } from './slot.ts';

/**
 * live: an event came lately. quiet: none did, and nothing speaks against it: the connection answers, and so does the account,
 * where it can be asked. suspect: an answer is late, or the account says otherwise. dead: nothing is being read.
 */
export type Verdict = 'live' | 'quiet' | 'suspect' | 'dead';

/** What is known of a stream at one moment: what `onStatus` tells and `status` answers. */
export interface StreamStatus {
  /** The judgement; `reason` says why. */
  readonly verdict: Verdict;
  /** In a few words. */
  readonly reason: string;
  /** Since when this is the verdict; this and all other instants in ms since the Unix epoch, by the machine's clock. */
  readonly since: number;
  /** When the last event arrived. */
  readonly lastEventAt: number | undefined;
  /** Everything that was sent before this instant has arrived. */
  readonly provenUntil: number | undefined;
  /** When the key or token that is read by dies, unless it is extended. */
  readonly grantDeadline: number | undefined;
  /** Connections that read now. */
  readonly connections: number;
  /** Whether a new connection is being opened while the old one still reads. */
  readonly handingOver: boolean;
}

export interface SupervisorOptions {
  readonly doors: Doors;
  readonly budget: Budget;
  readonly openFeed: OpenFeed;
  readonly scopes: readonly string[];
  /** Connections that read at once. */
  readonly parallel: number;
  readonly handoverAfterMs: number;
  /** Whether the venue numbers its events and takes `resume`. */
  readonly resume: boolean;
  readonly identityOf: ((scope: string, event: WireEvent) => string) | undefined;
  readonly identityWindowMs: number;
  readonly heldBytesMax: number;
  /** Where an earlier run stopped, by scope. */
  readonly from: ReadonlyMap<string, { readonly position?: Position; readonly at?: number }>;
  readonly check: CheckAccounts | undefined;
  readonly checkAfterMs: number;
  readonly quietAfterMs: number;
  /** An answer that takes longer makes the stream suspect. */
  readonly lateAfterMs: number;
  event(scope: string, event: FeedEvent): void;
  gap(scope: string, gap: GapFound): void;
  begun(scope: string): void;
  status(status: StreamStatus): void;
  fatal(error: UserDataStreamError): void;
}

const TICK_MS = 5000;

/** What of a status is told when it changes; instants move all the time, and are read when wanted. */
const TOLD = ['verdict', 'reason', 'handingOver'] as const;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #merges: ReadonlyMap<string, ScopeMerge>;
  readonly #watch: AccountWatch | undefined;
  readonly #slots: readonly Slot[];
  #tick: Timer | undefined;
  #status: StreamStatus;
  #why = 'not connected yet';
  #closed = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#merges = new Map(options.scopes.map((scope) => [scope, this.#merge(scope)]));
    this.#watch = this.#accountWatch();
    this.#slots = Array.from({ length: options.parallel }, () => this.#slot());
    this.#status = this.#judged();
  }

  get status(): StreamStatus {
    return this.#judged();
  }

  start(): void {
    for (const slot of this.#slots) slot.open();
    this.#tickLater();
  }

  /** Another connection is opened and proven, and then takes over. */
  handOver(): void {
    for (const slot of this.#slots) slot.handOver(false);
  }

  /** The grant that all connections read by is gone. */
  grantLost(reason: string, aliveUntil: number | undefined): void {
    if (aliveUntil !== undefined) for (const merge of this.#merges.values()) merge.distrust(aliveUntil);
    for (const slot of this.#slots) slot.restart(reason);
  }

  position(scope: string): Position | undefined {
    return this.#merges.get(scope)?.position;
  }

  /** Until when everything of this scope has arrived. */
  covered(scope: string): number | undefined {
    return this.#merges.get(scope)?.covered;
  }

  close(): void {
    this.#closed = true;
    this.#tick?.cancel();
    this.#watch?.close();
    for (const slot of this.#slots) slot.close();
  }

  #merge(scope: string): ScopeMerge {
    const { doors, identityOf, identityWindowMs, heldBytesMax, event, gap, begun, from } = this.#options;
    return new ScopeMerge(
      {
        scope,
        clock: doors.clock,
        identityOf: identityOf === undefined ? undefined : (wireEvent) => identityOf(scope, wireEvent),
        identityWindowMs,
        heldBytesMax,
        event: (feedEvent) => {
          this.#watch?.event(scope, feedEvent.event);
          event(scope, feedEvent);
          // The next look falls due by itself; only what changes the verdict is told at once.
          if (this.#status.verdict !== 'live') this.#review();
        },
        gap: (found) => {
          gap(scope, found);
          this.#watch?.begun(scope);
        },
        begun: () => {
          begun(scope);
          this.#watch?.begun(scope);
        },
        broken: (feed, reason) => this.#drop(feed, reason),
      },
      from.get(scope),
    );
  }

  #accountWatch(): AccountWatch | undefined {
    const { doors, check, checkAfterMs, fatal } = this.#options;
    if (check === undefined) return undefined;
    const dead = (scope: string, reason: string) => {
      this.#merges.get(scope)?.distrust();
      for (const slot of this.#slots) slot.replace(reason);
    };
    const fault = (cause: unknown) => fatal(streamError(cause));
    return new AccountWatch({ clock: doors.clock, merges: this.#merges, check, checkAfterMs, dead, fault });
  }

  #slot(): Slot {
    const { doors, budget, openFeed, scopes, handoverAfterMs, fatal } = this.#options;
    return new Slot({
      doors,
      budget,
      openFeed,
      scopes,
      handoverAfterMs,
      resumeOf: (scope) => this.#resumeOf(scope),
      joined: (feed, scope, join) => this.#merges.get(scope)?.joined(feed, join),
      event: (feed, scope, event) => this.#merges.get(scope)?.event(feed, event),
      proved: (feed, at) => {
        for (const merge of this.#merges.values()) merge.proved(feed, at);
      },
      lost: (feed, scope, reason) => {
        this.#why = reason;
        this.#merges.get(scope)?.lost(feed, reason);
        this.#review();
      },
      reading: () => this.#slots.some(({ current }) => current !== undefined),
      covers: (feed) => [...this.#merges.values()].every((merge) => merge.covers(feed)),
      opened: () => {
        // Those that read are asked at once: once one answers, everything before the new one joined has arrived. Asked in its
        // own time, a connection that dies meanwhile would take with it what the new one cannot have.
        for (const slot of this.#slots) slot.prove();
        // An answered ping proves no subscription. Whether the one that is about to go was a zombie, only the account can still
        // tell; where the venue numbers its events, the new one's position has told already.
        if (!this.#options.resume) this.#watch?.ask();
      },
      changed: () => this.#review(),
      failed: ({ reason, error }, nextInMs) => {
        this.#why = `${error?.message ?? reason}; trying again in ${Math.round(nextInMs)} ms`;
        this.#review();
      },
      fatal,
    });
  }

  #resumeOf(scope: string): string | undefined {
    if (!this.#options.resume) return undefined;
    const position = this.#merges.get(scope)?.position;
    return position === undefined ? 'latest' : `${position.epoch}:${position.sequence}`;
  }

  #drop(feed: Feed, reason: string): void {
    for (const slot of this.#slots) slot.drop(feed, reason);
  }

  #tickLater(): void {
    this.#tick = this.#options.doors.clock.after(TICK_MS, () => {
      this.#watch?.tick();
      this.#review();
      this.#tickLater();
    });
  }

  /** Tells the status where one of `TOLD` is another than before. */
  #review(): void {
    if (this.#closed) return;
    const status = this.#judged();
    const before = this.#status;
    this.#status = status;
    if (TOLD.some((name) => status[name] !== before[name])) this.#options.status(status);
  }

  #judged(): StreamStatus {
    const merges = [...this.#merges.values()];
    const feeds = (this.#slots ?? []).flatMap(({ current }) => current ?? []);
    const [verdict, reason] = this.#verdict(merges, feeds);
    const before: StreamStatus | undefined = this.#status;
    const provens = merges.map(({ covered }) => covered);
    return {
      verdict,
      reason,
      since: before?.verdict === verdict ? before.since : this.#options.doors.clock.now(),
      lastEventAt: latest(merges.map(({ lastEventAt }) => lastEventAt)),
      provenUntil: provens.includes(undefined) ? undefined : Math.min(...(provens as number[])),
      grantDeadline: earliest(feeds.map(({ deadline }) => deadline)),
      connections: feeds.length,
      handingOver: (this.#slots ?? []).some(({ handingOver }) => handingOver),
    };
  }

  #verdict(merges: readonly ScopeMerge[], feeds: readonly Feed[]): [Verdict, string] {
    const { lateAfterMs, quietAfterMs, doors } = this.#options;
    const now = doors.clock.now();
    if (merges.some(({ whole }) => !whole)) return ['dead', this.#why];
    const doubt = this.#watch?.doubt;
    if (doubt !== undefined) return ['suspect', doubt];
    if (feeds.length > 0 && feeds.every(({ waitingSince }) => now - (waitingSince ?? now) > lateAfterMs)) {
      return ['suspect', 'the connection has not answered yet'];
    }
    const lastEventAt = latest(merges.map((merge) => merge.lastEventAt));
    if (lastEventAt !== undefined && now - lastEventAt <= quietAfterMs) return ['live', 'events come'];
    return [
      'quiet',
      this.#watch?.answers === true ? 'the connection and the account answer' : 'the connection answers',
    ];
  }
}

const given = (instants: readonly (number | undefined)[]): number[] => instants.flatMap((instant) => instant ?? []);

function latest(instants: readonly (number | undefined)[]): number | undefined {
  const known = given(instants);
  return known.length === 0 ? undefined : Math.max(...known);
}

function earliest(instants: readonly (number | undefined)[]): number | undefined {
  const known = given(instants);
  return known.length === 0 ? undefined : Math.min(...known);
}
