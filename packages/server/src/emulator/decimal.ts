/**
 * Exact decimals: a bigint that counts units of 10^-18. Sums, differences and comparisons are the bigint's own; only
 * what needs the scale is here. Eighteen decimals hold the product of two amounts of eight decimals without rounding.
 */
export type Decimal = bigint;

const DECIMALS = 18;
const ONE: Decimal = 10n ** BigInt(DECIMALS);

/** @throws RangeError when `text` is no plain decimal of at most 18 decimals. */
export function decimal(text: string): Decimal {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,18}))?$/.exec(text) ?? [];
  if (whole === undefined) throw new RangeError(`${JSON.stringify(text)} is not a decimal`);
  const size = BigInt(whole) * ONE + BigInt(fraction.padEnd(DECIMALS, '0'));
  return sign === '-' ? -size : size;
}

export const sum = (values: readonly Decimal[]): Decimal => values.reduce((left, right) => left + right, 0n);

export const magnitude = (value: Decimal): Decimal => (value < 0n ? -value : value);

export const times = (left: Decimal, right: Decimal): Decimal => quotient(left * right, ONE);

/** `divisor` is not zero. */
export const over = (dividend: Decimal, divisor: Decimal): Decimal => quotient(dividend * ONE, divisor);

/** Halves go away from zero. */
export function rounded(value: Decimal, digits: number): Decimal {
  const unit = 10n ** BigInt(DECIMALS - digits);
  return quotient(value, unit) * unit;
}

function quotient(dividend: bigint, divisor: bigint): bigint {
  const negative = dividend < 0n !== divisor < 0n;
  const size = magnitude(divisor);
  const whole = (2n * magnitude(dividend) + size) / (2n * size);
  return negative ? -whole : whole;
}

/** With exactly `digits` decimals: `1.50000000`. */
export function fixed(value: Decimal, digits: number): string {
  const text = (magnitude(rounded(value, digits)) / 10n ** BigInt(DECIMALS - digits))
    .toString()
    .padStart(digits + 1, '0');
  const point = text.length - digits;
  const size = digits === 0 ? text : `${text.slice(0, point)}.${text.slice(point)}`;
  return value < 0n && /[1-9]/.test(size) ? `-${size}` : size;
}

/** As the futures print it: a bare `0`, anything else with `digits` decimals. */
export function printed(value: Decimal, digits: number): string {
  const text = fixed(value, digits);
  return /[1-9]/.test(text) ? text : '0';
}

/** The largest power of ten that is not above `value`; `value` is positive. */
export function powerOfTenUpTo(value: Decimal): Decimal {
  return 10n ** BigInt(value.toString().length - 1);
}

export const toNumber = (value: Decimal): number => Number(fixed(value, DECIMALS));
