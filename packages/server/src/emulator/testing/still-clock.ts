import type { Clock } from '@listenpost/core';

/** Time that stands until a test moves it. */
export class StillClock implements Pick<Clock, 'now'> {
  instant = 1_790_000_000_000;

  now(): number {
    return this.instant;
  }
}
