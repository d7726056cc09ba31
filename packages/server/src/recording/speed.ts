export const SPEED_FORM = 'expected 1x, 10x, 0.5x or max';

/** `10x`, or Infinity for `max`; undefined for anything else. */
export function parseSpeed(text: string): number | undefined {
  if (text === 'max') return Number.POSITIVE_INFINITY;
  const speed = /^\d{1,6}(\.\d{1,6})?x?$/.test(text) ? Number.parseFloat(text) : 0;
  return speed > 0 ? speed : undefined;
}
