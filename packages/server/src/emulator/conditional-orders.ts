/**
 * Conditional orders of futures. USDⓈ-M's wait in the algo service and are told in ALGO_UPDATE until the matching engine has
 * them (since 2025-12-09; portfolio margin's since 2026-04-28). COIN-M's wait in the engine, and portfolio margin's COIN-M
 * ones in a strategy.
 *
 * Live logs (2025-12 to 2026-03): TRIGGERED names the engine's order, whose fill comes before FINISHED.
 */
import { contracts, execute, orderPrice, reportOrder } from './contracts.ts';
import { type Decimal, printed } from './decimal.ts';
import { newOrder, type Order, putEnded, putOpen } from './order.ts';
import { priceDigits, qtyDigits } from './prices.ts';
import type { Facts } from './shape.ts';
import type { Stage } from './stage.ts';

/** What the matching engine makes of a conditional order. */
const ENGINE_TYPE: Readonly<Record<string, 'LIMIT' | 'MARKET'>> = {
  STOP: 'LIMIT',
  TAKE_PROFIT: 'LIMIT',
  STOP_MARKET: 'MARKET',
  TAKE_PROFIT_MARKET: 'MARKET',
};

const engineType = (type: string): 'LIMIT' | 'MARKET' => ENGINE_TYPE[type] ?? 'MARKET';

/** An order that waits for its price: `price` is where it is triggered, and where it then trades. */
function waiting(stage: Stage): Order {
  const order = newOrder(stage, { type: stage.parameters.type ?? 'STOP_MARKET', maker: false, working: false });
  return { ...order, stopPrice: order.price };
}

/** What the engine gets: an order of its own, which the client knows by the id it gave the conditional one. */
function engineOrder(stage: Stage, { row, side, qty, price, positionSide, type, clientOrderId }: Order): Order {
  const working = engineType(type) === 'LIMIT';
  return newOrder(stage, {
    row,
    side,
    qty,
    price,
    positionSide,
    clientOrderId,
    type: engineType(type),
    originalType: engineType(type),
    maker: working,
    working,
  });
}

// --- The algo service ----------------------------------------------------------------------------------------------

export function triggerAlgo(stage: Stage): number {
  const algo = newAlgo(stage);
  tellAlgo(stage, algo, { X: 'NEW' });
  tellAlgo(stage, algo, { X: 'TRIGGERING', tt: stage.T });
  const order = engineOrder(stage, algo.order);
  const placed = { ai: String(order.id), act: order.type, tt: stage.T };
  tellAlgo(stage, algo, { ...placed, X: 'TRIGGERED' });
  contracts.accept(stage, order);
  contracts.trade(stage, order, order.qty);
  const { row, average, executed } = order;
  const done = { ap: printed(average, priceDigits(row)), aq: printed(executed, qtyDigits(row)) };
  tellAlgo(stage, algo, { ...placed, ...done, X: 'FINISHED' });
  return order.id;
}

export function rejectAlgo(stage: Stage): undefined {
  const algo = newAlgo(stage);
  tellAlgo(stage, algo, { X: 'NEW' });
  tellAlgo(stage, algo, { X: 'TRIGGERING', tt: stage.T });
  tellAlgo(stage, algo, { X: 'REJECTED', tt: stage.T, rm: stage.parameters.reason ?? 'Margin is insufficient.' });
}

export function cancelAlgo(stage: Stage): undefined {
  const algo = newAlgo(stage);
  tellAlgo(stage, algo, { X: 'NEW' });
  tellAlgo(stage, algo, { X: 'CANCELED' });
}

/** By the system: the position that it would have closed is gone. */
export function expireAlgo(stage: Stage): undefined {
  const algo = newAlgo(stage);
  tellAlgo(stage, algo, { X: 'NEW', f: 'GTE_GTC' });
  tellAlgo(stage, algo, { X: 'EXPIRED', f: 'GTE_GTC' });
}

interface Algo {
  readonly id: number;
  readonly order: Order;
}

const newAlgo = (stage: Stage): Algo => ({ id: stage.ids.algo.next(), order: waiting(stage) });

function tellAlgo(stage: Stage, { id, order }: Algo, changed: Facts): void {
  const { row } = order;
  const terms = {
    ...BEFORE_THE_ENGINE,
    caid: order.clientOrderId,
    aid: id,
    at: 'CONDITIONAL',
    o: order.type,
    s: row.symbol,
    S: order.side,
    ps: order.positionSide,
    f: order.timeInForce,
    q: printed(order.qty, qtyDigits(row)),
    tp: price(order, order.stopPrice),
    p: orderPrice(order),
    V: order.stpMode,
    ...changed,
  };
  stage.emit('ALGO_UPDATE', { o: terms, ao: terms });
}

const price = ({ row }: Order, value: Decimal): string => printed(value, priceDigits(row));

const BEFORE_THE_ENGINE: Facts = {
  ai: '',
  ap: '0',
  aq: '0',
  act: '0',
  wt: 'CONTRACT_PRICE',
  pm: 'NONE',
  cp: false,
  pP: false,
  R: false,
  tt: 0,
  gtd: 0,
  rm: '',
  ia: false,
};

// --- Waiting in the engine -----------------------------------------------------------------------------------------

/** One order under one id: it waits, expires as a conditional order (reason 8), and is new as what it becomes. */
export function triggerInEngine(stage: Stage): number {
  const order = waiting(stage);
  putOpen(stage, order);
  reportOrder(stage, order, { execution: 'NEW' });
  order.status = 'EXPIRED';
  reportOrder(stage, order, { execution: 'EXPIRED', more: { er: '8' } });
  order.status = 'NEW';
  order.type = engineType(order.type);
  reportOrder(stage, order, { execution: 'NEW' });
  execute(stage, order, order.qty, 'TRADE');
  return order.id;
}

export function cancelInEngine(stage: Stage): number {
  const order = waiting(stage);
  contracts.accept(stage, order);
  contracts.end(stage, order, { why: 'canceled' });
  return order.id;
}

/** As USDⓈ-M told it until 2025-12-15; its reason stands in `rm` of ALGO_UPDATE since. */
export function rejectInEngine(stage: Stage): number {
  const order = waiting(stage);
  putOpen(stage, order);
  reportOrder(stage, order, { execution: 'NEW' });
  const r = stage.parameters.reason ?? 'Margin is insufficient.';
  stage.emit('CONDITIONAL_ORDER_TRIGGER_REJECT', { or: { s: order.row.symbol, i: order.id, r } });
  putEnded(stage, order, 'EXPIRED');
  reportOrder(stage, order, { execution: 'EXPIRED' });
  return order.id;
}

// --- Waiting in a strategy -----------------------------------------------------------------------------------------

export function triggerStrategyOrder(stage: Stage): number {
  const waits = newStrategyOrder(stage);
  tellStrategyOrder(stage, waits, { os: 'NEW' });
  const order = engineOrder(stage, waits.order);
  tellStrategyOrder(stage, waits, { os: 'TRIGGERED', i: order.id });
  const of = { si: waits.id, st: `C_${waits.order.type}` };
  putOpen(stage, order);
  reportOrder(stage, order, { execution: 'NEW', conditional: of });
  execute(stage, order, order.qty, 'TRADE');
  tellStrategyOrder(stage, waits, { os: 'FINISHED', i: order.id });
  return order.id;
}

export function cancelStrategyOrder(stage: Stage): undefined {
  const waits = newStrategyOrder(stage);
  tellStrategyOrder(stage, waits, { os: 'NEW' });
  tellStrategyOrder(stage, waits, { os: 'CANCELED' });
}

export function expireStrategyOrder(stage: Stage): undefined {
  const waits = newStrategyOrder(stage);
  tellStrategyOrder(stage, waits, { os: 'NEW' });
  tellStrategyOrder(stage, waits, { os: 'EXPIRED' });
}

interface StrategyOrder {
  readonly id: number;
  readonly order: Order;
}

const newStrategyOrder = (stage: Stage): StrategyOrder => ({ id: stage.ids.strategy.next(), order: waiting(stage) });

function tellStrategyOrder(stage: Stage, { id, order }: StrategyOrder, changed: Facts): void {
  const so = {
    s: order.row.symbol,
    c: order.clientOrderId,
    si: id,
    S: order.side,
    st: order.type,
    f: order.timeInForce,
    q: printed(order.qty, qtyDigits(order.row)),
    p: orderPrice(order),
    sp: price(order, order.stopPrice),
    T: order.createdAt,
    ut: stage.T,
    R: false,
    wt: 'CONTRACT_PRICE',
    ps: order.positionSide,
    i: 0,
    V: order.stpMode,
    gtd: 0,
    ...changed,
  };
  stage.emit('CONDITIONAL_ORDER_TRADE_UPDATE', { so }, { so: { cp: false } });
}
