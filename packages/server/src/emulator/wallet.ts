/**
 * The market of accounts that hold assets: Spot, cross and isolated margin, and the margin side of portfolio margin.
 *
 * Order: each executionReport, then listStatus where the order is of a list, then outboundAccountPosition where a balance
 * was moved or locked; a transfer's balanceUpdate comes before it. So say live logs (2023) and spot-margin §6.3. A market
 * order locks nothing.
 */
import { type Decimal, decimal, fixed, rounded } from './decimal.ts';
import { ASSET_DIGITS, type Trade } from './ledger.ts';
import type { Cause, Market } from './market.ts';
import { type Order, type OrderStatus, putEnded, putOpen, putTrade, remaining } from './order.ts';
import type { Facts } from './shape.ts';
import type { Stage } from './stage.ts';

export const padded = (value: Decimal): string => fixed(value, ASSET_DIGITS);
const ZERO = padded(0n);

export const wallet: Market = {
  accept(stage, order) {
    putOpen(stage, order);
    reportOrder(stage, order, 'NEW');
    if (!order.maker) return;
    lock(stage, order);
    tellBalances(stage, order);
  },
  trade(stage, order, qty) {
    execute(stage, order, qty);
    tellBalances(stage, order);
  },
  end(stage, order, cause) {
    reportEnd(stage, order, cause);
    if (unlock(stage, order)) tellBalances(stage, order);
  },
  /** What it no longer needs is free again (spot-margin §6.3: `REPLACED`). */
  amend(stage, order, { qty, price }) {
    order.qty = qty;
    order.price = price;
    order.updatedAt = stage.T;
    reportOrder(stage, order, 'REPLACED');
    unlock(stage, order);
    lock(stage, order);
    tellBalances(stage, order);
  },
  tellTransfer: tellChange,
};

interface Leg {
  readonly asset: string;
  readonly amount: Decimal;
}

/** What an execution of `qty` pays and receives, before commission. */
function legsOf(stage: Stage, { row, side, price }: Order, qty: Decimal): { paid: Leg; received: Leg; quote: Decimal } {
  const quote = rounded(stage.venue.math.value(row, qty, price), ASSET_DIGITS);
  const base = { asset: row.baseAsset, amount: qty };
  const counter = { asset: row.quoteAsset, amount: quote };
  return side === 'BUY' ? { paid: counter, received: base, quote } : { paid: base, received: counter, quote };
}

/** Locks what the rest of the order would pay. */
export function lock(stage: Stage, order: Order): void {
  const { paid } = legsOf(stage, order, remaining(order));
  stage.credit(paid.asset, -paid.amount, 'qty').locked += paid.amount;
  order.locked = paid.amount;
}

/** Whether there was something to free. */
export function unlock(stage: Stage, order: Order): boolean {
  const { paid } = legsOf(stage, order, remaining(order));
  const { locked } = order;
  stage.balance(paid.asset).locked -= locked;
  stage.credit(paid.asset, locked, 'qty');
  order.locked = 0n;
  return locked > 0n;
}

/** What was locked pays first. A last part frees what rounding left over. */
export function execute(stage: Stage, order: Order, qty: Decimal): void {
  const { row, price, maker } = order;
  const { paid, received, quote } = legsOf(stage, order, qty);
  const fromLocked = paid.amount < order.locked ? paid.amount : order.locked;
  stage.balance(paid.asset).locked -= fromLocked;
  order.locked -= fromLocked;
  stage.credit(paid.asset, fromLocked - paid.amount, 'qty');
  // Commission is taken from what is received.
  const fee = rounded(stage.venue.commission(row, received.amount, decimal('1'), maker), ASSET_DIGITS);
  stage.credit(received.asset, received.amount - fee, 'qty');
  const id = stage.ids.trade.next();
  const trade = { id, order, price, qty, quote, fee, feeAsset: received.asset, realised: 0n, maker, at: stage.T };
  putTrade(stage, order, trade);
  if (remaining(order) === 0n) unlock(stage, order);
  reportOrder(stage, order, 'TRADE', executed(trade));
}

interface Ended {
  readonly execution: 'CANCELED' | 'EXPIRED' | 'TRADE_PREVENTION';
  readonly status: OrderStatus;
  /** `eR`, on the products that have it. */
  readonly reason?: string;
}

const ENDINGS: Readonly<Record<Cause['why'], Ended>> = {
  canceled: { execution: 'CANCELED', status: 'CANCELED' },
  unfilledIoc: { execution: 'EXPIRED', status: 'EXPIRED', reason: 'UNFILLED_IOC_QUANTITY_EXPIRED' },
  unfilledFok: { execution: 'EXPIRED', status: 'EXPIRED', reason: 'UNFILLED_FOK_ORDER_EXPIRED' },
  postOnly: { execution: 'EXPIRED', status: 'EXPIRED', reason: 'REJECTED' },
  liquidated: { execution: 'EXPIRED', status: 'EXPIRED', reason: 'EXCHANGE_CANCELED' },
  selfTrade: { execution: 'TRADE_PREVENTION', status: 'EXPIRED_IN_MATCH' },
};

/** The report of a cancel carries the cancel request's own client order id; the order's stands in `C`. */
export function reportEnd(stage: Stage, order: Order, cause: Cause): void {
  const { execution, status, reason } = ENDINGS[cause.why];
  putEnded(stage, order, status);
  const request = cause.why === 'canceled' ? { c: stage.ids.clientOrderId(), C: order.clientOrderId } : {};
  const expiry = reason === undefined ? {} : { eR: reason };
  const prevented = cause.why === 'selfTrade' ? preventedFacts(stage, order, cause.counter) : {};
  reportOrder(stage, order, execution, request, { ...expiry, ...prevented });
}

/** With TRADE_PREVENTION the would-be values stand in `pl`, `pL` and `pY`, and `l`, `L` and `Y` are 0 (spot-margin §6.3). */
function preventedFacts(stage: Stage, order: Order, counter: Order): Facts {
  const qty = remaining(order);
  const { quote } = legsOf(stage, order, qty);
  return {
    v: stage.ids.trade.next(),
    A: padded(qty),
    B: padded(qty),
    u: stage.ids.update.next(),
    U: counter.id,
    Cs: counter.row.symbol,
    pl: padded(qty),
    pL: padded(order.price),
    pY: padded(quote),
  };
}

const NOTHING_EXECUTED: Facts = { l: ZERO, L: ZERO, n: '0', N: null, t: -1, m: false, M: false, Y: ZERO };

const executed = ({ id, qty, price, fee, feeAsset, maker, quote }: Trade): Facts => ({
  l: padded(qty),
  L: padded(price),
  n: padded(fee),
  N: feeAsset,
  t: id,
  m: maker,
  M: true,
  Y: padded(quote),
});

/** `changed`: what differs from a report in which nothing was executed. `conditional`: members that only some reports have. */
export function reportOrder(
  stage: Stage,
  order: Order,
  execution: string,
  changed: Facts = {},
  conditional: Facts = {},
): void {
  const facts = {
    s: order.row.symbol,
    c: order.clientOrderId,
    S: order.side,
    o: order.type,
    f: order.timeInForce,
    q: padded(order.qty),
    p: order.type === 'MARKET' ? ZERO : padded(order.price),
    P: padded(order.stopPrice),
    F: ZERO,
    g: order.listId,
    C: '',
    x: execution,
    X: order.status,
    r: 'NONE',
    i: order.id,
    z: padded(order.executed),
    I: stage.ids.execution.next(),
    w: execution === 'NEW' ? order.workingAt > 0 : order.working,
    O: order.createdAt,
    Z: padded(order.quote),
    Q: ZERO,
    V: order.stpMode,
    ...NOTHING_EXECUTED,
    ...changed,
  };
  const working = order.workingAt > 0 ? { W: order.workingAt } : {};
  stage.emit('executionReport', facts, { ...working, ...conditional });
}

export function tellBalances(stage: Stage, { row }: Pick<Order, 'row'>): void {
  tellAssets(stage, [row.baseAsset, row.quoteAsset]);
}

export function tellAssets(stage: Stage, assets: readonly string[]): void {
  const balances = assets.map((asset) => ({ asset, balance: stage.balance(asset) }));
  stage.told(...balances.map(({ balance }) => balance));
  const B = balances.map(({ asset, balance: { free, locked } }) => ({ a: asset, f: padded(free), l: padded(locked) }));
  stage.emit('outboundAccountPosition', { u: stage.T, U: stage.ids.update.next(), B });
}

/** The balance by its difference, then as it is. */
export function tellChange(stage: Stage, asset: string, amount: Decimal): void {
  stage.emit('balanceUpdate', { a: asset, d: padded(amount), U: stage.ids.update.next() });
  tellAssets(stage, [asset]);
}
