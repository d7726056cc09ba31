import { expect, test } from 'bun:test';
import { clockTime, countdown, duration, figure, instant, offset } from './format.ts';

const HOUR = 3_600_000;

test('instants are told in UTC, and what is none as the number it is', () => {
  expect(instant(1_782_864_000_007)).toBe('2026-07-01 00:00:00.007');
  expect(clockTime(1_782_864_000_007)).toBe('00:00:00.007');
  expect([instant(Number.NaN), instant(9e15)]).toEqual(['NaN', '9000000000000000']);
});

test.each([
  [0, '00:00'],
  [-5, '00:00'],
  [1, '00:01'],
  [HOUR - 1, '01:00:00'],
  [59 * 60_000, '59:00'],
  [24 * HOUR - 1000, '23:59:59'],
  [51 * HOUR, '2d 03:00:00'],
])('%d ms are counted down as %s', (ms, text) => {
  expect(countdown(ms)).toBe(text);
});

test.each([
  [0, '0s'],
  [59_999, '59s'],
  [61_000, '1m 1s'],
  [HOUR, '1h'],
  [25 * HOUR + 59_000, '1d 1h'],
])('%d ms last %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('an offset has its sign, and is rounded to seconds', () => {
  expect([offset(499), offset(3_659_700), offset(-2000)]).toEqual(['', '+1h 1m', '−2s']);
});

test('figures have three digits, and whole ones their thousands', () => {
  expect([0, 0.1234, 7.25, 99.96, 1240.4].map(figure)).toEqual(['0', '0.123', '7.25', '100', '1,240']);
});
