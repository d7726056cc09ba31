/** The machine's clock and chance, as every runtime has them. */
import type { Clock, Random } from '../doors.ts';

/** What `setTimeout` can count to; beyond it fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export const machineClock: Clock = {
  now: () => Date.now(),
  ticks: () => performance.now(),
  after(delayMs, action) {
    let leftMs = Math.max(0, delayMs);
    let handle = count();
    function count(): Handle {
      const stepMs = Math.min(leftMs, TIMER_MS_MAX);
      leftMs -= stepMs;
      return setTimeout(counted, stepMs);
    }
    function counted(): void {
      if (leftMs > 0) handle = count();
      else action();
    }
    return { cancel: () => clearTimeout(handle) };
  },
};

export const machineRandom: Random = { next: () => Math.random() };

type Handle = ReturnType<typeof setTimeout>;
