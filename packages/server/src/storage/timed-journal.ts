import type { AppendResult, Journal, JournalRecord, JournalSlice, NewEvent, Receipt } from '@listenpost/core';
import type { Position } from '@listenpost/protocol';

/** Any journal, with how long each append took until it was durable told to `committed`, in ms. */
export class TimedJournal implements Journal {
  readonly #journal: Journal;
  readonly #committed: (ms: number) => void;

  constructor(journal: Journal, committed: (ms: number) => void) {
    this.#journal = journal;
    this.#committed = committed;
  }

  get fault(): string | undefined {
    return this.#journal.fault;
  }

  append(events: readonly NewEvent[], receipt?: Receipt): Promise<AppendResult> {
    const startedAt = performance.now();
    const append = this.#journal.append(events, receipt);
    // What was refused is its caller's to tell.
    append.then(
      () => this.#committed(performance.now() - startedAt),
      () => undefined,
    );
    return append;
  }

  producerMark(producer: string): number {
    return this.#journal.producerMark(producer);
  }

  head(stream: string): Position | undefined {
    return this.#journal.head(stream);
  }

  begin(stream: string): Promise<Position> {
    return this.#journal.begin(stream);
  }

  read(stream: string, from: number, limit: number, bytesMax?: number): Promise<JournalSlice | undefined> {
    return this.#journal.read(stream, from, limit, bytesMax);
  }

  onCommitted(listener: (records: readonly JournalRecord[]) => void): void {
    this.#journal.onCommitted(listener);
  }

  retain(): Promise<void> {
    return this.#journal.retain();
  }

  close(): Promise<void> {
    return this.#journal.close();
  }
}
