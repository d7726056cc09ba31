/**
 * What happens to positions of contracts without an order of the user's: margin calls, liquidation, ADL and funding. An
 * account without a position opens one first, with all the events of its order.
 */
import type { SymbolRow } from '@listenpost/protocol';
import { emitAccount, execute, maintenance, money, reportOrder, unrealised, worthAtMark } from './contracts.ts';
import { type Decimal, decimal, magnitude, over, printed, rounded, sum, times } from './decimal.ts';
import { EmulatorError } from './error.ts';
import { ASSET_DIGITS, openPositions, type Position, positionOf } from './ledger.ts';
import { marketOf } from './markets.ts';
import { heldRow, newOrder, type Order, putOpen, type Side, symbolRow } from './order.ts';
import { usualPositionSide } from './position-mode.ts';
import { onStep, qtyDigits, startingPrice } from './prices.ts';
import { callPortfolio, easePortfolio } from './risk-levels.ts';
import type { Facts } from './shape.ts';
import type { Stage } from './stage.ts';

/** A call comes when the maintenance margin has eaten this share of the margin balance; at 1 the position is taken. */
const CALLED_AT = decimal('0.8');
const LIQUIDATED_AT = decimal('1');
/** A position is worth this many wallets before the price of a call is a plausible one. */
const PLAUSIBLE_LEVERAGE = 2n;
const OPENED_LEVERAGE = 5n;

/** The market moves until the account is called. */
export function callMargin(stage: Stage): number | undefined {
  return called(stage).orderId;
}

/**
 * The market moves on until the exchange takes the position: open orders of its margin asset are cancelled, the position
 * is closed by an order of the exchange, and its fee goes to the insurance fund.
 */
export function liquidate(stage: Stage): number {
  const { position } = called(stage);
  const row = heldRow(stage, position.symbol);
  cancelAll(stage, row);
  position.mark = marginPrice(stage, row, position, LIQUIDATED_AT);
  return taken(stage, position);
}

/** How far the market moves against a position that portfolio margin loses. */
const LOST = decimal('0.1');

/**
 * Portfolio margin judges the account as a whole (`riskLevelChange`) and then takes its positions as futures do: their orders
 * are LIQUIDATION, executed as CALCULATED (derivatives §4.4). With the position the margin that it needed is gone.
 */
export function liquidateInPortfolio(stage: Stage): number {
  const position = heldOrOpened(stage);
  position.mark = times(position.entry, decimal('1') + (position.amount > 0n ? -LOST : LOST));
  callPortfolio(stage, 'FORCE_LIQUIDATION');
  cancelAll(stage, heldRow(stage, position.symbol));
  const orderId = taken(stage, position);
  easePortfolio(stage);
  return orderId;
}

function cancelAll(stage: Stage, { marginAsset }: SymbolRow): void {
  for (const order of stage.ledger.openOrders.values()) {
    if (order.row.marginAsset === marginAsset) marketOf(stage).end(stage, order, { why: 'liquidated' });
  }
}

/** At its mark, by an order of the exchange's own. */
function taken(stage: Stage, position: Position): number {
  const row = heldRow(stage, position.symbol);
  const fee = rounded(times(worthAtMark(stage, position), LIQUIDATION_FEE), ASSET_DIGITS);
  const orderId = takenOver(stage, position, `autoclose-${stage.E}`);
  const { free } = stage.balance(row.marginAsset);
  const paid = fee < free ? fee : free;
  if (paid > 0n) {
    stage.credit(row.marginAsset, -paid, 'symbol');
    emitAccount(stage, { reason: 'INSURANCE_CLEAR', asset: row.marginAsset, change: -paid, positions: [] });
  }
  return orderId;
}

/** As `exchangeInfo` prints it in `liquidationFee`. */
const LIQUIDATION_FEE = decimal('0.0125');

/** The market moves in the account's favour, and the exchange closes the position against one that cannot pay. */
export function deleverage(stage: Stage): number {
  const position = heldOrOpened(stage);
  const gain = position.amount > 0n ? decimal('1.1') : decimal('0.9');
  position.mark = times(position.entry, gain);
  return takenOver(stage, position, 'adl_autoclose');
}

/** An order of the exchange's own closes the position at its mark. The first push has `X` NEW (derivatives §4.4). */
function takenOver(stage: Stage, position: Position, clientOrderId: string): number {
  const row = heldRow(stage, position.symbol);
  const order = newOrder(stage, {
    row,
    clientOrderId,
    side: position.amount > 0n ? 'SELL' : 'BUY',
    type: 'LIQUIDATION',
    timeInForce: 'IOC',
    stpMode: 'NONE',
    positionSide: position.side,
    qty: magnitude(position.amount),
    price: nearestTick(position.mark, row),
    maker: false,
    working: false,
  });
  putOpen(stage, order);
  reportOrder(stage, order, { execution: 'NEW' });
  execute(stage, order, order.qty, 'CALCULATED');
  return order.id;
}

const nearestTick = (price: Decimal, row: SymbolRow): Decimal => {
  const tick = onStep(price, row.tickSize);
  return tick > 0n ? tick : decimal(row.tickSize);
};

const USUAL_RATE = decimal('0.0001');

/** Above zero the longs pay. A cross position shows in the balance alone (derivatives §4.2). */
export function payFunding(stage: Stage): undefined {
  const { symbol } = heldOrOpened(stage);
  const { marginAsset } = heldRow(stage, symbol);
  const rate = stage.parameters.rate ?? USUAL_RATE;
  const held = openPositions(stage.ledger).filter((position) => position.symbol === symbol);
  const change = sum(
    held.map((position) => {
      const fee = rounded(times(worthAtMark(stage, position), rate), ASSET_DIGITS);
      return position.amount > 0n ? -fee : fee;
    }),
  );
  stage.credit(marginAsset, change, 'rate');
  emitAccount(stage, { reason: 'FUNDING_FEE', asset: marginAsset, change, positions: [], symbol });
}

/** The position that the trigger means, opened where there is none. */
function heldOrOpened(stage: Stage): Position {
  const row = symbolRow(stage);
  const held = heldPosition(stage, row);
  if (held !== undefined) return held;
  const order = newOrder(stage, { row });
  filled(stage, order);
  return positionOf(stage.ledger, row.symbol, order.positionSide);
}

function filled(stage: Stage, order: Order): number {
  const market = marketOf(stage);
  market.accept(stage, order);
  market.trade(stage, order, order.qty);
  return order.id;
}

/** Of the symbol, and of the side where the trigger names one. */
const heldPosition = ({ ledger, parameters: { positionSide } }: Stage, row: SymbolRow): Position | undefined =>
  openPositions(ledger).find(
    ({ symbol, side }) => symbol === row.symbol && (positionSide === undefined || side === positionSide),
  );

interface Called {
  readonly position: Position;
  /** Of the order that made the position large enough, where one did. */
  readonly orderId: number | undefined;
}

function called(stage: Stage): Called {
  const row = symbolRow(stage);
  const { side = 'BUY', positionSide = usualPositionSide(stage, side) } = stage.parameters;
  const position = heldPosition(stage, row) ?? positionOf(stage.ledger, row.symbol, positionSide);
  const orderId = largeEnough(stage, row, position) ? undefined : filled(stage, enlargingOrder(stage, row, position));
  position.mark = marginPrice(stage, row, position, CALLED_AT);
  const onOneWallet = openPositions(stage.ledger).filter(
    ({ symbol }) => heldRow(stage, symbol).marginAsset === row.marginAsset,
  );
  stage.emit(
    'MARGIN_CALL',
    { p: onOneWallet.map((each) => calledFacts(stage, each)) },
    { cw: money(stage.balance(row.marginAsset).free) },
  );
  return { position, orderId };
}

function largeEnough(stage: Stage, row: SymbolRow, { amount, entry }: Position): boolean {
  if (amount === 0n || stage.parameters.qty !== undefined) return false;
  const worth = stage.venue.math.value(row, magnitude(amount), entry);
  return worth >= PLAUSIBLE_LEVERAGE * stage.balance(row.marginAsset).free;
}

/** Adds to the position in its own direction, up to `OPENED_LEVERAGE`, unless the trigger names a quantity. */
function enlargingOrder(stage: Stage, row: SymbolRow, position: Position): Order {
  const { amount } = position;
  const held: Side | undefined = amount === 0n ? undefined : amount > 0n ? 'BUY' : 'SELL';
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
  return newOrder(stage, {
    row,
    qty: stage.parameters.qty ?? usual,
    side: held ?? side ?? 'BUY',
    positionSide: position.side,
  });
}

/**
 * Where the maintenance margin is `share` of the margin balance. Other positions on the same wallet count with what they
 * are worth and need.
 */
function marginPrice(stage: Stage, row: SymbolRow, position: Position, share: Decimal): Decimal {
  const others = openPositions(stage.ledger).filter(
    (other) => other !== position && heldRow(stage, other.symbol).marginAsset === row.marginAsset,
  );
  const wallet = others.reduce(
    (left, other) => left + unrealised(stage, other) - over(maintenance(stage, other), share),
    stage.balance(row.marginAsset).free,
  );
  const ratio = over(stage.venue.maintenanceRate, share);
  const price = rounded(stage.venue.math.marginPrice(row, position, wallet, ratio), ASSET_DIGITS);
  if (price > 0n) return price;
  throw new EmulatorError('qty', 'is too small for a margin call on this wallet; raise it, or leave it out');
}

function calledFacts(stage: Stage, position: Position): Facts {
  return {
    s: position.symbol,
    ps: position.side,
    pa: printed(position.amount, qtyDigits(heldRow(stage, position.symbol))),
    mt: 'CROSSED',
    iw: '0',
    mp: money(position.mark),
    up: money(unrealised(stage, position)),
    mm: money(maintenance(stage, position)),
  };
}
