import { describe, test } from 'bun:test';
import { DOORS_CASES } from './doors.contract.ts';
import { nodeDoors } from './node.ts';
import { PROXY_CASES } from './proxy.contract.ts';

describe('doors of Node, on Bun', () => {
  for (const { name, run } of DOORS_CASES) test(name, () => run(nodeDoors()));
});

describe('agents and proxies, on Bun', () => {
  for (const { name, run } of PROXY_CASES) test(name, run);
});
