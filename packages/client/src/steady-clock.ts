/**
 * Time inside the SDK: it goes on evenly, however the machine's clock is set. What is proven is compared by when it was, and
 * silence that a venue asked for is counted: a clock that is set back would let a connection join "before" one was proven that
 * had been proven earlier, and a handover would lose what lies between; one that is set forward would end the silence.
 *
 * Users are told instants by the machine's clock (`told`). One that was set back was wrong, also for what lies behind: that is told
 * as it reads now. One that went forward may have been asleep: what lies behind is told as it was, so that no interval
 * comes out narrower than the truth.
 */
import type { Clock, Timer } from './doors.ts';

/** Less than this is a clock that is kept right by little and little. */
const STEP_MS_MIN = 100;

/** Steps forward that are told apart: with the drift of a poor clock, those of a day. */
const FORWARD_MAX = 64;

interface Step {
  /** In our time. */
  readonly at: number;
  readonly byMs: number;
}

export class SteadyClock implements Clock {
  readonly #clock: Clock;
  readonly #beganAt: number;
  readonly #beganTicks: number;
  /** What the machine's clock is ahead of ours, but for the steps forward; what it was set back is in it. */
  #aheadMs = 0;
  /** The latest last. */
  readonly #forward: Step[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beganAt = clock.now();
    this.#beganTicks = clock.ticks();
  }

  now(): number {
    const at = this.#beganAt + Math.round(this.#clock.ticks() - this.#beganTicks);
    // At every reading, so that no instant lies between a step and its noticing: it would be told as before the step.
    this.#look(at);
    return at;
  }

  ticks(): number {
    return this.#clock.ticks();
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#clock.after(delayMs, action);
  }

  /** An instant of ours, by the machine's clock. */
  told(instant: number): number {
    this.now();
    let told = instant + this.#aheadMs;
    for (const { at, byMs } of this.#forward) if (at <= instant) told += byMs;
    return told;
  }

  /** One that was told. */
  taken(instant: number): number {
    this.now();
    let ours = instant - this.#aheadMs - sum(this.#forward);
    for (const { at, byMs } of this.#forward.toReversed()) {
      if (ours >= at) return ours;
      // One inside the step, which another program told while this machine slept, was before it ended.
      ours = Math.min(ours + byMs, at - 1);
    }
    return ours;
  }

  #look(at: number): void {
    const byMs = this.#clock.now() - (at + this.#aheadMs + sum(this.#forward));
    if (byMs <= -STEP_MS_MIN) this.#aheadMs += byMs;
    if (byMs < STEP_MS_MIN) return;
    this.#forward.push({ at, byMs });
    if (this.#forward.length > FORWARD_MAX) this.#aheadMs += this.#forward.shift()?.byMs ?? 0;
  }
}

const sum = (steps: readonly Step[]): number => steps.reduce((total, { byMs }) => total + byMs, 0);

const steady = new WeakMap<Clock, SteadyClock>();

/** The same for all streams of a process: what they share (a venue's refusals) they compare. */
export function steadyClockOf(clock: Clock): SteadyClock {
  const known = steady.get(clock) ?? new SteadyClock(clock);
  steady.set(clock, known);
  return known;
}
