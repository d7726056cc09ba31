/** Doors for the emulator's tests: time that stands until it is moved, and chance from a seed. */
import type { Clock, Random } from '@listenpost/core';

/** xorshift: the same bytes for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed | 1;
  const byte = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 8) & 0xff;
  };
  return { bytes: (length) => Uint8Array.from({ length }, byte) };
}

export class StillClock implements Pick<Clock, 'now'> {
  instant = 1_790_000_000_000;

  now(): number {
    return this.instant;
  }
}
