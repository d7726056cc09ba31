import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Decimal } from './decimal.ts';
import { decimalText, parseDecimal, shareExponent } from './decimal.ts';

test('every spelling of a decimal', () => {
  const SPELLINGS: Readonly<Record<string, Decimal>> = {
    '0': { mantissa: 0, decimals: 0 },
    '1.50': { mantissa: 150, decimals: 2 },
    '-0.10000000': { mantissa: -10_000_000, decimals: 8 },
    '5.': { mantissa: 5, decimals: 0 },
    '.5': { mantissa: 5, decimals: 1 },
    '+1.5': { mantissa: 15, decimals: 1 },
    '1e3': { mantissa: 1, decimals: -3 },
    '1.25E-3': { mantissa: 125, decimals: 5 },
    '123456789012345': { mantissa: 123_456_789_012_345, decimals: 0 },
    '9007199254740993': { mantissa: 9_007_199_254_740_993n, decimals: 0 },
    '90071992547.40993000': { mantissa: 9_007_199_254_740_993_000n, decimals: 8 },
  };
  for (const [text, decimal] of Object.entries(SPELLINGS)) expect([text, parseDecimal(text)]).toEqual([text, decimal]);
});

test('what is no decimal', () => {
  for (const text of [
    '',
    '-',
    '.',
    '1.2.3',
    'e5',
    '1e',
    '0x10',
    ' 1',
    '1_000',
    'NaN',
    'Infinity',
    '--1',
    '1e9999',
    '1'.repeat(257),
  ]) {
    expect([text, parseDecimal(text)]).toEqual([text, undefined]);
  }
});

describe('a shared exponent', () => {
  const share = (...texts: (string | null)[]) =>
    shareExponent(texts.map((text) => (text === null ? null : (parseDecimal(text) ?? null))));

  test('takes the most decimals; what is not there has no say', () => {
    expect(share('1.5', '0.250', '7', null)).toEqual({ exponent: -3, mantissas: [1500, 250, 7000, null] });
    expect(share(null)).toEqual({ exponent: 0, mantissas: [null] });
    expect(share('1e3')).toEqual({ exponent: 0, mantissas: [1000] });
  });

  test('drops zeros where int64 would be left, even beyond the point', () => {
    expect(share('123456789012.10000000', '0.00000000')).toEqual({ exponent: -1, mantissas: [1_234_567_890_121, 0] });
    expect(share('1e30', '0')).toEqual({ exponent: 30, mantissas: [1, 0] });
  });

  test('fits to the last digit', () => {
    expect(share('92233720368.54775807')).toEqual({ exponent: -8, mantissas: [2n ** 63n - 1n] });
    expect(share('92233720368.54775808')).toBeUndefined();
    expect(share('-92233720368.54775808')).toBeUndefined();
    expect(share('92233720368547758.07', '0.001')).toBeUndefined();
  });

  test('whose exponent would not fit int8', () => {
    expect(share('1e-128')).toBeUndefined();
    expect(share('1e128')).toEqual({ exponent: 127, mantissas: [10] });
    expect(share('1e146')).toBeUndefined();
    expect(share('1e-127')).toEqual({ exponent: -127, mantissas: [1] });
  });
});

describe('as text', () => {
  test('has as many decimals as the exponent says', () => {
    const cases: readonly [number | bigint, number, string][] = [
      [150_000_000, -8, '1.50000000'],
      [-1, -8, '-0.00000001'],
      [0, -8, '0.00000000'],
      [7, 0, '7'],
      [7, 2, '700'],
      [0, 5, '0'],
      [-(2n ** 63n) + 1n, -2, '-92233720368547758.07'],
    ];
    for (const [mantissa, exponent, text] of cases) expect(decimalText(mantissa, exponent)).toBe(text);
  });

  test('is read back as it was', () => {
    const mantissas = fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(mantissas, fc.integer({ min: 0, max: 30 }), (mantissa, decimals) => {
        const decimal = parseDecimal(decimalText(mantissa, -decimals));
        expect([BigInt(decimal?.mantissa ?? 0), decimal?.decimals]).toEqual([mantissa, decimals]);
      }),
      { seed: 8 },
    );
  });
});
