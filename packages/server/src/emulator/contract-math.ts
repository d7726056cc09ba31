/** What a contract is worth, in its margin asset: linear ones pay in the quote asset, inverse ones in the base asset. */
import type { SymbolRow } from '@listenpost/protocol';
import { type Decimal, decimal, magnitude, over, times } from './decimal.ts';

export interface ContractMath {
  /** Worth of `qty` contracts at `price`. */
  value(row: SymbolRow, qty: Decimal, price: Decimal): Decimal;
  /** Of a signed `amount` held from `entry` to `price`; 0 for an amount of 0. */
  profit(row: SymbolRow, amount: Decimal, entry: Decimal, price: Decimal): Decimal;
  /** Entry price of two lots together. */
  average(qty: Decimal, entry: Decimal, more: Decimal, price: Decimal): Decimal;
  /** Where the signed `amount` covers `fees`; not for an amount of 0. */
  breakEven(row: SymbolRow, amount: Decimal, entry: Decimal, fees: Decimal): Decimal;
  /**
   * The price at which `wallet` plus the position's profit is `ratio` times the position's worth. Not above zero where
   * there is none.
   */
  marginPrice(row: SymbolRow, position: { amount: Decimal; entry: Decimal }, wallet: Decimal, ratio: Decimal): Decimal;
}

const size = (row: SymbolRow): Decimal => decimal(String(row.contractSize));

export const linear: ContractMath = {
  value: (row, qty, price) => times(times(qty, size(row)), price),
  profit: (row, amount, entry, price) => times(times(amount, size(row)), price - entry),
  average: (qty, entry, more, price) => over(times(qty, entry) + times(more, price), qty + more),
  breakEven: (row, amount, entry, fees) => entry + over(fees, times(amount, size(row))),
  marginPrice(row, { amount, entry }, wallet, ratio) {
    const units = times(amount, size(row));
    return over(times(units, entry) - wallet, units - times(magnitude(units), ratio));
  },
};

export const inverse: ContractMath = {
  value: (row, qty, price) => over(times(qty, size(row)), price),
  profit(row, amount, entry, price) {
    const worth = times(amount, size(row));
    return worth === 0n ? 0n : over(worth, entry) - over(worth, price);
  },
  average: (qty, entry, more, price) => over(qty + more, over(qty, entry) + over(more, price)),
  breakEven(row, amount, entry, fees) {
    const worth = times(amount, size(row));
    return over(worth, over(worth, entry) - fees);
  },
  marginPrice(row, { amount, entry }, wallet, ratio) {
    const worth = times(amount, size(row));
    const base = wallet + over(worth, entry);
    return base === 0n ? 0n : over(worth + times(magnitude(worth), ratio), base);
  },
};
