/**
 * What was last asked for of the journal's frames, up to a number of bytes, by segment and place. Frames never change once
 * they are committed, so nothing here grows old.
 */

/** What keeping anything costs beside itself: measured, rounded up. */
const PLACE_BYTES = 160;

export class Shelf<Kept extends { readonly byteLength: number }> {
  readonly #bytesMax: number;
  /** The one that was asked for longest ago first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(segment: number, at: number): Kept | undefined {
    const key = keyOf(segment, at);
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept;
  }

  put(segment: number, at: number, kept: Kept): void {
    this.drop(segment, at);
    // Not even by itself: it would put everything else out on its way.
    if (PLACE_BYTES + kept.byteLength > this.#bytesMax) return;
    this.#kept.set(keyOf(segment, at), kept);
    this.#bytes += PLACE_BYTES + kept.byteLength;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#remove(oldest);
    }
  }

  drop(segment: number, at: number): void {
    this.#remove(keyOf(segment, at));
  }

  #remove(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#bytes -= PLACE_BYTES + kept.byteLength;
  }
}

const keyOf = (segment: number, at: number): string => `${segment}:${at}`;
