/**
 * Order lists of Spot and margin: OCO, of which one order ends the other, and OTO, whose first order lets the second in.
 * The orders' executionReports come first, then listStatus, then the balances (spot-margin §6.3, §6.4).
 */
import { type Decimal, decimal, times } from './decimal.ts';
import { newOrder, type Order, putEnded, putOpen, symbolRow } from './order.ts';
import { onStep, startingPrice } from './prices.ts';
import type { Stage } from './stage.ts';
import { execute, lock, reportEnd, reportOrder, tellBalances, unlock } from './wallet.ts';

/** How far the stop lies from the limit order's price. */
const STOP_BELOW = decimal('0.9');
const STOP_ABOVE = decimal('1.1');

interface List {
  readonly id: number;
  readonly contingency: 'OCO' | 'OTO';
  readonly clientOrderId: string;
  readonly orders: readonly [Order, Order];
}

/** The limit order trades, and the stop order expires. */
export function fillOco(stage: Stage): number {
  const list = placeOco(stage);
  const [stop, limit] = list.orders;
  execute(stage, limit, limit.qty);
  expireOther(stage, stop, 'OCO_TRIGGER');
  done(stage, list);
  return limit.id;
}

/** The stop is reached: the limit order expires, and the stop order comes onto the book and trades. */
export function triggerOco(stage: Stage): number {
  const list = placeOco(stage);
  const [stop, limit] = list.orders;
  stop.locked = limit.locked;
  limit.locked = 0n;
  expireOther(stage, limit, 'OCO_TRIGGER');
  enter(stage, stop);
  execute(stage, stop, stop.qty);
  done(stage, list);
  return stop.id;
}

export function cancelOco(stage: Stage): number {
  const list = placeOco(stage);
  for (const order of list.orders) {
    reportEnd(stage, order, { why: 'canceled' });
    unlock(stage, order);
  }
  done(stage, list);
  return list.orders[1].id;
}

/** The first order trades, which lets the second in; then that one trades. */
export function fillOto(stage: Stage): number {
  const list = placeOto(stage);
  const [working, pending] = list.orders;
  execute(stage, working, working.qty);
  pending.status = 'NEW';
  enter(stage, pending);
  lock(stage, pending);
  tellBalances(stage, working);
  execute(stage, pending, pending.qty);
  done(stage, list);
  return pending.id;
}

/** With the first order goes the second, which was never on the book. */
export function cancelOto(stage: Stage): number {
  const list = placeOto(stage);
  const [working, pending] = list.orders;
  reportEnd(stage, working, { why: 'canceled' });
  unlock(stage, working);
  expireOther(stage, pending, 'OTO_PHASE_ONE_EXPIRED');
  done(stage, list);
  return working.id;
}

/** A stop-loss limit order and a limit maker order on one quantity, which the second holds for both. */
function placeOco(stage: Stage): List {
  const listId = stage.ids.list.next();
  const terms = { listId, side: stage.parameters.side ?? ('SELL' as const) };
  // It is reported first.
  const stopId = stage.ids.order.next();
  const limit = newOrder(stage, { ...terms, type: 'LIMIT_MAKER', maker: true, working: true });
  const stopPrice = stopFrom(limit);
  const { row, qty } = limit;
  const stop = newOrder(stage, {
    ...terms,
    id: stopId,
    row,
    qty,
    type: 'STOP_LOSS_LIMIT',
    stopPrice,
    price: stopPrice,
    maker: true,
    working: false,
    workingAt: 0,
  });
  return placed(stage, { id: listId, contingency: 'OCO', orders: [stop, limit] }, dearer(limit, stop));
}

/** A buy locks what the dearer of both would pay. */
const dearer = (limit: Order, stop: Order): Decimal =>
  limit.side === 'BUY' && stop.price > limit.price ? stop.price : limit.price;

function stopFrom({ side, price, row }: Order): Decimal {
  const stop = onStep(times(price, side === 'SELL' ? STOP_BELOW : STOP_ABOVE), row.tickSize);
  return stop > 0n ? stop : decimal(row.tickSize);
}

function placeOto(stage: Stage): List {
  const listId = stage.ids.list.next();
  const working = newOrder(stage, { listId });
  const { row, qty, price } = working;
  const pending = newOrder(stage, {
    listId,
    row,
    qty,
    price,
    side: working.side === 'BUY' ? 'SELL' : 'BUY',
    status: 'PENDING_NEW',
    working: false,
    workingAt: 0,
  });
  return placed(stage, { id: listId, contingency: 'OTO', orders: [working, pending] }, working.price);
}

function placed(stage: Stage, terms: Omit<List, 'clientOrderId'>, lockedPrice: Decimal): List {
  const list = { ...terms, clientOrderId: stage.ids.clientOrderId() };
  for (const order of list.orders) {
    putOpen(stage, order);
    reportOrder(stage, order, 'NEW');
  }
  const holder = list.orders.find(({ working }) => working) ?? list.orders[0];
  const { price } = holder;
  holder.price = lockedPrice;
  lock(stage, holder);
  holder.price = price;
  tellList(stage, list, 'EXEC_STARTED', 'EXECUTING');
  tellBalances(stage, holder);
  return list;
}

/** Onto the book, which its order tells as a second NEW (assumed: no page shows it). */
function enter(stage: Stage, order: Order): void {
  order.working = true;
  order.workingAt = stage.T;
  reportOrder(stage, order, 'NEW');
}

function expireOther(stage: Stage, order: Order, reason: string): void {
  putEnded(stage, order, 'EXPIRED');
  reportOrder(stage, order, 'EXPIRED', {}, { eR: reason });
  unlock(stage, order);
}

function done(stage: Stage, list: List): void {
  tellList(stage, list, 'ALL_DONE', 'ALL_DONE');
  tellBalances(stage, list.orders[0]);
}

function tellList(stage: Stage, list: List, type: string, status: string): void {
  const O = list.orders.map(({ row, id, clientOrderId }) => ({ s: row.symbol, i: id, c: clientOrderId }));
  const s = list.orders[0].row.symbol;
  stage.emit('listStatus', {
    s,
    g: list.id,
    c: list.contingency,
    l: type,
    L: status,
    r: 'NONE',
    C: list.clientOrderId,
    O,
  });
}

/** A stop order waits off the book; when its price is reached it comes onto it and trades. */
export function triggerStop(stage: Stage): number {
  const order = waiting(stage);
  enter(stage, order);
  execute(stage, order, order.qty);
  tellBalances(stage, order);
  return order.id;
}

export function cancelStop(stage: Stage): number {
  const order = waiting(stage);
  reportEnd(stage, order, { why: 'canceled' });
  unlock(stage, order);
  tellBalances(stage, order);
  return order.id;
}

function waiting(stage: Stage): Order {
  const row = symbolRow(stage);
  const price = stage.parameters.price ?? startingPrice(row);
  const order = newOrder(stage, {
    row,
    type: 'STOP_LOSS_LIMIT',
    stopPrice: price,
    maker: true,
    working: false,
    workingAt: 0,
  });
  putOpen(stage, order);
  reportOrder(stage, order, 'NEW');
  lock(stage, order);
  tellBalances(stage, order);
  return order;
}
