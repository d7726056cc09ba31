/**
 * What the journal remembers about retries: the answer of each Idempotency-Key and the mark of each producer.
 * Everything here is committed; what is still being written is the `PendingKeys` of the journal.
 */
import { type AppendResult, IDEMPOTENCY_KEYS_MAX, PRODUCERS_MAX } from '@listenpost/core';
import { printPosition } from '@listenpost/protocol';

/** The last event of one append in one stream. */
export interface StreamMark {
  readonly stream: string;
  readonly epoch: string;
  readonly sequence: number;
}

/** What an Idempotency-Key's first request was answered. */
export interface KeyAnswer {
  readonly accepted: number;
  readonly last: readonly StreamMark[];
}

export function appendResult(answer: KeyAnswer, repeated: boolean): AppendResult {
  const last = new Map<string, string>();
  for (const mark of answer.last) last.set(mark.stream, printPosition(mark));
  return { accepted: answer.accepted, last, repeated };
}

export class Receipts {
  /** In the order of the keys' last commit, which a Map keeps: the first is the one to forget. */
  readonly #answers = new Map<string, KeyAnswer>();
  /** 0 holds a new producer's place while its first append is being written. */
  readonly #producers = new Map<string, number>();

  answerOf(key: string): KeyAnswer | undefined {
    return this.#answers.get(key);
  }

  remember(key: string, answer: KeyAnswer): void {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    if (this.#answers.size <= IDEMPOTENCY_KEYS_MAX) return;
    for (const oldest of this.#answers.keys()) {
      this.#answers.delete(oldest);
      return;
    }
  }

  producerMark(producer: string): number {
    return this.#producers.get(producer) ?? 0;
  }

  /** False when the producer is new and there is no place for it. */
  admit(producer: string): boolean {
    if (this.#producers.has(producer)) return true;
    if (this.#producers.size >= PRODUCERS_MAX) return false;
    this.#producers.set(producer, 0);
    return true;
  }

  /** Gives the place back when the producer's first append was not committed. */
  dismiss(producer: string): void {
    if (this.#producers.get(producer) === 0) this.#producers.delete(producer);
  }

  mark(producer: string, n: number): void {
    this.#producers.set(producer, Math.max(n, this.producerMark(producer)));
  }

  answers(): IterableIterator<[string, KeyAnswer]> {
    return this.#answers.entries();
  }

  producers(): IterableIterator<[string, number]> {
    return this.#producers.entries();
  }
}

/** Idempotency-Keys whose first append is being written: a second caller waits for the first one's answer. */
export class PendingKeys {
  readonly #appends = new Map<string, Promise<AppendResult>>();

  get(key: string): Promise<AppendResult> | undefined {
    return this.#appends.get(key)?.then((first) => ({ ...first, repeated: true }));
  }

  set(key: string, append: Promise<AppendResult>): void {
    this.#appends.set(key, append);
  }

  delete(key: string): void {
    this.#appends.delete(key);
  }
}
