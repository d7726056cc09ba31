/**
 * Time inside the SDK. What is proven is compared by when it was: a machine's clock that is set back would let a connection join
 * "before" one was proven that had been proven earlier, and a handover would lose what lies between. So in here time never goes
 * back. Forward it follows: a machine that slept was gone for so long.
 *
 * Instants that users are told are by the clock as it is set now (`told`).
 */
import type { Clock, Timer } from './doors.ts';

/** Less than this is a clock that is kept right by little and little. */
const STEP_MS_MIN = 100;

export class SteadyClock implements Clock {
  readonly #clock: Clock;
  #last: number;
  #lastTicks: number;
  /** By how much the machine's clock has been set back in all. */
  #setBackMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#last = clock.now();
    this.#lastTicks = clock.ticks();
  }

  now(): number {
    const ticks = this.#clock.ticks();
    const wall = this.#clock.now() + this.#setBackMs;
    const unset = this.#last + Math.round(ticks - this.#lastTicks);
    if (wall < unset - STEP_MS_MIN) {
      this.#setBackMs += unset - wall;
      this.#last = unset;
    } else {
      this.#last = Math.max(this.#last, wall);
    }
    this.#lastTicks = ticks;
    return this.#last;
  }

  ticks(): number {
    return this.#clock.ticks();
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#clock.after(delayMs, action);
  }

  /** An instant of ours, as the machine's clock now has it. */
  told(instant: number): number {
    return instant - this.#setBackMs;
  }

  /** One that was told. */
  taken(instant: number): number {
    return instant + this.#setBackMs;
  }
}

const steady = new WeakMap<Clock, SteadyClock>();

/** The same for all streams of a process: what they share (a venue's refusals) they compare. */
export function steadyClockOf(clock: Clock): SteadyClock {
  const known = steady.get(clock) ?? new SteadyClock(clock);
  steady.set(clock, known);
  return known;
}
