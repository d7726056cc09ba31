/**
 * What waits between the venue and the consumer: bounded in bytes, in order, for one reader. What was let in is given out,
 * also when the stream has ended meanwhile; only then does the reader learn of the end.
 */

interface Entry<Item> {
  readonly item: Item;
  readonly bytes: number;
}

interface Reader<Item> {
  resolve(result: IteratorResult<Item, undefined>): void;
  reject(cause: Error): void;
}

export class Outbox<Item> {
  readonly #bytesMax: number;
  #entries: Entry<Item>[] = [];
  /** Of the entries, those that were given out: taken off together, since taking one off an array moves all others. */
  #given = 0;
  #bytes = 0;
  #reader: Reader<Item> | undefined;
  #end: { readonly error: Error | undefined } | undefined;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Items that wait. */
  get size(): number {
    return this.#entries.length - this.#given;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** False, with the item not let in, when the bound would be passed. One item is let in however large it is. */
  push(item: Item, bytes: number): boolean {
    if (this.#end !== undefined) return true;
    if (this.#reader !== undefined) {
      const { resolve } = this.#reader;
      this.#reader = undefined;
      resolve({ done: false, value: item });
      return true;
    }
    if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    this.#entries.push({ item, bytes });
    return true;
  }

  /** Nothing is let in any more. With an error, the reader gets it behind the last item. */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader !== undefined) this.#finish(reader, error);
  }

  /** What waits is given up: the reader does not want it. */
  discard(): void {
    this.#entries = [];
    this.#given = 0;
    this.#bytes = 0;
  }

  /** The next item; `done` at the end, or the error of the end. One reader at a time. */
  next(): Promise<IteratorResult<Item, undefined>> {
    const entry = this.#entries[this.#given];
    if (entry !== undefined) {
      this.#given++;
      this.#bytes -= entry.bytes;
      if (this.#given * 2 > this.#entries.length) {
        this.#entries.splice(0, this.#given);
        this.#given = 0;
      }
      return Promise.resolve({ done: false, value: entry.item });
    }
    return new Promise((resolve, reject) => {
      if (this.#end === undefined) this.#reader = { resolve, reject };
      else this.#finish({ resolve, reject }, this.#end.error);
    });
  }

  #finish({ resolve, reject }: Reader<Item>, error: Error | undefined): void {
    // Told once: an iterator that has thrown is done.
    this.#end = { error: undefined };
    if (error === undefined) resolve({ done: true, value: undefined });
    else reject(error);
  }
}
