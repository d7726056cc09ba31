import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PRODUCTS, parseExact } from '@listenpost/protocol';
import { journalEvent, rowOf } from './journal-event.ts';

const FIXTURES = join(import.meta.dirname, '../../../../tests/conformance');

interface Fixture {
  readonly cases: readonly { readonly name: string; readonly event: Readonly<Record<string, unknown>> }[];
}

const events = Object.keys(PRODUCTS).flatMap((product) =>
  readdirSync(join(FIXTURES, product)).flatMap((file) => {
    const { cases } = parseExact(readFileSync(join(FIXTURES, product, file), 'utf8')) as Fixture;
    const scope = product === 'isolated' ? 'isolated:BTCUSDT' : product;
    return cases.map(({ name, event }) => ({
      what: `${product} ${file} ${name}`,
      told: journalEvent({ account: 'a', scope, position: 'e:1' }, event),
    }));
  }),
);

test('every event of every product is told in one line, and its row is found', () => {
  expect(events.length).toBeGreaterThan(60);
  for (const { what, told } of events) {
    expect([what, told.summary]).toEqual([what, expect.not.stringMatching(/undefined|NaN|\[object|\n/)]);
    expect([what, rowOf(told)?.name]).toEqual([what, told.type]);
  }
});

test.each([
  [
    {
      e: 'ORDER_TRADE_UPDATE',
      o: { s: 'BTCUSDT', S: 'BUY', q: '2', p: '9', l: '1', L: '8', x: 'TRADE', X: 'FILLED', rp: '0.5' },
    },
    'BUY 1 BTCUSDT @ 8 · TRADE → FILLED · profit 0.5',
  ],
  [
    { e: 'executionReport', s: 'BTCUSDT', S: 'SELL', q: '2', p: '9', l: '0', L: '0', x: 'NEW', X: 'NEW' },
    'SELL 2 BTCUSDT @ 9 · NEW',
  ],
  [
    {
      e: 'ACCOUNT_UPDATE',
      a: { m: 'ORDER', B: [{ a: 'USDT', wb: '7' }], P: [{ s: 'BTCUSDT', ps: 'LONG', pa: '0.1' }] },
    },
    'ORDER · USDT 7 · BTCUSDT LONG 0.1',
  ],
  [{ e: 'outboundAccountPosition', B: [{ a: 'BTC', f: '1', l: '0.5' }] }, 'BTC 1 (0.5 locked)'],
  [{ e: 'x', E: 1, deep: { er: [true, null] } }, 'deep.er[0] true  deep.er[1] null'],
  [{ e: 'x', o: { s: 1 }, listenKey: 'secret' }, 'o.s 1  listenKey [redacted]'],
])('%j', (event, summary) => {
  expect(journalEvent({ account: 'a', scope: 'usdm', position: 'e:1' }, event).summary).toBe(summary);
});
