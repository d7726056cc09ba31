import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Gap, WireEvent } from '@listenpost/client';
import { clockTime, eventLine, gapLine } from './event-line.ts';
import { painted } from './spans.ts';

const FIXTURES = resolve(import.meta.dirname, '../../../../../tests/conformance');
const NOW = new Date(2026, 10, 26, 12, 3, 4, 125).getTime();

function lineOf(event: WireEvent, scope = 'usdm'): string {
  return painted(eventLine({ E: NOW - 1, ...event }, { scope, position: undefined, receivedAt: NOW }, 'usdm'), false);
}

describe('a line of an event', () => {
  test('has its time, its name and what a trader looks for', () => {
    const o = { s: 'BTCUSDT', S: 'BUY', o: 'LIMIT', q: '0.010', p: '60000.00', X: 'FILLED', l: '0.010', L: '59999.90' };
    const more = { z: '0.010', rp: '-1.50', n: '0.12', N: 'USDT', i: 8389765598374649999n };
    expect(lineOf({ e: 'ORDER_TRADE_UPDATE', o: { ...o, ...more } })).toBe(
      '12:03:04.124  ORDER_TRADE_UPDATE BTCUSDT   BUY  LIMIT 0.010 @60000.00 FILLED last 0.010 @59999.90 filled 0.010 pnl -1.50 fee 0.12 USDT #8389765598374649999',
    );
  });

  test('leaves out what is nothing, and what the event does not have', () => {
    const o = { s: 'BTCUSDT', S: 'SELL', o: 'MARKET', q: '1', p: '0', X: 'NEW', l: '0.000', L: '0', rp: '0', i: 7 };
    expect(lineOf({ e: 'ORDER_TRADE_UPDATE', o })).toEndWith('BTCUSDT   SELL MARKET 1 NEW #7');
  });

  test('lists the balances and positions that changed', () => {
    const a = {
      m: 'ORDER',
      B: [{ a: 'USDT', wb: '99.5', cw: '99.5', bc: '-0.5' }],
      P: [{ s: 'BTCUSDT', ps: 'LONG', pa: '0.010', ep: '60000', up: '0' }],
    };
    expect(lineOf({ e: 'ACCOUNT_UPDATE', a })).toEndWith('ORDER USDT 99.5 -0.5 BTCUSDT LONG 0.010 @60000');
  });

  test('names the stream where it is another than the product’s own', () => {
    expect(lineOf({ e: 'balanceUpdate', a: 'USDT', d: '1' }, 'isolated:BTCUSDT')).toContain('isolated:BTCUSDT USDT 1');
  });

  test('is the event itself where nobody knows its fields', () => {
    expect(lineOf({ e: 'novelty', i: 9007199254740993n, d: '1.50' })).toEndWith(
      ` {"E":${NOW - 1},"i":9007199254740993,"d":"1.50"}`,
    );
  });

  test('moves no cursor and begins no line, whatever the venue sends', () => {
    const line = lineOf({ e: 'a\u001b[2J', s: 'x\n\u202e' });
    expect(line).toMatch(/^[^\u0000-\u001f\u202e]+$/);
    expect(lineOf({ e: 'balanceUpdate', a: '\u001b[2JUSDT', d: '1' })).toContain('\\u{1b}[2JUSDT 1');
  });

  const fixtures = readdirSync(FIXTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'source-documents')
    .flatMap(({ name: product }) => readdirSync(join(FIXTURES, product)).map((file) => [product, file] as const));

  test.each(fixtures)('says something of every case of %s/%s', (product, file) => {
    const { cases } = JSON.parse(readFileSync(join(FIXTURES, product, file), 'utf8')) as {
      cases: { event: WireEvent }[];
    };
    expect(cases.length).toBeGreaterThan(0);
    for (const { event } of cases) {
      const line = painted(eventLine(event, { scope: product, position: undefined, receivedAt: NOW }, product), false);
      expect(line).toMatch(new RegExp(`  ${event.e} *\\S+`));
      expect(line).not.toContain('undefined');
      expect(line).not.toContain('[object');
    }
  });
});

test('a gap tells its interval in time and in positions', () => {
  const gap: Gap = {
    e: 'gap',
    scope: 'usdm',
    from: NOW - 3000,
    to: NOW - 500,
    silentSince: NOW - 3000,
    missed: { from: 'e:41', to: 'e:44' },
    reason: 'closed by the venue (1006)',
  };
  expect(painted(gapLine(gap, NOW, 'usdm'), false)).toBe(
    '12:03:04.125  GAP                events may be missing from 12:03:01.125 to 12:03:03.625 (2.5 s), positions e:41 to e:44: closed by the venue (1006)',
  );
});

test('a time of another day has its day', () => {
  expect(clockTime(NOW - 86_400_000, NOW)).toBe('2026-11-25 12:03:04.125');
});
