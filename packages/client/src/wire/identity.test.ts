import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import {
  type EventField,
  type EventRow,
  eventRow,
  eventRows,
  PRODUCTS,
  type ProductId,
  parseExact,
} from '@listenpost/protocol';
import fc from 'fast-check';
import type { WireEvent } from '../events.ts';
import { identityOf } from './identity.ts';

const FIXTURES = new URL('../../../../tests/conformance/', import.meta.url);
const products = Object.keys(PRODUCTS) as ProductId[];
const scopeOf = (product: ProductId): string => (product === 'isolated' ? 'isolated:BTCUSDT' : product);

interface Case {
  readonly title: string;
  readonly row: EventRow;
  readonly event: WireEvent;
}

const cases: readonly Case[] = products.flatMap((product) =>
  readdirSync(new URL(`${product}/`, FIXTURES)).flatMap((file) => {
    const row = rowOf(product, file.replace(/\.json$/, ''));
    const text = readFileSync(new URL(`${product}/${file}`, FIXTURES), 'utf8');
    const { cases: made } = parseExact(text) as { cases: { name: string; event: WireEvent }[] };
    return made.map(({ name, event }) => ({
      title: `${product}/${row.name}: ${name}`,
      row,
      event,
    }));
  }),
);

function rowOf(product: ProductId, name: string): EventRow {
  const row = eventRow(product, name);
  if (row === undefined) throw new Error(`${product} has no row ${name}`);
  return row;
}

const identity = ({ product }: EventRow, event: object): string => identityOf(scopeOf(product), event as WireEvent);
const copy = (event: WireEvent): WireEvent => structuredClone(event);

describe('every fixture', () => {
  test.each(cases.map((each) => [each.title, each] as const))('%s', (_, { row, event }) => {
    const stampedLater = { ...copy(event), E: 1799999999999 };
    expect(identity(row, copy(event))).toBe(identity(row, event));
    if (row.identity.includes('E')) expect(identity(row, stampedLater)).not.toBe(identity(row, event));
    else expect(identity(row, stampedLater)).toBe(identity(row, event));
  });

  test('is told from every other of its account', () => {
    for (const product of products) {
      const seen = new Map<string, string>();
      for (const { title, event } of cases.filter(({ row }) => row.product === product)) {
        const told = identityOf(scopeOf(product), event);
        expect([seen.get(told), title]).toEqual([undefined, title]);
        seen.set(told, title);
      }
    }
  });

  test('is told from itself with any one value of its identity changed', () => {
    for (const { row, event } of cases) {
      for (const path of row.identity) {
        const other = changedAt(event, path.split('.'));
        if (other !== undefined) expect([path, identity(row, other)]).not.toEqual([path, identity(row, event)]);
      }
    }
  });

  test('is not told from itself with anything else changed or added', () => {
    for (const { row, event } of cases) {
      for (const path of pathsOf(row.fields).filter((each) => each !== 'e' && !row.identity.includes(each))) {
        const other = changedAt(event, path.split('.'));
        if (other !== undefined) expect([path, identity(row, other)]).toEqual([path, identity(row, event)]);
      }
      expect(identity(row, { ...event, zz: 'new on this server' })).toBe(identity(row, event));
    }
  });
});

function pathsOf(fields: readonly EventField[]): readonly string[] {
  return fields.flatMap(({ path, fields: inner }) => (inner.length === 0 ? [path] : pathsOf(inner)));
}

/** A copy with another value at the path; undefined where the event has nothing there. */
function changedAt(event: WireEvent, [step = '', ...rest]: readonly string[]): WireEvent | undefined {
  const whole = copy(event) as { [member: string]: unknown };
  const name = step.replace(/\[\]$/, '');
  const member = whole[name];
  if (member === undefined) return undefined;
  if (rest.length === 0) {
    whole[name] = otherThan(member);
    return whole as WireEvent;
  }
  if (!Array.isArray(member)) {
    const inner = changedAt(member as WireEvent, rest);
    return inner === undefined ? undefined : ({ ...whole, [name]: inner } as unknown as WireEvent);
  }
  const last = member.length === 0 ? undefined : changedAt(member.at(-1) as WireEvent, rest);
  return last === undefined
    ? undefined
    : ({ ...whole, [name]: [...member.slice(0, -1), last] } as unknown as WireEvent);
}

function otherThan(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'bigint') return value + 1n;
  return typeof value === 'number' ? value + 1 : `${value}1`;
}

describe('events at the same millisecond', () => {
  const first = (product: ProductId, name: string): WireEvent =>
    copy(cases.find(({ row }) => row.product === product && row.name === name)?.event as WireEvent);
  const usdm = (event: object): string => identityOf('usdm', event as WireEvent);

  test('fills of one order have different trades', () => {
    const { o, ...order } = first('usdm', 'ORDER_TRADE_UPDATE') as WireEvent & { o: object };
    const fills = [1, 2, 3].map((t) =>
      usdm({ ...order, o: { ...o, x: 'TRADE', X: 'PARTIALLY_FILLED', t, z: `0.0${t}` } }),
    );
    expect(new Set(fills).size).toBe(3);
  });

  test('amendments of one order differ in what they amend', () => {
    const { o, ...order } = first('usdm', 'ORDER_TRADE_UPDATE') as WireEvent & { o: object };
    const amended = [{ p: '1' }, { p: '2' }, { q: '9' }, { M: 'a' }, { M: 'b' }];
    const told = amended.map((change) => usdm({ ...order, o: { ...o, x: 'AMENDMENT', X: 'NEW', t: 0, ...change } }));
    expect(new Set(told).size).toBe(amended.length);
  });

  test('account updates differ in their cause, their funding’s symbol or their figures', () => {
    const { a, ...update } = first('usdm', 'ACCOUNT_UPDATE') as WireEvent & { a: { B: object[]; P: object[] } };
    const changes = [
      { m: 'ORDER' },
      { m: 'FUNDING_FEE', S: 'BTCUSDT' },
      { m: 'FUNDING_FEE', S: 'ETHUSDT' },
      { m: 'FUNDING_FEE' },
      { B: [] },
      { P: [] },
      { B: [...a.B, ...a.B] },
    ];
    expect(new Set(changes.map((change) => usdm({ ...update, a: { ...a, ...change } }))).size).toBe(changes.length);
  });

  test('reports of one spot order differ in their execution', () => {
    const report = first('spot', 'executionReport');
    const told = [1, 2].map((I) => identityOf('spot', { ...report, I }));
    expect(told[0]).not.toBe(told[1]);
    expect(identityOf('spot', { ...report, s: 'ETHBTC' })).not.toBe(identityOf('spot', report));
  });

  test('a trailing order that is new twice is activated the second time', () => {
    const { o, ...algo } = first('usdm', 'ALGO_UPDATE') as WireEvent & { o: object };
    expect(usdm({ ...algo, o: { ...o, ia: false } })).not.toBe(usdm({ ...algo, o: { ...o, ia: true } }));
  });

  test('what only a server’s version adds makes no other event', () => {
    const update = first('usdm', 'ACCOUNT_UPDATE') as WireEvent & { a: { P: object[] } };
    const newer = { ...update, a: { ...update.a, P: update.a.P.map((position) => ({ ...position, zz: '1' })) } };
    expect(usdm(newer)).toBe(usdm(update));
  });
});

describe('ids beyond 2^53', () => {
  const order = (i: number | bigint): WireEvent => ({
    ...copy(
      cases.find(({ row }) => row.product === 'options' && row.name === 'ORDER_TRADE_UPDATE')?.event as WireEvent,
    ),
    o: { s: 'BTC-261225-70000-C', i, x: 'NEW', X: 'NEW', t: 0, T: 1, o: 'LIMIT', q: '1', p: '1', z: '0' },
  });

  test('are told apart digit by digit', () => {
    const told = [4611869636869226998n, 4611869636869226999n].map((i) => identityOf('options', order(i)));
    expect(told[0]).not.toBe(told[1]);
  });
});

describe('events without a row', () => {
  test('are told apart by all they say, and not by the moment of the push where there is another', () => {
    const event = { e: 'brandNew', E: 1, T: 5, x: [{ id: 4611869636869226999n }] };
    expect(identityOf('usdm', { ...event, E: 2 })).toBe(identityOf('usdm', event));
    for (const other of [{ T: 6 }, { e: 'other' }, { x: [] }, { x: [{ id: 4611869636869226998n }] }, { y: 1 }]) {
      expect(identityOf('usdm', { ...event, ...other })).not.toBe(identityOf('usdm', event));
    }
    expect(identityOf('usdm', { e: 'brandNew', E: 1 })).not.toBe(identityOf('usdm', { e: 'brandNew', E: 2 }));
  });

  test('nor those of a scope that nobody knows', () => {
    expect(identityOf('other', { e: 'TRADE_LITE', T: 1, a: 1 })).not.toBe(
      identityOf('other', { e: 'TRADE_LITE', T: 1, a: 2 }),
    );
  });

  test('so are known names in another shape, whose columns say too little', () => {
    const odd = (id: number): WireEvent => ({ e: 'ORDER_TRADE_UPDATE', E: 1, T: 2, order: { id } });
    expect(identityOf('usdm', odd(1))).not.toBe(identityOf('usdm', odd(2)));
    for (const o of [null, 7, [], 'text']) {
      expect(identityOf('usdm', { e: 'ORDER_TRADE_UPDATE', T: 2, o, z: 1 })).not.toBe(
        identityOf('usdm', { e: 'ORDER_TRADE_UPDATE', T: 2, o, z: 2 }),
      );
    }
  });
});

test('no two sets of values write the same identity', () => {
  const scalar = fc.oneof(
    fc.constantFrom('', '1', ',1', '"1:1', '!', '[1', 'null'),
    fc.string(),
    fc.nat(99),
    fc.constant(null),
  );
  const item = fc.record({ a: scalar, f: scalar, l: scalar }, { requiredKeys: [] });
  const event = fc.record({
    e: fc.constant('outboundAccountPosition'),
    E: fc.constant(1),
    u: scalar,
    B: fc.array(item, { maxLength: 3 }),
  });
  const property = fc.property(event, event, (left, right) => {
    const same = Bun.deepEquals(left, right);
    expect(identityOf('spot', left) === identityOf('spot', right)).toBe(same);
  });
  fc.assert(property, { seed: 20_261_126, numRuns: 3000 });
});

test('every event of every product has an identity, and E stands in it only where nothing else tells', () => {
  const byMoment = products.flatMap((product) =>
    eventRows(product)
      .filter((row) => row.identity.includes('E'))
      .map((row) => row.name),
  );
  expect([...new Set(byMoment)].sort()).toEqual([
    'MARGIN_CALL',
    'MARGIN_LEVEL_STATUS_CHANGE',
    'PM_PRO_ACCOUNT_UPDATE',
    'RISK_LEVEL_CHANGE',
    'USER_LIABILITY_CHANGE',
    'eventStreamTerminated',
    'listenKeyExpired',
    'openOrderLoss',
    'riskLevelChange',
    'serverShutdown',
    'uniMMRDrop',
  ]);
});
