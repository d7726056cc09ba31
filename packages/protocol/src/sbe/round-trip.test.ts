/** decode(encode(event)) is the event in value, but for what the schema cannot carry, which is named at the end. */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { EventField, EventRow } from '../events/index.ts';
import { eventRow, eventRows } from '../events/index.ts';
import type { ProductId } from '../products.ts';
import { inValue, type Members } from '../testing/in-value.ts';
import { decodeMessage } from './decode.ts';
import { encodeEvent } from './encode.ts';
import { eventForm } from './json-form.ts';

const PRODUCTS: readonly ProductId[] = ['spot', 'margin', 'isolated'];

/** Of streams opened with a listenKey, which are JSON only. */
const JSON_ONLY = 'listenKeyExpired';

const FIXTURES = new URL('../../../../tests/conformance/', import.meta.url);

/** The event that a client reads from the frame, in ms as the source. */
function carried(text: string, version = 5): Members | undefined {
  const form = eventForm(decodeMessage(encodeEvent(version, text, { subscriptionId: 3 })), 'MILLISECOND');
  return form?.event;
}

function rowOf(product: ProductId, name: string): EventRow {
  const row = eventRow(product, name);
  if (row === undefined) throw new Error(`${product} has no row ${name}`);
  return row;
}

describe('every fixture', () => {
  for (const product of PRODUCTS) {
    for (const file of readdirSync(new URL(`${product}/`, FIXTURES))) {
      if (file === `${JSON_ONLY}.json`) continue;
      const { cases } = JSON.parse(readFileSync(new URL(`${product}/${file}`, FIXTURES), 'utf8'));
      const row = rowOf(product, file.replace(/\.json$/, ''));
      for (const { name, event } of cases) {
        test(`${product}/${row.name}: ${name}`, () => {
          expect(inValue(row.fields, carried(JSON.stringify(event)) ?? {})).toEqual(inValue(row.fields, event));
        });
      }
    }
  }
});

// --- Made events -------------------------------------------------------------------------------------------------------

/** A JSON number beyond 2^53 is written as its digits. */
function printJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(printJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}:${printJson(member)}`)
    .join(',')}}`;
}

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }),
  fc.bigInt({ min: 2n ** 53n - 4n, max: 2n ** 53n + 4n }),
  fc.integer({ min: -1, max: 1_000_000 }),
);

/** Narrower than int64 in the schema. */
const NARROW: Readonly<Record<string, fc.Arbitrary<number | bigint>>> = {
  d: fc.bigInt({ min: 0n, max: 2n ** 64n - 2n }),
  J: fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }),
  gOV: fc.integer({ min: 0, max: 254 }),
};

const time = fc.oneof(fc.integer({ min: 0, max: 4e12 }), fc.constant(-1));

const decimal = fc
  .tuple(fc.constantFrom('', '-'), fc.integer({ min: 0, max: 1e9 }), fc.option(fc.stringMatching(/^[0-9]{1,8}$/)))
  .map(([sign, whole, fraction]) => sign + whole + (fraction === null ? '' : `.${fraction}`));

/** Up to 240 bytes; length 0 is null. */
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((value) => value.isWellFormed());

function arbitraryOf(field: EventField): fc.Arbitrary<unknown> {
  if (field.values.length > 0) return fc.constantFrom(...field.values);
  switch (field.type) {
    case 'int':
      return field.time ? time : (NARROW[field.name] ?? int64);
    case 'dec':
      return decimal;
    case 'bool':
      return fc.boolean();
    case 'str|null':
      return fc.option(text);
    case 'array':
      return fc.array(membersOf(field.fields), { maxLength: 5 });
    default:
      return text;
  }
}

function membersOf(fields: readonly EventField[]): fc.Arbitrary<Members> {
  return fc.record(Object.fromEntries(fields.map((field) => [field.name, arbitraryOf(field)])), {
    requiredKeys: fields.filter(({ always }) => always).map(({ name }) => name),
    noNullPrototype: true,
  });
}

describe('made events', () => {
  for (const row of PRODUCTS.flatMap((product) => eventRows(product))) {
    if (row.name === JSON_ONLY) continue;
    test(`${row.product}/${row.name}`, () => {
      const property = fc.property(membersOf(row.fields), (event) => {
        expect(inValue(row.fields, carried(printJson(event)) ?? {})).toEqual(inValue(row.fields, event));
      });
      fc.assert(property, { seed: 20_260_707, numRuns: 150 });
    });
  }
});

// --- What the schema cannot carry --------------------------------------------------------------------------------------

const ORDER: Members = JSON.parse(readFileSync(new URL('spot/executionReport.json', FIXTURES), 'utf8')).cases[0].event;

describe('what the schema cannot carry', () => {
  const read = (change: Members, version = 5): Members | undefined =>
    carried(JSON.stringify({ ...ORDER, ...change }), version);

  test('whether b, k, A and uS stood there with their plain values', () => {
    const event = read({ b: 'AUTO_MATCH', k: 'EXCHANGE', A: '0.00000000', uS: false });
    expect(event).toEqual(read({}));
    for (const key of ['b', 'k', 'A', 'uS', 'y']) expect(event).not.toHaveProperty(key);
  });

  test('an expiry reason NONE, which its enum does not have', () => {
    expect(read({ eR: 'NONE' })).toEqual(read({}));
  });

  test('empty texts where empty means null', () => {
    expect(read({ N: '' })?.['N']).toBeNull();
    expect(read({ r: '' })?.['r']).toBe('NONE');
    expect(read({ Cs: '' })).not.toHaveProperty('Cs');
  });

  test('how many zeros a decimal ended in: those that share an exponent take the most decimals', () => {
    expect(read({ q: '1.5', F: '0.250', l: '0', z: '7' })).toMatchObject({
      q: '1.500',
      F: '0.250',
      l: '0.000',
      z: '7.000',
    });
    expect(read({ n: '0.00000000' })?.['n']).toBe('0');
  });

  test('zeros that would push a mantissa that shares the exponent out of int64', () => {
    const event = read({ q: '123456789012345.00', F: '0.00000000', l: '0.00000000', z: '0.00000000' });
    expect(event).toMatchObject({ q: '123456789012345', l: '0' });
  });

  test('values that an enum does not have, or not yet', () => {
    expect(read({ x: 'CALCULATED' })?.['x']).toBe('NON_REPRESENTABLE');
    expect(read({ V: 'TRANSFER' }, 2)?.['V']).toBe('TRANSFER');
    expect(read({ V: 'TRANSFER' }, 1)?.['V']).toBe('NON_REPRESENTABLE');
  });

  test('fields of later versions', () => {
    expect(read({ eR: 'OCO_TRIGGER' }, 3)?.['eR']).toBe('OCO_TRIGGER');
    expect(read({ eR: 'OCO_TRIGGER' }, 2)).not.toHaveProperty('eR');
    expect(read({ gOV: 4 }, 0)).not.toHaveProperty('gOV');
  });

  test('members that the schema does not list', () => {
    expect(read({ zz: 1 })).toEqual(read({}));
  });

  test('half a surrogate pair', () => {
    expect(read({ c: 'a\ud800b' })?.['c']).toBe('a\ufffdb');
  });

  test('events that the version does not have', () => {
    const names = (version: number, event: Members): string => decodeMessage(encodeEvent(version, event)).name;
    expect(names(5, { e: 'serverShutdown', E: 1 })).toBe('ServerShutdownEvent');
    expect(names(2, { e: 'serverShutdown', E: 1 })).toBe('NonRepresentableMessage');
    for (const e of [
      'USER_LIABILITY_CHANGE',
      'MARGIN_LEVEL_STATUS_CHANGE',
      'listenKeyExpired',
      'constructor',
      7,
      undefined,
    ]) {
      expect(names(5, { e, E: 1 })).toBe('NonRepresentableMessage');
    }
  });
});
