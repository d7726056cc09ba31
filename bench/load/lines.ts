import { Line } from './event.ts';
import { Xorshift } from './random.ts';

/**
 * The lines of all accounts, and whose is next. One for all publishers of a server, because an account's sequence goes on
 * from one publisher to the next.
 *
 * A connection writes only the accounts whose number leaves its own when divided by the number of connections: then the
 * order of an account's events is the order of one connection, and can be checked.
 */
export class Lines {
  readonly #lines: readonly Line[];
  readonly #random = new Xorshift(0x2545f491);

  /** Of accounts `first` on. */
  constructor(accounts: number, first = 0) {
    this.#lines = Array.from({ length: accounts }, (_, account) => new Line(first + account));
  }

  /** Writes `count` lines of accounts of this connection, evenly at random; gives the place behind them. */
  write(into: Buffer, from: number, count: number, connection: number, connections: number, stampUs: number): number {
    const share = Math.floor(this.#lines.length / connections);
    let at = from;
    for (let left = count; left > 0; left--) {
      const account = this.#random.below(share) * connections + connection;
      at = (this.#lines[account] as Line).write(into, at, stampUs);
    }
    return at;
  }
}
