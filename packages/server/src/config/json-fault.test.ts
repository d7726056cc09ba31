import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { jsonFault } from './json-fault.ts';

test.each([
  ['{\n  "a": 1,\n}', 'line 3, column 1: expected a name in double quotes'],
  ['{"a" 1}', 'line 1, column 6: expected ":"'],
  ['{"a": 1 "b": 2}', 'line 1, column 9: expected a comma or the closing bracket'],
  ["{'a': 1}", 'line 1, column 2: expected a name in double quotes or "}"'],
  ['[1, 2', 'line 1, column 6: expected a comma or the closing bracket'],
  ['[1,]', 'line 1, column 4: expected a value'],
  ['{"a": [1}', 'line 1, column 9: expected a comma or the closing bracket'],
  ['{} {}', 'line 1, column 4: expected nothing more'],
  ['', 'line 1, column 1: expected a value'],
  ['{"a": 01}', 'line 1, column 7: expected a value'],
  ['{"a": "x\ny"}', 'line 1, column 7: expected a value'],
  ['// comment\n{}', 'line 1, column 1: expected a value'],
])('%p', (text, fault) => {
  expect(jsonFault(text)).toBe(fault);
});

test('comes to an end on any text and points into it', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.string({ maxLength: 3 }), (json, at, inserted) => {
      const cut = at % (json.length + 1);
      expect(jsonFault(json.slice(0, cut) + inserted + json.slice(cut))).toMatch(/^line \d+, column \d+: expected /);
    }),
    { seed: 1, numRuns: 300 },
  );
});
