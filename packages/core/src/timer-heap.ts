import type { Action, Beat, Timer } from './clock.ts';

/** One set timer. Ordered by instant, then by the order in which it was set. */
export class Entry implements Timer {
  readonly instant: number;
  readonly order: number;
  /** Null once cancelled or fired: a cancelled entry stays in the heap until it surfaces or the heap is swept. */
  due: Action | Beat | null;
  /** False once taken out to fire: cancelling it then must not count as an empty entry of the heap. */
  queued = true;
  readonly #heap: TimerHeap;

  constructor(heap: TimerHeap, instant: number, order: number, due: Action | Beat) {
    this.#heap = heap;
    this.instant = instant;
    this.order = order;
    this.due = due;
  }

  cancel(): void {
    if (this.due === null) return;
    this.due = null;
    if (this.queued) this.#heap.cancelled();
  }
}

const before = (a: Entry, b: Entry) => a.instant < b.instant || (a.instant === b.instant && a.order < b.order);

/**
 * A binary heap of timers. Cancelling is O(1): the entry is emptied where it lies, and the heap is rebuilt without the
 * empty ones when they outnumber the live, so its size stays within twice the live timers.
 */
export class TimerHeap {
  #entries: Entry[] = [];
  #order = 0;
  #cancelled = 0;

  get size(): number {
    return this.#entries.length - this.#cancelled;
  }

  push(instant: number, due: Action | Beat): Entry {
    const entry = new Entry(this, instant, this.#order++, due);
    this.#entries.push(entry);
    this.#rise(this.#entries.length - 1);
    return entry;
  }

  /** The earliest live entry, left in place. */
  peek(): Entry | undefined {
    while (this.#entries[0]?.due === null) {
      this.#removeFirst();
      this.#cancelled--;
    }
    return this.#entries[0];
  }

  /** The earliest live entry, taken out. */
  pop(): Entry | undefined {
    const first = this.peek();
    if (first === undefined) return undefined;
    this.#removeFirst();
    first.queued = false;
    return first;
  }

  /** Every live entry due by `instant`, left in place, in no order. */
  dueBy(instant: number): Entry[] {
    return this.#entries.filter((entry) => entry.due !== null && entry.instant <= instant);
  }

  cancelled(): void {
    this.#cancelled++;
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#entries.length) this.#sweep();
  }

  #sweep(): void {
    this.#entries = this.#entries.filter((entry) => entry.due !== null);
    this.#cancelled = 0;
    for (let i = (this.#entries.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  #removeFirst(): void {
    const last = this.#entries.pop() as Entry;
    if (this.#entries.length === 0) return;
    this.#entries[0] = last;
    this.#sink(0);
  }

  #rise(index: number): void {
    const entries = this.#entries;
    const entry = entries[index] as Entry;
    let at = index;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, entries[parent] as Entry)) break;
      entries[at] = entries[parent] as Entry;
      at = parent;
    }
    entries[at] = entry;
  }

  #sink(index: number): void {
    const entries = this.#entries;
    const entry = entries[index] as Entry;
    let at = index;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && before(entries[child + 1] as Entry, entries[child] as Entry)) child++;
      if (!before(entries[child] as Entry, entry)) break;
      entries[at] = entries[child] as Entry;
      at = child;
    }
    entries[at] = entry;
  }
}
