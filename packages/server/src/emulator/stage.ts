import { type ProductId, type SymbolRow, symbolOfScope } from '@listenpost/protocol';
import { type Decimal, decimal } from './decimal.ts';
import { EmulatorError } from './error.ts';
import type { Ids } from './ids.ts';
import { type Balance, copyOf, emptyLedger, type Ledger } from './ledger.ts';
import type { Parameters } from './parameters.ts';
import { roundAmount, worthUsd } from './prices.ts';
import { type Facts, pushes, shaped } from './shape.ts';
import type { Venue } from './venues.ts';

/** What an account begins with of each asset, about the same worth of all. */
export const openingBalance = (venue: Venue, asset: string): Decimal =>
  roundAmount(venue.openingUsd, worthUsd(asset), '0.00000001');

export const openedBalance = (free: Decimal): Balance => ({
  free,
  locked: 0n,
  lockedOutside: 0n,
  borrowed: 0n,
  interest: 0n,
  updatedAt: 0,
});

/** What the market did to an account as a whole, and what was told of it (risk-levels.ts). Replaced, not changed. */
export interface Judged {
  /** Maintenance margin that is asked on top of what the positions need, in USD. */
  readonly strain: Decimal;
  /** What is owed is worth so many times its usual worth: the prices of what is owned have fallen against it. */
  readonly debtWorth: Decimal;
  /** The status that an event told last; absent while none has. */
  readonly told?: string;
}

export const AT_EASE: Judged = { strain: 0n, debtWorth: decimal('1') };

/** What the emulator keeps of one account: plain data, copied for each trigger. */
export interface Book {
  /** The account's alias, as COIN-M prints it. */
  readonly alias: string;
  judged: Judged;
  /** Whether futures positions are LONG and SHORT, or BOTH (position-mode.ts). */
  hedged: boolean;
  /** Transaction time of the last trigger; later ones do not go below it. */
  lastT: number;
  readonly ledgers: Map<Venue['name'], Ledger>;
}

/** Whatever a trigger does to the copy, the original stays as it was. */
export const copyOfBook = (book: Book): Book => ({
  ...book,
  ledgers: new Map([...book.ledgers].map(([name, ledger]) => [name, copyOf(ledger)])),
});

export interface Sibling {
  readonly product: ProductId;
  /** Whether this account has it. */
  readonly there: boolean;
}

export interface StageDoors {
  readonly product: ProductId;
  readonly scope: string;
  readonly venues: readonly Venue[];
  readonly symbols: readonly SymbolRow[];
  readonly parameters: Parameters;
  readonly book: Book;
  readonly ids: Ids;
  /** Unix ms. */
  readonly now: number;
  /** How long before `now` the matching engine did it, in ms. */
  readonly latencyMs: number;
  /** The other stream that tells of the same account, where the product has one. */
  readonly sibling?: Sibling;
}

/** An event, and the product on whose stream it goes out. */
export interface Emitted {
  readonly product: ProductId;
  readonly event: object;
}

/** One trigger while it plays: the account's book, the events so far, and the times they carry. */
export class Stage {
  readonly product: ProductId;
  readonly parameters: Parameters;
  readonly book: Book;
  readonly ids: Ids;
  /** Event time. */
  readonly E: number;
  /** Transaction time: at most `E`, never below that of an earlier trigger. */
  readonly T: number;
  readonly emitted: Emitted[] = [];
  readonly venue: Venue;
  readonly ledger: Ledger;
  readonly symbols: readonly SymbolRow[];
  readonly #venues: readonly Venue[];
  readonly #sibling: Sibling | undefined;
  readonly #doors: StageDoors;

  constructor(doors: StageDoors) {
    this.#doors = doors;
    this.product = doors.product;
    this.parameters = doors.parameters;
    this.book = doors.book;
    this.ids = doors.ids;
    this.E = doors.now;
    this.T = Math.max(doors.book.lastT, doors.now - doors.latencyMs);
    this.book.lastT = this.T;
    this.#venues = doors.venues;
    this.#sibling = doors.sibling;
    const own = symbolOfScope(doors.scope);
    this.symbols = own === undefined ? doors.symbols : doors.symbols.filter(({ symbol }) => symbol === own);
    this.venue = this.#chooseVenue();
    this.ledger = this.ledgerOf(this.venue);
  }

  /** On each stream of this account that has such an event: the trigger's own, and its sibling. */
  emit(name: string, facts: Facts, conditional?: Facts): void {
    const venue = { fs: this.venue.name, i: this.venue.aliased ? this.book.alias : '' };
    const all = { E: this.E, T: this.T, ...venue, ...facts };
    const telling = this.#streams().filter(({ product }) => pushes(product, name));
    if (telling.length === 0) throw new Error(`${this.product} has no event ${name}`);
    for (const { product, there } of telling) {
      if (there) this.emitted.push({ product, event: shaped(product, name, all, conditional) });
    }
  }

  /** Whether a stream of this account has such an event. */
  tells(name: string): boolean {
    return this.#streams().some(({ product }) => pushes(product, name));
  }

  #streams(): readonly Sibling[] {
    return [{ product: this.product, there: true }, ...(this.#sibling === undefined ? [] : [this.#sibling])];
  }

  ledgerOf(venue: Venue): Ledger {
    const known = this.book.ledgers.get(venue.name);
    if (known !== undefined) return known;
    const opened = emptyLedger();
    this.book.ledgers.set(venue.name, opened);
    return opened;
  }

  /** Symbols that the venue of this trigger lists. */
  listed(): readonly SymbolRow[] {
    return this.symbols.filter(({ product }) => product === this.venue.lists);
  }

  /** An asset's balance; one that was never moved is the opening one. */
  balance(asset: string, venue: Venue = this.venue): Balance {
    const { balances } = this.ledgerOf(venue);
    const known = balances.get(asset);
    if (known !== undefined) return known;
    const opened = openedBalance(openingBalance(venue, asset));
    balances.set(asset, opened);
    return opened;
  }

  /** The same account, seen on another of its markets. */
  on(venue: Venue): Stage {
    return new Stage({ ...this.#doors, venues: [venue], parameters: {} });
  }

  /** An event tells of these: REST answers carry its time. */
  told(...rows: { updatedAt: number }[]): void {
    for (const row of [...rows, this.ledger]) row.updatedAt = this.T;
  }

  /** @throws EmulatorError when it would go below zero; `field` names the parameter that asks for too much. */
  credit(asset: string, change: Decimal, field: string): Balance {
    const balance = this.balance(asset);
    if (balance.free + change < 0n) {
      throw new EmulatorError(
        field,
        `would take the ${asset} balance of ${this.venue.name} below 0; lower it, or trigger transfer with this asset first`,
      );
    }
    balance.free += change;
    return balance;
  }

  #chooseVenue(): Venue {
    const { market, symbol, orderId } = this.parameters;
    const lists = (venue: Venue): boolean =>
      this.symbols.some((row) => row.product === venue.lists && row.symbol === symbol);
    const chosen = this.#venues.find((venue) => venue.name === market);
    if (market !== undefined && chosen === undefined) {
      throw new EmulatorError('market', `must be one of ${this.#venues.map(({ name }) => name).join(', ')} here`);
    }
    const venue = chosen ?? this.#venueOfOrder(orderId) ?? this.#venues.find(lists) ?? this.#venues[0];
    if (venue === undefined) throw new Error(`${this.product} has no venue`);
    return venue;
  }

  /** Where the open order is that a trigger means by its id, or by "last". */
  #venueOfOrder(orderId: number | 'last' | undefined): Venue | undefined {
    if (orderId === undefined) return undefined;
    const newest = (venue: Venue): number => Math.max(0, ...this.ledgerOf(venue).openOrders.keys());
    if (orderId !== 'last') return this.#venues.find((venue) => this.ledgerOf(venue).openOrders.has(orderId));
    return [...this.#venues].sort((left, right) => newest(right) - newest(left))[0];
  }
}
