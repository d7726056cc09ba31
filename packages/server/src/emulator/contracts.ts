/**
 * Scenarios of contracts that are margined: USDⓈ-M, COIN-M, and both inside portfolio margin.
 *
 * Order of a fill: ORDER_TRADE_UPDATE (NEW), TRADE_LITE where the product has it, ACCOUNT_UPDATE, ORDER_TRADE_UPDATE
 * (TRADE). The documents order only events of one type; logs of live USDⓈ-M streams from 2021 to 2026 agree on balance
 * and position before the trade's report, and on TRADE_LITE, which exists to be first, before both.
 */
import type { SymbolRow } from '@listenpost/protocol';
import { type Decimal, decimal, magnitude, over, printed, rounded, times } from './decimal.ts';
import { EmulatorError } from './error.ts';
import { ASSET_DIGITS, bookFill, openPositions, type Position, positionOf } from './ledger.ts';
import { heldRow, newOrder, type Order, symbolRow } from './order.ts';
import { onStep, priceDigits, qtyDigits, startingPrice } from './prices.ts';
import { type Facts, pushes } from './shape.ts';
import type { Stage } from './stage.ts';
import { transferTerms } from './transfer.ts';

const money = (value: Decimal): string => printed(value, ASSET_DIGITS);

export function fillOrder(stage: Stage): number {
  return fill(stage, newOrder(stage));
}

export function cancelOrder(stage: Stage): number {
  const order = newOrder(stage);
  reportOrder(stage, order, RESTING);
  reportOrder(stage, order, { ...RESTING, execution: 'CANCELED', status: 'CANCELED', resting: false });
  return order.id;
}

function fill(stage: Stage, order: Order): number {
  const { row, qty, price, maker, signed } = order;
  reportOrder(stage, order, RESTING);
  const fee = rounded(stage.venue.commission(row, qty, price, maker), ASSET_DIGITS);
  const position = positionOf(stage.ledger, row.symbol);
  const realised = bookFill(position, row, stage.venue.math, { signed, price, fee });
  stage.credit(row.marginAsset, realised - fee, 'qty');
  const trade = { id: stage.ids.trade.next(), fee, realised };

  if (pushes(stage.product, 'TRADE_LITE'))
    stage.emit('TRADE_LITE', { ...orderTerms(order), ...fillTerms(order, trade.id) });
  emitAccount(stage, { reason: 'ORDER', asset: row.marginAsset, change: 0n, positions: [position] });
  reportOrder(stage, order, { execution: 'TRADE', status: 'FILLED', resting: false, trade });
  return order.id;
}

/** A transfer between wallets shows as DEPOSIT or WITHDRAW, as live streams print it; no position changes. */
export function transfer(stage: Stage): undefined {
  const { asset, amount, reason } = transferTerms(stage);
  stage.credit(asset, amount, 'amount');
  emitAccount(stage, { reason, asset, change: amount, positions: [] });
}

interface Trade {
  readonly id: number;
  readonly fee: Decimal;
  readonly realised: Decimal;
}

/** What one ORDER_TRADE_UPDATE says of its order. */
interface Report {
  readonly execution: 'NEW' | 'CANCELED' | 'TRADE';
  readonly status: 'NEW' | 'CANCELED' | 'FILLED';
  /** Whether a limit order is on the book after it. */
  readonly resting: boolean;
  readonly trade?: Trade;
}

const RESTING: Report = { execution: 'NEW', status: 'NEW', resting: true };

/** Members that TRADE_LITE and ORDER_TRADE_UPDATE spell alike. */
const orderTerms = ({ row, clientOrderId, side, type, qty, price, id }: Order): Facts => ({
  s: row.symbol,
  c: clientOrderId,
  S: side,
  q: printed(qty, qtyDigits(row)),
  p: type === 'LIMIT' ? printed(price, priceDigits(row)) : '0',
  i: id,
});

const fillTerms = ({ row, qty, price, maker }: Order, tradeId: number): Facts => ({
  l: printed(qty, qtyDigits(row)),
  L: printed(price, priceDigits(row)),
  t: tradeId,
  m: maker,
});

const NOTHING_FILLED: Facts = { ap: '0', z: '0', l: '0', L: '0', t: 0, m: false, n: '0', rp: '0' };

function filled(order: Order, trade: Trade): Facts {
  const terms = fillTerms(order, trade.id);
  return { ...terms, ap: terms['L'], z: terms['l'], n: money(trade.fee), rp: money(trade.realised) };
}

/** The order as futures print it; a product's row leaves out what it does not have. */
function reportOrder(stage: Stage, order: Order, { execution, status, resting, trade }: Report): void {
  const { row, type, side, maker, qty, price } = order;
  const open = money(resting && maker ? stage.venue.bookSize(row, qty, price) : 0n);
  const fills = trade === undefined ? NOTHING_FILLED : filled(order, trade);
  const o = {
    ...orderTerms(order),
    ...fills,
    ...UNCONDITIONAL,
    o: type,
    ot: type,
    x: execution,
    X: status,
    ma: row.marginAsset,
    N: row.marginAsset,
    T: stage.T,
    b: side === 'BUY' ? open : '0',
    a: side === 'SELL' ? open : '0',
  };
  // Portfolio margin names a commission only where there is one.
  const charged = trade === undefined ? {} : { N: o.N, n: fills['n'] };
  stage.emit('ORDER_TRADE_UPDATE', { o }, { o: { cp: false, ...charged } });
}

/** An ordinary order: good till cancelled, neither conditional nor reduce-only, in one-way mode. */
const UNCONDITIONAL: Facts = {
  f: 'GTC',
  sp: '0',
  R: false,
  wt: 'CONTRACT_PRICE',
  ps: 'BOTH',
  pP: false,
  si: 0,
  ss: 0,
  V: 'EXPIRE_MAKER',
  pm: 'NONE',
  gtd: 0,
  er: '0',
};

interface AccountChange {
  readonly reason: 'ORDER' | 'DEPOSIT' | 'WITHDRAW';
  readonly asset: string;
  /** Without profit and commission. */
  readonly change: Decimal;
  readonly positions: readonly Position[];
}

function emitAccount(stage: Stage, { reason, asset, change, positions }: AccountChange): void {
  const wallet = money(stage.balance(asset).free);
  const P = positions.map((position) => positionFacts(stage, position));
  stage.emit('ACCOUNT_UPDATE', { a: { m: reason, B: [{ a: asset, wb: wallet, cw: wallet, bc: money(change) }], P } });
}

function positionFacts(stage: Stage, position: Position): Facts {
  const { amount, entry, realised, fees, symbol } = position;
  const row = heldRow(stage, symbol);
  return {
    s: symbol,
    pa: printed(amount, qtyDigits(row)),
    ep: money(entry),
    bep: money(amount === 0n ? 0n : stage.venue.math.breakEven(row, amount, entry, fees)),
    cr: money(realised),
    up: money(unrealised(stage, position)),
    mt: 'cross',
    iw: '0',
    ps: 'BOTH',
  };
}

const unrealised = (stage: Stage, { symbol, amount, entry, mark }: Position): Decimal =>
  rounded(stage.venue.math.profit(heldRow(stage, symbol), amount, entry, mark), ASSET_DIGITS);

const maintenance = (stage: Stage, { symbol, amount, mark }: Position): Decimal =>
  rounded(
    times(stage.venue.math.value(heldRow(stage, symbol), magnitude(amount), mark), stage.venue.maintenanceRate),
    ASSET_DIGITS,
  );

/** A call comes when the maintenance margin has eaten this share of the margin balance; at 1 the position is taken. */
const CALLED_AT = decimal('0.8');
/** A position is worth this many wallets before the price of a call is a plausible one. */
const PLAUSIBLE_LEVERAGE = 2n;
const OPENED_LEVERAGE = 5n;

/**
 * The market moves until the account is called. An account without a position of some size opens one first, with all
 * the events of its order.
 */
export function callMargin(stage: Stage): number | undefined {
  const row = symbolRow(stage);
  const position = positionOf(stage.ledger, row.symbol);
  const orderId = largeEnough(stage, row, position) ? undefined : fill(stage, enlargingOrder(stage, row, position));
  position.mark = callPrice(stage, row, position);
  const called = openPositions(stage.ledger).filter(
    ({ symbol }) => heldRow(stage, symbol).marginAsset === row.marginAsset,
  );
  stage.emit(
    'MARGIN_CALL',
    { p: called.map((each) => calledFacts(stage, each)) },
    { cw: money(stage.balance(row.marginAsset).free) },
  );
  return orderId;
}

function largeEnough(stage: Stage, row: SymbolRow, { amount, entry }: Position): boolean {
  if (amount === 0n || stage.parameters.qty !== undefined) return false;
  const worth = stage.venue.math.value(row, magnitude(amount), entry);
  return worth >= PLAUSIBLE_LEVERAGE * stage.balance(row.marginAsset).free;
}

/** Adds to the position in its own direction, up to `OPENED_LEVERAGE`, unless the trigger names a quantity. */
function enlargingOrder(stage: Stage, row: SymbolRow, { amount }: Position): Order {
  const held = amount === 0n ? undefined : amount > 0n ? 'BUY' : 'SELL';
  const { side } = stage.parameters;
  if (held !== undefined && side !== undefined && side !== held) {
    throw new EmulatorError(
      'side',
      `must be ${held}, the side of the ${row.symbol} position that is held, or be left out`,
    );
  }
  const each = stage.venue.math.value(row, decimal('1'), stage.parameters.price ?? startingPrice(row));
  const wanted = onStep(over(OPENED_LEVERAGE * stage.balance(row.marginAsset).free, each), row.stepSize);
  const usual = wanted > 0n ? wanted : decimal(row.stepSize);
  return newOrder(stage, { qty: stage.parameters.qty ?? usual, side: held ?? side ?? 'BUY' });
}

/** Other positions on the same wallet count with what they are worth and need. */
function callPrice(stage: Stage, row: SymbolRow, position: Position): Decimal {
  const others = openPositions(stage.ledger).filter(
    (other) => other !== position && heldRow(stage, other.symbol).marginAsset === row.marginAsset,
  );
  const wallet = others.reduce(
    (sum, other) => sum + unrealised(stage, other) - over(maintenance(stage, other), CALLED_AT),
    stage.balance(row.marginAsset).free,
  );
  const ratio = over(stage.venue.maintenanceRate, CALLED_AT);
  const price = rounded(stage.venue.math.marginPrice(row, position, wallet, ratio), ASSET_DIGITS);
  if (price > 0n) return price;
  throw new EmulatorError('qty', 'is too small for a margin call on this wallet; raise it, or leave it out');
}

function calledFacts(stage: Stage, position: Position): Facts {
  return {
    s: position.symbol,
    ps: 'BOTH',
    pa: printed(position.amount, qtyDigits(heldRow(stage, position.symbol))),
    mt: 'CROSSED',
    iw: '0',
    mp: money(position.mark),
    up: money(unrealised(stage, position)),
    mm: money(maintenance(stage, position)),
  };
}
