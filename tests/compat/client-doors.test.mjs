/** The SDK's doors on Node: the contract that Bun's and browsers' keep too (packages/client/src/doors/doors.contract.ts). */
import { describe, test } from 'node:test';
import { load } from './bundle.mjs';

const { DOORS_CASES } = await load('packages/client/src/doors/doors.contract.ts');
const { PROXY_CASES } = await load('packages/client/src/doors/proxy.contract.ts');
const { nodeDoors } = await load('packages/client/src/doors/node.ts');

describe('doors of Node', () => {
  for (const { name, run } of DOORS_CASES) test(name, () => run(nodeDoors()));
});

describe('agents and proxies', () => {
  for (const { name, run } of PROXY_CASES) test(name, run);
});
