import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { pageOf } from './page.ts';

test('pages put together are the whole list in order', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(1000), { maxLength: 100 }), fc.integer({ min: 1, max: 9 }), (items, limit) => {
      const all: number[] = [];
      for (let more = true; more; ) {
        const page = pageOf(items, (item) => item, all.at(-1), limit);
        expect(page.rows.length).toBeLessThanOrEqual(limit);
        all.push(...page.rows);
        more = page.more;
      }
      expect(all).toEqual(items.sort((left, right) => left - right));
    }),
    { seed: 20_260_701, numRuns: 300 },
  );
});
