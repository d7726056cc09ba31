import { describe, expect, test } from 'bun:test';
import { parseDuration, parseSize } from './units.ts';

describe('parseDuration', () => {
  test.each([
    ['0s', 0],
    ['500ms', 500],
    ['90m', 5_400_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '7', '7 d', '-1s', '1e3s', '7D', '1h30m', 'd', '0.0001ms', '999999999999999d', '١s'])(
    'refuses %p',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe('parseSize', () => {
  test.each([
    ['4096', 4096],
    ['1GiB', 2 ** 30],
    ['1.5MiB', 1_572_864],
    ['10MB', 10_000_000],
    ['5B', 5],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', '1G', '1gib', '-1', '1.5', '1 GiB', '99999999999999TiB'])('refuses %p', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});
