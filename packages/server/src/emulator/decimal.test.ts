import { expect, test } from 'bun:test';
import { decimal, fixed, over, powerOfTenUpTo, printed, rounded, times, toNumber } from './decimal.ts';

test('decimals add up exactly where binary fractions do not', () => {
  expect(fixed(decimal('0.1') + decimal('0.2'), 18)).toBe('0.300000000000000000');
});

test('products of two amounts of eight decimals are exact', () => {
  expect(fixed(times(decimal('0.00000001'), decimal('123456789.00000001')), 16)).toBe('1.2345678900000001');
});

test('halves are rounded away from zero, on both sides', () => {
  expect(['0.125', '-0.125', '0.124'].map((text) => fixed(rounded(decimal(text), 2), 2))).toEqual([
    '0.13',
    '-0.13',
    '0.12',
  ]);
  expect(fixed(over(decimal('2'), decimal('-3')), 4)).toBe('-0.6667');
});

test('fixed prints all decimals, printed a bare 0, and neither a minus zero', () => {
  expect([fixed(decimal('12'), 0), fixed(decimal('-0.5'), 3)]).toEqual(['12', '-0.500']);
  expect([printed(0n, 8), printed(decimal('-0.001'), 2), fixed(decimal('-0.001'), 2)]).toEqual(['0', '0', '0.00']);
});

test('what is no plain decimal is refused', () => {
  for (const text of ['', '.5', '1.', '1e3', '+1', '0x1', '1.1234567890123456789']) {
    expect(() => decimal(text)).toThrow(RangeError);
  }
});

test('powers of ten are found below and above one', () => {
  expect(['0.0166', '40', '1', '0.001'].map((text) => toNumber(powerOfTenUpTo(decimal(text))))).toEqual([
    0.01, 10, 1, 0.001,
  ]);
});
