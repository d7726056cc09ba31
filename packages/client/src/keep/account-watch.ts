/**
 * Quiet or dead? A stream that brings nothing looks the same either way, and a venue that still answers pings may have lost
 * the subscription (users-and-peers P1). So an account that was silent for long is asked itself whether anything happened.
 *
 * All comparisons are made by the venue's own clock or positions; what an answer proves, it proves for when it was asked.
 */
import { parsePosition } from '@listenpost/protocol';
import type { Fault } from '../doors/guarded.ts';
import type { Clock, Timer } from '../doors.ts';
import { streamError } from '../errors.ts';
import type { WireEvent } from '../events.ts';
import { msOf } from '../wire/time-unit.ts';
import type { ScopeMerge } from './scope-merge.ts';

/** What an account says of itself: when it changed last, by the venue's clock, or where its stream stands. */
export type AccountState =
  | {
      /** Milliseconds since the Unix epoch, by the venue's clock. */
      readonly changedAt: number;
    }
  | {
      /** Of the last event that there is: `<epoch>:<sequence>`. */
      readonly position: string;
    };

/** Asks for several scopes at once; one that is left out is not known. */
export type CheckAccounts = (scopes: readonly string[]) => Promise<ReadonlyMap<string, AccountState>>;

export interface AccountWatchOptions {
  readonly clock: Clock;
  readonly merges: ReadonlyMap<string, ScopeMerge>;
  readonly check: CheckAccounts;
  /** Silence after which the account is asked, and asked again. */
  readonly checkAfterMs: number;
  /** The account has changed, and no event came: the stream is dead. */
  dead(scope: string, reason: string): void;
  readonly fault: Fault;
}

/** An event of a change may still be on its way when the account already shows it. */
const GRACE_MS = 5000;

interface Watched {
  readonly scope: string;
  readonly merge: ScopeMerge;
  /** The last change that is accounted for, by the venue's clock. */
  known: number | undefined;
  /** When it was asked last, by ours. */
  askedAt: number;
  grace: Timer | undefined;
  doubt: string | undefined;
}

export class AccountWatch {
  readonly #options: AccountWatchOptions;
  readonly #watched: ReadonlyMap<string, Watched>;
  #answers = false;
  #checking = false;
  /** An answer that is on its way was asked for too early. */
  #askAgain = false;
  #closed = false;

  constructor(options: AccountWatchOptions) {
    this.#options = options;
    this.#watched = new Map(
      [...options.merges].map(([scope, merge]) => [
        scope,
        { scope, merge, known: undefined, askedAt: Number.NEGATIVE_INFINITY, grace: undefined, doubt: undefined },
      ]),
    );
  }

  /** Whether the account could be asked when it was asked last. */
  get answers(): boolean {
    return this.#answers;
  }

  /** Why the stream is not trusted just now; undefined while nothing speaks against it. */
  get doubt(): string | undefined {
    for (const { doubt } of this.#watched.values()) if (doubt !== undefined) return doubt;
    return undefined;
  }

  event(scope: string, { E, T }: WireEvent): void {
    const watched = this.#watched.get(scope);
    if (watched === undefined) return;
    const at = Math.max(typeof E === 'number' ? msOf(E) : 0, typeof T === 'number' ? msOf(T) : 0);
    watched.known = Math.max(watched.known ?? 0, at);
    watched.doubt = undefined;
  }

  /** The scope begins, or begins again behind a gap: what it shows at the next look is where silence is measured from. */
  begun(scope: string): void {
    const watched = this.#watched.get(scope);
    if (watched === undefined) return;
    watched.known = undefined;
    watched.doubt = undefined;
    watched.askedAt = Number.NEGATIVE_INFINITY;
    watched.grace?.cancel();
  }

  /** To be called every few seconds: asks for those that were silent for long. */
  tick(): void {
    const { clock, checkAfterMs } = this.#options;
    const now = clock.now();
    this.#ask(
      ({ merge, askedAt, known }) => now - Math.max(askedAt, known === undefined ? 0 : merge.heardAt) >= checkAfterMs,
    );
  }

  /** Asks for all, however lately they were heard. */
  ask(): void {
    if (this.#checking) this.#askAgain = true;
    else this.#ask(() => true);
  }

  #ask(wanted: (watched: Watched) => boolean): void {
    if (this.#checking || this.#closed) return;
    const { clock, check, fault } = this.#options;
    const now = clock.now();
    const due = [...this.#watched.values()].filter((watched) => watched.merge.whole && wanted(watched));
    if (due.length === 0) return;
    this.#checking = true;
    for (const watched of due) watched.askedAt = now;
    check(due.map(({ scope }) => scope))
      .then(
        (states) => {
          this.#answers = due.every(({ scope }) => states.has(scope));
          for (const watched of due) this.#judge(watched, states.get(watched.scope), now);
        },
        (cause: unknown) => {
          this.#answers = false;
          for (const watched of due) watched.doubt = `the account could not be asked: ${streamError(cause).message}`;
        },
      )
      .finally(() => {
        this.#checking = false;
        if (!this.#askAgain) return;
        this.#askAgain = false;
        this.ask();
      })
      .catch(fault);
  }

  close(): void {
    this.#closed = true;
    for (const { grace } of this.#watched.values()) grace?.cancel();
  }

  #judge(watched: Watched, state: AccountState | undefined, askedAt: number): void {
    if (this.#closed || state === undefined || !watched.merge.whole) return;
    const first = watched.known === undefined && 'changedAt' in state;
    // The first look is where silence is measured from; what lies between the joining and it is proven by nothing.
    if (accounted(watched, state)) return first ? undefined : proven(watched, askedAt);
    watched.doubt = 'the account has changed and no event has come yet';
    watched.grace?.cancel();
    watched.grace = this.#options.clock.after(GRACE_MS, () => {
      if (!watched.merge.whole) return;
      if (accounted(watched, state)) return proven(watched, askedAt);
      this.#options.dead(watched.scope, 'the account has changed and no event came');
    });
  }
}

function proven(watched: Watched, askedAt: number): void {
  watched.doubt = undefined;
  watched.merge.accountProven(askedAt);
}

/** Whether nothing happened to the account that the stream has not brought. */
function accounted(watched: Watched, state: AccountState): boolean {
  if ('changedAt' in state) {
    watched.known ??= state.changedAt;
    return state.changedAt <= watched.known;
  }
  const [stands, has] = [parsePosition(state.position), watched.merge.position];
  if (stands === undefined || has === undefined || stands.epoch !== has.epoch) return false;
  return stands.sequence <= has.sequence;
}
