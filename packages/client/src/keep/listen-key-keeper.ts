/**
 * The one listenKey of an account's stream, kept alive. All feeds of a stream read by the same key, so that there is one
 * keepalive loop however many there are, and however often the key is lost.
 *
 * The key belongs to the account and not to us: other programs use the same one, and deleting it would silence them
 * (users-and-peers P7). So `close` only stops extending it.
 */
import { LISTEN_KEY_LIFECYCLE } from '@listenpost/protocol';
import type { Fault } from '../doors/guarded.ts';
import type { Clock, Doors, Timer } from '../doors.ts';
import { streamError, type UserDataStreamError, VenueError } from '../errors.ts';
import { Life } from '../lifecycle.ts';
import type { Budget } from './budget.ts';
import type { ListenKeySource } from './grant-source.ts';
import { jittered } from './wait.ts';

/** "This listenKey does not exist." */
const NO_SUCH_KEY = -1125;

/** Of the time that is left, when a key is extended: two further tries fit in before the deadline, however the first ends. */
const EXTEND_AT = 0.5;

/** The shortest pause between two tries, also when the deadline is near. */
const PAUSE_MS_MIN = 1000;

/**
 * Told when a grant is gone. `aliveUntil`, in ms by the machine's clock: where its end was not announced, when it was last known to
 * live; connections that read by it may have been deaf since.
 */
export type GrantLost = (reason: string, aliveUntil: number | undefined) => void;

export interface ListenKeyKeeperOptions {
  readonly doors: Doors;
  readonly fault: Fault;
  readonly keys: ListenKeySource;
  readonly validityMs: number;
  readonly budget: Budget;
  /** The key that was told last is dead. */
  readonly onLost: GrantLost;
}

export class ListenKeyKeeper {
  readonly #options: ListenKeyKeeperOptions;
  readonly #clock: Clock;
  readonly #life = new Life(LISTEN_KEY_LIFECYCLE);
  /** The last one; whether it lives, `#life` says. */
  #key = '';
  #deadline = 0;
  /** When it was asked for last with success: it lived then. */
  #aliveAt = 0;
  #issuing: Promise<string> | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: ListenKeyKeeperOptions) {
    this.#options = options;
    this.#clock = options.doors.clock;
  }

  /** When the key dies unless it is extended again; undefined while there is none. */
  get deadline(): number | undefined {
    return this.#lives ? this.#deadline : undefined;
  }

  /**
   * The account's live key, fresh from the venue: a socket opens for a dead key as well, and then stays silent (derivatives
   * §3.2), so that no connection is opened by a key that was not confirmed just before. Asked for twice at once, it is asked
   * for once.
   */
  issue(): Promise<string> {
    this.#issuing ??= this.#issue().finally(() => {
      this.#issuing = undefined;
    });
    return this.#issuing;
  }

  /**
   * Whether this is the account's live key still. Asked once a socket is open, the answer tells what the socket does not: a key
   * that is dead never comes back, so that one which lives now lived when the socket opened.
   */
  async confirm(key: string): Promise<boolean> {
    // What is under way was asked before, and may have been answered before the key died.
    await this.#issuing?.catch(() => undefined);
    return (await this.issue()) === key;
  }

  /** The venue says that this key expired. That of an older one says nothing of ours. */
  expired(key: string): void {
    if (!this.#holds(key)) return;
    this.#lose('the listenKey expired');
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  get #lives(): boolean {
    return this.#life.state === 'live';
  }

  #holds(key: string): boolean {
    return this.#lives && key === this.#key;
  }

  async #issue(): Promise<string> {
    const askedAt = this.#clock.now();
    const key = await this.#options.keys.start();
    if (this.#lives && key !== this.#key) this.#lose('the listenKey was replaced', this.#aliveAt);
    this.#life.take('start');
    this.#key = key;
    this.#extended(askedAt);
    return key;
  }

  /** The venue counts from when it was asked, so that we may count from when we asked (derivatives §1.2 rule 4). */
  #extended(askedAt: number): void {
    this.#aliveAt = askedAt;
    this.#deadline = askedAt + this.#options.validityMs;
    this.#extendIn(jittered((this.#deadline - this.#clock.now()) * EXTEND_AT, this.#options.doors.random));
  }

  #extendIn(delayMs: number): void {
    this.#timer?.cancel();
    if (!this.#closed) this.#timer = this.#clock.after(delayMs, () => this.#extend());
  }

  #extend(): void {
    const key = this.#key;
    if (!this.#lives) return;
    if (this.#clock.now() >= this.#deadline) return this.#lose('the listenKey could not be extended in time');
    const askedAt = this.#clock.now();
    this.#options.keys
      .keepalive(key)
      .then(
        (extended) => this.#answered(key, extended, askedAt),
        (cause: unknown) => this.#failed(key, streamError(cause)),
      )
      .catch(this.#options.fault);
  }

  /** Some products tell which key they extended: another than ours means that ours is gone. */
  #answered(asked: string, extended: string, askedAt: number): void {
    if (!this.#holds(asked) || this.#closed) return;
    if (extended !== asked) return this.#lose('the listenKey was replaced', this.#aliveAt);
    this.#life.take('keepalive');
    this.#options.budget.succeeded();
    this.#extended(askedAt);
  }

  /** Tries again while there is time, at half of what is left, so that tries end before the deadline and not behind it. */
  #failed(asked: string, cause: UserDataStreamError): void {
    if (!this.#holds(asked) || this.#closed) return;
    if (cause instanceof VenueError && cause.code === NO_SUCH_KEY)
      return this.#lose('the listenKey does not exist', this.#aliveAt);
    if (!cause.shouldRetry()) return this.#lose(cause.message);
    const { budget, doors } = this.#options;
    const leftMs = this.#deadline - this.#clock.now();
    const pauseMs = Math.max(PAUSE_MS_MIN, Math.min(budget.failed(), jittered(leftMs * EXTEND_AT, doors.random)));
    this.#extendIn(Math.min(pauseMs, Math.max(0, leftMs)));
  }

  /** Before its deadline only somebody's close can have ended it. */
  #lose(reason: string, aliveUntil?: number): void {
    this.#life.take(this.#clock.now() >= this.#deadline ? 'deadline' : 'close');
    this.#timer?.cancel();
    this.#options.onLost(reason, aliveUntil);
  }
}
