/** The small account behind the scenarios: plain data, so that a trigger works on a copy and a failed one leaves no trace. */
import type { SymbolRow } from '@listenpost/protocol';
import type { ContractMath } from './contract-math.ts';
import { type Decimal, magnitude, over, rounded, times } from './decimal.ts';
import type { Order, PositionSide } from './order.ts';

export interface Balance {
  free: Decimal;
  locked: Decimal;
  /** What of `locked` another system locked, and no order. */
  lockedOutside: Decimal;
  /** Principal and interest owed, on margin accounts. */
  borrowed: Decimal;
  interest: Decimal;
  /** Transaction time of the last event that told it; 0 while none has. */
  updatedAt: number;
}

export interface Position {
  readonly symbol: string;
  readonly side: PositionSide;
  /** Signed: below zero is short. */
  amount: Decimal;
  /** Average entry price, 0 when flat. Rounded as printed, so that readers of the events compute the same profits. */
  entry: Decimal;
  /** Profit realised so far, before fees. */
  realised: Decimal;
  /** Commission paid for what is still open. */
  fees: Decimal;
  /** What it is valued at: the last trade, or the mark of a margin call. */
  mark: Decimal;
  updatedAt: number;
}

/** One execution. */
export interface Trade {
  readonly id: number;
  readonly order: Pick<Order, 'id' | 'row' | 'side' | 'positionSide' | 'listId'>;
  readonly price: Decimal;
  readonly qty: Decimal;
  /** Worth of it, in the quote or the margin asset. */
  readonly quote: Decimal;
  readonly fee: Decimal;
  readonly feeAsset: string;
  readonly realised: Decimal;
  readonly maker: boolean;
  readonly at: number;
}

/** One market of one account. */
export interface Ledger {
  readonly balances: Map<string, Balance>;
  readonly positions: Map<string, Position>;
  /** By id, oldest first. */
  readonly openOrders: Map<number, Order>;
  /** The latest `HISTORY_MAX`, oldest first; replaced and not changed, so that copies may share them. */
  endedOrders: readonly Order[];
  trades: readonly Trade[];
  readonly leverages: Map<string, number>;
  multiAssets: boolean;
  /** Transaction time of the last event that told a balance or a position; 0 while none has. */
  updatedAt: number;
}

/** Amounts of assets have eight decimals, wherever the exchange prints them. */
export const ASSET_DIGITS = 8;

/** As many as one REST answer holds at most. */
const HISTORY_MAX = 1000;

export const appended = <Row>(rows: readonly Row[], row: Row): readonly Row[] => [
  ...(rows.length < HISTORY_MAX ? rows : rows.slice(1 - HISTORY_MAX)),
  row,
];

export const emptyLedger = (): Ledger => ({
  balances: new Map(),
  positions: new Map(),
  openOrders: new Map(),
  endedOrders: [],
  trades: [],
  leverages: new Map(),
  multiAssets: false,
  updatedAt: 0,
});

/** Whatever happens to the copy, the original stays. */
export const copyOf = (ledger: Ledger): Ledger => ({
  ...ledger,
  balances: copiedRows(ledger.balances),
  positions: copiedRows(ledger.positions),
  openOrders: copiedRows(ledger.openOrders),
  leverages: new Map(ledger.leverages),
});

const copiedRows = <Key, Row extends object>(rows: ReadonlyMap<Key, Row>): Map<Key, Row> =>
  new Map([...rows].map(([key, row]) => [key, { ...row }]));

export function positionOf(ledger: Ledger, symbol: string, side: PositionSide = 'BOTH'): Position {
  const key = `${symbol} ${side}`;
  const held = ledger.positions.get(key);
  if (held !== undefined) return held;
  const flat = { symbol, side, amount: 0n, entry: 0n, realised: 0n, fees: 0n, mark: 0n, updatedAt: 0 };
  ledger.positions.set(key, flat);
  return flat;
}

export const openPositions = (ledger: Ledger): Position[] =>
  [...ledger.positions.values()].filter(({ amount }) => amount !== 0n);

/**
 * Books a fill into the position: what goes against it closes it first, the rest opens. Returns the profit realised.
 * `signed`: quantity, below zero for a sale; not zero.
 */
export function bookFill(
  position: Position,
  row: SymbolRow,
  math: ContractMath,
  fill: { readonly signed: Decimal; readonly price: Decimal; readonly fee: Decimal },
): Decimal {
  const { signed, price, fee } = fill;
  const held = position.amount;
  const against = held !== 0n && held < 0n !== signed < 0n;
  const closed = against ? smaller(magnitude(held), magnitude(signed)) : 0n;
  const kept = magnitude(held) - closed;
  const opened = magnitude(signed) - closed;
  const realised = rounded(math.profit(row, held < 0n ? -closed : closed, position.entry, price), ASSET_DIGITS);

  position.fees = rounded(
    share(position.fees, kept, magnitude(held)) + share(fee, opened, magnitude(signed)),
    ASSET_DIGITS,
  );
  position.entry = entryAfter(position.entry, { kept, opened, price }, math);
  position.amount = held + signed;
  position.realised += realised;
  position.mark = price;
  return realised;
}

const smaller = (left: Decimal, right: Decimal): Decimal => (left < right ? left : right);

const share = (of: Decimal, part: Decimal, whole: Decimal): Decimal =>
  whole === 0n ? 0n : over(times(of, part), whole);

function entryAfter(
  entry: Decimal,
  { kept, opened, price }: { readonly kept: Decimal; readonly opened: Decimal; readonly price: Decimal },
  math: ContractMath,
): Decimal {
  if (kept === 0n) return opened === 0n ? 0n : price;
  return opened === 0n ? entry : rounded(math.average(kept, entry, opened, price), ASSET_DIGITS);
}
