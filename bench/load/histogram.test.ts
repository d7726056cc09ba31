import { describe, expect, test } from 'bun:test';
import { Histogram } from './histogram.ts';

describe('histogram', () => {
  test('small values are exact', () => {
    const histogram = new Histogram();
    for (let value = 0; value < 64; value++) histogram.record(value);
    expect(histogram.quantile(0)).toBe(0);
    expect(histogram.quantile(0.5)).toBe(32);
    expect(histogram.quantile(1)).toBe(63);
  });

  test('a quantile is within 1/32 of the sorted value at every size', () => {
    const histogram = new Histogram();
    const values: number[] = [];
    for (let index = 0; index < 5000; index++) {
      const value = Math.floor(1.0042 ** index);
      values.push(value);
      histogram.record(value);
    }
    for (const share of [0.01, 0.25, 0.5, 0.9, 0.99, 0.999]) {
      const exact = values[Math.floor(share * values.length)] ?? 0;
      expect(Math.abs(histogram.quantile(share) - exact)).toBeLessThanOrEqual(exact / 32 + 1);
    }
  });

  test('no quantile exceeds the largest value', () => {
    const histogram = new Histogram();
    histogram.record(1025);
    expect(histogram.quantile(0.999)).toBe(1025);
    expect(histogram.max).toBe(1025);
  });

  test('the largest values have a bucket', () => {
    const histogram = new Histogram();
    histogram.record(2 ** 31 - 1);
    expect(histogram.quantile(0.5)).toBeGreaterThan(2 ** 30);
  });

  test('an empty and a reset histogram say 0', () => {
    const histogram = new Histogram();
    expect(histogram.quantile(0.5)).toBe(0);
    histogram.record(7);
    histogram.reset();
    expect(histogram.quantile(0.5)).toBe(0);
    expect(histogram.count).toBe(0);
  });
});
