/**
 * Backfills read the journal here, a few at once and first come first served. A turn is one batch: after it the reader
 * goes to the end of the line, so that five thousand that come at once all get on, and the disk's threads stay free for the
 * commits that live delivery waits for. Nobody holds a turn while a slow peer reads.
 *
 * The line is bounded by what stands in it: one turn for each resuming subscription.
 */

/**
 * Two: one turn's batch is sent while the other's is read. More would only stand before the next commit: each is as many reads of
 * the disk as a journal makes at once for one batch (the segment log: eight).
 */
const TURNS_AT_ONCE = 2;

export class ReadingDesk {
  #free = TURNS_AT_ONCE;
  /** In the order they came, which a Set keeps. */
  readonly #line = new Set<() => void>();
  /** Events read for backfills, for the operator's figures. */
  events = 0;

  /** Turns that are waited for. */
  get waiting(): number {
    return this.#line.size;
  }

  /** Runs `act` when its turn has come. */
  async turn<T>(act: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#line.add(resolve));
    try {
      return await act();
    } finally {
      this.#next();
    }
  }

  /** Hands the turn on, so that nobody who comes now gets past those who wait. */
  #next(): void {
    for (const first of this.#line) {
      this.#line.delete(first);
      first();
      return;
    }
    this.#free++;
  }
}
