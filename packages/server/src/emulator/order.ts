/** Orders of the small account: how a trigger names one, and what becomes of it as it trades and ends. */
import type { SymbolRow } from '@listenpost/protocol';
import { type Decimal, decimal, fixed, times } from './decimal.ts';
import { EmulatorError } from './error.ts';
import { appended, type Trade } from './ledger.ts';
import { takePositionSide } from './position-mode.ts';
import { onStep, qtyDigits, roundAmount, startingPrice, worthUsd } from './prices.ts';
import type { Stage } from './stage.ts';

/** What one order is worth when the trigger names no quantity. */
const USUAL_USD = decimal('1000');

/** As the exchange bounds them for each symbol. */
const OPEN_ORDERS_MAX = 200;

export type Side = 'BUY' | 'SELL';
export type PositionSide = 'BOTH' | 'LONG' | 'SHORT';
export type OrderStatus =
  | 'PENDING_NEW'
  | 'NEW'
  | 'PARTIALLY_FILLED'
  | 'FILLED'
  | 'CANCELED'
  | 'REJECTED'
  | 'EXPIRED'
  | 'EXPIRED_IN_MATCH';

export interface Order {
  readonly row: SymbolRow;
  readonly id: number;
  readonly clientOrderId: string;
  readonly side: Side;
  /** What it is now: a conditional order becomes a limit or a market order when it is triggered. */
  type: string;
  readonly originalType: string;
  readonly timeInForce: string;
  readonly positionSide: PositionSide;
  /** Spot and margin: the order list it is of, -1 for none. */
  readonly listId: number;
  readonly stpMode: string;
  readonly createdAt: number;
  qty: Decimal;
  /** Where it trades; a market order prints no price of its own. */
  price: Decimal;
  /** 0 for an order that waits for nothing. */
  readonly stopPrice: Decimal;
  /** Rests and is hit; the others take. */
  readonly maker: boolean;
  /** On the book. */
  working: boolean;
  /** Since when it is or was on the book; 0 for one that never was. */
  workingAt: number;
  status: OrderStatus;
  executed: Decimal;
  /** Worth of what was executed, in the quote or the margin asset. */
  quote: Decimal;
  /** Average price of what was executed. */
  average: Decimal;
  /** Spot and margin: what of the balance it holds. */
  locked: Decimal;
  /** Portfolio margin: the loss that is set aside for it, in the quote asset. */
  reserved: Decimal;
  updatedAt: number;
}

export const remaining = ({ qty, executed }: Order): Decimal => qty - executed;

/** A quantity of the order's, below zero for a sale. */
export const signedQty = ({ side }: Pick<Order, 'side'>, qty: Decimal): Decimal => (side === 'BUY' ? qty : -qty);

/** @throws EmulatorError naming the parameter that the symbol does not take. */
export function newOrder(stage: Stage, given: Partial<Order> = {}): Order {
  const { parameters, ids } = stage;
  const row = given.row ?? symbolRow(stage);
  const price = stepwise('price', given.price ?? parameters.price ?? startingPrice(row), row.tickSize, row);
  const qty = stepwise('qty', given.qty ?? parameters.qty ?? usualQty(row, price), row.stepSize, row);
  const type = given.type ?? parameters.type ?? 'LIMIT';
  const side = given.side ?? parameters.side ?? 'BUY';
  const positionSide = takePositionSide(stage, side, given.positionSide ?? parameters.positionSide);
  return {
    row,
    id: ids.order.next(),
    clientOrderId: ids.clientOrderId(),
    type,
    originalType: type,
    timeInForce: 'GTC',
    listId: -1,
    stpMode: 'EXPIRE_MAKER',
    createdAt: stage.T,
    stopPrice: 0n,
    maker: type === 'LIMIT',
    working: type === 'LIMIT',
    workingAt: stage.T,
    status: 'NEW',
    executed: 0n,
    quote: 0n,
    average: 0n,
    locked: 0n,
    reserved: 0n,
    updatedAt: stage.T,
    ...given,
    side,
    positionSide,
    qty,
    price,
  };
}

/** Parameters that describe a new order, and mean nothing for one that is open already. */
const OF_NEW_ORDERS = ['symbol', 'side', 'qty', 'price', 'type', 'positionSide'] as const;

/** The open order that `orderId` names; undefined where the trigger names none. @throws EmulatorError */
export function namedOrder(stage: Stage): Order | undefined {
  const { orderId } = stage.parameters;
  if (orderId === undefined) return undefined;
  const misplaced = OF_NEW_ORDERS.find((name) => stage.parameters[name] !== undefined);
  if (misplaced !== undefined) {
    throw new EmulatorError(misplaced, 'belongs to a new order; leave it out, or leave out orderId');
  }
  const open = [...stage.ledger.openOrders.values()];
  const order = orderId === 'last' ? open.at(-1) : open.find(({ id }) => id === orderId);
  if (order !== undefined) return order;
  const known = open.length === 0 ? 'there is none; trigger order.new first' : open.map(({ id }) => id).join(', ');
  throw new EmulatorError('orderId', `must be "last" or the id of an open order on ${stage.venue.name}: ${known}`);
}

/** Among the open ones from here on. @throws EmulatorError when the symbol has too many. */
export function putOpen(stage: Stage, order: Order): void {
  const ofSymbol = [...stage.ledger.openOrders.values()].filter(({ row }) => row.symbol === order.row.symbol);
  if (ofSymbol.length >= OPEN_ORDERS_MAX) {
    throw new EmulatorError(
      'symbol',
      `has ${OPEN_ORDERS_MAX} open orders already; trigger order.canceled with orderId "last" first`,
    );
  }
  stage.ledger.openOrders.set(order.id, order);
}

/** The order did, as of `trade`. */
export function putTrade(stage: Stage, order: Order, trade: Trade): void {
  order.average =
    order.executed === 0n
      ? trade.price
      : stage.venue.math.average(order.executed, order.average, trade.qty, trade.price);
  order.executed += trade.qty;
  order.quote += trade.quote;
  order.updatedAt = stage.T;
  stage.ledger.trades = appended(stage.ledger.trades, trade);
  if (remaining(order) === 0n) putEnded(stage, order, 'FILLED');
  else order.status = 'PARTIALLY_FILLED';
}

export function putEnded(stage: Stage, order: Order, status: OrderStatus): void {
  order.status = status;
  order.working = false;
  order.updatedAt = stage.T;
  stage.ledger.openOrders.delete(order.id);
  stage.ledger.endedOrders = appended(stage.ledger.endedOrders, order);
}

/** Cut into `count` parts of whole steps, the last one the largest. @throws EmulatorError naming `fills` */
export function partsOf(qty: Decimal, count: number, row: SymbolRow): readonly Decimal[] {
  const each = onStep(qty / BigInt(count), row.stepSize);
  if (each === 0n) {
    const printed = fixed(qty, qtyDigits(row));
    throw new EmulatorError(
      'fills',
      `${printed} ${row.symbol} has fewer than ${count} steps of ${row.stepSize}; lower it`,
    );
  }
  return Array.from({ length: count }, (_, index) => (index < count - 1 ? each : qty - each * BigInt(count - 1)));
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

/** The asset that the trigger names, or the one that the first symbol is margined or quoted in. @throws EmulatorError */
export function heldAsset(stage: Stage): string {
  const rows = listedRows(stage);
  const assets = new Set(rows.flatMap((row) => stage.venue.assetsOf(row)));
  const asset = stage.parameters.asset ?? rows[0].marginAsset;
  if (assets.has(asset)) return asset;
  const known = [...assets].join(', ');
  throw new EmulatorError('asset', `${JSON.stringify(asset)} is not held on ${stage.venue.name}; use one of ${known}`);
}

export function stepwise(field: string, value: Decimal, step: string, row: SymbolRow): Decimal {
  if (onStep(value, step) === value) return value;
  throw new EmulatorError(field, `must be a multiple of ${step} for ${row.symbol}`);
}

/** COIN-M counts contracts of a fixed worth in USD, the others units of the base asset. */
function usualQty(row: SymbolRow, price: Decimal): Decimal {
  const each = row.marginAsset === row.baseAsset ? decimal(String(row.contractSize)) : usdOf(row, price);
  return roundAmount(USUAL_USD, each, row.stepSize);
}

const usdOf = (row: SymbolRow, price: Decimal): Decimal => times(price, worthUsd(row.quoteAsset));
