import { expect, test } from 'bun:test';
import { requestTarget } from './request-target.ts';

test.each([
  ['http://127.0.0.1:9010/fapi/v1/ping?x=1', '/fapi/v1/ping?x=1'],
  ['https://h/', '/'],
  ['http://h//evil/x', '//evil/x'],
  ['http://[/p', '/p'],
  ['http://h/a?b=http://c/d', '/a?b=http://c/d'],
  ['/fapi/v1/ping?x=http://h/y', '/fapi/v1/ping?x=http://h/y'],
  ['evil:443', '/'],
  ['', '/'],
])('%s asks for %s', (url, target) => {
  expect(requestTarget(url)).toBe(target);
});
