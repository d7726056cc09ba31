import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { refusalOf, START } from '../testing/memory-doors.ts';
import { assertTimely, signedTime } from './timestamp.ts';
import { WireError } from './wire-error.ts';

/** The row that a request signed at `timestamp` is refused with when the clocks stand at `clocks`. */
const judge = (timestamp: string | number, recvWindow?: string, clocks: readonly number[] = [START]) =>
  refusalOf(() => assertTimely(clocks, signedTime(String(timestamp), recvWindow)));

describe('in milliseconds', () => {
  test('a timestamp may be less than a second ahead', () => {
    expect(judge(START)).toBeUndefined();
    expect(judge(START + 999)).toBeUndefined();
    expect(judge(START + 1000)).toBe('TIMESTAMP_AHEAD');
    expect(judge(START + 86_400_000)).toBe('TIMESTAMP_AHEAD');
  });

  test('it may be 5000 ms old, or as old as recvWindow says', () => {
    expect(judge(START - 5000)).toBeUndefined();
    expect(judge(START - 5001)).toBe('TIMESTAMP_OUTSIDE_RECV_WINDOW');
    expect(judge(START - 60_000, '60000')).toBeUndefined();
    expect(judge(START - 60_001, '60000')).toBe('TIMESTAMP_OUTSIDE_RECV_WINDOW');
    expect(judge(START, '0')).toBeUndefined();
    expect(judge(START - 1, '0')).toBe('TIMESTAMP_OUTSIDE_RECV_WINDOW');
  });

  test('a timestamp before 2017 is too old for any window', () => {
    expect(judge(1_483_228_799_999, '60000')).toBe('TIMESTAMP_OUTSIDE_RECV_WINDOW');
    expect(judge(0)).toBe('TIMESTAMP_OUTSIDE_RECV_WINDOW');
  });
});

describe('in microseconds', () => {
  const now = START * 1000;

  test('both edges are exact', () => {
    expect(judge(now + 999_999)).toBeUndefined();
    expect(judge(now + 1_000_000)).toBe('TIMESTAMP_AHEAD');
    expect(judge(now - 5_000_000)).toBeUndefined();
    expect(judge(now - 5_000_001)).toBe('TIMESTAMP_OUTSIDE_RECV_WINDOW');
  });

  test('recvWindow stays in milliseconds, with up to three decimals', () => {
    expect(judge(now - 250_125, '250.125')).toBeUndefined();
    expect(judge(now - 250_126, '250.125')).toBe('TIMESTAMP_OUTSIDE_RECV_WINDOW');
    expect(judge(now - 1, '0.001')).toBeUndefined();
    expect(judge(now - 2, '0.001')).toBe('TIMESTAMP_OUTSIDE_RECV_WINDOW');
  });

  test('they begin at 10^14', () => {
    expect(judge(99_999_999_999_999)).toBe('TIMESTAMP_AHEAD');
    expect(judge(100_000_000_000_000)).toBe('TIMESTAMP_OUTSIDE_RECV_WINDOW');
  });
});

test.each(['now', '1.5', '-1', '1e12', ' 1', '0x10', '9'.repeat(21)])('%p is no timestamp', (timestamp) => {
  expect(judge(timestamp)).toBe('MALFORMED_TIMESTAMP');
});

test('a timestamp may have 20 digits, and is then far ahead', () => {
  expect(judge('9'.repeat(20))).toBe('TIMESTAMP_AHEAD');
});

test.each([
  ['60000', undefined],
  ['60000.000', undefined],
  ['60000.001', 'RECV_WINDOW_TOO_LARGE'],
  ['60001', 'RECV_WINDOW_TOO_LARGE'],
  ['999999999', 'RECV_WINDOW_TOO_LARGE'],
  ['5000.0001', 'RECV_WINDOW_PRECISION'],
  ['60001.0001', 'RECV_WINDOW_PRECISION'],
  ['9'.repeat(20), 'RECV_WINDOW_TOO_LARGE'],
  ['9'.repeat(21), 'MALFORMED_RECV_WINDOW'],
  ['-1', 'MALFORMED_RECV_WINDOW'],
  ['5000.', 'MALFORMED_RECV_WINDOW'],
  ['.5', 'MALFORMED_RECV_WINDOW'],
  ['5e3', 'MALFORMED_RECV_WINDOW'],
  ['abc', 'MALFORMED_RECV_WINDOW'],
] as const)('recvWindow %p: %p', (recvWindow, row) => {
  expect(judge(START, recvWindow)).toBe(row);
});

describe('with two clocks', () => {
  const clocks = [START, START + 3_600_000];

  test('fitting one of them is enough', () => {
    expect(judge(START, '5000', clocks)).toBeUndefined();
    expect(judge(START + 3_600_000, '5000', clocks)).toBeUndefined();
  });

  test('a timestamp is ahead only when it is ahead of both', () => {
    expect(judge(START + 1_800_000, '5000', clocks)).toBe('TIMESTAMP_OUTSIDE_RECV_WINDOW');
    expect(judge(START + 3_601_000, '5000', clocks)).toBe('TIMESTAMP_AHEAD');
  });
});

test('any two texts are read or refused by a row', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.option(fc.string({ unit: 'binary' }), { nil: undefined }), (a, b) => {
      try {
        signedTime(a, b);
      } catch (cause) {
        expect(cause).toBeInstanceOf(WireError);
      }
    }),
    { seed: 20260701, numRuns: 1_000 },
  );
});
