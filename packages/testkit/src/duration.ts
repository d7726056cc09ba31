const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `61m`, `1d12h`, `90s`. @throws TypeError */
export function durationMs(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) {
    throw new TypeError(`"${text}" is no duration; one looks like "61m" or "1d12h"`);
  }
  let ms = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g)) {
    ms += Number(number) * (UNITS_MS[unit ?? ''] ?? 0);
  }
  return ms;
}
