import type { MachineTime, Timer } from '@listenpost/core';

interface Alarm {
  readonly instant: number;
  readonly action: () => void;
}

/** Machine time that moves only when a test says so. */
export class ManualMachine implements MachineTime {
  #now: number;
  #alarms: Alarm[] = [];

  constructor(startMs: number) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): Timer {
    const alarm = { instant: this.#now + delayMs, action };
    this.#alarms.push(alarm);
    return {
      cancel: () => {
        this.#alarms = this.#alarms.filter((other) => other !== alarm);
      },
    };
  }

  /** Moves on by `ms`, firing what falls due in the order of the instants. */
  pass(ms: number): void {
    const target = this.#now + ms;
    for (let next = this.#next(target); next !== undefined; next = this.#next(target)) {
      this.#alarms = this.#alarms.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.instant);
      next.action();
    }
    this.#now = target;
  }

  #next(target: number): Alarm | undefined {
    return this.#alarms
      .filter(({ instant }) => instant <= target)
      .reduce<Alarm | undefined>(
        (first, alarm) => (first && first.instant <= alarm.instant ? first : alarm),
        undefined,
      );
  }
}
