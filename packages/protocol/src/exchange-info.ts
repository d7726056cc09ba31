/**
 * The answer of `exchangeInfo`, in each product's own shape: what community SDKs read before they open a stream.
 *
 * Sources: the exchangeInfo pages of the four products (/api/v3, /fapi/v1, /dapi/v1, /eapi/v1); members that live
 * answers carry beyond the pages are marked "live". Rate limits: derivatives §1.3, spot-margin §1.4 and U23.
 */
import type { Pool, PoolId } from './limits.ts';
import { POOLS } from './limits.ts';
import type { ProductId } from './products.ts';
import type { SymbolProduct, SymbolRow } from './symbols.ts';
import { decimalsOf } from './symbols.ts';

/** One row of `rateLimits`, in the wire's member order. */
export interface RateLimitRow {
  readonly rateLimitType: 'REQUEST_WEIGHT' | 'ORDERS' | 'RAW_REQUESTS' | 'CONNECTIONS';
  readonly interval: 'SECOND' | 'MINUTE' | 'DAY';
  readonly intervalNum: number;
  readonly limit: number;
}

const ordersPerTenSeconds = (limit: number): RateLimitRow => ({
  rateLimitType: 'ORDERS',
  interval: 'SECOND',
  intervalNum: 10,
  limit,
});

const futuresOrders: readonly RateLimitRow[] = [
  { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1200 },
  ordersPerTenSeconds(300),
];

/** Which pool a product's exchangeInfo names, and the limits beside it that its page lists. */
const LIMITS: Readonly<Record<SymbolProduct, { readonly pool: PoolId; readonly others: readonly RateLimitRow[] }>> = {
  spot: {
    pool: 'spot',
    others: [
      ordersPerTenSeconds(100),
      { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: 200_000 },
      { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 300_000 },
      { rateLimitType: 'CONNECTIONS', interval: 'MINUTE', intervalNum: 5, limit: 300 },
    ],
  },
  usdm: { pool: 'futures', others: futuresOrders },
  coinm: { pool: 'futures', others: futuresOrders },
  options: { pool: 'options', others: futuresOrders },
};

/** `pools`: the request-weight pools in force; a configuration may have changed their limits. */
export function rateLimitsOf(
  product: ProductId,
  pools: Readonly<Record<PoolId, Pick<Pool, 'rateLimitType' | 'interval' | 'intervalNum' | 'limit'>>> = POOLS,
): readonly RateLimitRow[] {
  const row = LIMITS[listing(product)];
  const { rateLimitType, interval, intervalNum, limit } = pools[row.pool];
  return [{ rateLimitType, interval, intervalNum, limit }, ...row.others];
}

/**
 * `symbols`: rows of any products; only those of `product` are listed. `nowMs`: Unix milliseconds, for `serverTime`.
 * Throws `RangeError` for a product that has no exchangeInfo.
 */
export function exchangeInfo(
  product: ProductId,
  symbols: readonly SymbolRow[],
  nowMs: number,
  rateLimits: readonly RateLimitRow[] = rateLimitsOf(product),
): object {
  const id = listing(product);
  return SHAPES[id](
    symbols.filter((row) => row.product === id),
    nowMs,
    rateLimits,
  );
}

function listing(product: ProductId): SymbolProduct {
  if (Object.hasOwn(SHAPES, product)) return product as SymbolProduct;
  throw new RangeError(`${product} has no exchangeInfo; products that have one: ${Object.keys(SHAPES).join(', ')}`);
}

type Shape = (rows: readonly SymbolRow[], nowMs: number, rateLimits: readonly RateLimitRow[]) => object;

const SHAPES: Readonly<Record<SymbolProduct, Shape>> = {
  spot: (rows, nowMs, rateLimits) => ({
    timezone: 'UTC',
    serverTime: nowMs,
    rateLimits,
    exchangeFilters: [],
    symbols: rows.map(spotSymbol),
  }),
  usdm: (rows, nowMs, rateLimits) => ({
    timezone: 'UTC',
    serverTime: nowMs,
    futuresType: 'U_MARGINED', // live
    rateLimits,
    exchangeFilters: [],
    assets: distinct(rows, (row) => row.marginAsset).map((row) => ({
      asset: row.marginAsset,
      marginAvailable: true,
      autoAssetExchange: '-10000',
    })),
    symbols: rows.map(usdmSymbol),
  }),
  coinm: (rows, nowMs, rateLimits) => ({
    timezone: 'UTC',
    serverTime: nowMs,
    rateLimits,
    exchangeFilters: [],
    symbols: rows.map(coinmSymbol),
  }),
  options: (rows, nowMs, rateLimits) => ({
    timezone: 'UTC',
    serverTime: nowMs,
    optionContracts: distinct(rows, (row) => row.baseAsset + row.quoteAsset).map((row) => ({
      baseAsset: row.baseAsset,
      quoteAsset: row.quoteAsset,
      underlying: row.option?.underlying,
      settleAsset: row.marginAsset,
      nakedSell: true, // live
    })),
    optionAssets: distinct(rows, (row) => row.marginAsset).map((row) => ({ name: row.marginAsset })),
    optionSymbols: rows.map(optionSymbol),
    rateLimits,
  }),
};

function distinct(rows: readonly SymbolRow[], keyOf: (row: SymbolRow) => string): SymbolRow[] {
  const first = new Map<string, SymbolRow>();
  for (const row of rows) if (!first.has(keyOf(row))) first.set(keyOf(row), row);
  return [...first.values()];
}

const priceFilter = ({ minPrice, maxPrice, tickSize }: SymbolRow): object => ({
  filterType: 'PRICE_FILTER',
  minPrice,
  maxPrice,
  tickSize,
});

const lotSize = (filterType: 'LOT_SIZE' | 'MARKET_LOT_SIZE', { minQty, maxQty, stepSize }: SymbolRow): object => ({
  filterType,
  minQty,
  maxQty,
  stepSize,
});

/** Spot prints every size with the asset's eight decimals. */
const SPOT_DECIMALS = 8;
const padded = (size: string): string => {
  const [whole = '0', fraction = ''] = size.split('.');
  return `${whole}.${fraction.padEnd(SPOT_DECIMALS, '0')}`;
};

function spotFilters(row: SymbolRow): object[] {
  return [
    {
      filterType: 'PRICE_FILTER',
      minPrice: padded(row.minPrice),
      maxPrice: padded(row.maxPrice),
      tickSize: padded(row.tickSize),
    },
    { filterType: 'LOT_SIZE', minQty: padded(row.minQty), maxQty: padded(row.maxQty), stepSize: padded(row.stepSize) },
    { filterType: 'ICEBERG_PARTS', limit: 10 },
    { filterType: 'MARKET_LOT_SIZE', minQty: padded('0'), maxQty: padded(row.maxQty), stepSize: padded('0') },
    {
      filterType: 'TRAILING_DELTA',
      minTrailingAboveDelta: 10,
      maxTrailingAboveDelta: 2000,
      minTrailingBelowDelta: 10,
      maxTrailingBelowDelta: 2000,
    },
    {
      filterType: 'PERCENT_PRICE_BY_SIDE',
      bidMultiplierUp: '5',
      bidMultiplierDown: '0.2',
      askMultiplierUp: '5',
      askMultiplierDown: '0.2',
      avgPriceMins: 5,
    },
    {
      filterType: 'NOTIONAL',
      minNotional: padded(row.minNotional),
      applyMinToMarket: true,
      maxNotional: padded('9000000'),
      applyMaxToMarket: false,
      avgPriceMins: 5,
    },
    { filterType: 'MAX_NUM_ORDERS', maxNumOrders: 200 },
    { filterType: 'MAX_NUM_ORDER_LISTS', maxNumOrderLists: 20 },
    { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: 5 },
    { filterType: 'MAX_NUM_ORDER_AMENDS', maxNumOrderAmends: 10 },
  ];
}

const spotSymbol = (row: SymbolRow): object => ({
  symbol: row.symbol,
  status: 'TRADING',
  baseAsset: row.baseAsset,
  baseAssetPrecision: SPOT_DECIMALS,
  quoteAsset: row.quoteAsset,
  quotePrecision: SPOT_DECIMALS,
  quoteAssetPrecision: SPOT_DECIMALS,
  baseCommissionPrecision: SPOT_DECIMALS,
  quoteCommissionPrecision: SPOT_DECIMALS,
  orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'TAKE_PROFIT_LIMIT'],
  icebergAllowed: true,
  ocoAllowed: true,
  otoAllowed: true,
  opoAllowed: true,
  quoteOrderQtyMarketAllowed: true,
  allowTrailingStop: true,
  cancelReplaceAllowed: true,
  amendAllowed: true,
  pegInstructionsAllowed: true,
  isSpotTradingAllowed: true,
  isMarginTradingAllowed: true,
  filters: spotFilters(row),
  permissions: [],
  permissionSets: [['SPOT', 'MARGIN']],
  defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
  allowedSelfTradePreventionModes: ['EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH', 'DECREMENT', 'TRANSFER'],
});

/** A perpetual's delivery date on the wire; readers tell perpetuals by it. */
const NEVER_MS = Date.UTC(2100, 11, 25, 8);

const futuresFilters = (row: SymbolRow): object[] => [
  priceFilter(row),
  lotSize('LOT_SIZE', row),
  lotSize('MARKET_LOT_SIZE', row),
  { filterType: 'MAX_NUM_ORDERS', limit: 200 },
  { filterType: 'PERCENT_PRICE', multiplierUp: '1.0500', multiplierDown: '0.9500', multiplierDecimal: '4' },
];

/** What USDⓈ-M and COIN-M contracts have in common. */
const contract = (row: SymbolRow): object => ({
  symbol: row.symbol,
  pair: row.baseAsset + row.quoteAsset,
  contractType: 'PERPETUAL',
  deliveryDate: NEVER_MS,
  onboardDate: row.onboardMs,
  maintMarginPercent: '2.5000',
  requiredMarginPercent: '5.0000',
  baseAsset: row.baseAsset,
  quoteAsset: row.quoteAsset,
  marginAsset: row.marginAsset,
  pricePrecision: decimalsOf(row.tickSize),
  quantityPrecision: decimalsOf(row.stepSize),
  baseAssetPrecision: 8,
  quotePrecision: 8,
  underlyingType: 'COIN',
  underlyingSubType: [],
  triggerProtect: '0.0500',
  liquidationFee: '0.012500',
  marketTakeBound: '0.05',
  maxMoveOrderLimit: 10_000, // live
  orderTypes: ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'],
});

const usdmSymbol = (row: SymbolRow): object => ({
  ...contract(row),
  status: 'TRADING',
  settlePlan: 0,
  filters: [...futuresFilters(row), { filterType: 'MIN_NOTIONAL', notional: row.minNotional }],
  timeInForce: ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'],
});

const coinmSymbol = (row: SymbolRow): object => ({
  ...contract(row),
  contractStatus: 'TRADING',
  contractSize: row.contractSize,
  equalQtyPrecision: 4,
  filters: futuresFilters(row),
  timeInForce: ['GTC', 'IOC', 'FOK', 'GTX'],
});

/** An option stays TRADING after its expiry, so that a clock moved past it leaves the emulator something to trade. */
const optionSymbol = (row: SymbolRow): object => ({
  expiryDate: row.option?.expiryMs,
  filters: [priceFilter(row), lotSize('LOT_SIZE', row)],
  symbol: row.symbol,
  side: row.option?.side,
  strikePrice: row.option?.strikePrice,
  underlying: row.option?.underlying,
  unit: row.contractSize,
  liquidationFeeRate: '0.0019000',
  minQty: row.minQty,
  maxQty: row.maxQty,
  initialMargin: '0.15',
  maintenanceMargin: '0.075',
  minInitialMargin: '0.1',
  minMaintenanceMargin: '0.05',
  priceScale: decimalsOf(row.tickSize),
  quantityScale: decimalsOf(row.stepSize),
  quoteAsset: row.quoteAsset,
  contractType: 'CRYPTO_OPTIONS', // live
  underlyingType: 'CRYPTO', // live
  nakedSell: true, // live
  status: 'TRADING',
});
