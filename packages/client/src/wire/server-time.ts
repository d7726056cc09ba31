/** How far the venue's clock is from the SDK's own time, as far as an answer that was asked for tells. */
import type { Clock } from '../doors.ts';

export class ServerTime {
  readonly #clock: Clock;
  #offsetMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What the venue's clock shows now: for `timestamp`. */
  now(): number {
    return Math.round(this.#clock.now() + this.#offsetMs);
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** `serverTime` was read at some instant between the two. */
  measured(askedAt: number, answeredAt: number, serverTime: number): void {
    this.#offsetMs = serverTime - (askedAt + answeredAt) / 2;
  }
}
