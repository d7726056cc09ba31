/**
 * The one time of a simulated world. Server, SDK and network set their timers here, so that everything that is due comes in
 * one order, and nothing else moves: no timer of the machine, no date, no chance.
 *
 * Between two of them whatever promises have to do is done, by `drainMicrotasks`: a turn of the event loop for each would
 * come to the same order and cost forty times as much. So that a rejection which nobody takes in the turn it happens is
 * found as well, `run` may be told to take such a turn (`everyTurn`): a few hundred seeds do, the many do not.
 */
import { drainMicrotasks } from 'bun:jsc';
import type { MachineTime, Timer } from '@listenpost/core';
import { TimerHeap } from '../../packages/core/src/timer-heap.ts';

/** Far more than any seed comes to; a loop that time does not move ends here and by name. */
const STEPS_PER_INSTANT_MAX = 100_000;

export class Universe implements MachineTime {
  readonly #due = new TimerHeap();
  #now: number;
  /** What has happened, for the operator's figures. */
  steps = 0;

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#due.push(this.#now + Math.max(0, Math.trunc(delayMs)), action);
  }

  at(instant: number, action: () => void): Timer {
    return this.after(instant - this.#now, action);
  }

  /** Lets time pass until `instant`. */
  async run(instant: number, everyTurn: boolean): Promise<void> {
    drainMicrotasks();
    let sameInstant = 0;
    for (let next = this.#due.peek(); next !== undefined && next.instant <= instant; next = this.#due.peek()) {
      sameInstant = next.instant === this.#now ? sameInstant + 1 : 0;
      if (sameInstant > STEPS_PER_INSTANT_MAX)
        throw new Error(`time stands still at ${this.#now}: a loop without a wait`);
      this.#due.pop();
      this.#now = next.instant;
      const { due } = next;
      next.due = null;
      if (typeof due === 'function') due();
      this.steps++;
      drainMicrotasks();
      if (everyTurn) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.#now = instant;
  }
}
