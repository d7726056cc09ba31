/** Scenarios of one or two orders, the same on every market: what happens, and not how a market tells it. */
import { decimal } from './decimal.ts';
import { EmulatorError } from './error.ts';
import type { Cause } from './market.ts';
import { marketOf } from './markets.ts';
import { namedOrder, newOrder, type Order, partsOf, remaining, stepwise } from './order.ts';
import { onStep } from './prices.ts';
import type { Stage } from './stage.ts';
import { reportOrder } from './wallet.ts';

/** An order is accepted, and rests. */
export function accept(stage: Stage): number {
  return accepted(stage, newOrder(stage)).id;
}

/** Of what remains `fills` parts trade, and one is left. */
export function fillPartly(stage: Stage): number {
  const order = meant(stage);
  tradeParts(stage, order, stage.parameters.fills ?? 1, 'leaving one');
  return order.id;
}

/** All that remains trades, in `fills` parts. */
export function fill(stage: Stage): number {
  const order = meant(stage);
  tradeParts(stage, order, stage.parameters.fills ?? 1, 'all');
  return order.id;
}

/** By the user, after `fills` parts of it traded. */
export function cancel(stage: Stage): number {
  const order = meant(stage);
  tradeParts(stage, order, stage.parameters.fills ?? 0, 'leaving one');
  marketOf(stage).end(stage, order, { why: 'canceled' });
  return order.id;
}

const EXPIRIES: Readonly<Record<'IOC' | 'FOK' | 'GTX', Cause>> = {
  IOC: { why: 'unfilledIoc' },
  FOK: { why: 'unfilledFok' },
  GTX: { why: 'postOnly' },
};

/** What its time in force does not let rest expires; of an IOC order `fills` parts traded. */
export function expire(stage: Stage): number {
  const { timeInForce = 'IOC', fills = 0 } = stage.parameters;
  if (fills > 0 && timeInForce !== 'IOC') {
    throw new EmulatorError('fills', `must be left out for ${timeInForce}, of which nothing trades; or use IOC`);
  }
  const order = accepted(stage, newOrder(stage, { timeInForce, maker: false, working: false }));
  tradeParts(stage, order, fills, 'leaving one');
  marketOf(stage).end(stage, order, EXPIRIES[timeInForce]);
  return order.id;
}

/**
 * By the user. Without `newQty` and `newPrice` half of what remains is taken back, or where that is less than a step, the
 * price moves by a tick.
 */
export function amend(stage: Stage): number {
  const order = meant(stage);
  const { row } = order;
  const { newQty, newPrice } = stage.parameters;
  const half = onStep(remaining(order) / 2n, row.stepSize);
  const bare = newQty === undefined && newPrice === undefined;
  const usualQty = bare && half > 0n ? order.executed + half : order.qty;
  const usualPrice = bare && half === 0n ? order.price + decimal(row.tickSize) : order.price;
  const qty = stepwise('newQty', newQty ?? usualQty, row.stepSize, row);
  const price = stepwise('newPrice', newPrice ?? usualPrice, row.tickSize, row);
  if (qty <= order.executed) throw new EmulatorError('newQty', 'must be more than the order has executed already');
  marketOf(stage).amend(stage, order, { qty, price });
  return order.id;
}

/** As Spot amends: the quantity falls, the priority stays. */
export function amendKeepingPriority(stage: Stage): number {
  const order = meant(stage);
  const { row } = order;
  const usual = order.executed + onStep(remaining(order) / 2n, row.stepSize);
  const qty = stepwise('newQty', stage.parameters.newQty ?? usual, row.stepSize, row);
  if (qty <= order.executed || qty >= order.qty) {
    throw new EmulatorError('newQty', 'must be less than the order’s quantity, and more than it has executed already');
  }
  marketOf(stage).amend(stage, order, { qty, price: order.price });
  return order.id;
}

/** Two orders of the account meet; the mode says which of them expires. */
export function preventSelfTrade(stage: Stage): number {
  const { stpMode = 'EXPIRE_MAKER' } = stage.parameters;
  const maker = accepted(stage, newOrder(stage, { stpMode }));
  const side = maker.side === 'BUY' ? 'SELL' : 'BUY';
  const taker = accepted(stage, newOrder(stage, { side, stpMode, qty: maker.qty, price: maker.price }));
  if (stpMode !== 'EXPIRE_TAKER') marketOf(stage).end(stage, maker, { why: 'selfTrade', counter: taker });
  if (stpMode !== 'EXPIRE_MAKER') marketOf(stage).end(stage, taker, { why: 'selfTrade', counter: maker });
  return taker.id;
}

/**
 * An order that is refused at entry sends no event. The one refusal that does is of the new order of a cancel-replace
 * whose cancel succeeded (spot-margin §6.3).
 */
export function reject(stage: Stage): number {
  const order = meant(stage);
  marketOf(stage).end(stage, order, { why: 'canceled' });
  const { row, side, qty, price } = order;
  const refused = newOrder(stage, { row, side, qty, price, status: 'REJECTED', working: false, workingAt: 0 });
  reportOrder(stage, refused, 'REJECTED', { r: stage.parameters.reason ?? 'INSUFFICIENT_BALANCES' });
  return refused.id;
}

/** The open order that the trigger names, or a new one. */
const meant = (stage: Stage): Order => namedOrder(stage) ?? accepted(stage, newOrder(stage));

function accepted(stage: Stage, order: Order): Order {
  marketOf(stage).accept(stage, order);
  return order;
}

function tradeParts(stage: Stage, order: Order, fills: number, rest: 'all' | 'leaving one'): void {
  const parts = partsOf(remaining(order), rest === 'all' ? fills : fills + 1, order.row);
  for (const qty of parts.slice(0, fills)) marketOf(stage).trade(stage, order, qty);
}
