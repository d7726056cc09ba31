/** Where prices and balances start when a trigger names none. No market is behind them. */
import type { SymbolRow } from '@listenpost/protocol';
import { decimalsOf } from '@listenpost/protocol';
import { type Decimal, decimal, over, powerOfTenUpTo, times } from './decimal.ts';

/** Worth in USD. Assets that are not listed are worth 1. */
const WORTH_USD: Readonly<Record<string, string>> = {
  BTC: '60000',
  ETH: '2500',
  BNB: '600',
  SOL: '150',
  XRP: '2',
  DOGE: '0.2',
  EUR: '1.1',
  TRY: '0.03',
  BRL: '0.2',
  JPY: '0.0065',
  币安人生: '0.1',
};

export const worthUsd = (asset: string): Decimal => decimal(WORTH_USD[asset] ?? '1');

/** Whether the asset is worth its face: collateral at its full value. */
export const isStable = (asset: string): boolean => !Object.hasOwn(WORTH_USD, asset);

/** An option's premium, as a share of the underlying. */
const PREMIUM = decimal('0.02');

/** A price of the symbol, on its tick. */
export function startingPrice(row: SymbolRow): Decimal {
  const pair = over(worthUsd(row.baseAsset), worthUsd(row.quoteAsset));
  const price = onStep(row.option === undefined ? pair : times(pair, PREMIUM), row.tickSize);
  return price > 0n ? price : decimal(row.tickSize);
}

/** The largest multiple of `step` that is not above `value`. */
export function onStep(value: Decimal, step: string): Decimal {
  const unit = decimal(step);
  return value - (value % unit);
}

/** A round amount of what costs `price` each, worth at most `worth` and at least one step. */
export function roundAmount(worth: Decimal, price: Decimal, step: string): Decimal {
  const amount = onStep(powerOfTenUpTo(over(worth, price)), step);
  return amount > 0n ? amount : decimal(step);
}

export const priceDigits = (row: SymbolRow): number => decimalsOf(row.tickSize);
export const qtyDigits = (row: SymbolRow): number => decimalsOf(row.stepSize);
