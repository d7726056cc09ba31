import type { MachineTime, Timer } from '../clock.ts';

/** Machine time that moves only when a test says so. */
export class ManualMachine implements MachineTime {
  #now: number;
  #waiting: { readonly at: number; readonly action: () => void }[] = [];

  constructor(now = Date.UTC(2026, 9, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): Timer {
    const entry = { at: this.#now + delayMs, action };
    this.#waiting.push(entry);
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter((other) => other !== entry);
      },
    };
  }

  /** Lets `ms` pass without a turn of the timers: they come late, with the next `pass`. */
  stall(ms: number): void {
    this.#now += ms;
  }

  /** Lets `ms` pass, running what falls due in order. */
  pass(ms: number): void {
    const target = this.#now + ms;
    for (;;) {
      const next = this.#waiting.filter(({ at }) => at <= target).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.action();
    }
    this.#now = target;
  }
}
