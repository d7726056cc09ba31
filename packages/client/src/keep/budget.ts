/**
 * What the streams of one process may ask of one host, together: its refusals (429, 418) hold for all of them, and so does
 * the pause after a failure. A fleet that fails together must not come back together. Where REST and connections have hosts of
 * their own, a refused handshake holds up no keepalive.
 */
import type { Clock, Doors, Random } from '../doors.ts';
import { jittered } from './wait.ts';

const FIRST_PAUSE_MS = 250;

/**
 * A venue that restarts is back within half a minute: for that long a pause stays short, since each second in which nobody reads
 * is missed where nothing is replayed. It is well within what a venue allows of handshakes. Only then is it an outage.
 */
const RESTART_PAUSE_MS = 1000;
const RESTART_FAILURES = 30;

const PAUSE_MS_MAX = 30_000;

/**
 * Handshakes per address: 300 in 5 minutes (spot-margin §1.4). The venue's window is fixed and not ours, so that a fifth is
 * left over for what else stands behind the same address.
 */
const ATTEMPTS_MAX = 240;
const ATTEMPTS_WINDOW_MS = 5 * 60_000;

export class Budget {
  readonly #clock: Clock;
  readonly #random: Random;
  /** When handshakes were made, the oldest first. */
  readonly #attempts: number[] = [];
  #blockedUntil = 0;
  /** How often in a row it has failed, whoever asked; failures that come together count once. */
  #failures = 0;
  #pauseUntil = 0;

  constructor({ clock, random }: Pick<Doors, 'clock' | 'random'>) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The host's own word: nothing before this instant. 0 where nothing was said. */
  get blockedUntil(): number {
    return this.#blockedUntil > this.#clock.now() ? this.#blockedUntil : 0;
  }

  refused(retryAt: number): void {
    this.#blockedUntil = Math.max(this.#blockedUntil, retryAt);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#pauseUntil = 0;
  }

  /** Ms to wait before the next try after a failure: growing with each, jittered, and never before the venue's own word. */
  failed(): number {
    const now = this.#clock.now();
    if (now >= this.#pauseUntil) {
      this.#failures++;
      this.#pauseUntil = now + this.#pauseMs();
    }
    const pauseMs = jittered(this.#pauseMs(), this.#random);
    return Math.max(pauseMs, this.#blockedUntil - now + (this.#blockedUntil > now ? pauseMs : 0));
  }

  /** Counts one handshake that is about to be made; ms to wait before it where there were too many. */
  connectionDelayMs(): number {
    const now = this.#clock.now();
    while (this.#attempts[0] !== undefined && this.#attempts[0] <= now - ATTEMPTS_WINDOW_MS) this.#attempts.shift();
    const oldest = this.#attempts[this.#attempts.length - ATTEMPTS_MAX];
    const startsAt = Math.max(now, oldest === undefined ? 0 : oldest + ATTEMPTS_WINDOW_MS, this.blockedUntil);
    this.#attempts.push(startsAt);
    return startsAt - now;
  }

  #pauseMs(): number {
    const restartMs = Math.min(RESTART_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
    const beyond = Math.max(0, this.#failures - RESTART_FAILURES);
    return Math.min(PAUSE_MS_MAX, restartMs * 2 ** Math.min(beyond, 10));
  }
}

/** By clock, so that a simulation's streams do not meet the machine's; then by host. */
const budgets = new WeakMap<Clock, Map<string, Budget>>();

/** Of the host of this origin: of `https://` and `wss://` on one port it is one. */
export function budgetOf(doors: Pick<Doors, 'clock' | 'random'>, origin: string): Budget {
  const ofClock = budgets.get(doors.clock) ?? new Map<string, Budget>();
  budgets.set(doors.clock, ofClock);
  const { host } = new URL(origin);
  const budget = ofClock.get(host) ?? new Budget(doors);
  ofClock.set(host, budget);
  return budget;
}
