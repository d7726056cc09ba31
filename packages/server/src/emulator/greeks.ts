/** Greeks of a European option after Black and Scholes: without interest, at one volatility for all. */
import type { OptionTerms } from '@listenpost/protocol';

export interface Greeks {
  readonly delta: number;
  readonly gamma: number;
  /** A day. */
  readonly theta: number;
  /** A point of volatility. */
  readonly vega: number;
}

const VOLATILITY = 0.5;
const DAY_MS = 86_400_000;
const DAYS_A_YEAR = 365;

/** `index`: price of the underlying, above 0. `now`: Unix ms; an option at or past its expiry counts as a day from it. */
export function greeksOf({ strikePrice, expiryMs, side }: OptionTerms, index: number, now: number): Greeks {
  const years = Math.max(expiryMs - now, DAY_MS) / DAY_MS / DAYS_A_YEAR;
  const spread = VOLATILITY * Math.sqrt(years);
  const d1 = (Math.log(index / Number(strikePrice)) + (VOLATILITY ** 2 / 2) * years) / spread;
  const density = Math.exp(-(d1 ** 2) / 2) / Math.sqrt(2 * Math.PI);
  const call = cumulativeNormal(d1);
  return {
    delta: side === 'CALL' ? call : call - 1,
    gamma: density / (index * spread),
    theta: (-index * density * VOLATILITY) / (2 * Math.sqrt(years)) / DAYS_A_YEAR,
    vega: (index * density * Math.sqrt(years)) / 100,
  };
}

/** Abramowitz and Stegun 26.2.17: off by less than 10^-7. */
function cumulativeNormal(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return x > 0 ? 1 - tail : tail;
}
