/** The small account as signed REST reads it: every figure by the arithmetic, and in the print, that the events have. */
import type {
  AccountBook,
  BookedAsset,
  BookedOrder,
  BookedPosition,
  BookedTotals,
  BookedTrade,
  ProductId,
  SymbolRow,
} from '@listenpost/protocol';
import {
  accountFigures,
  assetsOf,
  initialMargin,
  leverageOf,
  type MarginFigures,
  marginFigures,
  orderMargin,
} from './account-figures.ts';
import { breakEven, limitPrice, maintenance, unrealised, worthAtMark } from './contracts.ts';
import { type Decimal, fixed, over, sum, times } from './decimal.ts';
import { ASSET_DIGITS, type Position, positionOf, type Trade } from './ledger.ts';
import { heldRow, type Order, remaining } from './order.ts';
import { priceDigits, qtyDigits, startingPrice, worthUsd } from './prices.ts';
import { liabilityOf, maintenanceOf, marginLevelOf, uniMmrOf } from './risk-levels.ts';
import type { Stage } from './stage.ts';
import { VENUES, type Venue } from './venues.ts';

/** The markets of an account, by product: REST reads the first one's balances, orders and trades. Absent: no call reads it. */
export const READ_ON: { readonly [Id in ProductId]?: readonly [Venue, ...Venue[]] } = {
  usdm: [VENUES.UM],
  coinm: [VENUES.CM],
  spot: [VENUES.SPOT],
  margin: [VENUES.MARGIN],
  isolated: [VENUES.MARGIN],
  pm: [VENUES.MARGIN, VENUES.UM, VENUES.CM],
};

const padded = (value: Decimal): string => fixed(value, ASSET_DIGITS);

/** `stage`: on a copy of the book, since reading a balance opens it; its venue is the first of `venues`. */
export function readBook(stage: Stage, venues: readonly Venue[]): AccountBook {
  const { book, ledger } = stage;
  const orders = [...ledger.endedOrders, ...ledger.openOrders.values()].sort((left, right) => left.id - right.id);
  return {
    alias: book.alias,
    updateTime: Math.max(...venues.map((venue) => stage.ledgerOf(venue).updatedAt)),
    dualSidePosition: book.hedged,
    multiAssets: ledger.multiAssets,
    assets: assetsOf(stage).map((asset) => {
      const booked = bookedAsset(stage, asset, marginFigures(stage, asset));
      if (venues.length === 1) return booked;
      return { ...booked, updateTime: updatedOn(stage, venues, asset), parts: partsOf(stage, asset) };
    }),
    positions: positionsOf(stage).map((position) => bookedPosition(stage, position)),
    orders: orders.map((order) => bookedOrder(stage, order)),
    trades: ledger.trades.map((trade) => bookedTrade(stage, trade)),
    totals: totalsOf(stage, venues),
  };
}

function bookedAsset(stage: Stage, asset: string, figures: MarginFigures): BookedAsset {
  const { free, locked, borrowed, interest, updatedAt } = stage.balance(asset);
  const net = free + locked - borrowed - interest;
  const marginBalance = free + figures.unrealised;
  const available = marginBalance - figures.positionMargin - figures.orderMargin;
  return {
    asset,
    free: padded(free),
    locked: padded(locked),
    borrowed: padded(borrowed),
    interest: padded(interest),
    netAsset: padded(net),
    netAssetOfBtc: padded(inBtc(times(net, worthUsd(asset)))),
    totalAsset: padded(free + locked),
    unrealizedProfit: padded(figures.unrealised),
    marginBalance: padded(marginBalance),
    maintMargin: padded(figures.maintenance),
    initialMargin: padded(figures.positionMargin + figures.orderMargin),
    positionInitialMargin: padded(figures.positionMargin),
    openOrderInitialMargin: padded(figures.orderMargin),
    availableBalance: padded(atLeastZero(available)),
    updateTime: updatedAt,
  };
}

/** A fill on one of its markets changes the account's row of the asset, whichever wallet it moved. */
function updatedOn(stage: Stage, venues: readonly Venue[], asset: string): number {
  const holding = venues.map((venue) => stage.on(venue)).filter((there) => assetsOf(there).includes(asset));
  return Math.max(...holding.map((there) => there.balance(asset).updatedAt));
}

const atLeastZero = (value: Decimal): Decimal => (value > 0n ? value : 0n);

const inBtc = (usd: Decimal): Decimal => over(usd, worthUsd('BTC'));

/** Of an account that holds futures beside assets. A futures wallet of an asset that its market does not margin in is 0. */
function partsOf(stage: Stage, asset: string): NonNullable<BookedAsset['parts']> {
  const { free, locked } = stage.balance(asset);
  const [um, cm] = [VENUES.UM, VENUES.CM].map((venue) => {
    const there = stage.on(venue);
    if (!assetsOf(there).includes(asset)) return { wallet: 0n, profit: 0n };
    return { wallet: there.balance(asset).free, profit: marginFigures(there, asset).unrealised };
  }) as [Part, Part];
  return {
    total: padded(free + locked + um.wallet + cm.wallet),
    um: padded(um.wallet),
    umUnrealizedProfit: padded(um.profit),
    cm: padded(cm.wallet),
    cmUnrealizedProfit: padded(cm.profit),
  };
}

interface Part {
  readonly wallet: Decimal;
  readonly profit: Decimal;
}

/** One for each symbol; in hedge mode a long and a short one instead. */
function positionsOf(stage: Stage): readonly Position[] {
  const sides = stage.venue.hedges && stage.book.hedged ? (['LONG', 'SHORT'] as const) : (['BOTH'] as const);
  return stage.listed().flatMap(({ symbol }) => sides.map((side) => positionOf(stage.ledger, symbol, side)));
}

function bookedPosition(stage: Stage, position: Position): BookedPosition {
  const { symbol, side, amount, entry } = position;
  const row = heldRow(stage, symbol);
  const mark = position.mark > 0n ? position.mark : startingPrice(row);
  const open = [...stage.ledger.openOrders.values()].filter((order) => order.row.symbol === symbol);
  const worth = worthAtMark(stage, position);
  const onSide = (wanted: Order['side']): Decimal =>
    sum(
      open
        .filter((order) => order.working && order.side === wanted)
        .map((order) => stage.venue.bookSize(row, remaining(order), order.price)),
    );
  return {
    symbol,
    marginAsset: row.marginAsset,
    positionSide: side,
    positionAmt: fixed(amount, qtyDigits(row)),
    entryPrice: padded(entry),
    breakEvenPrice: padded(breakEven(stage, position)),
    markPrice: padded(mark),
    unrealizedProfit: padded(unrealised(stage, position)),
    notional: padded(amount < 0n ? -worth : worth),
    leverage: String(leverageOf(stage, symbol)),
    initialMargin: padded(initialMargin(stage, position)),
    maintMargin: padded(maintenance(stage, position)),
    openOrderInitialMargin: padded(sum(open.map((order) => orderMargin(stage, order)))),
    bidNotional: padded(onSide('BUY')),
    askNotional: padded(onSide('SELL')),
    active: amount !== 0n || open.length > 0,
    updateTime: position.updatedAt,
  };
}

const digitsOf = ({ venue }: Stage, row: SymbolRow) =>
  venue.margins ? { price: priceDigits(row), qty: qtyDigits(row) } : { price: ASSET_DIGITS, qty: ASSET_DIGITS };

function bookedOrder(stage: Stage, order: Order): BookedOrder {
  const { row } = order;
  const digits = digitsOf(stage, row);
  return {
    row,
    orderId: order.id,
    clientOrderId: order.clientOrderId,
    orderListId: order.listId,
    open: stage.ledger.openOrders.has(order.id),
    status: order.status,
    side: order.side,
    type: order.type,
    origType: order.originalType,
    timeInForce: order.timeInForce,
    positionSide: order.positionSide,
    price: fixed(limitPrice(order), digits.price),
    stopPrice: fixed(order.stopPrice, digits.price),
    avgPrice: fixed(order.average, digits.price),
    origQty: fixed(order.qty, digits.qty),
    executedQty: fixed(order.executed, digits.qty),
    cumQuote: padded(order.quote),
    isWorking: order.workingAt > 0,
    workingTime: order.workingAt,
    selfTradePreventionMode: order.stpMode,
    time: order.createdAt,
    updateTime: order.updatedAt,
  };
}

function bookedTrade(
  stage: Stage,
  { id, order, price, qty, quote, fee, feeAsset, realised, maker, at }: Trade,
): BookedTrade {
  const digits = digitsOf(stage, order.row);
  return {
    row: order.row,
    id,
    orderId: order.id,
    orderListId: order.listId,
    side: order.side,
    positionSide: order.positionSide,
    price: fixed(price, digits.price),
    qty: fixed(qty, digits.qty),
    quoteQty: padded(quote),
    commission: padded(fee),
    commissionAsset: feeAsset,
    realizedPnl: padded(realised),
    maker,
    time: at,
  };
}

function totalsOf(stage: Stage, venues: readonly Venue[]): BookedTotals {
  const figures = accountFigures(stage, venues);
  const { owned, equity, actual, unrealised: profit, positionMargin, orderMargin } = figures;
  const liability = liabilityOf(stage, figures);
  const wallet = actual - profit;
  const initial = positionMargin + orderMargin + stage.book.judged.strain;
  const marginLevel = marginLevelOf(stage, figures);
  const uniMmr = uniMmrOf(stage, figures);
  const reserved = sum(
    [...stage.ledger.openOrders.values()].map((order) => times(order.reserved, worthOfQuote(order))),
  );
  return {
    walletBalance: padded(wallet),
    unrealizedProfit: padded(profit),
    marginBalance: padded(actual),
    maintMargin: padded(maintenanceOf(stage, figures)),
    initialMargin: padded(initial),
    positionInitialMargin: padded(positionMargin),
    openOrderInitialMargin: padded(orderMargin),
    availableBalance: padded(atLeastZero(equity - initial)),
    openOrderLoss: padded(reserved),
    assetOfBtc: padded(inBtc(owned)),
    liabilityOfBtc: padded(inBtc(liability)),
    netAssetOfBtc: padded(inBtc(owned - liability)),
    collateralInUsdt: padded(over(owned, stage.book.judged.debtWorth)),
    marginLevel: padded(marginLevel.figure),
    marginLevelStatus: marginLevel.status,
    uniMMR: padded(uniMmr.figure),
    accountStatus: uniMmr.status,
    accountEquity: padded(equity),
    actualEquity: padded(actual),
  };
}

const worthOfQuote = ({ row }: Order): Decimal => worthUsd(row.quoteAsset);
