import { expect, test } from 'bun:test';
import { DEPTH_MAX, REDACTED, redacted } from './redaction.ts';

const LOOKS_LIKE_A_KEY = 'kEy0'.repeat(11);

test('what is named or looks like a secret is left out, and counted', () => {
  const event = { e: 'x', listenKey: 'short', o: { c: 'an-order', note: LOOKS_LIKE_A_KEY }, list: [{ apiKey: 1 }] };
  expect(redacted(event)).toEqual({
    value: { e: 'x', listenKey: REDACTED, o: { c: 'an-order', note: REDACTED }, list: [{ apiKey: REDACTED }] },
    count: 3,
  });
  expect(redacted(event, true)).toEqual({ value: event, count: 3 });
});

test('ids, decimals and sentences are none', () => {
  const event = {
    i: 9_223_372_036_854_775_807n,
    c: 'x-MY_STRATEGY-0123456789abcdef012345',
    p: '0.'.padEnd(60, '1'),
    s: null,
  };
  expect(redacted(event)).toEqual({ value: event, count: 0 });
});

test('nothing is walked deeper than any event goes', () => {
  let deep: unknown = 'bottom';
  for (let level = 0; level < 100_000; level++) deep = [deep];
  let { value } = redacted(deep);
  let levels = 0;
  while (Array.isArray(value)) {
    [value] = value;
    levels++;
  }
  expect([levels, value]).toEqual([DEPTH_MAX, '…']);
});
