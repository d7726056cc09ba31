import type { Action, Beat, Clock, MachineTime, Timer } from './clock.ts';
import { type Entry, TimerHeap } from './timer-heap.ts';

/** How long, of machine time, one advance waits in all for the pongs that prove sockets healthy (design §5). */
const PROOF_BUDGET_MS = 2000;
/** How often the wait looks whether all have answered. */
const PROOF_LOOK_MS = 2;
/** The longest delay a machine timer takes. */
const DELAY_MAX_MS = 2 ** 31 - 1;

/** What outlives a restart. */
export interface ClockState {
  readonly offsetMs: number;
  readonly frozenAt: number | null;
}

export class ClockError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ClockError';
  }
}

/**
 * Machine time plus an offset. It flows; it can be frozen; it can be moved forward by command; it never goes back.
 *
 * Advancing runs every due timer in order, each seeing its own instant, so that an hour's expiry and a day's end come in
 * the order they would have come in life.
 */
export class VirtualClock implements Clock {
  readonly #machine: MachineTime;
  readonly #timers = new TimerHeap();
  #offsetMs: number;
  /** While set, time stands here: frozen by command, or held by a running advance. */
  #heldAt: number | null;
  #frozen: boolean;
  #latest = 0;
  #wake: { readonly instant: number; readonly timer: Timer } | null = null;
  #advance: Promise<void> = Promise.resolve();
  #advancing = false;

  constructor(machine: MachineTime, state: ClockState = { offsetMs: 0, frozenAt: null }) {
    this.#machine = machine;
    this.#offsetMs = state.offsetMs;
    this.#heldAt = state.frozenAt;
    this.#frozen = state.frozenAt !== null;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  get state(): ClockState {
    return { offsetMs: this.#offsetMs, frozenAt: this.#frozen ? this.#heldAt : null };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    if (this.#heldAt !== null) return this.#heldAt;
    // The machine's clock may step back (NTP); ours holds still until it has caught up.
    this.#latest = Math.max(this.#latest, this.#machine.now() + this.#offsetMs);
    return this.#latest;
  }

  at(instant: number, action: Action): Timer {
    return this.#set(instant, action);
  }

  beatAt(instant: number, beat: Beat): Timer {
    return this.#set(instant, beat);
  }

  freeze(): void {
    this.#heldAt = this.now();
    this.#frozen = true;
  }

  /** Time flows on from where it stood. */
  resume(): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    // A running advance holds time itself, and lets it go at its end.
    if (this.#advancing) return;
    this.#release(this.now());
    this.#arm();
  }

  /** Moves time forward by `ms`, running what falls due. Throws `ClockError` when `ms` is negative or not finite. */
  advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) throw new ClockError('time never goes back: advance by zero or more');
    return this.#queue(() => this.now() + Math.floor(ms));
  }

  /** Moves time forward to `instant`. Throws `ClockError` when that has passed. */
  set(instant: number): Promise<void> {
    if (!Number.isSafeInteger(instant)) throw new ClockError('the instant is not a whole number of milliseconds');
    if (instant < this.now()) {
      throw new ClockError(`time never goes back: it is ${this.now()} already, ${instant} has passed`);
    }
    return this.#queue(() => Math.max(instant, this.now()));
  }

  /** Advances run one after the other: two at once would each see the other's instants. */
  #queue(target: () => number): Promise<void> {
    const run = this.#advance.then(() => this.#advanceTo(target()));
    this.#advance = run.catch(() => undefined);
    return run;
  }

  async #advanceTo(target: number): Promise<void> {
    this.#advancing = true;
    this.#heldAt = this.now();
    const proof = new Proof(this.#machine);
    try {
      for (;;) {
        const beats = this.#takeBeatsBeforeNextAction(target);
        const next = Math.min(this.#timers.peek()?.instant ?? Number.POSITIVE_INFINITY, target);
        if (beats.length > 0) await proof.of(beats, () => this.#timers.dueBy(target));
        this.#heldAt = Math.max(this.#heldAt, next);
        for (const entry of beats) (entry.due as Beat | null)?.resume();
        const due = this.#timers.peek();
        if (due === undefined || due.instant > target) {
          if (beats.length > 0) continue;
          break;
        }
        // Lets what the action started (an answer, a close) run before the next instant is seen.
        await this.#fire(this.#timers.pop() as Entry);
      }
      this.#heldAt = target;
    } finally {
      this.#advancing = false;
      if (!this.#frozen) this.#release(this.#heldAt);
      this.#arm();
    }
  }

  #takeBeatsBeforeNextAction(target: number): Entry[] {
    const beats: Entry[] = [];
    for (;;) {
      const next = this.#timers.peek();
      if (next === undefined || next.instant > target || typeof next.due === 'function') return beats;
      beats.push(this.#timers.pop() as Entry);
    }
  }

  #set(instant: number, due: Action | Beat): Timer {
    const entry = this.#timers.push(instant, due);
    this.#arm();
    return entry;
  }

  /** Time flows on from `instant`. A wake asked for earlier counts on another offset: it would come too late. */
  #release(instant: number): void {
    this.#wake?.timer.cancel();
    this.#wake = null;
    this.#latest = instant;
    this.#offsetMs = instant - this.#machine.now();
    this.#heldAt = null;
  }

  /** Asks the machine to wake us at the earliest timer, unless it will already. */
  #arm(): void {
    if (this.#heldAt !== null || this.#advancing) return;
    const next = this.#timers.peek();
    if (next === undefined || (this.#wake !== null && this.#wake.instant <= next.instant)) return;
    this.#wake?.timer.cancel();
    const delayMs = Math.min(Math.max(0, next.instant - this.now()), DELAY_MAX_MS);
    this.#wake = { instant: next.instant, timer: this.#machine.after(delayMs, () => this.#run()) };
  }

  #run(): void {
    this.#wake = null;
    if (this.#heldAt !== null) return;
    const now = this.now();
    for (let next = this.#timers.peek(); next !== undefined && next.instant <= now; next = this.#timers.peek()) {
      this.#fire(this.#timers.pop() as Entry);
    }
    this.#arm();
  }

  /** What the action returned: in flowing time nobody waits for it. */
  #fire(entry: Entry): unknown {
    const due = entry.due;
    entry.due = null;
    if (due === null) return undefined;
    return typeof due === 'function' ? due() : due.tick();
  }
}

/**
 * The proofs of one advance. The first asks every socket whose heartbeat falls due before the advance ends, so that one
 * wait tells the silent from the healthy; a silent one uses up the budget. From then on nobody is asked: who answered
 * would get no time to answer again, and must not be taken for silent; who did not is found overdue by `resume`.
 */
class Proof {
  readonly #machine: MachineTime;
  #budgetMs = PROOF_BUDGET_MS;
  #first = true;

  constructor(machine: MachineTime) {
    this.#machine = machine;
  }

  /** Pings `beats`, the first time also those that `later` lists, and waits until all have answered or the budget is used up. */
  async of(beats: readonly Entry[], later: () => readonly Entry[]): Promise<void> {
    if (this.#budgetMs === 0) return;
    const asked = this.#first ? [...beats, ...later()] : beats;
    this.#first = false;
    for (const { due } of asked) if (isBeat(due)) due.prove();
    const spentMs = await this.#waited(() => asked.every(({ due }) => !isBeat(due) || due.proven));
    this.#budgetMs = Math.max(0, this.#budgetMs - spentMs);
  }

  /** The machine time that passed until `done`, or until the budget was used up. */
  #waited(done: () => boolean): Promise<number> {
    const startedAt = this.#machine.now();
    return new Promise((resolve) => {
      const look = () => {
        const spentMs = this.#machine.now() - startedAt;
        if (done() || spentMs >= this.#budgetMs) resolve(spentMs);
        else this.#machine.after(PROOF_LOOK_MS, look);
      };
      look();
    });
  }
}

const isBeat = (due: Entry['due']): due is Beat => due !== null && typeof due !== 'function';
