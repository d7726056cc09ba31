import { expect, test } from 'bun:test';
import { chooseSbeSchema, SBE_LIFECYCLE } from './lifecycle.ts';
import { SPOT_3_5 } from './spot-3-5.ts';

const at = (instant: string): number => Date.parse(instant);

test('the newest version is sent, whichever live one was asked for; deprecated ones are told', () => {
  const now = at('2026-11-20T00:00:00Z');
  const choices = [5, 4, 3, 2].map((version) => chooseSbeSchema(3, version, now));
  expect(choices).toEqual([
    { schemaId: 3, askedVersion: 5, version: 5, deprecated: false },
    { schemaId: 3, askedVersion: 4, version: 5, deprecated: true },
    { schemaId: 3, askedVersion: 3, version: 5, deprecated: true },
    { schemaId: 3, askedVersion: 2, version: 5, deprecated: true },
  ]);
});

test('retired, unknown and future versions are none', () => {
  const now = at('2026-11-20T00:00:00Z');
  for (const [schemaId, version] of [
    [3, 1],
    [3, 0],
    [3, 6],
    [3, 65536],
    [2, 1],
    [1, 0],
    [4, 0],
    [0, 0],
    [3, 2.5],
    [Number.NaN, 5],
  ] as const) {
    expect(chooseSbeSchema(schemaId, version, now)).toBeUndefined();
  }
});

test('each date takes hold at its midnight', () => {
  expect(chooseSbeSchema(3, 5, at('2026-07-06T23:59:59.999Z'))).toBeUndefined();
  expect(chooseSbeSchema(3, 5, at('2026-07-07T00:00:00Z'))).toEqual({
    schemaId: 3,
    askedVersion: 5,
    version: 5,
    deprecated: false,
  });
  expect(chooseSbeSchema(3, 4, at('2026-07-06T23:59:59.999Z'))).toEqual({
    schemaId: 3,
    askedVersion: 4,
    version: 4,
    deprecated: false,
  });
  expect(chooseSbeSchema(3, 4, at('2026-07-07T00:00:00Z'))).toEqual({
    schemaId: 3,
    askedVersion: 4,
    version: 5,
    deprecated: true,
  });
  expect(chooseSbeSchema(3, 1, at('2026-06-28T23:59:59.999Z'))).toEqual({
    schemaId: 3,
    askedVersion: 1,
    version: 4,
    deprecated: true,
  });
  expect(chooseSbeSchema(3, 1, at('2026-06-29T00:00:00Z'))).toBeUndefined();
});

test('before 3:3 the listenToken’s first half year was sent in 3:1 and 3:2', () => {
  expect(chooseSbeSchema(3, 1, at('2025-10-06T12:00:00Z'))).toEqual({
    schemaId: 3,
    askedVersion: 1,
    version: 1,
    deprecated: false,
  });
  expect(chooseSbeSchema(3, 2, at('2026-02-20T07:00:00Z'))).toEqual({
    schemaId: 3,
    askedVersion: 2,
    version: 2,
    deprecated: false,
  });
});

test('every release deprecates its predecessor, and no version is retired within six months of that', () => {
  for (const [index, row] of SBE_LIFECYCLE.entries()) {
    expect(row.deprecated).toBe(SBE_LIFECYCLE[index - 1]?.released);
    if (row.retired === undefined || row.deprecated === undefined) continue;
    expect(at(row.retired) - at(row.deprecated)).toBeGreaterThan(180 * 86_400_000);
  }
});

test('the newest row is the table’s', () => {
  expect(SBE_LIFECYCLE[0]).toMatchObject({ schemaId: SPOT_3_5.schemaId, version: SPOT_3_5.version });
});
