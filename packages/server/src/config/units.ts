/** Durations and sizes as people write them in the config file. */

const DURATION_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_BYTES = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;

export const DURATION_FORM = 'a duration such as "500ms", "30s", "90m", "24h" or "7d"';
export const SIZE_FORM = 'a size such as "64MiB", "1GiB" or a number of bytes';

/** Milliseconds, whole; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  return product(/^(\d{1,15}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(text), DURATION_MS);
}

/** Bytes, whole; undefined when the text is no size. A bare number counts bytes. */
export function parseSize(text: string): number | undefined {
  return product(/^(\d{1,15}(?:\.\d{1,6})?)(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)$/.exec(`${text}${bare(text)}`), SIZE_BYTES);
}

const bare = (text: string) => (/^\d+$/.test(text) ? 'B' : '');

function product(match: RegExpExecArray | null, factors: Readonly<Record<string, number>>): number | undefined {
  const [, amount, unit] = match ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  const value = Number(amount) * (factors[unit] ?? Number.NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}
