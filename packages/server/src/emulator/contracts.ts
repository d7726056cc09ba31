/**
 * The market of contracts that are margined: USDⓈ-M, COIN-M, and both inside portfolio margin.
 *
 * Order of a fill: ORDER_TRADE_UPDATE (NEW), TRADE_LITE where the product has it, ACCOUNT_UPDATE, ORDER_TRADE_UPDATE
 * (TRADE). The documents order only events of one type; logs of live USDⓈ-M streams from 2021 to 2026 agree on balance
 * and position before the trade's report, and on TRADE_LITE, which exists to be first, before both.
 */
import { type Decimal, magnitude, printed, rounded, sum, times } from './decimal.ts';
import { EmulatorError } from './error.ts';
import { ASSET_DIGITS, bookFill, type Position, positionOf, type Trade } from './ledger.ts';
import type { Cause, Market } from './market.ts';
import { heldRow, type Order, putEnded, putOpen, putTrade, remaining, signedQty } from './order.ts';
import { priceDigits, qtyDigits } from './prices.ts';
import { type Facts, pushes } from './shape.ts';
import type { Stage } from './stage.ts';

export const money = (value: Decimal): string => printed(value, ASSET_DIGITS);

export const contracts: Market = {
  accept(stage, order) {
    putOpen(stage, order);
    reportOrder(stage, order, { execution: 'NEW' });
  },
  trade: (stage, order, qty) => execute(stage, order, qty, 'TRADE'),
  /** Balances are not touched by it, so none is told (derivatives §4.2). */
  end(stage, order, cause) {
    const { execution, status, reason } = ENDINGS[cause.why];
    putEnded(stage, order, status);
    // 10 and 11 are COIN-M's alone: USDⓈ-M's list ends at 9.
    const er = Number(reason) > stage.venue.expiryReasonMax ? '0' : reason;
    reportOrder(stage, order, { execution, more: { er } });
  },
  amend(stage, order, { qty, price }) {
    order.qty = qty;
    order.price = price;
    order.updatedAt = stage.T;
    reportOrder(stage, order, { execution: 'AMENDMENT' });
  },
  /** A transfer between wallets shows as DEPOSIT or WITHDRAW, as live streams print it; no position changes. */
  tellTransfer(stage, asset, amount) {
    emitAccount(stage, { reason: amount > 0n ? 'DEPOSIT' : 'WITHDRAW', asset, change: amount, positions: [] });
  },
};

interface Ended {
  readonly execution: 'CANCELED' | 'EXPIRED';
  readonly status: 'CANCELED' | 'EXPIRED' | 'EXPIRED_IN_MATCH';
  /** `er` (derivatives §4.4). */
  readonly reason: string;
}

const ENDINGS: Readonly<Record<Cause['why'], Ended>> = {
  canceled: { execution: 'CANCELED', status: 'CANCELED', reason: '0' },
  unfilledIoc: { execution: 'EXPIRED', status: 'EXPIRED', reason: '2' },
  unfilledFok: { execution: 'EXPIRED', status: 'EXPIRED', reason: '10' },
  postOnly: { execution: 'EXPIRED', status: 'EXPIRED', reason: '11' },
  liquidated: { execution: 'EXPIRED', status: 'EXPIRED', reason: '5' },
  selfTrade: { execution: 'EXPIRED', status: 'EXPIRED_IN_MATCH', reason: '1' },
};

/** A long position is closed by selling at most what it holds, a short one by buying. */
function assertCloses({ side, amount }: Position, signed: Decimal): void {
  const after = amount + signed;
  if (side === 'BOTH' || (side === 'LONG' ? after >= 0n : after <= 0n)) return;
  throw new EmulatorError('qty', `closes more than the ${side} position holds; lower it, or open one first`);
}

/** `CALCULATED`: the exchange's own execution against the account, in a liquidation or an ADL. */
export function execute(stage: Stage, order: Order, qty: Decimal, execution: 'TRADE' | 'CALCULATED'): void {
  const { row, price, maker, positionSide } = order;
  const signed = signedQty(order, qty);
  const position = positionOf(stage.ledger, row.symbol, positionSide);
  assertCloses(position, signed);
  const fee = rounded(stage.venue.commission(row, qty, price, maker), ASSET_DIGITS);
  const quote = rounded(stage.venue.math.value(row, qty, price), ASSET_DIGITS);
  const realised = bookFill(position, row, stage.venue.math, { signed, price, fee });
  stage.credit(row.marginAsset, realised - fee, 'qty');
  const id = stage.ids.trade.next();
  const trade = { id, order, price, qty, quote, fee, feeAsset: row.marginAsset, realised, maker, at: stage.T };
  putTrade(stage, order, trade);

  if (execution === 'TRADE' && pushes(stage.product, 'TRADE_LITE'))
    stage.emit('TRADE_LITE', { ...orderTerms(order), ...tradeTerms(trade) });
  emitAccount(stage, { reason: 'ORDER', asset: row.marginAsset, change: 0n, positions: [position] });
  reportOrder(stage, order, { execution, trade });
}

/** What one ORDER_TRADE_UPDATE says of its order. */
interface Report {
  readonly execution: 'NEW' | 'CANCELED' | 'EXPIRED' | 'AMENDMENT' | 'TRADE' | 'CALCULATED';
  readonly trade?: Trade;
  /** What else differs from an ordinary order's. */
  readonly more?: Facts;
  /** Conditional members of `o`. */
  readonly conditional?: Facts;
}

/** Orders of these types print no price of their own. */
const UNPRICED: ReadonlySet<string> = new Set(['MARKET', 'STOP_MARKET', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET']);

/** 0 where it has none of its own. */
export const limitPrice = ({ type, price }: Order): Decimal => (UNPRICED.has(type) ? 0n : price);

export const orderPrice = (order: Order): string => printed(limitPrice(order), priceDigits(order.row));

/** Members that TRADE_LITE and ORDER_TRADE_UPDATE spell alike. */
const orderTerms = (order: Order): Facts => ({
  s: order.row.symbol,
  c: order.clientOrderId,
  S: order.side,
  q: printed(order.qty, qtyDigits(order.row)),
  p: orderPrice(order),
  i: order.id,
});

const tradeTerms = ({ order: { row }, id, qty, price, maker }: Trade): Facts => ({
  l: printed(qty, qtyDigits(row)),
  L: printed(price, priceDigits(row)),
  t: id,
  m: maker,
});

const NOTHING_EXECUTED: Facts = { l: '0', L: '0', t: 0, m: false, n: '0', rp: '0' };

const executed = (trade: Trade): Facts => ({ ...tradeTerms(trade), n: money(trade.fee), rp: money(trade.realised) });

/** The order as futures print it; a product's row leaves out what it does not have. */
export function reportOrder(stage: Stage, order: Order, { execution, trade, more, conditional }: Report): void {
  const { row } = order;
  const last = trade === undefined ? NOTHING_EXECUTED : executed(trade);
  const o = {
    ...orderTerms(order),
    ...last,
    ...UNCONDITIONAL,
    o: order.type,
    ot: order.originalType,
    f: order.timeInForce,
    ap: printed(order.average, priceDigits(row)),
    sp: printed(order.stopPrice, priceDigits(row)),
    x: execution,
    X: order.status,
    z: printed(order.executed, qtyDigits(row)),
    ps: order.positionSide,
    V: order.stpMode,
    ma: row.marginAsset,
    N: row.marginAsset,
    T: stage.T,
    b: money(onTheBook(stage, order, 'BUY')),
    a: money(onTheBook(stage, order, 'SELL')),
    ...more,
  };
  // Portfolio margin names a commission only where there is one.
  const charged = trade === undefined ? {} : { N: o.N, n: last['n'] };
  stage.emit('ORDER_TRADE_UPDATE', { o }, { o: { cp: false, ...charged, ...conditional } });
}

/** What is open on one side of the order's symbol. */
function onTheBook({ venue, ledger }: Stage, { row }: Order, side: Order['side']): Decimal {
  const open = [...ledger.openOrders.values()].filter(
    (order) => order.working && order.side === side && order.row.symbol === row.symbol,
  );
  return sum(open.map((order) => venue.bookSize(row, remaining(order), order.price)));
}

/** An ordinary order: neither conditional nor reduce-only. */
const UNCONDITIONAL: Facts = {
  R: false,
  wt: 'CONTRACT_PRICE',
  pP: false,
  si: 0,
  ss: 0,
  pm: 'NONE',
  gtd: 0,
  er: '0',
};

interface AccountChange {
  readonly reason: 'ORDER' | 'DEPOSIT' | 'WITHDRAW' | 'FUNDING_FEE' | 'INSURANCE_CLEAR';
  readonly asset: string;
  /** Without profit and commission. */
  readonly change: Decimal;
  readonly positions: readonly Position[];
  /** Of a funding fee. */
  readonly symbol?: string;
}

export function emitAccount(stage: Stage, { reason, asset, change, positions, symbol }: AccountChange): void {
  const balance = stage.balance(asset);
  const wallet = money(balance.free);
  const told = positions.flatMap((position) => withItsSymbol(stage, position));
  stage.told(balance, ...told);
  stage.emit(
    'ACCOUNT_UPDATE',
    {
      a: {
        m: reason,
        B: [{ a: asset, wb: wallet, cw: wallet, bc: money(change) }],
        P: told.map((position) => positionFacts(stage, position)),
      },
    },
    { a: symbol === undefined ? {} : { S: symbol } },
  );
}

/** A hedged position is told with the one-way entry of its symbol before it (derivatives §4.2). */
const withItsSymbol = ({ ledger }: Stage, position: Position): Position[] =>
  position.side === 'BOTH' ? [position] : [positionOf(ledger, position.symbol), position];

function positionFacts(stage: Stage, position: Position): Facts {
  const { amount, realised, symbol, side } = position;
  const row = heldRow(stage, symbol);
  return {
    s: symbol,
    pa: printed(amount, qtyDigits(row)),
    ep: money(position.entry),
    bep: money(breakEven(stage, position)),
    cr: money(realised),
    up: money(unrealised(stage, position)),
    mt: 'cross',
    iw: '0',
    ps: side,
  };
}

export const breakEven = (stage: Stage, { symbol, amount, entry, fees }: Position): Decimal =>
  amount === 0n ? 0n : stage.venue.math.breakEven(heldRow(stage, symbol), amount, entry, fees);

export const unrealised = (stage: Stage, { symbol, amount, entry, mark }: Position): Decimal =>
  rounded(stage.venue.math.profit(heldRow(stage, symbol), amount, entry, mark), ASSET_DIGITS);

/** Worth at the mark, never below 0. */
export const worthAtMark = (stage: Stage, { symbol, amount, mark }: Position): Decimal =>
  amount === 0n ? 0n : stage.venue.math.value(heldRow(stage, symbol), magnitude(amount), mark);

export const maintenance = (stage: Stage, position: Position): Decimal =>
  rounded(times(worthAtMark(stage, position), stage.venue.maintenanceRate), ASSET_DIGITS);
