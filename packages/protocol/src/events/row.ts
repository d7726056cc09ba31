/**
 * Event rows: the tables compiled per product, as the data hallway reads them.
 */
import type { ProductId } from '../products.ts';
import type { EventTable, Fields, FieldTable, FieldType, PerProduct, Shape } from './table.ts';

export interface EventField {
  readonly name: string;
  /** From the top of the event; `[]` stands for any item: `a.B[].wb`. */
  readonly path: string;
  readonly type: FieldType;
  /** Present in every event of the row; for members of an object or item: whenever that is there. */
  readonly always: boolean;
  /** A point in time in ms, rescaled by `timeUnit`; values below 1 stand for "none". */
  readonly time: boolean;
  /** An id that may pass 2^53: a number, or a bigint where digits are kept. */
  readonly wide: boolean;
  readonly meaning: string;
  /** Known values, none where the field is open. Others are let through. */
  readonly values: readonly string[];
  readonly since: string | undefined;
  /** Members of an object or of an array's items; empty for scalars. */
  readonly fields: readonly EventField[];
}

export interface EventRow {
  /** Wire value of `e`. */
  readonly name: string;
  readonly product: ProductId;
  /** Made by the system itself; refused when published. */
  readonly system: boolean;
  readonly meaning: string;
  /** Section of the protocol references. */
  readonly source: string;
  readonly since: string | undefined;
  /** Day of the notice, or true where none is known. */
  readonly deprecated: string | boolean;
  /** In wire order, `e` first. */
  readonly fields: readonly EventField[];
  /** Members of the top level of which exactly one is there; empty where the product knows fewer than two of them. */
  readonly exactlyOneOf: readonly string[];
  /** Paths of what tells one event of the row from another, as far as the product knows them. Members may be absent. */
  readonly identity: readonly string[];
}

/** @throws when a field's marks do not fit the products of its shape: the table is wrong, not the input. */
export function compileRow(table: EventTable, shape: Shape, product: ProductId): EventRow {
  const column = shape.products.indexOf(product);
  const fields = compileFields(shape.fields, { product, column, columns: shape.products.length }, '');
  const row: readonly EventField[] = [eventType(table.name), ...fields];
  const group = (shape.exactlyOneOf ?? []).filter((name) => fields.some((field) => field.name === name));
  return {
    name: table.name,
    product,
    system: table.system === true,
    meaning: table.meaning,
    source: shape.source,
    since: table.since?.[product],
    deprecated: table.deprecated ?? false,
    fields: row,
    exactlyOneOf: group.length > 1 ? group : [],
    identity: compileIdentity(table.name, shape, row),
  };
}

/** Paths that only other products of the shape know are left out. What is left must tell events apart. */
function compileIdentity(name: string, shape: Shape, fields: readonly EventField[]): readonly string[] {
  const unknown = shape.identity.find((path) => !isScalar(shape.fields, path.split('.')));
  if (unknown !== undefined)
    throw new Error(`${name}: identity names ${unknown}, which is no scalar field of the shape`);
  const known = new Set(flat(fields).map(({ path }) => path));
  const identity = shape.identity.filter((path) => known.has(path));
  return identity.length > 0 ? identity : ['E'];
}

function isScalar(fields: Fields, [step = '', ...rest]: readonly string[]): boolean {
  const field = fields[step.replace(/\[\]$/, '')];
  if (field === undefined || !('fields' in field)) return field !== undefined && rest.length === 0;
  return step.endsWith('[]') === (field.type === 'array') && isScalar(field.fields, rest);
}

function flat(fields: readonly EventField[]): readonly EventField[] {
  return fields.flatMap((field) => [field, ...flat(field.fields)]);
}

interface Column {
  readonly product: ProductId;
  readonly column: number;
  readonly columns: number;
}

function compileFields(fields: Fields, column: Column, parent: string): readonly EventField[] {
  return Object.entries(fields).flatMap(([name, table]) => {
    const path = parent + name;
    const mark = markOf(table, column, path);
    return mark === '-' ? [] : [compileField(name, path, table, column, mark === '+')];
  });
}

function compileField(name: string, path: string, table: FieldTable, column: Column, always: boolean): EventField {
  const nested = 'fields' in table;
  return {
    name,
    path,
    type: table.type,
    always,
    time: !nested && table.time === true,
    wide: !nested && table.wide === true,
    meaning: table.meaning,
    values: nested ? [] : valuesOf(table.values, column.product),
    since: table.since?.[column.product],
    fields: nested ? compileFields(table.fields, column, path + (table.type === 'array' ? '[].' : '.')) : [],
  };
}

function markOf(table: FieldTable, column: Column, path: string): string {
  if (table.in === undefined) return '+';
  const marks = table.in.split(' ');
  const mark = marks[column.column];
  if (marks.length !== column.columns || mark === undefined || !'+?-'.includes(mark) || mark === '') {
    throw new Error(`field ${path}: marks '${table.in}' must be ${column.columns} of + ? - separated by blanks`);
  }
  return mark;
}

type Values = readonly string[] | PerProduct<readonly string[]> | undefined;

function valuesOf(values: Values, product: ProductId): readonly string[] {
  if (values === undefined) return [];
  return isList(values) ? values : (values[product] ?? []);
}

function isList(values: readonly string[] | PerProduct<readonly string[]>): values is readonly string[] {
  return Array.isArray(values);
}

function eventType(name: string): EventField {
  return {
    name: 'e',
    path: 'e',
    type: 'str',
    always: true,
    time: false,
    wide: false,
    meaning: 'event type',
    values: [name],
    since: undefined,
    fields: [],
  };
}
