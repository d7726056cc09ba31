/**
 * Symbols: one row each, as `exchangeInfo` lists them and the emulator trades them. A built-in list, and the forms by
 * which a configured name that is not in it becomes a row.
 *
 * Sources: the products' exchangeInfo pages and live answers (tick, step, contract sizes); derivatives §7 2025-10-09
 * (names may hold Chinese characters).
 */

/** Products that list symbols of their own. Margin trades Spot's, portfolio margin those of all but options. */
export type SymbolProduct = 'spot' | 'usdm' | 'coinm' | 'options';

export interface OptionTerms {
  readonly underlying: string;
  readonly side: 'CALL' | 'PUT';
  readonly strikePrice: string;
  /** Unix milliseconds: 08:00 UTC of the day in the symbol's name. */
  readonly expiryMs: number;
}

/** Sizes and prices are decimal strings; their number of decimals is the precision that the answers print. */
export interface SymbolRow {
  readonly product: SymbolProduct;
  readonly symbol: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
  /** What profit, loss and commission are paid in; Spot pays in base and quote. */
  readonly marginAsset: string;
  readonly tickSize: string;
  readonly minPrice: string;
  readonly maxPrice: string;
  readonly stepSize: string;
  readonly minQty: string;
  readonly maxQty: string;
  readonly minNotional: string;
  /** COIN-M: worth of one contract in USD. Options: units of the underlying per contract. Others: 1. */
  readonly contractSize: number;
  /** Unix milliseconds since when it trades. */
  readonly onboardMs: number;
  readonly option?: OptionTerms;
}

/** What differs from symbol to symbol within a product. */
type Sizes = Pick<SymbolRow, 'tickSize' | 'stepSize'> & Partial<SymbolRow>;

const ONBOARD_MS = Date.UTC(2020, 0, 1, 8);

function pair(product: SymbolProduct, baseAsset: string, quoteAsset: string, sizes: Sizes): SymbolRow {
  return {
    product,
    symbol: baseAsset + quoteAsset,
    baseAsset,
    quoteAsset,
    marginAsset: quoteAsset,
    minPrice: sizes.tickSize,
    maxPrice: '1000000',
    minQty: sizes.stepSize,
    maxQty: '9000000',
    minNotional: '5',
    contractSize: 1,
    onboardMs: ONBOARD_MS,
    ...sizes,
  };
}

const spot = (base: string, quote: string, sizes: Sizes): SymbolRow => pair('spot', base, quote, sizes);
const usdm = (base: string, quote: string, sizes: Sizes): SymbolRow => pair('usdm', base, quote, sizes);

const coinm = (base: string, contractSize: number, tickSize: string): SymbolRow => ({
  ...pair('coinm', base, 'USD', { tickSize, stepSize: '1', maxQty: '1000000', minNotional: '0' }),
  symbol: `${base}USD_PERP`,
  marginAsset: base,
  contractSize,
});

/** `expiry` as in the name: YYMMDD. */
function option(base: string, expiry: string, strikePrice: string, letter: 'C' | 'P', sizes: Sizes): SymbolRow {
  return {
    ...pair('options', base, 'USDT', { maxQty: '1000', minNotional: '0', ...sizes }),
    symbol: `${base}-${expiry}-${strikePrice}-${letter}`,
    option: {
      underlying: `${base}USDT`,
      side: letter === 'C' ? 'CALL' : 'PUT',
      strikePrice,
      expiryMs: expiryMsOf(expiry),
    },
  };
}

/** NaN when YYMMDD names no day. */
function expiryMsOf(expiry: string): number {
  const [year, month, day] = [2000 + Number(expiry.slice(0, 2)), Number(expiry.slice(2, 4)), Number(expiry.slice(4))];
  const at = new Date(Date.UTC(year, month - 1, day, 8));
  return at.getUTCMonth() === month - 1 && at.getUTCDate() === day ? at.getTime() : Number.NaN;
}

const bothSides = (base: string, expiry: string, strike: string, sizes: Sizes): SymbolRow[] => [
  option(base, expiry, strike, 'C', sizes),
  option(base, expiry, strike, 'P', sizes),
];

const optionSizes: Readonly<Record<string, Sizes>> = {
  BTC: { tickSize: '5', stepSize: '0.01' },
  ETH: { tickSize: '0.1', stepSize: '0.01' },
};

const btc = optionSizes['BTC'] as Sizes;
const eth = optionSizes['ETH'] as Sizes;

/** Listed when the configuration names no symbols. The first row of a product is its default. */
export const SYMBOLS: readonly SymbolRow[] = [
  spot('BTC', 'USDT', { tickSize: '0.01', stepSize: '0.00001', maxQty: '9000' }),
  spot('ETH', 'USDT', { tickSize: '0.01', stepSize: '0.0001', maxQty: '9000' }),
  spot('BNB', 'USDT', { tickSize: '0.01', stepSize: '0.001', maxQty: '900000' }),
  spot('SOL', 'USDT', { tickSize: '0.01', stepSize: '0.001', maxQty: '90000' }),
  spot('XRP', 'USDT', { tickSize: '0.0001', stepSize: '0.1' }),
  spot('DOGE', 'USDT', { tickSize: '0.00001', stepSize: '1' }),
  spot('BTC', 'USDC', { tickSize: '0.01', stepSize: '0.00001', maxQty: '9000' }),
  spot('ETH', 'BTC', { tickSize: '0.00001', stepSize: '0.0001', minNotional: '0.0001' }),

  usdm('BTC', 'USDT', { tickSize: '0.10', stepSize: '0.001', maxQty: '1000', minNotional: '100' }),
  usdm('ETH', 'USDT', { tickSize: '0.01', stepSize: '0.001', maxQty: '10000', minNotional: '20' }),
  usdm('BNB', 'USDT', { tickSize: '0.010', stepSize: '0.01', maxQty: '100000' }),
  usdm('SOL', 'USDT', { tickSize: '0.0100', stepSize: '0.01', maxQty: '1000000' }),
  usdm('XRP', 'USDT', { tickSize: '0.0001', stepSize: '0.1' }),
  usdm('DOGE', 'USDT', { tickSize: '0.000010', stepSize: '1' }),
  usdm('BTC', 'USDC', { tickSize: '0.1', stepSize: '0.001', maxQty: '1000', minNotional: '100' }),
  usdm('币安人生', 'USDT', { tickSize: '0.0000100', stepSize: '1' }),

  coinm('BTC', 100, '0.1'),
  coinm('ETH', 10, '0.01'),
  coinm('BNB', 10, '0.001'),

  ...bothSides('BTC', '261225', '70000', btc),
  ...bothSides('BTC', '270326', '80000', btc),
  ...bothSides('ETH', '261225', '3000', eth),
  ...bothSides('ETH', '270326', '4000', eth),
];

/** Assets that a pair may be quoted in, longest first so that the longest ending wins. */
const SPOT_QUOTES = ['FDUSD', 'USDT', 'USDC', 'TUSD', 'BTC', 'ETH', 'BNB', 'EUR', 'TRY', 'BRL', 'JPY'] as const;
const USDM_QUOTES: readonly string[] = ['USDT', 'USDC'];

/** A name's characters: no separators of streams or symbols, no lower-case ASCII. */
const BASE = '[^\\sa-z/@:_-]{1,32}';
const PAIR = new RegExp(`^(${BASE})(${SPOT_QUOTES.join('|')})$`, 'u');
const PERPETUAL = new RegExp(`^(${BASE})USD_PERP$`, 'u');
const OPTION = new RegExp(`^(${BASE})-(\\d{6})-(\\d{1,12}(?:\\.\\d{1,8})?)-([CP])$`, 'u');

/** Sizes of rows that were derived: fine enough for any price. */
const DERIVED: Sizes = { tickSize: '0.00001', stepSize: '0.001' };

type Form = (name: string) => SymbolRow[] | undefined;

const derivePair: Form = (name) => {
  const [, base, quote] = PAIR.exec(name) ?? [];
  if (base === undefined || quote === undefined) return undefined;
  return [spot(base, quote, DERIVED), ...(USDM_QUOTES.includes(quote) ? [usdm(base, quote, DERIVED)] : [])];
};

const derivePerpetual: Form = (name) => {
  const base = PERPETUAL.exec(name)?.[1];
  return base === undefined ? undefined : [coinm(base, 10, '0.00001')];
};

const deriveOption: Form = (name) => {
  const [, base, expiry, strike, letter] = OPTION.exec(name) ?? [];
  if (base === undefined || expiry === undefined || strike === undefined) return undefined;
  const row = option(base, expiry, strike, letter === 'C' ? 'C' : 'P', optionSizes[base] ?? DERIVED);
  return Number.isNaN(row.option?.expiryMs) ? undefined : [row];
};

const FORMS: readonly Form[] = [derivePair, derivePerpetual, deriveOption];

/**
 * The rows of configured names; all built-in ones when `names` is absent. A name that several products list, such as
 * BTCUSDT, gives a row of each. Throws `RangeError` naming the symbol that has no known form.
 */
export function symbolRowsOf(names?: readonly string[]): readonly SymbolRow[] {
  if (names === undefined) return SYMBOLS;
  return [...new Set(names)].flatMap((name) => {
    const known = SYMBOLS.filter((row) => row.symbol === name);
    if (known.length > 0) return known;
    for (const form of FORMS) {
      const rows = form(name);
      if (rows !== undefined) return rows;
    }
    throw new RangeError(
      `symbols: ${JSON.stringify(name)} is not a symbol; write <BASE><QUOTE> with a quote of ${SPOT_QUOTES.join(', ')} ` +
        '(BTCUSDT), <BASE>USD_PERP (BTCUSD_PERP) or <BASE>-<YYMMDD>-<STRIKE>-<C|P> (BTC-261225-70000-C), in upper case',
    );
  });
}

/** Decimals that a size or price is written with: `0.10` has 2. */
export function decimalsOf(size: string): number {
  const point = size.indexOf('.');
  return point < 0 ? 0 : size.length - point - 1;
}
