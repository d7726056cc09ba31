/**
 * Scenarios of European options. No source orders the events of a fill; as the options run on the futures' system since
 * 2025, the order is its own: balance and position, then the trade's report. The summary and the greeks, which are
 * gathered every 50 ms, follow.
 */
import type { SymbolRow } from '@listenpost/protocol';
import { type Decimal, decimal, magnitude, over, printed, rounded, sum, times, toNumber } from './decimal.ts';
import { EmulatorError } from './error.ts';
import { type Greeks, greeksOf } from './greeks.ts';
import { ASSET_DIGITS, bookFill, openPositions, type Position, positionOf } from './ledger.ts';
import { heldRow, newOrder, type Order, symbolRow } from './order.ts';
import { onStep, priceDigits, qtyDigits, worthUsd } from './prices.ts';
import type { Facts } from './shape.ts';
import type { Stage } from './stage.ts';
import { transferTerms } from './transfer.ts';

const money = (value: Decimal): string => printed(value, ASSET_DIGITS);

export function fillOrder(stage: Stage): number {
  return fill(stage, newOrder(stage));
}

export function cancelOrder(stage: Stage): number {
  const order = newOrder(stage);
  reportOrder(stage, order, ACCEPTED);
  reportOrder(stage, order, { ...ACCEPTED, x: 'CANCELED', X: 'CANCELED', ...OFF_THE_BOOK });
  return order.id;
}

export function transfer(stage: Stage): undefined {
  const { asset, amount, reason } = transferTerms(stage);
  stage.credit(asset, amount, 'amount');
  emitBalance(stage, { reason, asset, change: amount, positions: [] });
  emitSummary(stage, asset);
}

/** The premium is paid at once; the balance carries it, `bc` does not (derivatives §4.10). */
function fill(stage: Stage, order: Order): number {
  const { row, qty, price, maker, signed } = order;
  reportOrder(stage, order, ACCEPTED);
  const fee = rounded(stage.venue.commission(row, qty, price, maker), ASSET_DIGITS);
  const premium = rounded(stage.venue.math.value(row, signed, price), ASSET_DIGITS);
  const position = positionOf(stage.ledger, row.symbol);
  const realised = bookFill(position, row, stage.venue.math, { signed, price, fee });
  stage.credit(row.marginAsset, -premium - fee, 'qty');

  emitBalance(stage, { reason: 'ORDER', asset: row.marginAsset, change: 0n, positions: [position] });
  reportOrder(stage, order, {
    ...OFF_THE_BOOK,
    x: 'TRADE',
    X: 'FILLED',
    ap: printed(price, priceDigits(row)),
    l: printed(qty, qtyDigits(row)),
    z: printed(qty, qtyDigits(row)),
    L: printed(price, priceDigits(row)),
    n: money(-fee),
    rp: money(realised),
    t: stage.ids.trade.next(),
    m: maker,
  });
  emitSummary(stage, row.marginAsset);
  emitGreeks(stage, row);
  return order.id;
}

const ACCEPTED: Facts = { x: 'NEW', X: 'NEW', ap: '0', l: '0', z: '0', L: '0', n: '0', rp: '0', t: 0, m: false };
const OFF_THE_BOOK: Facts = { b: '0', a: '0' };

function reportOrder(stage: Stage, { row, side, qty, price, type, id, clientOrderId }: Order, report: Facts): void {
  const open = printed(stage.venue.bookSize(row, qty, price), qtyDigits(row));
  const o = {
    s: row.symbol,
    c: clientOrderId,
    S: side,
    o: type,
    ot: type,
    f: 'GTC',
    q: printed(qty, qtyDigits(row)),
    p: printed(price, priceDigits(row)),
    i: id,
    N: row.marginAsset,
    T: stage.T,
    b: side === 'BUY' ? open : '0',
    a: side === 'SELL' ? open : '0',
    R: false,
    V: 'EXPIRE_MAKER',
  };
  stage.emit('ORDER_TRADE_UPDATE', { o: { ...o, ...report } });
}

interface BalanceChange {
  readonly reason: 'ORDER' | 'DEPOSIT' | 'WITHDRAW';
  readonly asset: string;
  readonly change: Decimal;
  readonly positions: readonly Position[];
}

function emitBalance(stage: Stage, { reason, asset, change, positions }: BalanceChange): void {
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

const worthOf = (stage: Stage, position: Position): Decimal =>
  rounded(stage.venue.math.value(heldRow(stage, position.symbol), position.amount, position.mark), ASSET_DIGITS);

function unrealised(stage: Stage, position: Position): Decimal {
  const { amount, entry, mark } = position;
  return rounded(stage.venue.math.profit(heldRow(stage, position.symbol), amount, entry, mark), ASSET_DIGITS);
}

const INITIAL_RATE = decimal('0.15');

/** Only what was sold needs margin: its worth, and a share of the underlying's. */
function marginOf(stage: Stage, position: Position, rate: Decimal): Decimal {
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
  const held = openPositions(stage.ledger);
  stage.emit('RISK_LEVEL_CHANGE', {
    s: 'REDUCE_ONLY',
    mb: money(stage.balance(row.marginAsset).free + sum(held.map((each) => worthOf(stage, each)))),
    mm: money(sum(held.map((each) => marginOf(stage, each, stage.venue.maintenanceRate)))),
  });
  return orderId;
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
