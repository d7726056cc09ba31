/**
 * What signed REST reads of one account: its balances, positions, orders and trades, in the words that the events use.
 * Decimals are text, as the wire prints them. `account-answers/` puts it into each product's own shapes.
 */
import type { SymbolRow } from './symbols.ts';

export interface AccountBook {
  readonly alias: string;
  /** ms, of the last event that told a balance or a position; 0 while none has. */
  readonly updateTime: number;
  /** Hedge mode: positions are LONG and SHORT. */
  readonly dualSidePosition: boolean;
  readonly multiAssets: boolean;
  /** Every asset that the account may hold. */
  readonly assets: readonly BookedAsset[];
  /** Of every symbol that the account may trade, and in hedge mode of both sides. */
  readonly positions: readonly BookedPosition[];
  /** Oldest first: all that are open, and the latest of those that ended. */
  readonly orders: readonly BookedOrder[];
  /** The latest, oldest first. */
  readonly trades: readonly BookedTrade[];
  readonly totals: BookedTotals;
}

export interface BookedAsset {
  readonly asset: string;
  readonly free: string;
  readonly locked: string;
  readonly borrowed: string;
  readonly interest: string;
  /** `free` and `locked` less what is owed. */
  readonly netAsset: string;
  readonly netAssetOfBtc: string;
  readonly totalAsset: string;
  readonly unrealizedProfit: string;
  /** The balance with what positions margined in it have won or lost. */
  readonly marginBalance: string;
  readonly maintMargin: string;
  readonly initialMargin: string;
  readonly positionInitialMargin: string;
  readonly openOrderInitialMargin: string;
  readonly availableBalance: string;
  /** Only where futures and margin are one account: what of the asset lies where. */
  readonly parts?: {
    readonly total: string;
    readonly um: string;
    readonly umUnrealizedProfit: string;
    readonly cm: string;
    readonly cmUnrealizedProfit: string;
  };
  /** ms; 0 while no event has told it. */
  readonly updateTime: number;
}

export interface BookedPosition {
  readonly symbol: string;
  readonly marginAsset: string;
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT';
  readonly positionAmt: string;
  readonly entryPrice: string;
  readonly breakEvenPrice: string;
  readonly markPrice: string;
  readonly unrealizedProfit: string;
  readonly notional: string;
  readonly leverage: string;
  readonly initialMargin: string;
  readonly maintMargin: string;
  readonly openOrderInitialMargin: string;
  readonly bidNotional: string;
  readonly askNotional: string;
  /** Whether it is open, or an order of its symbol is. */
  readonly active: boolean;
  readonly updateTime: number;
}

export interface BookedOrder {
  readonly row: SymbolRow;
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly orderListId: number;
  readonly open: boolean;
  readonly status: string;
  readonly side: string;
  readonly type: string;
  readonly origType: string;
  readonly timeInForce: string;
  readonly positionSide: string;
  readonly price: string;
  readonly stopPrice: string;
  readonly avgPrice: string;
  readonly origQty: string;
  readonly executedQty: string;
  /** In the quote or the margin asset. */
  readonly cumQuote: string;
  readonly isWorking: boolean;
  /** ms; 0 for an order that never was on the book. */
  readonly workingTime: number;
  readonly selfTradePreventionMode: string;
  readonly time: number;
  readonly updateTime: number;
}

export interface BookedTrade {
  readonly row: SymbolRow;
  readonly id: number;
  readonly orderId: number;
  readonly orderListId: number;
  readonly side: string;
  readonly positionSide: string;
  readonly price: string;
  readonly qty: string;
  readonly quoteQty: string;
  readonly commission: string;
  readonly commissionAsset: string;
  readonly realizedPnl: string;
  readonly maker: boolean;
  readonly time: number;
}

/** Over all assets. Futures and portfolio margin count in USD, margin in BTC. */
export interface BookedTotals {
  readonly walletBalance: string;
  readonly unrealizedProfit: string;
  readonly marginBalance: string;
  readonly maintMargin: string;
  readonly initialMargin: string;
  readonly positionInitialMargin: string;
  readonly openOrderInitialMargin: string;
  readonly availableBalance: string;
  /** What is set aside for the loss that the fills of open margin orders would mean. */
  readonly openOrderLoss: string;
  readonly assetOfBtc: string;
  readonly liabilityOfBtc: string;
  readonly netAssetOfBtc: string;
  readonly collateralInUsdt: string;
  /** Assets by what is owed; 999 where nothing is. */
  readonly marginLevel: string;
  /** What it means: EXCESSIVE, NORMAL, MARGIN_CALL, PRE_LIQUIDATION or FORCE_LIQUIDATION. */
  readonly marginLevelStatus: string;
  /** Equity by maintenance margin; 999 where none is needed. */
  readonly uniMMR: string;
  /** What it means: NORMAL, MARGIN_CALL, REDUCE_ONLY or FORCE_LIQUIDATION. */
  readonly accountStatus: string;
  readonly accountEquity: string;
  readonly actualEquity: string;
}
