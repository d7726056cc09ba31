/**
 * The market of European options. No source orders the events of a fill; as the options run on the futures' system since
 * 2025, the order is its own: balance and position, then the trade's report. The summary and the greeks, which are
 * gathered every 50 ms, follow.
 */
import type { SymbolRow } from '@listenpost/protocol';
import { type Decimal, decimal, magnitude, over, printed, rounded, sum, times, toNumber } from './decimal.ts';
import { EmulatorError } from './error.ts';
import { type Greeks, greeksOf } from './greeks.ts';
import { ASSET_DIGITS, bookFill, openPositions, type Position, positionOf, type Trade } from './ledger.ts';
import type { Cause, Market } from './market.ts';
import {
  heldRow,
  newOrder,
  type Order,
  type OrderStatus,
  putEnded,
  putOpen,
  putTrade,
  remaining,
  signedQty,
  symbolRow,
} from './order.ts';
import { onStep, priceDigits, qtyDigits, startingPrice, worthUsd } from './prices.ts';
import type { Facts } from './shape.ts';
import type { Stage } from './stage.ts';

const money = (value: Decimal): string => printed(value, ASSET_DIGITS);

export const options: Market = {
  accept(stage, order) {
    putOpen(stage, order);
    reportOrder(stage, order, 'NEW');
  },
  trade: execute,
  end(stage, order, { why }) {
    const { execution, status } = ENDINGS[why];
    putEnded(stage, order, status);
    reportOrder(stage, order, execution);
  },
  amend() {
    throw new Error('options orders cannot be amended');
  },
  tellTransfer(stage, asset, amount) {
    emitBalance(stage, { reason: amount > 0n ? 'DEPOSIT' : 'WITHDRAW', asset, change: amount, positions: [] });
    emitSummary(stage, asset);
  },
};

const expired = { execution: 'EXPIRED', status: 'EXPIRED' } as const;

const ENDINGS: Readonly<Record<Cause['why'], { execution: 'CANCELED' | 'EXPIRED'; status: OrderStatus }>> = {
  canceled: { execution: 'CANCELED', status: 'CANCELED' },
  unfilledIoc: expired,
  unfilledFok: expired,
  postOnly: expired,
  liquidated: expired,
  selfTrade: { execution: 'EXPIRED', status: 'EXPIRED_IN_MATCH' },
};

/** The premium is paid at once; the balance carries it, `bc` does not (derivatives §4.10). */
function execute(stage: Stage, order: Order, qty: Decimal): void {
  const { row, price, maker } = order;
  const signed = signedQty(order, qty);
  const fee = rounded(stage.venue.commission(row, qty, price, maker), ASSET_DIGITS);
  const premium = rounded(stage.venue.math.value(row, signed, price), ASSET_DIGITS);
  const position = positionOf(stage.ledger, row.symbol);
  const realised = bookFill(position, row, stage.venue.math, { signed, price, fee });
  stage.credit(row.marginAsset, -premium - fee, 'qty');
  const id = stage.ids.trade.next();
  const quote = magnitude(premium);
  const trade = { id, order, price, qty, quote, fee, feeAsset: row.marginAsset, realised, maker, at: stage.T };
  putTrade(stage, order, trade);

  emitBalance(stage, { reason: 'ORDER', asset: row.marginAsset, change: 0n, positions: [position] });
  reportOrder(stage, order, 'TRADE', trade);
  emitSummary(stage, row.marginAsset);
  emitGreeks(stage, row);
}

function fill(stage: Stage, order: Order): number {
  options.accept(stage, order);
  execute(stage, order, order.qty);
  return order.id;
}

const NOTHING_EXECUTED: Facts = { l: '0', L: '0', n: '0', rp: '0', t: 0, m: false };

const executed = ({ order: { row }, qty, price, fee, realised, id, maker }: Trade): Facts => ({
  l: printed(qty, qtyDigits(row)),
  L: printed(price, priceDigits(row)),
  n: money(-fee),
  rp: money(realised),
  t: id,
  m: maker,
});

function reportOrder(stage: Stage, order: Order, execution: string, trade?: Trade): void {
  const { row, side } = order;
  const o = {
    s: row.symbol,
    c: order.clientOrderId,
    S: side,
    o: order.type,
    ot: order.originalType,
    f: order.timeInForce,
    q: printed(order.qty, qtyDigits(row)),
    p: printed(order.price, priceDigits(row)),
    ap: printed(order.average, priceDigits(row)),
    z: printed(order.executed, qtyDigits(row)),
    i: order.id,
    x: execution,
    X: order.status,
    N: row.marginAsset,
    T: stage.T,
    b: onTheBook(stage, order, 'BUY'),
    a: onTheBook(stage, order, 'SELL'),
    R: false,
    V: order.stpMode,
  };
  stage.emit('ORDER_TRADE_UPDATE', { o: { ...o, ...(trade === undefined ? NOTHING_EXECUTED : executed(trade)) } });
}

/** What is open on one side of the order's symbol. */
function onTheBook({ venue, ledger }: Stage, { row }: Order, side: Order['side']): string {
  const open = [...ledger.openOrders.values()].filter(
    (order) => order.working && order.side === side && order.row.symbol === row.symbol,
  );
  return printed(sum(open.map((order) => venue.bookSize(row, remaining(order), order.price))), qtyDigits(row));
}

interface BalanceChange {
  readonly reason: 'ORDER' | 'DEPOSIT' | 'WITHDRAW';
  readonly asset: string;
  readonly change: Decimal;
  readonly positions: readonly Position[];
}

function emitBalance(stage: Stage, { reason, asset, change, positions }: BalanceChange): void {
  stage.told(stage.balance(asset), ...positions);
  stage.emit('BALANCE_POSITION_UPDATE', {
    m: reason,
    B: [{ a: asset, b: money(stage.balance(asset).free), bc: money(change) }],
    P: positions.map((position) => ({
      s: position.symbol,
      c: printed(position.amount, qtyDigits(heldRow(stage, position.symbol))),
      p: money(worthOf(stage, position)),
      a: money(position.entry),
    })),
  });
}

function emitSummary(stage: Stage, asset: string): void {
  const held = openPositions(stage.ledger);
  const value = sum(held.map((position) => worthOf(stage, position)));
  const wallet = stage.balance(asset).free;
  stage.emit('ACCOUNT_UPDATE', {
    eq: money(wallet + value),
    aeq: money(wallet),
    b: money(wallet),
    m: money(value),
    u: money(sum(held.map((position) => unrealised(stage, position)))),
    i: money(sum(held.map((position) => marginOf(stage, position, INITIAL_RATE)))),
    M: money(sum(held.map((position) => marginOf(stage, position, stage.venue.maintenanceRate)))),
  });
}

/** Of all positions on the underlying that changed. */
function emitGreeks(stage: Stage, { option, baseAsset }: SymbolRow): void {
  const held = openPositions(stage.ledger).filter(
    (each) => heldRow(stage, each.symbol).option?.underlying === option?.underlying,
  );
  const total = (name: keyof Greeks): string => {
    const amounts = held.map((each) => {
      const terms = heldRow(stage, each.symbol).option;
      if (terms === undefined) throw new Error(`${each.symbol} is held as an option and is none`);
      return greeksOf(terms, toNumber(worthUsd(baseAsset)), stage.E)[name] * toNumber(each.amount);
    });
    return amounts.reduce((left, right) => left + right, 0).toFixed(ASSET_DIGITS);
  };
  const G = [{ u: option?.underlying, d: total('delta'), g: total('gamma'), t: total('theta'), v: total('vega') }];
  stage.emit('GREEK_UPDATE', { G });
}

export const worthOf = (stage: Stage, position: Position): Decimal =>
  rounded(stage.venue.math.value(heldRow(stage, position.symbol), position.amount, position.mark), ASSET_DIGITS);

export function unrealised(stage: Stage, position: Position): Decimal {
  const { amount, entry, mark } = position;
  return rounded(stage.venue.math.profit(heldRow(stage, position.symbol), amount, entry, mark), ASSET_DIGITS);
}

export const INITIAL_RATE = decimal('0.15');

/** Only what was sold needs margin: its worth, and a share of the underlying's. */
export function marginOf(stage: Stage, position: Position, rate: Decimal): Decimal {
  if (position.amount >= 0n) return 0n;
  const row = heldRow(stage, position.symbol);
  const sold = magnitude(position.amount);
  const underlying = stage.venue.math.value(row, sold, times(worthUsd(row.baseAsset), rate));
  return rounded(stage.venue.math.value(row, sold, position.mark) + underlying, ASSET_DIGITS);
}

/** A short position is opened this large, in wallets of the underlying, before premiums reach a plausible level. */
const OPENED_LEVERAGE = 5n;
const PLAUSIBLE_LEVERAGE = 2n;
/** At REDUCE_ONLY the margin balance has fallen to this share of the maintenance margin. */
const REDUCE_ONLY_AT = decimal('0.9');

/**
 * Premiums rise until the account may only reduce. An account that has not sold enough sells first, with all the events
 * of its order.
 */
export function callMargin(stage: Stage): number | undefined {
  const row = symbolRow(stage);
  const position = positionOf(stage.ledger, row.symbol);
  const orderId = largeEnough(stage, row, position) ? undefined : fill(stage, shortingOrder(stage, row, position));
  if (position.amount >= 0n) {
    throw new EmulatorError('qty', `must be more than the ${row.symbol} that is held long, or be left out`);
  }
  position.mark = callPremium(stage, row, position);
  tellRisk(stage, row.marginAsset, 'REDUCE_ONLY');
  return orderId;
}

function tellRisk(stage: Stage, asset: string, level: 'NORMAL' | 'REDUCE_ONLY'): void {
  const held = openPositions(stage.ledger);
  stage.emit('RISK_LEVEL_CHANGE', {
    s: level,
    mb: money(stage.balance(asset).free + sum(held.map((each) => worthOf(stage, each)))),
    mm: money(sum(held.map((each) => marginOf(stage, each, stage.venue.maintenanceRate)))),
  });
}

/** Premiums fall back to where the positions were opened, and the account may trade again: after a call, with its events. */
export function recover(stage: Stage): number | undefined {
  const orderId = callMargin(stage);
  for (const position of openPositions(stage.ledger)) position.mark = position.entry;
  tellRisk(stage, symbolRow(stage).marginAsset, 'NORMAL');
  return orderId;
}

/** How far the underlying ends from the strike when the trigger names no price: in the money, or out of it. */
const SETTLED_AWAY = decimal('0.1');

/** The option expires in the money: what it is worth is paid, or taken, and the position is gone. */
export const exercise = (stage: Stage): number | undefined => settle(stage, 'in');

/** The option expires worthless. */
export const expire = (stage: Stage): number | undefined => settle(stage, 'out');

/**
 * No source shows the reason that a settlement is told with; ORDER is the one of those documented that is no transfer
 * (derivatives §4.10).
 */
function settle(stage: Stage, wanted: 'in' | 'out'): number | undefined {
  const row = symbolRow(stage);
  const position = positionOf(stage.ledger, row.symbol);
  const orderId = position.amount === 0n ? fill(stage, newOrder(stage, { row, price: startingPrice(row) })) : undefined;
  const worth = settlementWorth(stage, row, wanted);
  const paid = rounded(stage.venue.math.value(row, position.amount, worth), ASSET_DIGITS);
  bookFill(position, row, stage.venue.math, { signed: -position.amount, price: worth, fee: 0n });
  stage.credit(row.marginAsset, paid, 'price');
  emitBalance(stage, { reason: 'ORDER', asset: row.marginAsset, change: 0n, positions: [position] });
  emitSummary(stage, row.marginAsset);
  emitGreeks(stage, row);
  return orderId;
}

/** Of one contract at its end; `price` is the underlying's. */
function settlementWorth(stage: Stage, row: SymbolRow, wanted: 'in' | 'out'): Decimal {
  if (row.option === undefined) throw new Error(`${row.symbol} is traded as an option and is none`);
  const strike = decimal(row.option.strikePrice);
  const up = (row.option.side === 'CALL') === (wanted === 'in');
  const usual = times(strike, decimal('1') + (up ? SETTLED_AWAY : -SETTLED_AWAY));
  const index = stage.parameters.price ?? usual;
  const worth = row.option.side === 'CALL' ? index - strike : strike - index;
  if (worth > 0n === (wanted === 'in')) return worth > 0n ? worth : 0n;
  const side = up ? 'above' : 'below';
  throw new EmulatorError('price', `must be ${side} the strike price ${row.option.strikePrice} of ${row.symbol}`);
}

const worthOfUnderlying = (stage: Stage, row: SymbolRow, qty: Decimal): Decimal =>
  stage.venue.math.value(row, qty, worthUsd(row.baseAsset));

function largeEnough(stage: Stage, row: SymbolRow, { amount }: Position): boolean {
  if (stage.parameters.qty !== undefined) return false;
  return worthOfUnderlying(stage, row, -amount) >= PLAUSIBLE_LEVERAGE * stage.balance(row.marginAsset).free;
}

/** Sells what is held long, and `OPENED_LEVERAGE` on top, unless the trigger names a quantity. */
function shortingOrder(stage: Stage, row: SymbolRow, { amount }: Position): Order {
  const each = worthOfUnderlying(stage, row, decimal('1'));
  const wanted = onStep(over(OPENED_LEVERAGE * stage.balance(row.marginAsset).free, each), row.stepSize);
  const opened = wanted > 0n ? wanted : decimal(row.stepSize);
  const held = amount > 0n ? amount : 0n;
  return newOrder(stage, { side: 'SELL', qty: stage.parameters.qty ?? held + opened });
}

/** Solves wallet + others − sold·premium = share·(others' margin + sold·(premium + rate·index)) for the premium. */
function callPremium(stage: Stage, row: SymbolRow, position: Position): Decimal {
  const { maintenanceRate, math } = stage.venue;
  const others = openPositions(stage.ledger).filter((other) => other !== position);
  const balance = stage.balance(row.marginAsset).free + sum(others.map((other) => worthOf(stage, other)));
  const needed = sum(others.map((other) => marginOf(stage, other, maintenanceRate)));
  const ofIndex = math.value(row, -position.amount, times(worthUsd(row.baseAsset), maintenanceRate));
  const units = math.value(row, -position.amount, decimal('1'));
  const rest = balance - times(REDUCE_ONLY_AT, needed + ofIndex);
  const premium = rounded(over(rest, times(units, decimal('1') + REDUCE_ONLY_AT)), ASSET_DIGITS);
  return premium > 0n ? premium : decimal(row.tickSize);
}
