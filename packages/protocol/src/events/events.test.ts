import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { ProductId } from '../products.ts';
import { PRODUCTS } from '../products.ts';
import { checkEvent } from './check.ts';
import { EVENTS, eventRow, eventRows } from './events.ts';
import type { EventField, EventRow } from './row.ts';
import { compileRow } from './row.ts';
import { listenKeyExpired } from './system-event.ts';
import type { EventTable, FieldType } from './table.ts';

type Members = { [name: string]: unknown };

interface Fixture {
  readonly product: ProductId;
  readonly name: string;
  readonly text: string;
  readonly provenance: { readonly made: string; readonly from: string };
  readonly cases: readonly { readonly name: string; readonly event: Members }[];
}

const FIXTURES = new URL('../../../../tests/conformance/', import.meta.url);
const products = Object.keys(PRODUCTS) as ProductId[];
const rows = products.flatMap((product) => [...eventRows(product)]);
const fixtures = products.flatMap(fixturesOf);

function fixturesOf(product: ProductId): Fixture[] {
  return readdirSync(new URL(`${product}/`, FIXTURES)).map((file) => {
    const text = readFileSync(new URL(`${product}/${file}`, FIXTURES), 'utf8');
    return { product, name: file.replace(/\.json$/, ''), text, ...JSON.parse(text) };
  });
}

interface Case {
  readonly title: string;
  readonly row: EventRow;
  readonly event: Members;
}

const cases: Case[] = fixtures.flatMap((fixture) =>
  fixture.cases.map(({ name, event }) => ({
    title: `${fixture.product}/${fixture.name}: ${name}`,
    row: rowOf(fixture.product, fixture.name),
    event,
  })),
);

function rowOf(product: ProductId, name: string): EventRow {
  const row = eventRow(product, name);
  if (row === undefined) throw new Error(`${product} has no row ${name}`);
  return row;
}

/** One field at one place of one event: where it is, and what holds it. */
interface Place {
  readonly field: EventField;
  readonly path: string;
  readonly holder: Members;
}

/** Every place at which the row knows a field and the event has its holder. */
function placesOf(fields: readonly EventField[], holder: Members, prefix = ''): Place[] {
  return fields.flatMap((field) => {
    const path = prefix + field.name;
    const value = holder[field.name];
    const inner =
      field.type === 'array'
        ? ((value ?? []) as Members[]).flatMap((item, at) => placesOf(field.fields, item, `${path}[${at}].`))
        : placesOf(field.fields, (value ?? {}) as Members, `${path}.`);
    return [{ field, path, holder }, ...(value === undefined ? [] : inner)];
  });
}

/** Runs `judge` with `holder[name]` set to `value`, or taken away when that is undefined; the event is whole again after. */
function altered<T>(holder: Members, name: string, value: unknown, judge: () => T): T {
  const whole = holder[name];
  if (value === undefined) delete holder[name];
  else holder[name] = value;
  try {
    return judge();
  } finally {
    if (whole === undefined) delete holder[name];
    else holder[name] = whole;
  }
}

const JSON_VALUES: readonly unknown[] = [7, 1.5, 'text', '', '1.5', '12', true, false, null, {}, [], [1], [null], [[]]];

function hasType(type: FieldType, value: unknown): boolean {
  switch (type) {
    case 'int':
      return value === 7;
    case 'dec':
      return value === '1.5' || value === '12';
    case 'digits':
      return value === '12';
    case 'str':
      return typeof value === 'string';
    case 'str|null':
      return typeof value === 'string' || value === null;
    case 'bool':
      return typeof value === 'boolean';
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'array':
      return Array.isArray(value) && value.length === 0;
  }
}

describe('tables', () => {
  test('one file per wire event, of the same name letter for letter', () => {
    const other = ['check', 'events', 'index', 'row', 'system-event', 'table', 'types.typetest', 'values'];
    const files = readdirSync(new URL('.', import.meta.url))
      .map((file) => file.replace(/\.ts$/, ''))
      .filter((file) => !file.endsWith('.test') && !other.includes(file));
    expect(files.sort()).toEqual(Object.keys(EVENTS).sort());
    for (const [name, table] of Object.entries(EVENTS)) expect(table.name).toBe(name as typeof table.name);
  });

  test('a product has at most one shape of an event', () => {
    const tables: readonly EventTable[] = Object.values(EVENTS);
    for (const table of tables) {
      const columns = table.shapes.flatMap((shape) => [...shape.products]);
      expect(new Set(columns).size).toBe(columns.length);
    }
  });

  test.each(['+', '+ + +', '+ x', '+  +', ''])('marks %p do not fit two products', (marks) => {
    const table: EventTable = {
      name: 'X',
      meaning: '',
      shapes: [
        {
          products: ['usdm', 'coinm'],
          source: '',
          identity: ['q'],
          fields: { q: { in: marks, type: 'dec', meaning: '' } },
        },
      ],
    };
    const [shape] = table.shapes;
    if (shape === undefined) throw new Error('the table has one shape');
    expect(() => compileRow(table, shape, 'coinm')).toThrow('field q: marks');
  });

  test.each(['zz', 'o', 'o[].i', 'B', 'B.a', 'B[]', 'o.i.x'])('an identity cannot name %p', (path) => {
    const id = { type: 'int', meaning: '' } as const;
    const table: EventTable = {
      name: 'X',
      meaning: '',
      shapes: [
        {
          products: ['usdm'],
          source: '',
          identity: ['o.i', 'B[].a', path],
          fields: {
            o: { type: 'object', meaning: '', fields: { i: id } },
            B: { type: 'array', meaning: '', fields: { a: id } },
          },
        },
      ],
    };
    const [shape] = table.shapes;
    if (shape === undefined) throw new Error('the table has one shape');
    expect(() => compileRow(table, shape, 'usdm')).toThrow(`X: identity names ${path}`);
    expect(compileRow(table, { ...shape, identity: ['o.i', 'B[].a'] }, 'usdm').identity).toEqual(['o.i', 'B[].a']);
  });

  test('an id is wide, and nothing else is', () => {
    const ints = rows.flatMap((row) => allOf(row.fields)).filter(({ type, time }) => type === 'int' && !time);
    for (const { path, meaning, wide } of ints)
      expect([path, meaning, wide]).toEqual([path, meaning, /\bid\b/.test(meaning)]);
    expect(rows.flatMap((row) => allOf(row.fields)).some(({ type, wide }) => wide && type !== 'int')).toBe(false);
  });

  test('rows are found by product and wire name only', () => {
    expect(eventRow('usdm', 'TRADE_LITE')?.name).toBe('TRADE_LITE');
    for (const name of ['trade_lite', '', 'toString', '__proto__', 'constructor']) {
      expect(eventRow('usdm', name)).toBeUndefined();
    }
    expect(eventRow('coinm', 'TRADE_LITE')).toBeUndefined();
  });

  test('what the system makes itself is marked, and nothing else', () => {
    const system = new Set(rows.filter((row) => row.system).map((row) => row.name));
    expect([...system].sort()).toEqual(['eventStreamTerminated', 'listenKeyExpired', 'serverShutdown']);
  });

  test('a product with a listenKey can say that it expired, one that announces a shutdown can say so', () => {
    for (const product of products) {
      const { listenKey, connection } = PRODUCTS[product];
      if (listenKey !== undefined) expect(eventRow(product, 'listenKeyExpired')).toBeDefined();
      expect(eventRow(product, 'serverShutdown') !== undefined).toBe(connection.announcesShutdown);
    }
  });
});

describe('fixtures', () => {
  test('every row has a fixture and every fixture a row', () => {
    const ofRows = rows.map((row) => `${row.product}/${row.name}.json`);
    expect(fixtures.map((fixture) => `${fixture.product}/${fixture.name}.json`).sort()).toEqual(ofRows.sort());
  });

  test('every fixture says who made it and from which section', () => {
    for (const { provenance } of fixtures) {
      expect(provenance.made).toBe('by Listenpost');
      expect(provenance.from).toMatch(/^(derivatives|spot-margin) §\d/);
    }
  });

  test('every field that a row knows is in one of its cases', () => {
    for (const row of rows) {
      const seen = new Set<EventField>();
      for (const { event } of cases.filter((one) => one.row === row)) {
        for (const place of placesOf(row.fields, event)) {
          if (place.holder[place.field.name] !== undefined) seen.add(place.field);
        }
      }
      expect({ row: `${row.product}/${row.name}`, unseen: unseen(row.fields, seen) }).toEqual({
        row: `${row.product}/${row.name}`,
        unseen: [],
      });
    }
  });

  /**
   * A time that lacks its mark would keep its ms under `timeUnit=MICROSECOND`; an id that has one would be destroyed.
   * All times of the fixtures lie in one year, and no id does.
   */
  test('the marked fields are the times, and no others', () => {
    for (const { title, row, event } of cases) {
      for (const { field, path, holder } of placesOf(row.fields, event)) {
        const value = Number(holder[field.name]);
        if (holder[field.name] === undefined || (field.type !== 'int' && field.type !== 'digits')) continue;
        const isTime = value > 1_780_000_000_000 && value < 1_810_000_000_000;
        expect({ title, path, time: field.time }).toEqual({ title, path, time: isTime || (field.time && value < 1) });
      }
    }
  });
});

function allOf(fields: readonly EventField[]): readonly EventField[] {
  return fields.flatMap((field) => [field, ...allOf(field.fields)]);
}

function unseen(fields: readonly EventField[], seen: ReadonlySet<EventField>): string[] {
  return fields.flatMap((field) => [...(seen.has(field) ? [] : [field.path]), ...unseen(field.fields, seen)]);
}

describe('checkEvent', () => {
  test.each(cases)('passes $title', ({ row, event }) => {
    expect(checkEvent(row, event, 'strict')).toBeNull();
    expect(checkEvent(row, event, 'types')).toBeNull();
  });

  test('an id whose digits were kept passes, and a bigint is nothing but an integer', () => {
    const order = { ...cases.find(({ row }) => row.name === 'TRADE_LITE')?.event, i: 8389765519993908929n };
    expect(checkEvent(rowOf('usdm', 'TRADE_LITE'), order, 'strict')).toBeNull();
    expect(checkEvent(rowOf('usdm', 'TRADE_LITE'), { ...order, q: 1n }, 'types')?.path).toBe('q');
  });

  test('strict names the path of any always-present field that is missing; types lets it pass', () => {
    for (const { title, row, event } of cases) {
      for (const { field, path, holder } of placesOf(row.fields, event)) {
        if (!field.always) continue;
        const [strict, types] = altered(holder, field.name, undefined, () => [
          checkEvent(row, event, 'strict'),
          checkEvent(row, event, 'types'),
        ]);
        expect({ title, violation: strict }).toEqual({ title, violation: { path, problem: 'is missing' } });
        if (field.name !== 'e') expect({ title, violation: types }).toEqual({ title, violation: null });
      }
    }
  });

  test('strict lets any single optional field be missing, unless it is one of a group', () => {
    for (const { title, row, event } of cases) {
      for (const { field, path, holder } of placesOf(row.fields, event)) {
        if (field.always || row.exactlyOneOf.includes(path)) continue;
        const violation = altered(holder, field.name, undefined, () => checkEvent(row, event, 'strict'));
        expect({ title, path, violation }).toEqual({ title, path, violation: null });
      }
    }
  });

  test('both validations name the path of any known field with a wrong type', () => {
    for (const { title, row, event } of cases) {
      for (const { field, path, holder } of placesOf(row.fields, event)) {
        if (field.name === 'e' || holder[field.name] === undefined) continue;
        for (const value of JSON_VALUES.filter((one) => !hasType(field.type, one))) {
          const wrong = field.type === 'array' && Array.isArray(value) ? `${path}[0]` : path;
          for (const validation of ['strict', 'types'] as const) {
            const violation = altered(holder, field.name, value, () => checkEvent(row, event, validation));
            expect({ title, path: violation?.path }).toEqual({ title, path: wrong });
            expect(violation?.problem).toMatch(/^expected .+, got /);
          }
        }
      }
    }
  });

  test('unknown fields pass, at every depth and under any name', () => {
    for (const { title, row, event } of cases) {
      const holders = new Set(placesOf(row.fields, event).map((place) => place.holder));
      for (const holder of holders) {
        for (const name of ['zz', 'newField', 'constructor', 'toString']) {
          const violation = altered(holder, name, { any: [null] }, () => checkEvent(row, event, 'strict'));
          expect({ title, violation }).toEqual({ title, violation: null });
        }
      }
    }
  });

  test('values that no row lists pass: venues add them', () => {
    for (const { title, row, event } of cases) {
      for (const { field, holder } of placesOf(row.fields, event)) {
        if (field.name === 'e' || field.values.length === 0 || holder[field.name] === undefined) continue;
        const violation = altered(holder, field.name, 'NEW_VALUE', () => checkEvent(row, event, 'strict'));
        expect({ title, violation }).toEqual({ title, violation: null });
      }
    }
  });

  const config = rowOf('usdm', 'ACCOUNT_CONFIG_UPDATE');
  const times = { e: 'ACCOUNT_CONFIG_UPDATE', E: 1791000000004, T: 1791000000000 };

  test('strict wants exactly one of ac and ai', () => {
    const both = { ...times, ac: { s: 'BTCUSDT', l: 3 }, ai: { j: true } };
    const rule = 'exactly one of ac, ai must be there';
    expect(checkEvent(config, times, 'strict')).toEqual({ path: 'ac', problem: `is missing: ${rule}` });
    expect(checkEvent(config, both, 'strict')).toEqual({ path: 'ai', problem: `stands beside ac: ${rule}` });
    expect(checkEvent(config, times, 'types')).toBeNull();
    expect(checkEvent(config, both, 'types')).toBeNull();
  });

  test('a product that knows only one of a group has it always', () => {
    const coinm = rowOf('coinm', 'ACCOUNT_CONFIG_UPDATE');
    expect(coinm.exactlyOneOf).toEqual([]);
    expect(checkEvent(coinm, times, 'strict')).toEqual({ path: 'ac', problem: 'is missing' });
  });

  test('an event of another type is told', () => {
    expect(checkEvent(config, { ...times, e: 'TRADE_LITE' }, 'types')).toEqual({
      path: 'e',
      problem: 'expected "ACCOUNT_CONFIG_UPDATE", got another event type',
    });
    expect(checkEvent(config, { ...times, e: 4 }, 'types')?.problem).toBe(
      'expected "ACCOUNT_CONFIG_UPDATE", got a number',
    );
    expect(checkEvent(config, {}, 'types')).toEqual({ path: 'e', problem: 'is missing' });
  });

  const lock = { e: 'externalLockUpdate', E: 1791000000004, a: 'BTC', T: 1791000000000 };
  const checkDecimal = (d: unknown) => checkEvent(rowOf('spot', 'externalLockUpdate'), { ...lock, d }, 'strict');

  test.each(['0', '-0.10000000', '12', '1234567890.123456789', '0E-8', '1e3', '+1', '.5', '5.'])(
    '%p is a decimal',
    (d) => {
      expect(checkDecimal(d)).toBeNull();
    },
  );

  test.each(['', '-', '.', '-.', '1.2.3', '1,5', ' 1', '1 ', 'abc', 'NaN', 'Infinity', '0x10', '1e', '--1', '٣'])(
    '%p is no decimal',
    (d) => {
      expect(checkDecimal(d)).toEqual({
        path: 'd',
        problem: 'expected a decimal in a string, got a string that is no decimal',
      });
    },
  );

  test('says what it got instead', () => {
    expect(checkDecimal(0.1)?.problem).toBe('expected a decimal in a string, got a number');
    expect(checkDecimal(null)?.problem).toBe('expected a decimal in a string, got null');
    const fraction = checkEvent(config, { ...times, E: 1.5 }, 'types');
    expect(fraction).toEqual({ path: 'E', problem: 'expected an integer, got a number that is no integer' });
  });

  test('a megabyte of digits is judged in one pass: backtracking would not end before the test does', () => {
    for (const tail of ['x', 'e', 'e+', '.x', '.1.']) {
      expect(checkDecimal('1'.repeat(1_000_000) + tail)).not.toBeNull();
    }
  });

  test('judges any JSON object without throwing', () => {
    const anyRow = fc.constantFrom(...rows);
    const anyValue = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(anyRow, fc.dictionary(fc.string(), anyValue), fc.array(anyValue), (row, members, values) => {
        const known = row.fields.slice(1, values.length + 1).map((field, at) => [field.name, values[at]]);
        const event = { ...members, ...Object.fromEntries(known), e: row.name };
        const violation = checkEvent(row, event, 'strict');
        return violation === null || (violation.path.length > 0 && violation.problem.length > 0);
      }),
      { seed: 20261029, numRuns: 2_000 },
    );
  });
});

describe('listenKeyExpired', () => {
  test.each(fixtures.filter((fixture) => fixture.name === 'listenKeyExpired'))(
    'is the text of the fixture, byte for byte: $product',
    ({ product, cases: [only] }) => {
      const event = only?.event ?? {};
      const text = listenKeyExpired(product, Number(event['E']), String(event['listenKey'] ?? 'not in this shape'));
      expect(text).toBe(JSON.stringify(event));
      expect(checkEvent(rowOf(product, 'listenKeyExpired'), JSON.parse(text), 'strict')).toBeNull();
    },
  );
});
