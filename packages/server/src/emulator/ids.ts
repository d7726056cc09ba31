import type { Clock, Random } from '@listenpost/core';

/**
 * Ids of one kind. Each is above all before it, and never below the milliseconds gone by since the kind's epoch: a
 * process that starts anew goes on above the ids of the last one, as long as that gave no more than one in eight
 * milliseconds.
 */
class Sequence {
  /** Of the last one given; 0 before the first. */
  last = 0;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: Random;
  readonly #epochMs: number;

  constructor(clock: Pick<Clock, 'now'>, random: Random, epochYear: number) {
    this.#clock = clock;
    this.#random = random;
    this.#epochMs = Date.UTC(epochYear, 0, 1);
  }

  next(): number {
    const step = 1 + ((this.#random.bytes(1)[0] ?? 0) & 7);
    this.last = Math.max(this.last + step, this.#clock.now() - this.#epochMs);
    return this.last;
  }
}

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Ids of the whole exchange: accounts share the sequences. Epochs differ so that no id is mistaken for another kind's. */
export class Ids {
  readonly order: Sequence;
  readonly trade: Sequence;
  readonly execution: Sequence;
  readonly update: Sequence;
  readonly list: Sequence;
  readonly algo: Sequence;
  readonly strategy: Sequence;
  readonly #loan: Sequence;
  readonly #random: Random;

  constructor(clock: Pick<Clock, 'now'>, random: Random) {
    this.order = new Sequence(clock, random, 2020);
    this.trade = new Sequence(clock, random, 2024);
    this.execution = new Sequence(clock, random, 2022);
    this.update = new Sequence(clock, random, 2018);
    this.list = new Sequence(clock, random, 2025);
    this.algo = new Sequence(clock, random, 2021);
    this.strategy = new Sequence(clock, random, 2023);
    this.#loan = new Sequence(clock, random, 2019);
    this.#random = random;
  }

  get #all(): readonly Sequence[] {
    const { order, trade, execution, update, list, algo, strategy } = this;
    return [order, trade, execution, update, list, algo, strategy, this.#loan];
  }

  /** Beyond 2^53, as the exchange's are (derivatives §4.11): a multiple of a power of two, which a double holds exactly. */
  loan(): number {
    return this.#loan.next() * 2 ** 20;
  }

  /** What each kind gave last, in the order of `#all`. */
  get state(): readonly number[] {
    return this.#all.map(({ last }) => last);
  }

  /** Goes on above what was given before. */
  restore(state: readonly number[]): void {
    for (const [at, sequence] of this.#all.entries()) sequence.last = state[at] ?? 0;
  }

  /** As the exchange makes one when the caller sends none. */
  clientOrderId(): string {
    return this.letters(22);
  }

  letters(length: number): string {
    return Array.from(this.#random.bytes(length), (byte) => ALPHANUMERIC[byte % ALPHANUMERIC.length]).join('');
  }
}
