import { expect, test } from 'bun:test';
import { readBunOutput, readNodeOutput, sum } from './test-output.mjs';

const BUN = `
packages/core/src/a.test.ts:
(pass) A > adds
error: expect(received).toBe(expected)
(fail) A > subtracts [0.26ms]

packages/core/src/b.test.ts:

# Unhandled error between tests
-------------------------------
error: Cannot find module './nope.ts'

packages/core/src/c.test.ts:
\u001b[32m(pass)\u001b[0m fine [0.01ms]

 2 pass
 1 skip
 2 fail
 1 error
Ran 5 tests across 3 files. [22.00ms]
`;

const TAP = `TAP version 13
# Subtest: keepalive
    # Subtest: inner
    ok 1 - inner
      ---
      location: '/clone/tests/compat/a.test.mjs:2:1'
      ...
    1..1
ok 1 - keepalive
not ok 2 - close
  ---
  location: '/clone/tests/compat/b.test.mjs:3:1'
  error: '1 == 2'
  ...
1..2
# tests 3
# pass 2
# fail 1
# cancelled 0
# skipped 0
# todo 0
`;

test('reads counts and failing files from what bun test prints', () => {
  expect(readBunOutput({ output: BUN, ok: false })).toEqual({
    passed: 2,
    failed: 2,
    skipped: 1,
    failing: ['packages/core/src/a.test.ts', 'packages/core/src/b.test.ts'],
  });
});

test('reads counts and failing files from TAP', () => {
  expect(readNodeOutput({ output: TAP, ok: false })).toEqual({
    passed: 2,
    failed: 1,
    skipped: 0,
    failing: ['/clone/tests/compat/b.test.mjs'],
  });
});

test('a run that ended badly without a counted failure counts as one failed', () => {
  expect(readBunOutput({ output: ' 2 pass\n 0 fail\n', ok: false }).failed).toBe(1);
  expect(readNodeOutput({ output: '', ok: false }).failed).toBe(1);
});

test('adds up both runners', () => {
  const one = { passed: 1, failed: 0, skipped: 2, failing: [] };
  const other = { passed: 3, failed: 1, skipped: 0, failing: ['a'] };
  expect(sum([one, other])).toEqual({ passed: 4, failed: 1, skipped: 2, failing: ['a'] });
});
