/** Decimals as SBE carries them: mantissa × 10^exponent, where several mantissas may share one exponent. */

/** mantissa × 10^-decimals. The mantissa is a bigint only where a number would lose digits. */
export interface Decimal {
  readonly mantissa: number | bigint;
  readonly decimals: number;
}

const DIGIT_0 = 48;
const DIGIT_9 = 57;
const POINT = 46;
const MINUS = 45;

/** The longest run of digits that a number always holds. */
const SAFE_DIGITS = 15;

/** No decimal of an account comes near it, and BigInt arithmetic on more would be a way to keep the encoder busy. */
const DECIMAL_LENGTH_MAX = 256;

/** Undefined for a text that is no decimal, or longer than 256 characters. */
export function parseDecimal(text: string): Decimal | undefined {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  const last = text.length - 1;
  if (last - start > SAFE_DIGITS) return parseLong(text);
  let mantissa = 0;
  let point = -1;
  for (let at = start; at <= last; at++) {
    const char = text.charCodeAt(at);
    if (char >= DIGIT_0 && char <= DIGIT_9) mantissa = mantissa * 10 + (char - DIGIT_0);
    else if (char === POINT && point === -1 && at > start) point = at;
    else return parseLong(text);
  }
  if (last < start || (point === -1 && last - start === SAFE_DIGITS)) return parseLong(text);
  return { mantissa: start === 1 ? -mantissa : mantissa, decimals: point === -1 ? 0 : last - point };
}

const DECIMAL = /^([-+]?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d{1,3}))?$/;

/** Every spelling that JSON producers use: a leading plus, a bare point, an exponent. */
function parseLong(text: string): Decimal | undefined {
  if (text.length > DECIMAL_LENGTH_MAX) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  const digits = whole + fraction;
  if (digits === '') return undefined;
  const mantissa = sign === '-' ? -BigInt(digits) : BigInt(digits);
  return { mantissa: narrow(mantissa), decimals: fraction.length - Number(exponent) };
}

/** A number where it holds the integer exactly. */
export function narrow(integer: bigint): number | bigint {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}

/** -2^63 is the null of int64, so that the range is symmetric. */
const INT64_MAX = 2n ** 63n - 1n;

function fitsInt64(mantissa: number | bigint): boolean {
  return typeof mantissa === 'number' || (mantissa <= INT64_MAX && mantissa >= -INT64_MAX);
}

export interface SharedExponent {
  readonly exponent: number;
  /** In the order of the values; null for those that are not there. */
  readonly mantissas: readonly (number | bigint | null)[];
}

/**
 * Values under one exponent, which takes the most decimals among them. Where a mantissa would leave int64, trailing zeros
 * are dropped first, which changes no value. Undefined where even then one does not fit.
 */
export function shareExponent(values: readonly (Decimal | null)[]): SharedExponent | undefined {
  let most = 0;
  for (const value of values) if (value !== null && value.decimals > most) most = value.decimals;
  return underExponent(values, most) ?? underExponent(values, fewestDecimals(values));
}

/** int8 without its null, -128, and symmetric. */
const EXPONENT_MAX = 127;

function underExponent(values: readonly (Decimal | null)[], decimals: number): SharedExponent | undefined {
  if (decimals > EXPONENT_MAX) return undefined;
  const mantissas: (number | bigint | null)[] = [];
  for (const value of values) {
    const mantissa = value === null ? null : rescale(value, decimals);
    if (mantissa !== null && !fitsInt64(mantissa)) return undefined;
    mantissas.push(mantissa);
  }
  return { exponent: 0 - decimals, mantissas };
}

function fewestDecimals(values: readonly (Decimal | null)[]): number {
  return values.reduce(
    (most, value) => Math.max(most, value === null ? -EXPONENT_MAX : trimmedDecimals(value)),
    -EXPONENT_MAX,
  );
}

function trimmedDecimals({ mantissa, decimals }: Decimal): number {
  let left = BigInt(mantissa);
  if (left === 0n) return -EXPONENT_MAX;
  let trimmed = decimals;
  for (; left % 10n === 0n; left /= 10n) trimmed--;
  return trimmed;
}

/** The mantissa of the same value with another number of decimals; no fewer than the value needs. */
function rescale({ mantissa, decimals }: Decimal, wanted: number): number | bigint {
  const shift = wanted - decimals;
  if (shift === 0 || mantissa === 0) return mantissa;
  if (typeof mantissa === 'number' && shift > 0) {
    const product = mantissa * 10 ** shift;
    if (Number.isSafeInteger(product)) return product;
  }
  if (shift < 0) return narrow(BigInt(mantissa) / 10n ** BigInt(-shift));
  return narrow(BigInt(mantissa) * 10n ** BigInt(shift));
}

/** As JSON writes it: -exponent decimals, plain digits (spot-margin §7.1). */
export function decimalText(mantissa: number | bigint, exponent: number): string {
  const negative = mantissa < 0;
  const digits = String(negative ? -mantissa : mantissa);
  const sign = negative ? '-' : '';
  if (exponent >= 0) return digits === '0' ? '0' : sign + digits + '0'.repeat(exponent);
  const padded = digits.padStart(1 - exponent, '0');
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}
