/**
 * Scenarios of accounts that hold assets: Spot, cross and isolated margin, and the margin side of portfolio margin.
 *
 * Order: each executionReport, then outboundAccountPosition where it moved or locked a balance; a transfer's
 * balanceUpdate comes before it. So say live logs (2023) and spot-margin §6.3. A market order locks nothing.
 */
import { type Decimal, decimal, fixed, rounded } from './decimal.ts';
import { ASSET_DIGITS } from './ledger.ts';
import { newOrder, type Order } from './order.ts';
import type { Facts } from './shape.ts';
import type { Stage } from './stage.ts';
import { transferTerms } from './transfer.ts';

const padded = (value: Decimal): string => fixed(value, ASSET_DIGITS);
const ZERO = padded(0n);

interface Leg {
  readonly asset: string;
  readonly amount: Decimal;
}

interface Trade {
  readonly id: number;
  readonly quote: Decimal;
  readonly commission: Leg;
}

export function fillOrder(stage: Stage): number {
  const order = newOrder(stage);
  const { paid, received, quote } = legsOf(stage, order);
  accept(stage, order, paid);
  const commission = commissionOf(stage, order, received);
  reportOrder(stage, order, {
    ...DONE,
    x: 'TRADE',
    X: 'FILLED',
    ...tradeFacts(order, { id: stage.ids.trade.next(), quote, commission }),
  });
  if (order.maker) stage.balance(paid.asset).locked -= paid.amount;
  else stage.credit(paid.asset, -paid.amount, 'qty');
  stage.credit(received.asset, received.amount - commission.amount, 'qty');
  tellBalances(stage, order);
  return order.id;
}

/** The report of a cancel carries the cancel request's own client order id; the order's stands in `C`. */
export function cancelOrder(stage: Stage): number {
  const order = newOrder(stage);
  const { paid } = legsOf(stage, order);
  accept(stage, order, paid);
  const request = { c: stage.ids.clientOrderId(), C: order.clientOrderId };
  reportOrder(stage, order, { ...DONE, ...request, x: 'CANCELED', X: 'CANCELED' });
  unlock(stage, paid);
  tellBalances(stage, order);
  return order.id;
}

export function transfer(stage: Stage): undefined {
  const { asset, amount } = transferTerms(stage);
  stage.credit(asset, amount, 'amount');
  stage.emit('balanceUpdate', { a: asset, d: padded(amount), U: stage.ids.update.next() });
  stage.emit('outboundAccountPosition', { u: stage.T, U: stage.ids.update.next(), B: [balanceFacts(stage, asset)] });
}

function legsOf(stage: Stage, { row, side, qty, price }: Order): { paid: Leg; received: Leg; quote: Decimal } {
  const quote = rounded(stage.venue.math.value(row, qty, price), ASSET_DIGITS);
  const base = { asset: row.baseAsset, amount: qty };
  const counter = { asset: row.quoteAsset, amount: quote };
  return side === 'BUY' ? { paid: counter, received: base, quote } : { paid: base, received: counter, quote };
}

/** Taken from what is received. */
function commissionOf(stage: Stage, { row, maker }: Order, received: Leg): Leg {
  const amount = stage.venue.commission(row, received.amount, decimal('1'), maker);
  return { asset: received.asset, amount: rounded(amount, ASSET_DIGITS) };
}

/** The order is in; a limit order locks what it would pay. */
function accept(stage: Stage, order: Order, paid: Leg): void {
  reportOrder(stage, order, {});
  if (!order.maker) return;
  stage.credit(paid.asset, -paid.amount, 'qty').locked += paid.amount;
  tellBalances(stage, order);
}

function unlock(stage: Stage, { asset, amount }: Leg): void {
  stage.balance(asset).locked -= amount;
  stage.credit(asset, amount, 'qty');
}

/** Off the book. */
const DONE: Facts = { w: false };

const NEW: Facts = {
  C: '',
  x: 'NEW',
  X: 'NEW',
  l: ZERO,
  z: ZERO,
  L: ZERO,
  n: '0',
  N: null,
  t: -1,
  w: true,
  m: false,
  M: false,
  Z: ZERO,
  Y: ZERO,
};

/** An ordinary order: good till cancelled, not of a list, with nothing special about it. */
const ORDINARY: Facts = { f: 'GTC', P: ZERO, F: ZERO, g: -1, r: 'NONE', Q: ZERO, V: 'EXPIRE_MAKER' };

const tradeFacts = (order: Order, { id, quote, commission }: Trade): Facts => ({
  l: padded(order.qty),
  z: padded(order.qty),
  L: padded(order.price),
  n: padded(commission.amount),
  N: commission.asset,
  t: id,
  m: order.maker,
  M: true,
  Z: padded(quote),
  Y: padded(quote),
});

/** `changed`: what differs from the report of a new order. */
function reportOrder(stage: Stage, order: Order, changed: Facts): void {
  const terms = {
    s: order.row.symbol,
    c: order.clientOrderId,
    S: order.side,
    o: order.type,
    q: padded(order.qty),
    p: order.type === 'LIMIT' ? padded(order.price) : ZERO,
    i: order.id,
    I: stage.ids.execution.next(),
    O: stage.T,
  };
  stage.emit('executionReport', { ...ORDINARY, ...NEW, ...terms, ...changed }, { W: stage.T });
}

function tellBalances(stage: Stage, { row }: Order): void {
  const B = [row.baseAsset, row.quoteAsset].map((asset) => balanceFacts(stage, asset));
  stage.emit('outboundAccountPosition', { u: stage.T, U: stage.ids.update.next(), B });
}

function balanceFacts(stage: Stage, asset: string): Facts {
  const { free, locked } = stage.balance(asset);
  return { a: asset, f: padded(free), l: padded(locked) };
}
