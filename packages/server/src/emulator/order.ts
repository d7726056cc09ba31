import type { SymbolRow } from '@listenpost/protocol';
import { type Decimal, decimal, times } from './decimal.ts';
import { EmulatorError } from './error.ts';
import { onStep, roundAmount, startingPrice, worthUsd } from './prices.ts';
import type { Stage } from './stage.ts';

/** What one order is worth when the trigger names no quantity. */
const USUAL_USD = decimal('1000');

export interface Order {
  readonly row: SymbolRow;
  readonly id: number;
  readonly clientOrderId: string;
  readonly side: 'BUY' | 'SELL';
  readonly type: 'LIMIT' | 'MARKET';
  readonly qty: Decimal;
  /** Where it trades; a market order prints no price of its own. */
  readonly price: Decimal;
  /** Quantity, below zero for a sale. */
  readonly signed: Decimal;
  /** A limit order rests and is hit; a market order takes. */
  readonly maker: boolean;
}

/** @throws EmulatorError naming the parameter that the symbol does not take. */
export function newOrder(stage: Stage, given: Partial<Pick<Order, 'qty' | 'side'>> = {}): Order {
  const { parameters, ids } = stage;
  const row = symbolRow(stage);
  const price = stepwise('price', parameters.price ?? startingPrice(row), row.tickSize, row);
  const qty = stepwise('qty', given.qty ?? parameters.qty ?? usualQty(row, price), row.stepSize, row);
  const side = given.side ?? parameters.side ?? 'BUY';
  const type = parameters.type ?? 'LIMIT';
  return {
    row,
    id: ids.order.next(),
    clientOrderId: ids.clientOrderId(),
    side,
    type,
    qty,
    price,
    signed: side === 'BUY' ? qty : -qty,
    maker: type === 'LIMIT',
  };
}

/** The symbol that the trigger names, or the first that its market lists. */
export function symbolRow(stage: Stage): SymbolRow {
  const rows = listedRows(stage);
  const { symbol } = stage.parameters;
  const row = symbol === undefined ? rows[0] : rows.find((candidate) => candidate.symbol === symbol);
  if (row !== undefined) return row;
  const listed = rows.map((candidate) => candidate.symbol).join(', ');
  throw new EmulatorError(
    'symbol',
    `${JSON.stringify(symbol)} is not listed on ${stage.venue.name}; use one of ${listed}`,
  );
}

/** The row of a symbol that is held: rows are configured once and positions opened only in listed ones. */
export function heldRow(stage: Stage, symbol: string): SymbolRow {
  const row = stage.listed().find((candidate) => candidate.symbol === symbol);
  if (row === undefined) throw new Error(`${symbol} is held and not listed`);
  return row;
}

/** At least one. @throws EmulatorError when the configuration names no symbol for this market. */
export function listedRows(stage: Stage): readonly [SymbolRow, ...SymbolRow[]] {
  const [first, ...others] = stage.listed();
  if (first !== undefined) return [first, ...others];
  throw new EmulatorError('symbol', `none is configured for ${stage.venue.name}; add one to symbols`);
}

function stepwise(field: 'qty' | 'price', value: Decimal, step: string, row: SymbolRow): Decimal {
  if (onStep(value, step) === value) return value;
  throw new EmulatorError(field, `must be a multiple of ${step} for ${row.symbol}`);
}

/** COIN-M counts contracts of a fixed worth in USD, the others units of the base asset. */
function usualQty(row: SymbolRow, price: Decimal): Decimal {
  const each = row.marginAsset === row.baseAsset ? decimal(String(row.contractSize)) : usdOf(row, price);
  return roundAmount(USUAL_USD, each, row.stepSize);
}

const usdOf = (row: SymbolRow, price: Decimal): Decimal => times(price, worthUsd(row.quoteAsset));
