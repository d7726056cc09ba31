import { describe, expect, test } from 'bun:test';
import { EVENTS, type EventField, type EventRow, eventRows, PRODUCTS, type ProductId } from '@listenpost/protocol';
import { ALARMS, COLUMNS, type Column } from './columns.ts';

const rows: readonly EventRow[] = (Object.keys(PRODUCTS) as ProductId[]).flatMap((product) => eventRows(product));

/** Shown as JSON: a stream keeps these three to itself, and the last one's fields nobody knows. */
const WITHOUT_ROW = ['eventStreamTerminated', 'listenKeyExpired', 'serverShutdown', 'uniMMRDrop'];

const pathsOf = (columns: readonly Column[]): string[] =>
  columns.flatMap((column) =>
    'list' in column
      ? [column.list, ...pathsOf(column.cells).map((path) => `${column.list}[].${path}`)]
      : [column.path, ...(column.unit === undefined ? [] : [column.unit])],
  );

const known = (fields: readonly EventField[]): string[] =>
  fields.flatMap(({ path, fields: inner }) => [path, ...known(inner)]);

describe('the columns', () => {
  test('are there for every event, but those whose fields are none or unknown', () => {
    expect(Object.keys({ ...EVENTS }).filter((name) => COLUMNS[name] === undefined)).toEqual(WITHOUT_ROW);
  });

  test.each(Object.keys(COLUMNS))('of %s are fields of the protocol', (name) => {
    const fields = new Set(rows.filter((row) => row.name === name).flatMap((row) => known(row.fields)));
    expect(fields.size).toBeGreaterThan(0);
    expect(pathsOf(COLUMNS[name] ?? []).filter((path) => !fields.has(path))).toEqual([]);
  });

  test('know the alarms as events', () => {
    expect([...ALARMS].filter((name) => !Object.hasOwn(EVENTS, name))).toEqual([]);
  });
});
