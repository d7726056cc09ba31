import type { Clock, Timer } from '../clock.ts';

/** What has a deadline that may move later. `bucket` is the wheel's own mark. */
export interface Expiring {
  readonly deadline: number;
  bucket: number | undefined;
}

interface Bucket<Item> {
  readonly items: Set<Item>;
  readonly timer: Timer;
}

/** How much of time one bucket holds. A second: a million keys of an hour lie some 300 to a bucket. */
const BUCKET_MS = 1000;

/**
 * Deadlines to the millisecond, for a million holders. A timer each would make a start with a million keys a second
 * longer; here a holder is only put into the bucket of its second, and gets a timer of its own when that second comes. A
 * deadline that moved later is noticed then and moves the holder on, so extending costs nothing.
 */
export class ExpiryWheel<Item extends Expiring> {
  readonly #clock: Clock;
  readonly #due: (item: Item) => void;
  readonly #buckets = new Map<number, Bucket<Item>>();

  constructor(clock: Clock, due: (item: Item) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  add(item: Item): void {
    const bucket = Math.floor(item.deadline / BUCKET_MS);
    item.bucket = bucket;
    const held = this.#buckets.get(bucket);
    if (held !== undefined) {
      held.items.add(item);
      return;
    }
    const timer = this.#clock.at(bucket * BUCKET_MS, () => this.#open(bucket));
    this.#buckets.set(bucket, { items: new Set([item]), timer });
  }

  remove(item: Item): void {
    if (item.bucket === undefined) return;
    const held = this.#buckets.get(item.bucket);
    if (held?.items.delete(item) && held.items.size === 0) {
      held.timer.cancel();
      this.#buckets.delete(item.bucket);
    }
    item.bucket = undefined;
  }

  #open(bucket: number): void {
    const items = this.#buckets.get(bucket)?.items ?? [];
    this.#buckets.delete(bucket);
    for (const item of items) {
      if (item.deadline >= (bucket + 1) * BUCKET_MS) this.add(item);
      else this.#clock.at(item.deadline, () => this.#reached(item, bucket));
    }
  }

  /** The holder may have been removed, or have moved on, in the second since its bucket was opened. */
  #reached(item: Item, bucket: number): void {
    if (item.bucket !== bucket) return;
    if (item.deadline > this.#clock.now()) this.add(item);
    else this.#due(item);
  }
}
