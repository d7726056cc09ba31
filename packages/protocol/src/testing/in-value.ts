/** Events as values, for tests that compare two forms of one event. */
import type { EventField } from '../events/index.ts';

export type Members = { readonly [key: string]: unknown };

/** One spelling for each value: decimals without trailing zeros, integers as text; without what JSON may leave out. */
export function inValue(fields: readonly EventField[], members: Members): Members {
  const known = fields.filter(({ name }) => members[name] !== undefined && !isPlain(name, members[name]));
  return Object.fromEntries(known.map((field) => [field.name, fieldValue(field, members[field.name])]));
}

function fieldValue(field: EventField, value: unknown): unknown {
  if (field.type === 'array') return (value as readonly Members[]).map((item) => inValue(field.fields, item));
  if (field.type === 'int') return String(value);
  return field.type === 'dec' ? plainDecimal(String(value)) : value;
}

function plainDecimal(text: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text) ?? [];
  const digits = `${whole.replace(/^0+(?=\d)/, '')}.${fraction}`.replace(/\.?0*$/, '');
  return digits === '0' || digits === '' ? '0' : sign + digits;
}

/** Members of an `executionReport` that SBE always has; JSON leaves them out where they say nothing. */
const PLAIN: Readonly<Record<string, (value: unknown) => boolean>> = {
  b: (value) => value === 'AUTO_MATCH',
  k: (value) => value === 'EXCHANGE',
  A: (value) => plainDecimal(String(value)) === '0',
  uS: (value) => value === false,
  eR: (value) => value === 'NONE',
};

function isPlain(name: string, value: unknown): boolean {
  return PLAIN[name]?.(value) ?? false;
}
