/** Each octave has this many buckets, so a quantile is off by at most 1/64 of its value. */
const OCTAVE_BITS = 5;
const OCTAVE = 1 << OCTAVE_BITS;
const OCTAVES = 27;

/**
 * Counts of whole non-negative values up to 2^31, log-linear: recording is a few integer operations and no allocation,
 * whatever the number of values.
 */
export class Histogram {
  readonly #counts = new Uint32Array(OCTAVE * OCTAVES);
  count = 0;
  max = 0;

  record(value: number): void {
    const bucket = bucketOf(value);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.count++;
    if (value > this.max) this.max = value;
  }

  /** The value that `share` (0 to 1) of all values do not exceed, to the middle of its bucket; 0 when there are none. */
  quantile(share: number): number {
    const rank = Math.min(this.count - 1, Math.floor(share * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket] as number;
      if (seen > rank) return Math.min(middleOf(bucket), this.max);
    }
    return 0;
  }

  reset(): void {
    this.#counts.fill(0);
    this.count = 0;
    this.max = 0;
  }
}

/** Values below two octaves have a bucket each; above, the leading bits of the value are its bucket within the octave. */
function bucketOf(value: number): number {
  if (value < 2 * OCTAVE) return value < 0 ? 0 : value | 0;
  const shift = 31 - Math.clz32(value) - OCTAVE_BITS;
  return (shift << OCTAVE_BITS) + (value >>> shift);
}

function middleOf(bucket: number): number {
  if (bucket < 2 * OCTAVE) return bucket;
  const shift = (bucket >> OCTAVE_BITS) - 1;
  return ((bucket & (OCTAVE - 1)) + OCTAVE) * 2 ** shift + 2 ** shift / 2;
}
