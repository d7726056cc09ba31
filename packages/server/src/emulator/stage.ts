import { type ProductId, type SymbolRow, symbolOfScope } from '@listenpost/protocol';
import type { Decimal } from './decimal.ts';
import { EmulatorError } from './error.ts';
import type { Ids } from './ids.ts';
import { type Balance, emptyLedger, type Ledger } from './ledger.ts';
import type { Parameters } from './parameters.ts';
import { roundAmount, worthUsd } from './prices.ts';
import { type Facts, shaped } from './shape.ts';
import type { Venue } from './venues.ts';

/** What an account begins with of each asset, about the same worth of all. */
export const openingBalance = (venue: Venue, asset: string): Decimal =>
  roundAmount(venue.openingUsd, worthUsd(asset), '0.00000001');

/** What the emulator keeps of one stream: plain data, copied for each trigger. */
export interface Book {
  /** The account's alias, as COIN-M prints it. */
  readonly alias: string;
  /** Transaction time of the last trigger; later ones do not go below it. */
  lastT: number;
  readonly ledgers: Map<Venue['name'], Ledger>;
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
  readonly events: object[] = [];
  readonly venue: Venue;
  readonly ledger: Ledger;
  readonly symbols: readonly SymbolRow[];
  readonly #venues: readonly Venue[];

  constructor(doors: StageDoors) {
    this.product = doors.product;
    this.parameters = doors.parameters;
    this.book = doors.book;
    this.ids = doors.ids;
    this.E = doors.now;
    this.T = Math.max(doors.book.lastT, doors.now - doors.latencyMs);
    this.book.lastT = this.T;
    this.#venues = doors.venues;
    const own = symbolOfScope(doors.scope);
    this.symbols = own === undefined ? doors.symbols : doors.symbols.filter(({ symbol }) => symbol === own);
    this.venue = this.#chooseVenue();
    this.ledger = this.ledgerOf(this.venue);
  }

  emit(name: string, facts: Facts, conditional?: Facts): void {
    const venue = { fs: this.venue.name, i: this.venue.aliased ? this.book.alias : '' };
    this.events.push(shaped(this.product, name, { E: this.E, T: this.T, ...venue, ...facts }, conditional));
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
    const opened = { free: openingBalance(venue, asset), locked: 0n };
    balances.set(asset, opened);
    return opened;
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
    const { market, symbol } = this.parameters;
    const lists = (venue: Venue): boolean =>
      this.symbols.some((row) => row.product === venue.lists && row.symbol === symbol);
    const chosen =
      market === undefined ? this.#venues.find(lists) : this.#venues.find((venue) => venue.name === market);
    const venue = chosen ?? this.#venues[0];
    if (venue === undefined) throw new Error(`${this.product} has no venue`);
    return venue;
  }
}
