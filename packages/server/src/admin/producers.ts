import type { AppendResult, Journal, NewEvent } from '@listenpost/core';

/** As account ids: letters that need no escape in a URL or a log. */
export const PRODUCER_ID = /^[A-Za-z0-9._-]{1,64}$/;

interface InFlight {
  readonly n: number;
  readonly append: Promise<AppendResult>;
}

/**
 * How far each named producer's count has come, over all its connections. The journal knows what is stored; what is still
 * being written stands here, so that a line sent again before its first answer is not appended a second time.
 *
 * A producer is in the table only while something of it is in flight, so the journal's own bound bounds the table.
 */
export class Producers {
  readonly #journal: Journal;
  readonly #inFlight = new Map<string, InFlight[]>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Lines with this `n` or a lower one are durable. */
  stored(producer: string): number {
    return this.#journal.producerMark(producer);
  }

  /** Lines with this `n` or a lower one are durable or being written. */
  taken(producer: string): number {
    return Math.max(this.stored(producer), this.#inFlight.get(producer)?.at(-1)?.n ?? 0);
  }

  /** Resolves once everything that was in flight is durable; rejects as its append did. */
  async settled(producer: string): Promise<void> {
    await this.#inFlight.get(producer)?.at(-1)?.append;
  }

  append(producer: string, n: number, events: readonly NewEvent[]): Promise<AppendResult> {
    const entry = { n, append: this.#journal.append(events, { kind: 'producer', producer, n }) };
    const entries = this.#inFlight.get(producer);
    if (entries === undefined) this.#inFlight.set(producer, [entry]);
    else entries.push(entry);
    const settle = () => this.#settle(producer, entry);
    entry.append.then(settle, settle);
    return entry.append;
  }

  #settle(producer: string, entry: InFlight): void {
    const entries = this.#inFlight.get(producer)?.filter((other) => other !== entry) ?? [];
    if (entries.length === 0) this.#inFlight.delete(producer);
    else this.#inFlight.set(producer, entries);
  }
}
