import { describe, expect, test } from 'bun:test';
import { exchangeInfo, rateLimitsOf } from './exchange-info.ts';
import { POOLS } from './limits.ts';
import type { SymbolProduct } from './symbols.ts';
import { SYMBOLS, symbolRowsOf } from './symbols.ts';

const NOW = 1_790_000_000_000;
type Json = Record<string, unknown>;

const answer = (product: SymbolProduct, names?: readonly string[]): Json =>
  JSON.parse(JSON.stringify(exchangeInfo(product, symbolRowsOf(names), NOW))) as Json;

const listed = (info: Json): Json[] => (info['symbols'] ?? info['optionSymbols']) as Json[];

const filter = (symbol: Json, filterType: string): Json =>
  (symbol['filters'] as Json[]).find((candidate) => candidate['filterType'] === filterType) ?? {};

/** What ccxt makes of a symbol, from the members that it reads: the kind, the unified name, the precisions. */
function unified(symbol: Json): Json {
  const id = symbol['symbol'] as string;
  const parts = id.split('-');
  const base = symbol['baseAsset'] ?? parts[0];
  const expiry = symbol['deliveryDate'] ?? symbol['expiryDate'];
  const swap = symbol['contractType'] === 'PERPETUAL' || expiry === 4133404800000;
  const option = !swap && symbol['underlying'] !== undefined;
  const contract = 'contractType' in symbol || option;
  const settle = symbol['marginAsset'] ?? (option ? 'USDT' : undefined);
  const day = option
    ? `-${new Date(expiry as number).toISOString().slice(2, 10).replaceAll('-', '')}-${Number(symbol['strikePrice'])}-${parts[3]}`
    : '';
  return {
    id,
    symbol: `${base}/${symbol['quoteAsset']}${contract ? `:${settle}${day}` : ''}`,
    type: swap ? 'swap' : option ? 'option' : 'spot',
    active: (symbol['status'] ?? symbol['contractStatus']) === 'TRADING',
    linear: contract ? settle === symbol['quoteAsset'] : undefined,
    contractSize: contract ? (symbol['contractSize'] ?? symbol['unit']) : undefined,
    tickSize: Number(filter(symbol, 'PRICE_FILTER')['tickSize']),
    stepSize: Number(filter(symbol, 'LOT_SIZE')['stepSize']),
  };
}

describe('ccxt-like readers find in exchangeInfo', () => {
  test('spot: asset precisions, filters with eight decimals, permissions, order types', () => {
    const info = answer('spot', ['BTCUSDT']);
    const [symbol = {}] = listed(info);
    expect(unified(symbol)).toEqual({
      id: 'BTCUSDT',
      symbol: 'BTC/USDT',
      type: 'spot',
      active: true,
      tickSize: 0.01,
      stepSize: 0.00001,
    });
    expect(symbol).toMatchObject({ baseAssetPrecision: 8, quotePrecision: 8, quoteAssetPrecision: 8 });
    expect(symbol).toMatchObject({ isSpotTradingAllowed: true, isMarginTradingAllowed: true });
    expect(symbol['permissionSets']).toEqual([['SPOT', 'MARGIN']]);
    expect(symbol['orderTypes']).toContain('MARKET');
    expect(filter(symbol, 'PRICE_FILTER')).toMatchObject({ minPrice: '0.01000000', maxPrice: '1000000.00000000' });
    expect(filter(symbol, 'LOT_SIZE')).toMatchObject({ minQty: '0.00001000', maxQty: '9000.00000000' });
    expect(filter(symbol, 'MARKET_LOT_SIZE')).toMatchObject({ maxQty: '9000.00000000' });
    expect(filter(symbol, 'NOTIONAL')).toMatchObject({ minNotional: '5.00000000', avgPriceMins: 5 });
    expect('contractType' in symbol).toBe(false);
  });

  test('USDⓈ-M: contract type, delivery date, margin asset, precisions, filters, margin assets', () => {
    const info = answer('usdm', ['BTCUSDT']);
    const [symbol = {}] = listed(info);
    expect(unified(symbol)).toEqual({
      id: 'BTCUSDT',
      symbol: 'BTC/USDT:USDT',
      type: 'swap',
      active: true,
      linear: true,
      contractSize: undefined,
      tickSize: 0.1,
      stepSize: 0.001,
    });
    expect(symbol).toMatchObject({
      pair: 'BTCUSDT',
      pricePrecision: 2,
      quantityPrecision: 3,
      onboardDate: 1577865600000,
    });
    expect(symbol).toMatchObject({ baseAssetPrecision: 8, quotePrecision: 8, underlyingType: 'COIN' });
    expect(symbol['timeInForce']).toEqual(['GTC', 'IOC', 'FOK', 'GTX', 'GTD']);
    expect(symbol['orderTypes']).toContain('STOP_MARKET');
    expect(filter(symbol, 'MIN_NOTIONAL')).toEqual({ filterType: 'MIN_NOTIONAL', notional: '100' });
    expect(filter(symbol, 'MARKET_LOT_SIZE')).toMatchObject({ minQty: '0.001', maxQty: '1000', stepSize: '0.001' });
    expect(info['assets']).toEqual([{ asset: 'USDT', marginAvailable: true, autoAssetExchange: '-10000' }]);
  });

  test('COIN-M: contractStatus in place of status, contractSize as a number, margin in the base asset', () => {
    const [symbol = {}] = listed(answer('coinm', ['BTCUSD_PERP']));
    expect(unified(symbol)).toEqual({
      id: 'BTCUSD_PERP',
      symbol: 'BTC/USD:BTC',
      type: 'swap',
      active: true,
      linear: false,
      contractSize: 100,
      tickSize: 0.1,
      stepSize: 1,
    });
    expect(symbol).toMatchObject({ pair: 'BTCUSD', pricePrecision: 1, quantityPrecision: 0, equalQtyPrecision: 4 });
    expect('status' in symbol).toBe(false);
  });

  test('options: optionSymbols, contracts and assets; expiry, strike, side, unit, scales', () => {
    const info = answer('options', ['BTC-261225-70000-C', 'BTC-261225-70000-P']);
    const [call = {}, put = {}] = listed(info);
    expect(unified(call)).toEqual({
      id: 'BTC-261225-70000-C',
      symbol: 'BTC/USDT:USDT-261225-70000-C',
      type: 'option',
      active: true,
      linear: true,
      contractSize: 1,
      tickSize: 5,
      stepSize: 0.01,
    });
    expect([call['side'], put['side']]).toEqual(['CALL', 'PUT']);
    expect(call).toMatchObject({ expiryDate: Date.UTC(2026, 11, 25, 8), strikePrice: '70000', underlying: 'BTCUSDT' });
    expect(call).toMatchObject({ priceScale: 0, quantityScale: 2, quoteAsset: 'USDT', unit: 1 });
    expect(info['optionContracts']).toMatchObject([{ baseAsset: 'BTC', underlying: 'BTCUSDT', settleAsset: 'USDT' }]);
    expect(info['optionAssets']).toEqual([{ name: 'USDT' }]);
    expect('symbols' in info).toBe(false);
  });

  test.each(['spot', 'usdm', 'coinm', 'options'] as const)(
    '%s: time zone, server time, rate limits, no filler',
    (id) => {
      const info = answer(id);
      expect(info).toMatchObject({ timezone: 'UTC', serverTime: NOW });
      expect(info['rateLimits']).toEqual(JSON.parse(JSON.stringify(rateLimitsOf(id))));
      expect(listed(info)).toHaveLength(SYMBOLS.filter((row) => row.product === id).length);
      for (const symbol of listed(info)) expect(unified(symbol)['active']).toBe(true);
    },
  );
});

describe('rate limits', () => {
  const types = (product: SymbolProduct): string[] => rateLimitsOf(product).map((row) => row.rateLimitType);

  test('lead with the weight of the product’s pool', () => {
    expect(rateLimitsOf('spot')[0]).toEqual({
      rateLimitType: 'REQUEST_WEIGHT',
      interval: 'MINUTE',
      intervalNum: 1,
      limit: 6000,
    });
    expect(rateLimitsOf('coinm')[0]?.limit).toBe(2400);
  });

  test('list the further limits of each page', () => {
    expect(types('spot')).toEqual(['REQUEST_WEIGHT', 'ORDERS', 'ORDERS', 'RAW_REQUESTS', 'CONNECTIONS']);
    expect(types('usdm')).toEqual(['REQUEST_WEIGHT', 'ORDERS', 'ORDERS']);
  });

  test('follow a pool whose limit was configured', () => {
    expect(rateLimitsOf('usdm', { ...POOLS, futures: { ...POOLS.futures, limit: 7 } })[0]?.limit).toBe(7);
  });
});

test('a product without exchangeInfo is refused, naming those that have it', () => {
  expect(() => exchangeInfo('pm', SYMBOLS, NOW)).toThrow(
    'pm has no exchangeInfo; products that have one: spot, usdm, coinm, options',
  );
});
