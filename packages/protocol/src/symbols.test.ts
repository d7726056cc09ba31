import { expect, test } from 'bun:test';
import { decimalsOf, SYMBOLS, symbolRowsOf } from './symbols.ts';

const named = (...names: string[]): string[] => symbolRowsOf(names).map((row) => `${row.product} ${row.symbol}`);

test('no names means the built-in list', () => {
  expect(symbolRowsOf()).toBe(SYMBOLS);
});

test('built-in rows are one per product and symbol', () => {
  expect(new Set(SYMBOLS.map((row) => `${row.product} ${row.symbol}`)).size).toBe(SYMBOLS.length);
});

test('a known name gives its built-in row in every product that lists it', () => {
  expect(named('BTCUSDT')).toEqual(['spot BTCUSDT', 'usdm BTCUSDT']);
  expect(symbolRowsOf(['BTCUSD_PERP'])[0]?.contractSize).toBe(100);
});

test('a name given twice is listed once', () => {
  expect(named('ETHBTC', 'ETHBTC')).toEqual(['spot ETHBTC']);
});

test('unknown pairs are derived by their longest quote, Chinese names too', () => {
  expect(named('币安USDT')).toEqual(['spot 币安USDT', 'usdm 币安USDT']);
  expect(symbolRowsOf(['币安USDT'])[0]).toMatchObject({ baseAsset: '币安', quoteAsset: 'USDT' });
  expect(symbolRowsOf(['ADAFDUSD'])[0]).toMatchObject({ baseAsset: 'ADA', quoteAsset: 'FDUSD' });
  expect(named('ADABTC')).toEqual(['spot ADABTC']);
});

test('unknown perpetuals are margined in their base asset', () => {
  expect(symbolRowsOf(['ADAUSD_PERP'])).toMatchObject([
    { product: 'coinm', baseAsset: 'ADA', quoteAsset: 'USD', marginAsset: 'ADA', contractSize: 10 },
  ]);
});

test('unknown options take strike, side and expiry from their name', () => {
  expect(symbolRowsOf(['SOL-270625-0.365-P'])[0]?.option).toEqual({
    underlying: 'SOLUSDT',
    side: 'PUT',
    strikePrice: '0.365',
    expiryMs: Date.UTC(2027, 5, 25, 8),
  });
});

test.each(['btcusdt', 'USDT', 'BTC', 'BTCUSD_261225X', 'BTC-261399-70000-C', 'BTC-260230-70000-C', 'A B', ''])(
  'a name without a form is refused by name: %p',
  (name) => {
    expect(() => symbolRowsOf(['BTCUSDT', name])).toThrow(`symbols: ${JSON.stringify(name)} is not a symbol`);
  },
);

test('decimals are those that a size is written with', () => {
  expect(['1', '0.10', '0.00001'].map(decimalsOf)).toEqual([0, 2, 5]);
});
