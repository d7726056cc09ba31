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
import { breakEven, limitPrice, maintenance, unrealised, worthAtMark } from './contracts.ts';
import { type Decimal, decimal, fixed, over, sum, times } from './decimal.ts';
import { ASSET_DIGITS, type Balance, type Position, positionOf, type Trade } from './ledger.ts';
import { heldRow, type Order, remaining } from './order.ts';
import { priceDigits, qtyDigits, startingPrice, worthUsd } from './prices.ts';
import { equityOf } from './risk-levels.ts';
import type { Stage } from './stage.ts';
import { VENUES, type Venue } from './venues.ts';

/** Whose balances, orders and trades REST reads, by product. Absent: no call reads that account. */
export const READ_ON: { readonly [Id in ProductId]?: Venue } = {
  usdm: VENUES.UM,
  coinm: VENUES.CM,
  spot: VENUES.SPOT,
  margin: VENUES.MARGIN,
  isolated: VENUES.MARGIN,
  pm: VENUES.MARGIN,
};

const padded = (value: Decimal): string => fixed(value, ASSET_DIGITS);

/** Leverage of a symbol that no scenario changed. */
const USUAL_LEVERAGE = 20;

/** `stage`: on a copy of the book, since reading a balance opens it. */
export function readBook(stage: Stage): AccountBook {
  const { book, ledger } = stage;
  const assets = assetsOf(stage);
  const orders = [...ledger.endedOrders, ...ledger.openOrders.values()].sort((left, right) => left.id - right.id);
  return {
    alias: book.alias,
    updateTime: Math.max(...[...book.ledgers.values()].map(({ updatedAt }) => updatedAt)),
    multiAssets: ledger.multiAssets,
    assets: assets.map((asset) => bookedAsset(stage, asset, figuresOf(stage, asset))),
    positions: positionsOf(stage).map((position) => bookedPosition(stage, position)),
    orders: orders.map((order) => bookedOrder(stage, order)),
    trades: ledger.trades.map((trade) => bookedTrade(stage, trade)),
    totals: totalsOf(stage, assets),
  };
}

/** What the listed symbols move, in their order. */
const assetsOf = (stage: Stage): readonly string[] => [
  ...new Set(stage.listed().flatMap((row) => stage.venue.assetsOf(row))),
];

interface Figures {
  readonly unrealised: Decimal;
  readonly maintenance: Decimal;
  readonly positionMargin: Decimal;
  readonly orderMargin: Decimal;
}

/** Of the positions and open orders that are margined in the asset. */
function figuresOf(stage: Stage, asset: string): Figures {
  const held = [...stage.ledger.positions.values()].filter(
    ({ symbol }) => heldRow(stage, symbol).marginAsset === asset,
  );
  const open = [...stage.ledger.openOrders.values()].filter(
    ({ row }) => stage.venue.margins && row.marginAsset === asset,
  );
  return {
    unrealised: sum(held.map((position) => unrealised(stage, position))),
    maintenance: sum(held.map((position) => maintenance(stage, position))),
    positionMargin: sum(held.map((position) => initialMargin(stage, position))),
    orderMargin: sum(open.map((order) => orderMargin(stage, order))),
  };
}

const leverageOf = ({ ledger }: Stage, symbol: string): number => ledger.leverages.get(symbol) ?? USUAL_LEVERAGE;

const shareOf = (stage: Stage, symbol: string, worth: Decimal): Decimal =>
  over(worth, decimal(String(leverageOf(stage, symbol))));

const initialMargin = (stage: Stage, position: Position): Decimal =>
  shareOf(stage, position.symbol, worthAtMark(stage, position));

const orderMargin = (stage: Stage, order: Order): Decimal =>
  shareOf(stage, order.row.symbol, stage.venue.math.value(order.row, remaining(order), order.price));

function bookedAsset(stage: Stage, asset: string, figures: Figures): BookedAsset {
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
    parts: partsOf(stage, asset, free + locked),
    updateTime: updatedAt,
  };
}

const atLeastZero = (value: Decimal): Decimal => (value > 0n ? value : 0n);

const inBtc = (usd: Decimal): Decimal => over(usd, worthUsd('BTC'));

/** Of an account that holds futures beside assets; elsewhere the futures' parts were never opened and are 0. */
function partsOf(stage: Stage, asset: string, onMargin: Decimal): NonNullable<BookedAsset['parts']> {
  const [um, cm] = [VENUES.UM, VENUES.CM].map((venue) => {
    const ledger = stage.book.ledgers.get(venue.name);
    const elsewhere = ledger === undefined ? undefined : stage.on(venue);
    const figures = elsewhere === undefined ? undefined : figuresOf(elsewhere, asset);
    return { wallet: ledger?.balances.get(asset)?.free ?? 0n, profit: figures?.unrealised ?? 0n };
  }) as [Part, Part];
  return {
    total: padded(onMargin + um.wallet + cm.wallet),
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
  return stage.listed().flatMap(({ symbol }) => {
    const held = [...stage.ledger.positions.values()].filter((position) => position.symbol === symbol);
    const hedged = held.some(({ side }) => side !== 'BOTH');
    const sides = hedged ? (['LONG', 'SHORT'] as const) : (['BOTH'] as const);
    return sides.map((side) => positionOf(stage.ledger, symbol, side));
  });
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

/** What a level prints where nothing is owed. */
const NOTHING_OWED = decimal('999');

/** Sums, in USD, over every market of the account that has positions. */
function marginedFigures(stage: Stage): (of: (figures: Figures) => Decimal) => Decimal {
  const markets = [...stage.book.ledgers.keys()].map((name) => VENUES[name]).filter(({ margins }) => margins);
  const rows = markets
    .map((venue) => stage.on(venue))
    .flatMap((market) => assetsOf(market).map((asset) => ({ asset, figures: figuresOf(market, asset) })));
  return (of) => sum(rows.map(({ asset, figures }) => times(of(figures), worthUsd(asset))));
}

function totalsOf(stage: Stage, assets: readonly string[]): BookedTotals {
  const held = (amountOf: (balance: Balance) => Decimal): Decimal =>
    sum(assets.map((asset) => times(amountOf(stage.balance(asset)), worthUsd(asset))));
  const wallet = held(({ free }) => free);
  const owned = held(({ free, locked }) => free + locked);
  const owed = held(({ borrowed, interest }) => borrowed + interest);
  const margined = marginedFigures(stage);
  const unrealisedProfit = margined((each) => each.unrealised);
  const positionMargin = margined((each) => each.positionMargin);
  const orderMargin = margined((each) => each.orderMargin);
  const kept = margined((each) => each.maintenance);
  const { equity, actual } = equityOf(stage.book);
  return {
    walletBalance: padded(wallet),
    unrealizedProfit: padded(unrealisedProfit),
    marginBalance: padded(wallet + unrealisedProfit),
    maintMargin: padded(kept),
    initialMargin: padded(positionMargin + orderMargin),
    positionInitialMargin: padded(positionMargin),
    openOrderInitialMargin: padded(orderMargin),
    availableBalance: padded(atLeastZero(wallet + unrealisedProfit - positionMargin - orderMargin)),
    assetOfBtc: padded(inBtc(owned)),
    liabilityOfBtc: padded(inBtc(owed)),
    netAssetOfBtc: padded(inBtc(owned - owed)),
    collateralInUsdt: padded(owned),
    marginLevel: padded(owed === 0n ? NOTHING_OWED : over(owned, owed)),
    uniMMR: padded(kept === 0n ? NOTHING_OWED : over(equity, kept)),
    accountEquity: padded(equity),
    actualEquity: padded(actual),
  };
}
