import { describe, expect, test } from 'bun:test';
import { type EventField, eventRows, PRODUCTS, type ProductId } from '@listenpost/protocol';
import fc from 'fast-check';
import { inMicroseconds, MicrosecondBodies } from './microseconds.ts';

const PRODUCT_IDS = Object.keys(PRODUCTS) as ProductId[];
const ROWS = PRODUCT_IDS.flatMap((product) => eventRows(product).map((row) => ({ product, row })));

describe('inMicroseconds', () => {
  test('rescales the times of the row and leaves the rest of the text', () => {
    const body =
      '{ "e":"executionReport","E" :1767225600123,\n"W":1767225600120,"T":0,"M":-1,"i":1767225600123,"zz":{"E":1767225600123}}';
    expect(inMicroseconds('spot', 'executionReport', body)).toBe(
      body.replace('"E" :1767225600123', '"E" :1767225600123000').replace('"W":1767225600120', '"W":1767225600120000'),
    );
  });

  test('an id under the name of a time stays: portfolio margin calls a transaction T', () => {
    const body = '{"e":"liabilityChange","E":1767225600123,"T":1352286576452864727}';
    expect(inMicroseconds('pm', 'liabilityChange', body)).toBe(body.replace('0123,', '0123000,'));
  });

  test('an event that no row knows stays', () => {
    expect(inMicroseconds('spot', 'novelty', '{"e":"novelty","E":1767225600123}')).toContain('"E":1767225600123}');
  });

  test('names with escapes are read, and what is no number is left', () => {
    expect(inMicroseconds('spot', 'balanceUpdate', String.raw`{"\u0045":7,"T":"5","a":"\\\"E\":1"}`)).toBe(
      String.raw`{"\u0045":7000,"T":"5","a":"\\\"E\":1"}`,
    );
    expect(inMicroseconds('spot', 'balanceUpdate', '{"E":1.5,"T":null}')).toBe('{"E":1.5,"T":null}');
    expect(inMicroseconds('spot', 'balanceUpdate', '{"E":{"T":[1]},"T":[[1]]}')).toBe('{"E":{"T":[1]},"T":[[1]]}');
  });

  test('steps over what is nested deeper than a stack reaches', () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    expect(inMicroseconds('spot', 'balanceUpdate', `{"zz":${deep},"E":5}`)).toBe(`{"zz":${deep},"E":5000}`);
  });

  test('says of every row what reading, scaling and writing again would say', () => {
    const unknown = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(
        fc.constantFrom(...ROWS),
        unknown,
        fc.integer({ min: -1, max: 2e12 }),
        fc.boolean(),
        (at, odd, ms, wide) => {
          const event = { ...sampleOf(at.row.fields, ms), zz: odd, 'é"\\': odd };
          const text = JSON.stringify(event, undefined, wide ? 2 : undefined);
          const scaled = inMicroseconds(at.product, at.row.name, text);
          expect(JSON.parse(scaled)).toEqual(JSON.parse(JSON.stringify(scaledOf(at.row.fields, event))));
          expect(scaled.replaceAll(`${ms}000`, String(ms))).toBe(text.replaceAll(`${ms}000`, String(ms)));
        },
      ),
      { seed: 20260702, numRuns: 400 },
    );
  });
});

test('bodies are made once for those who read one after the other', () => {
  const bodies = new MicrosecondBodies();
  const body = '{"e":"balanceUpdate","E":5}';
  expect(bodies.of('spot', 'balanceUpdate', body)).toBe('{"e":"balanceUpdate","E":5000}');
  expect(bodies.of('spot', 'balanceUpdate', body)).toBe('{"e":"balanceUpdate","E":5000}');
  expect(bodies.of('spot', 'novelty', body)).toBe(body);
  expect(bodies.of('margin', 'balanceUpdate', body)).toBe('{"e":"balanceUpdate","E":5000}');
});

type Members = Record<string, unknown>;

function sampleOf(fields: readonly EventField[], ms: number): Members {
  return Object.fromEntries(fields.map((field) => [field.name, sampleValue(field, ms)]));
}

function sampleValue(field: EventField, ms: number): unknown {
  if (field.type === 'array') return [sampleOf(field.fields, ms), sampleOf(field.fields, ms)];
  if (field.type === 'object') return sampleOf(field.fields, ms);
  return field.type === 'int' ? ms : `${ms}"`;
}

function scaledOf(fields: readonly EventField[], event: Members): Members {
  const byName = new Map(fields.map((field) => [field.name, field]));
  return Object.fromEntries(Object.entries(event).map(([name, value]) => [name, scaledValue(byName.get(name), value)]));
}

function scaledValue(field: EventField | undefined, value: unknown): unknown {
  if (field === undefined) return value;
  if (field.time) return (value as number) >= 1 ? (value as number) * 1000 : value;
  if (field.type === 'array') return (value as Members[]).map((item) => scaledOf(field.fields, item));
  return field.type === 'object' ? scaledOf(field.fields, value as Members) : value;
}
