import { describe, expect, test } from 'bun:test';
import { OptionsError } from '../errors.ts';
import { DOORS_CASES } from './doors.contract.ts';
import { nodeDoors } from './node.ts';

describe('doors of Node, on Bun', () => {
  for (const { name, run } of DOORS_CASES) test(name, () => run(nodeDoors()));
});

test('agent and proxy together are refused', async () => {
  const { Agent } = await import('node:http');
  expect(() => nodeDoors({ agent: new Agent(), proxy: 'http://127.0.0.1:1' })).toThrow(OptionsError);
});
