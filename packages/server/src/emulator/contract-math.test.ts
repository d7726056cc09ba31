import { expect, test } from 'bun:test';
import { symbolRowsOf } from '@listenpost/protocol';
import { type ContractMath, inverse, linear } from './contract-math.ts';
import { type Decimal, decimal, fixed, magnitude, over, times } from './decimal.ts';
import { bookFill, emptyLedger, positionOf } from './ledger.ts';

const row = (product: string, symbol: string) => {
  const found = symbolRowsOf([symbol]).find((candidate) => candidate.product === product);
  if (found === undefined) throw new Error(`no ${symbol}`);
  return found;
};
const um = row('usdm', 'BTCUSDT');
const cm = row('coinm', 'BTCUSD_PERP');
const print = (value: Decimal): string => fixed(value, 8);

test('a linear long gains in the quote asset', () => {
  expect(print(linear.profit(um, decimal('0.5'), decimal('60000'), decimal('61000')))).toBe('500.00000000');
  expect(print(linear.average(decimal('1'), decimal('10'), decimal('3'), decimal('20')))).toBe('17.50000000');
});

test('an inverse long gains in the base asset, and its average is harmonic', () => {
  expect(print(inverse.profit(cm, decimal('100'), decimal('50000'), decimal('62500')))).toBe('0.04000000');
  expect(print(inverse.average(decimal('1'), decimal('50000'), decimal('1'), decimal('62500')))).toBe('55555.55555556');
});

const cases: readonly [string, ContractMath, typeof um, string, string, string][] = [
  ['linear long', linear, um, '8', '60000', '100000'],
  ['linear short', linear, um, '-8', '60000', '100000'],
  ['inverse long', inverse, cm, '3000', '60000', '1'],
  ['inverse short', inverse, cm, '-3000', '60000', '1'],
];

test.each(cases)(
  '%s: at the margin price the balance left is the ratio of the worth',
  (_name, math, symbol, amountText, entryText, walletText) => {
    const [amount, entry, wallet] = [decimal(amountText), decimal(entryText), decimal(walletText)];
    const price = math.marginPrice(symbol, { amount, entry }, wallet, decimal('0.005'));
    const left = wallet + math.profit(symbol, amount, entry, price);
    const worth = math.value(symbol, magnitude(amount), price);
    expect(magnitude(left - times(worth, decimal('0.005'))) < decimal('0.00000001')).toBe(true);
  },
);

test.each(cases)(
  '%s: at the break-even price the profit covers the fees',
  (_name, math, symbol, amountText, entryText) => {
    const [amount, entry, fees] = [decimal(amountText), decimal(entryText), over(decimal('1'), decimal('100'))];
    const profit = math.profit(symbol, amount, entry, math.breakEven(symbol, amount, entry, fees));
    expect(magnitude(profit - fees) < decimal('0.00000001')).toBe(true);
  },
);

test('a fill against the position closes it first and opens the rest at its own price', () => {
  const position = positionOf(emptyLedger(), um.symbol);
  const fill = (signed: string, price: string): string =>
    print(bookFill(position, um, linear, { signed: decimal(signed), price: decimal(price), fee: decimal('0') }));
  expect([fill('1', '100'), fill('1', '110'), fill('-1', '120'), fill('-3', '130')]).toEqual([
    '0.00000000',
    '0.00000000',
    '15.00000000',
    '25.00000000',
  ]);
  expect([position.amount, position.entry, position.realised].map(print)).toEqual([
    '-2.00000000',
    '130.00000000',
    '40.00000000',
  ]);
});
