import { describe, expect, test } from 'bun:test';
import { ENDPOINTS } from './endpoints.ts';
import { WS_APIS } from './methods.ts';
import type { ProductId } from './products.ts';
import { type AsOf, parseAsOf, printedAsOf, type Rules, rulesAsOf } from './rules.ts';
import { STREAM_BASES } from './stream-paths.ts';

const at = (instant: string): number => Date.parse(instant);
/** The rules of the last millisecond before the instant, and those of the instant. */
const around = (instant: string): readonly [before: Rules, from: Rules] => [
  rulesAsOf(at(instant) - 1),
  rulesAsOf(at(instant)),
];

const RETIRED_PATHS = ['/api/v3/userDataStream', '/sapi/v1/userDataStream', '/sapi/v1/userDataStream/isolated'];

describe('2026-02-20 07:00 UTC, the listenKeys of Spot and margin', () => {
  const [before, from] = around('2026-02-20T07:00:00Z');

  test.each(RETIRED_PATHS)('%s is there, then gone', (path) => {
    expect([...(before.endpoints.get(path)?.keys() ?? [])].sort()).toEqual(['DELETE', 'POST', 'PUT']);
    expect(before.gonePaths.has(path)).toBe(false);
    expect(from.endpoints.has(path)).toBe(false);
    expect(from.gonePaths.has(path)).toBe(true);
  });

  test('what each verb weighed, in which pool', () => {
    const weights = RETIRED_PATHS.map((path) =>
      ['POST', 'PUT', 'DELETE'].map((verb) => {
        const row = before.endpoints.get(path)?.get(verb);
        return `${row?.pool} ${row?.weight}`;
      }),
    );
    expect(weights).toEqual([
      ['spot 2', 'spot 2', 'spot 2'],
      ['sapiUid 1', 'sapiUid 1', 'sapiUid 3000'],
      ['sapiUid 1', 'sapiUid 1', 'sapiUid 3000'],
    ]);
  });

  test('the methods of the Spot WebSocket API go, those of the futures stay', () => {
    for (const name of ['userDataStream.start', 'userDataStream.ping', 'userDataStream.stop']) {
      expect(before.methods.get('/ws-api/v3')?.get(name)?.weight).toBe(2);
      expect(from.methods.get('/ws-api/v3')?.has(name)).toBe(false);
      expect(from.methods.get('/ws-fapi/v1')?.get(name)?.weight).toBe(1);
    }
  });

  test('nothing else changes', () => {
    const others = (rules: Rules) => [...rules.endpoints.keys()].filter((path) => !RETIRED_PATHS.includes(path));
    expect(others(before)).toEqual(others(from));
    expect(before.reads).toEqual(from.reads);
    expect(before.listenKeys).toEqual(from.listenKeys);
  });
});

describe('2026-04-23, the unrouted paths', () => {
  const [before, from] = around('2026-04-23T00:00:00Z');
  const legacyOf = (rules: Rules, base: string, product: ProductId) => rules.reads.get(base)?.get(product)?.legacy;

  test.each(['usdm', 'options'] as const)('%s: delivers, then does what legacyPaths says', (product) => {
    expect([legacyOf(before, '', product), legacyOf(from, '', product)]).toEqual([false, true]);
    expect([legacyOf(before, '/private', product), legacyOf(from, '/private', product)]).toEqual([false, false]);
  });

  test.each(['coinm', 'risk', 'spot', 'margin', 'isolated'] as const)('%s is not touched', (product) => {
    expect([legacyOf(before, '', product), legacyOf(from, '', product)]).toEqual([false, false]);
  });
});

describe('answers of listenKey calls', () => {
  test('options: `expiration` comes with December 2025', () => {
    const [before, from] = around('2025-12-01T00:00:00Z');
    expect(before.listenKeys.get('options')?.startResult).toEqual(['listenKey']);
    expect(from.listenKeys.get('options')?.startResult).toEqual(['listenKey', 'expiration']);
  });

  test('COIN-M: keepalive names the key from 2026-01-13 on', () => {
    const [before, from] = around('2026-01-13T00:00:00Z');
    expect(before.listenKeys.get('coinm')?.keepaliveResult).toEqual([]);
    expect(from.listenKeys.get('coinm')?.keepaliveResult).toEqual(['listenKey']);
    expect(before.listenKeys.get('usdm')?.keepaliveResult).toEqual(['listenKey']);
  });
});

test('the newest rules hold every row that is not retired, and no other', () => {
  const latest = rulesAsOf('latest');
  const calls = [...latest.endpoints.values()].flatMap((verbs) => [...verbs.values()]);
  expect(new Set(calls)).toEqual(new Set(ENDPOINTS.filter(({ retired }) => retired === undefined)));
  for (const { path, methods } of WS_APIS) {
    const names = [...methods.values()]
      .filter(({ retired }) => retired === undefined)
      .map(({ name }) => name as string);
    expect([...(latest.methods.get(path)?.keys() ?? [])]).toEqual(names);
  }
  for (const { path, reads } of STREAM_BASES) {
    expect(latest.reads.get(path)?.size).toBe(Object.keys(reads).length);
  }
});

describe('which instants are known', () => {
  test.each(['2025-10-06T00:00:00Z', '2026-10-29T23:59:59.999Z'])('%s is', (instant) => {
    const rules = rulesAsOf(at(instant));
    expect([rules.asOf, rules.instantMs]).toEqual([at(instant), at(instant)]);
  });

  test.each([
    ['2025-10-05T23:59:59.999Z', 'before the first date whose rules are known; the nearest is 2025-10-06'],
    ['2026-10-30T00:00:00Z', 'after the last date whose rules are known; the nearest is 2026-10-29'],
  ])('%s is not', (instant, sentence) => {
    expect(() => rulesAsOf(at(instant))).toThrow(new RangeError(`${new Date(instant).toISOString()} is ${sentence}`));
  });

  test('the newest rules are those of the last', () => {
    expect({ ...rulesAsOf('latest'), asOf: 0 }).toEqual({ ...rulesAsOf(at('2026-10-29T23:59:59.999Z')), asOf: 0 });
  });
});

describe('as-of texts', () => {
  test.each<readonly [string, AsOf]>([
    ['latest', 'latest'],
    ['2026-02-20', at('2026-02-20T23:59:59.999Z')],
    ['2026-02-20T06:59:59.999Z', at('2026-02-20T07:00:00Z') - 1],
    ['2026-02-20T07:00Z', at('2026-02-20T07:00:00Z')],
    ['2026-02-20T09:00:00+02:00', at('2026-02-20T07:00:00Z')],
  ])('%s', (text, asOf) => {
    expect(parseAsOf(text)).toBe(asOf);
    expect(parseAsOf(printedAsOf(asOf))).toBe(asOf);
  });

  test.each([
    '',
    'Latest',
    'now',
    '2026',
    '2026-02',
    '2026-02-30',
    '2026-13-01',
    '2026-02-20T07:00:00',
    '1771570800000',
  ])('%p is none', (text) => {
    expect(parseAsOf(text)).toBeUndefined();
  });
});
