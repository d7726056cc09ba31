import type { Clock } from '../doors.ts';

/** Resolves after so many ms, or at once when `signal` aborts: who waits looks at the signal itself. */
export function wait(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(Math.max(0, delayMs), done);
    signal.addEventListener('abort', done);
  });
}

/** `delayMs`, up to a fifth more or less: what many clients do at once must not fall on one instant. */
export const jittered = (delayMs: number, random: { next(): number }): number =>
  Math.round(delayMs * (0.8 + 0.4 * random.next()));
