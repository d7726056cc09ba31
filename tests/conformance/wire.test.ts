import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import type { Wire } from './wire.ts';
import { ACCEPTED, wireDrift, wireOfTables } from './wire.ts';

const accepted: Wire = JSON.parse(readFileSync(ACCEPTED, 'utf8'));

test('the tables say the wire that was accepted', () => {
  expect(wireDrift(accepted, wireOfTables())).toEqual([]);
});

test('a changed, a new and a lost field are told with the file to look at and the way to accept them', () => {
  const before = { 'usdm/TRADE_LITE': { e: 'str, always', q: 'dec, always', m: 'bool, always' } };
  const after = { 'usdm/TRADE_LITE': { e: 'str, always', q: 'dec, optional', zz: 'int, always' } };
  expect(wireDrift(before, after)).toEqual([
    'packages/protocol/src/events/TRADE_LITE.ts: usdm q was "dec, always", is "dec, optional"',
    'packages/protocol/src/events/TRADE_LITE.ts: usdm m was "bool, always", is "unknown"',
    'packages/protocol/src/events/TRADE_LITE.ts: usdm zz was "unknown", is "int, always"',
    'if this is meant: npx bun tests/conformance/wire.ts, and commit tests/conformance/wire.json',
  ]);
});

test('a new and a lost event are told', () => {
  const event = { 'coinm/TRADE_LITE': { e: 'str, always' } };
  expect(wireDrift({}, event)[0]).toContain('TRADE_LITE.ts: coinm e was "unknown"');
  expect(wireDrift(event, {})[0]).toContain('TRADE_LITE.ts: coinm e was "str, always", is "unknown"');
});
