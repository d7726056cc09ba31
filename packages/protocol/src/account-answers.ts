/**
 * The answers of the account calls, in each product's own shape.
 *
 * Sources: the interfaces of the official connectors (`@binance/spot`, `@binance/derivatives-trading-usds-futures`, `-coin-futures`,
 * `-portfolio-margin`, of the versions in package.json), and for margin the pages of `/sapi/v1/margin/account`,
 * `/sapi/v1/margin/isolated/account`, `/sapi/v1/margin/order` and `/sapi/v1/margin/myTrades`. The WebSocket API's `account.status` of futures is
 * REST's version 2, its `v2/account.status` REST's version 3; so are `account.balance` and `account.position`.
 */
import type {
  AccountBook,
  BookedAsset,
  BookedOrder,
  BookedPosition,
  BookedTotals,
  BookedTrade,
} from './account-book.ts';
import type { ProductId } from './products.ts';
import type { SymbolProduct } from './symbols.ts';

/** A row or an object of them: what REST sends as its body. */
export type Answer = Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];
type Row = Readonly<Record<string, unknown>>;

export interface AccountShapes {
  /** Whose symbols the account trades; absent where its calls name none. */
  readonly lists?: SymbolProduct;
  /** Whether `pair` may stand for `symbol`. */
  readonly byPair?: true;
  /** `account` of REST. */
  readonly account?: (book: AccountBook) => Answer;
  readonly accountV3?: (book: AccountBook) => Answer;
  readonly balance?: (book: AccountBook) => Answer;
  readonly balanceV3?: (book: AccountBook) => Answer;
  readonly position?: (position: BookedPosition) => Row;
  readonly positionV3?: (position: BookedPosition) => Row;
  /** Whether the account is in hedge mode. */
  readonly positionMode?: (book: AccountBook) => Answer;
  readonly order?: (order: BookedOrder) => Row;
  readonly trade?: (trade: BookedTrade) => Row;
}

const ZERO = '0.00000000';

// --- USDⓈ-M and COIN-M -----------------------------------------------------------------------------------------------

const futuresAsset = (each: BookedAsset): Row => ({
  asset: each.asset,
  walletBalance: each.free,
  unrealizedProfit: each.unrealizedProfit,
  marginBalance: each.marginBalance,
  maintMargin: each.maintMargin,
  initialMargin: each.initialMargin,
  positionInitialMargin: each.positionInitialMargin,
  openOrderInitialMargin: each.openOrderInitialMargin,
  crossWalletBalance: each.free,
  crossUnPnl: each.unrealizedProfit,
  availableBalance: each.availableBalance,
  maxWithdrawAmount: each.availableBalance,
  updateTime: each.updateTime,
});

const permissions = { feeTier: 0, canTrade: true, canDeposit: true, canWithdraw: true };

const futuresTotals = (totals: BookedTotals): Row => ({
  totalInitialMargin: totals.initialMargin,
  totalMaintMargin: totals.maintMargin,
  totalWalletBalance: totals.walletBalance,
  totalUnrealizedProfit: totals.unrealizedProfit,
  totalMarginBalance: totals.marginBalance,
  totalPositionInitialMargin: totals.positionInitialMargin,
  totalOpenOrderInitialMargin: totals.openOrderInitialMargin,
  totalCrossWalletBalance: totals.walletBalance,
  totalCrossUnPnl: totals.unrealizedProfit,
  availableBalance: totals.availableBalance,
  maxWithdrawAmount: totals.availableBalance,
});

const accountPosition = (each: BookedPosition): Row => ({
  symbol: each.symbol,
  initialMargin: each.initialMargin,
  maintMargin: each.maintMargin,
  unrealizedProfit: each.unrealizedProfit,
  positionInitialMargin: each.initialMargin,
  openOrderInitialMargin: each.openOrderInitialMargin,
  leverage: each.leverage,
  isolated: false,
  entryPrice: each.entryPrice,
  breakEvenPrice: each.breakEvenPrice,
  positionSide: each.positionSide,
  positionAmt: each.positionAmt,
  updateTime: each.updateTime,
});

/** Nobody is bounded here: a number that no account of the emulator reaches. */
const NOTIONAL_MAX = '1000000000';

const futuresBalance = ({ alias }: AccountBook, each: BookedAsset): Row => ({
  accountAlias: alias,
  asset: each.asset,
  balance: each.free,
  crossWalletBalance: each.free,
  crossUnPnl: each.unrealizedProfit,
  availableBalance: each.availableBalance,
});

const usdmBalance = (book: AccountBook): Answer =>
  book.assets.map((each) => ({
    ...futuresBalance(book, each),
    maxWithdrawAmount: each.availableBalance,
    marginAvailable: true,
    updateTime: each.updateTime,
  }));

const positionRisk = (each: BookedPosition): Row => ({
  symbol: each.symbol,
  positionAmt: each.positionAmt,
  entryPrice: each.entryPrice,
  breakEvenPrice: each.breakEvenPrice,
  markPrice: each.markPrice,
  unRealizedProfit: each.unrealizedProfit,
  liquidationPrice: '0',
  leverage: each.leverage,
  marginType: 'cross',
  isolatedMargin: ZERO,
  isAutoAddMargin: 'false',
  positionSide: each.positionSide,
  updateTime: each.updateTime,
});

/** `cumulative`: the name of the member that carries the worth of what was executed. */
const futuresOrder =
  (cumulative: 'cumQuote' | 'cumBase', more: Row) =>
  (order: BookedOrder): Row => ({
    orderId: order.orderId,
    symbol: order.row.symbol,
    status: order.status,
    clientOrderId: order.clientOrderId,
    price: order.price,
    avgPrice: order.avgPrice,
    origQty: order.origQty,
    executedQty: order.executedQty,
    [cumulative]: order.cumQuote,
    timeInForce: order.timeInForce,
    type: order.type,
    reduceOnly: false,
    closePosition: false,
    side: order.side,
    positionSide: order.positionSide,
    stopPrice: order.stopPrice,
    workingType: 'CONTRACT_PRICE',
    priceMatch: 'NONE',
    selfTradePreventionMode: order.selfTradePreventionMode,
    priceProtect: false,
    origType: order.origType,
    ...more,
    time: order.time,
    updateTime: order.updateTime,
  });

const futuresTrade = (trade: BookedTrade): Row => ({
  symbol: trade.row.symbol,
  id: trade.id,
  orderId: trade.orderId,
  side: trade.side,
  price: trade.price,
  qty: trade.qty,
  realizedPnl: trade.realizedPnl,
  commission: trade.commission,
  commissionAsset: trade.commissionAsset,
  time: trade.time,
  positionSide: trade.positionSide,
  maker: trade.maker,
  buyer: trade.side === 'BUY',
});

const positionMode = ({ dualSidePosition }: AccountBook): Answer => ({ dualSidePosition });

const pairOf = ({ row }: { row: BookedTrade['row'] }): string => row.baseAsset + row.quoteAsset;

const usdm: AccountShapes = {
  lists: 'usdm',
  account: (book) => ({
    ...permissions,
    multiAssetsMargin: book.multiAssets,
    updateTime: 0,
    ...futuresTotals(book.totals),
    assets: book.assets.map((each) => ({ ...futuresAsset(each), marginAvailable: true })),
    positions: book.positions.map((each) => ({
      ...accountPosition(each),
      maxNotional: NOTIONAL_MAX,
      bidNotional: each.bidNotional,
      askNotional: each.askNotional,
    })),
  }),
  accountV3: (book) => ({
    ...futuresTotals(book.totals),
    assets: book.assets.map(futuresAsset),
    positions: book.positions
      .filter(({ active }) => active)
      .map((each) => ({
        symbol: each.symbol,
        positionSide: each.positionSide,
        positionAmt: each.positionAmt,
        unrealizedProfit: each.unrealizedProfit,
        isolatedMargin: ZERO,
        notional: each.notional,
        isolatedWallet: '0',
        initialMargin: each.initialMargin,
        maintMargin: each.maintMargin,
        updateTime: each.updateTime,
      })),
  }),
  balance: usdmBalance,
  balanceV3: usdmBalance,
  position: (each) => ({
    ...positionRisk(each),
    maxNotionalValue: NOTIONAL_MAX,
    notional: each.notional,
    isolatedWallet: '0',
  }),
  positionV3: (each) => ({
    symbol: each.symbol,
    positionSide: each.positionSide,
    positionAmt: each.positionAmt,
    entryPrice: each.entryPrice,
    breakEvenPrice: each.breakEvenPrice,
    markPrice: each.markPrice,
    unRealizedProfit: each.unrealizedProfit,
    liquidationPrice: '0',
    isolatedMargin: '0',
    notional: each.notional,
    marginAsset: each.marginAsset,
    isolatedWallet: '0',
    initialMargin: each.initialMargin,
    maintMargin: each.maintMargin,
    positionInitialMargin: each.initialMargin,
    openOrderInitialMargin: each.openOrderInitialMargin,
    adl: 0,
    bidNotional: each.bidNotional,
    askNotional: each.askNotional,
    updateTime: each.updateTime,
  }),
  positionMode,
  order: futuresOrder('cumQuote', { goodTillDate: 0 }),
  trade: (trade) => ({ ...futuresTrade(trade), quoteQty: trade.quoteQty }),
};

const coinm: AccountShapes = {
  lists: 'coinm',
  byPair: true,
  account: (book) => ({
    assets: book.assets.map(futuresAsset),
    positions: book.positions.map((each) => ({
      ...accountPosition(each),
      maxQty: NOTIONAL_MAX,
      notionalValue: each.notional,
    })),
    ...permissions,
    updateTime: 0,
  }),
  balance: (book) =>
    book.assets.map((each) => ({
      ...futuresBalance(book, each),
      withdrawAvailable: each.availableBalance,
      updateTime: each.updateTime,
    })),
  position: (each) => ({ ...positionRisk(each), maxQty: NOTIONAL_MAX, notionalValue: each.notional }),
  positionMode,
  order: (order) => ({ ...futuresOrder('cumBase', { pair: pairOf(order) })(order) }),
  trade: (trade) => ({
    ...futuresTrade(trade),
    pair: pairOf(trade),
    marginAsset: trade.row.marginAsset,
    baseQty: trade.quoteQty,
  }),
};

// --- Spot and margin -------------------------------------------------------------------------------------------------

const spotOrder = (order: BookedOrder): Row => ({
  symbol: order.row.symbol,
  orderId: order.orderId,
  orderListId: order.orderListId,
  clientOrderId: order.clientOrderId,
  price: order.price,
  origQty: order.origQty,
  executedQty: order.executedQty,
  cummulativeQuoteQty: order.cumQuote,
  status: order.status,
  timeInForce: order.timeInForce,
  type: order.type,
  side: order.side,
  stopPrice: order.stopPrice,
  icebergQty: ZERO,
  time: order.time,
  updateTime: order.updateTime,
  isWorking: order.isWorking,
  workingTime: order.workingTime > 0 ? order.workingTime : -1,
  origQuoteOrderQty: ZERO,
  selfTradePreventionMode: order.selfTradePreventionMode,
});

const spotTrade = (trade: BookedTrade): Row => ({
  symbol: trade.row.symbol,
  id: trade.id,
  orderId: trade.orderId,
  orderListId: trade.orderListId,
  price: trade.price,
  qty: trade.qty,
  quoteQty: trade.quoteQty,
  commission: trade.commission,
  commissionAsset: trade.commissionAsset,
  time: trade.time,
  isBuyer: trade.side === 'BUY',
  isMaker: trade.maker,
  isBestMatch: true,
});

/** In hundredths of a percent, and as the share. */
const SPOT_COMMISSION = { points: 10, rate: '0.00100000' };

const spot: AccountShapes = {
  lists: 'spot',
  account: (book) => ({
    makerCommission: SPOT_COMMISSION.points,
    takerCommission: SPOT_COMMISSION.points,
    buyerCommission: 0,
    sellerCommission: 0,
    commissionRates: { maker: SPOT_COMMISSION.rate, taker: SPOT_COMMISSION.rate, buyer: ZERO, seller: ZERO },
    canTrade: true,
    canWithdraw: true,
    canDeposit: true,
    brokered: false,
    requireSelfTradePrevention: false,
    preventSor: false,
    updateTime: book.updateTime,
    accountType: 'SPOT',
    balances: book.assets.map(({ asset, free, locked }) => ({ asset, free, locked })),
    permissions: ['SPOT'],
  }),
  order: spotOrder,
  trade: spotTrade,
};

const marginOrder =
  (isIsolated: boolean) =>
  (order: BookedOrder): Row => ({ ...spotOrder(order), isIsolated });
const marginTrade =
  (isIsolated: boolean) =>
  (trade: BookedTrade): Row => ({ ...spotTrade(trade), isIsolated });

const marginAsset = (each: BookedAsset): Row => ({
  asset: each.asset,
  borrowed: each.borrowed,
  free: each.free,
  interest: each.interest,
  locked: each.locked,
  netAsset: each.netAsset,
});

const margin: AccountShapes = {
  lists: 'spot',
  account: ({ assets, totals }) => ({
    created: true,
    borrowEnabled: true,
    marginLevel: totals.marginLevel,
    collateralMarginLevel: totals.marginLevel,
    totalAssetOfBtc: totals.assetOfBtc,
    totalLiabilityOfBtc: totals.liabilityOfBtc,
    totalNetAssetOfBtc: totals.netAssetOfBtc,
    TotalCollateralValueInUSDT: totals.collateralInUsdt,
    totalOpenOrderLossInUSDT: totals.openOrderLoss,
    tradeEnabled: true,
    transferInEnabled: true,
    transferOutEnabled: true,
    accountType: 'MARGIN_1',
    userAssets: assets.map(marginAsset),
  }),
  order: marginOrder(false),
  trade: marginTrade(false),
};

/** `marginRatio`: how many times its own money a pair lets an account hold; live answers print the pair's, 10 for BTCUSDT. */
const ISOLATED_LEVERAGE = '10.00000000';

const isolatedAsset = (each: BookedAsset | undefined): Row => ({
  ...(each === undefined ? {} : marginAsset(each)),
  borrowEnabled: true,
  netAssetOfBtc: each?.netAssetOfBtc ?? ZERO,
  repayEnabled: true,
  totalAsset: each?.totalAsset ?? ZERO,
});

const isolated: AccountShapes = {
  lists: 'spot',
  /** Of one symbol: a row of `assets`. */
  account: ({ assets, totals, positions: [pair] }) => ({
    baseAsset: isolatedAsset(assets[0]),
    quoteAsset: isolatedAsset(assets[1]),
    symbol: pair?.symbol,
    isolatedCreated: true,
    enabled: true,
    marginLevel: totals.marginLevel,
    marginLevelStatus: totals.marginLevelStatus,
    marginRatio: ISOLATED_LEVERAGE,
    indexPrice: pair?.markPrice ?? ZERO,
    liquidatePrice: ZERO,
    liquidateRate: ZERO,
    tradeEnabled: true,
  }),
  order: marginOrder(true),
  trade: marginTrade(true),
};

// --- Portfolio margin ------------------------------------------------------------------------------------------------

const pm: AccountShapes = {
  positionMode,
  account: ({ totals, updateTime }) => ({
    uniMMR: totals.uniMMR,
    accountEquity: totals.accountEquity,
    actualEquity: totals.actualEquity,
    accountInitialMargin: totals.initialMargin,
    accountMaintMargin: totals.maintMargin,
    accountStatus: totals.accountStatus,
    virtualMaxWithdrawAmount: totals.availableBalance,
    totalAvailableBalance: totals.availableBalance,
    totalMarginOpenLoss: totals.openOrderLoss,
    updateTime,
  }),
  balance: ({ assets }) =>
    assets.map((each) => ({
      asset: each.asset,
      totalWalletBalance: each.parts?.total ?? ZERO,
      crossMarginAsset: each.totalAsset,
      crossMarginBorrowed: each.borrowed,
      crossMarginFree: each.free,
      crossMarginInterest: each.interest,
      crossMarginLocked: each.locked,
      umWalletBalance: each.parts?.um ?? ZERO,
      umUnrealizedPNL: each.parts?.umUnrealizedProfit ?? ZERO,
      cmWalletBalance: each.parts?.cm ?? ZERO,
      cmUnrealizedPNL: each.parts?.cmUnrealizedProfit ?? ZERO,
      updateTime: each.updateTime,
      negativeBalance: '0',
    })),
};

const SHAPES: { readonly [Id in ProductId]?: AccountShapes } = { usdm, coinm, spot, margin, isolated, pm };

/** Empty for a product whose account no call reads. */
export const accountShapes = (product: ProductId): AccountShapes => SHAPES[product] ?? {};
