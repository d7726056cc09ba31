import { expect, test } from 'bun:test';
import { nearestName, suggestion } from './nearest.ts';

const names = ['host', 'port', 'apiKeys', 'ipAllowList'];

test.each([
  ['hots', 'host'],
  ['apikeys', 'apiKeys'],
  ['ipAllowlist', 'ipAllowList'],
  ['apiKey', 'apiKeys'],
])('%s was meant as %s', (given, meant) => {
  expect(nearestName(given, names)).toBe(meant);
});

test('another word is near nothing', () => {
  expect(nearestName('colour', names)).toBeUndefined();
  expect(nearestName('x'.repeat(10_000), names)).toBeUndefined();
  expect(suggestion('colour', names)).toBe('');
  expect(suggestion('Port', names)).toBe('; did you mean "port"?');
});
