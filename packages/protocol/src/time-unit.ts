/**
 * The unit of times in the JSON of one connection (spot-margin §1.2). SBE is in microseconds always, and `recvWindow` in
 * milliseconds always.
 */
export type TimeUnit = 'MILLISECOND' | 'MICROSECOND';

/** The spellings of the URL; no other is taken. */
const SPELLINGS: ReadonlyMap<string, TimeUnit> = new Map([
  ['MILLISECOND', 'MILLISECOND'],
  ['millisecond', 'MILLISECOND'],
  ['MICROSECOND', 'MICROSECOND'],
  ['microsecond', 'MICROSECOND'],
]);

/** Undefined for any other spelling. */
export const timeUnitOf = (text: string): TimeUnit | undefined => SPELLINGS.get(text);

/** An instant of the clock, which counts whole milliseconds, as the connection reads it. */
export const instantIn = (unit: TimeUnit, ms: number): number => (unit === 'MICROSECOND' ? ms * 1000 : ms);
