/**
 * Chance that a seed replays: xoshiro128** filled by splitmix32. For tests, simulations and faults only, never for keys.
 */
export interface SeededRandom {
  bytes(length: number): Uint8Array;
  /** From 0 up to, not including, 1. */
  fraction(): number;
  /** A whole number from 0 up to, not including, `bound` (at most 2^32). */
  below(bound: number): number;
  /** One of them; throws on an empty list. */
  pick<Item>(items: readonly Item[]): Item;
}

export function seededRandom(seed: number): SeededRandom {
  const word = xoshiro128(splitmix32(seed));
  const fraction = () => word() / 2 ** 32;
  const below = (bound: number) => Math.floor(fraction() * bound);
  return {
    bytes: (length) => Uint8Array.from({ length }, () => word() >>> 24),
    fraction,
    below,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('nothing to pick from: the list is empty');
      return items[below(items.length)] as (typeof items)[number];
    },
  };
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}

function xoshiro128(fill: () => number): () => number {
  let [a, b, c, d] = [fill(), fill(), fill(), fill()];
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
