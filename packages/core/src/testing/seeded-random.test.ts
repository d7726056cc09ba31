import { describe, expect, test } from 'bun:test';
import { seededRandom } from './seeded-random.ts';

function bump(counts: number[], index: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
}

describe('seededRandom', () => {
  test('the same seed gives the same bytes, another seed others', () => {
    expect(seededRandom(7).bytes(32)).toEqual(seededRandom(7).bytes(32));
    expect(seededRandom(7).bytes(32)).not.toEqual(seededRandom(8).bytes(32));
  });

  test('below is even over its range and never reaches the bound', () => {
    const random = seededRandom(1);
    const counts = new Array<number>(62).fill(0);
    for (let draw = 0; draw < 62_000; draw += 1) bump(counts, random.below(62));
    expect(counts).toHaveLength(62);
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(200);
  });

  test('pick refuses an empty list', () => {
    expect(() => seededRandom(1).pick([])).toThrow('the list is empty');
  });
});
