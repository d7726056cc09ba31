/**
 * Whether an event is shaped as its row says. On the path of every published event: nothing is allocated unless the
 * event is refused, and a member is looked up once.
 */
import type { EventField, EventRow } from './row.ts';
import type { FieldType } from './table.ts';

export interface Violation {
  /** From the top of the event: `o.q`, `a.B[2].wb`. */
  readonly path: string;
  readonly problem: string;
}

type Members = { readonly [name: string]: unknown };

const EXPECTED: Readonly<Record<FieldType, string>> = {
  int: 'an integer',
  dec: 'a decimal in a string',
  str: 'a string',
  bool: 'true or false',
  'str|null': 'a string or null',
  digits: 'an integer in a string',
  object: 'an object',
  array: 'an array of objects',
};

/**
 * The first violation in the row's order, or null.
 * strict: every field that the row marks always present is there, and every known field that is there has its type.
 * types: only the latter. Fields that the row does not know are not looked at; neither are values outside `values`.
 */
export function checkEvent(row: EventRow, event: object, validation: 'strict' | 'types'): Violation | null {
  const members = event as Members;
  const strict = validation === 'strict';
  if (members['e'] !== row.name) return wrongEventType(row.name, members['e']);
  const violation = checkMembers(row.fields, members, strict);
  if (violation !== null || !strict || row.exactlyOneOf.length === 0) return violation;
  return checkGroup(row.exactlyOneOf, members);
}

function checkMembers(fields: readonly EventField[], members: Members, strict: boolean): Violation | null {
  for (let at = 0; at < fields.length; at++) {
    const field = fields[at] as EventField;
    const value = members[field.name];
    if (isScalar(field.type, value)) continue;
    if (value === undefined) {
      if (strict && field.always) return { path: field.name, problem: 'is missing' };
      continue;
    }
    const violation = checkNested(field, value, strict);
    if (violation !== null) return violation;
  }
  return null;
}

/** Told by the value's own type first: most fields are strings, and are done after one comparison. */
function isScalar(type: FieldType, value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      if (type === 'str') return true;
      if (type === 'dec') return isDecimal(value);
      return type === 'str|null' || (type === 'digits' && isInteger(value));
    case 'number':
      return type === 'int' && Number.isInteger(value);
    case 'bigint':
      return type === 'int';
    case 'boolean':
      return type === 'bool';
    default:
      return value === null && type === 'str|null';
  }
}

function checkNested(field: EventField, value: unknown, strict: boolean): Violation | null {
  if (field.type === 'object' && isObject(value)) return checkObject(field, value, strict);
  if (field.type === 'array' && Array.isArray(value)) return checkItems(field, value, strict);
  return wrongType(field, value);
}

function checkObject(field: EventField, members: Members, strict: boolean): Violation | null {
  const violation = checkMembers(field.fields, members, strict);
  return violation === null ? null : { path: `${field.name}.${violation.path}`, problem: violation.problem };
}

function checkItems(field: EventField, items: readonly unknown[], strict: boolean): Violation | null {
  for (let at = 0; at < items.length; at++) {
    const item = items[at];
    if (!isObject(item)) {
      return { path: `${field.name}[${at}]`, problem: `expected an object, got ${kindOf(item)}` };
    }
    const violation = checkMembers(field.fields, item, strict);
    if (violation !== null) {
      return { path: `${field.name}[${at}].${violation.path}`, problem: violation.problem };
    }
  }
  return null;
}

function checkGroup(group: readonly string[], members: Members): Violation | null {
  let first: string | undefined;
  for (const name of group) {
    if (members[name] === undefined) continue;
    if (first !== undefined) return { path: name, problem: `stands beside ${first}: ${groupRule(group)}` };
    first = name;
  }
  return first === undefined ? { path: group[0] as string, problem: `is missing: ${groupRule(group)}` } : null;
}

function groupRule(group: readonly string[]): string {
  return `exactly one of ${group.join(', ')} must be there`;
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const DIGIT_0 = 48;
const DIGIT_9 = 57;
const POINT = 46;
const MINUS = 45;

/** The rare spellings: a leading plus, a bare point, an exponent. Linear in the text: no two parts match the same digit. */
const DECIMAL = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;

/** Digits with at most one point between them are told by one pass; every other spelling is left to `DECIMAL`. */
function isDecimal(text: string): boolean {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  const last = text.length - 1;
  let pointSeen = false;
  for (let at = start; at <= last; at++) {
    const char = text.charCodeAt(at);
    if (char >= DIGIT_0 && char <= DIGIT_9) continue;
    if (char !== POINT || pointSeen || at === start || at === last) return DECIMAL.test(text);
    pointSeen = true;
  }
  return last >= start;
}

function isInteger(text: string): boolean {
  for (let at = text.charCodeAt(0) === MINUS ? 1 : 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char < DIGIT_0 || char > DIGIT_9) return false;
  }
  return text.length > 0 && text !== '-';
}

function wrongType(field: EventField, value: unknown): Violation {
  return { path: field.name, problem: `expected ${EXPECTED[field.type]}, got ${gotInstead(field.type, value)}` };
}

/** Names the kind of the value and never the value: it may be long, and it is the account's. */
function gotInstead(type: FieldType, value: unknown): string {
  if (type === 'int' && typeof value === 'number') return 'a number that is no integer';
  if (type === 'dec' && typeof value === 'string') return 'a string that is no decimal';
  if (type === 'digits' && typeof value === 'string') return 'a string that is no integer';
  return kindOf(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function wrongEventType(name: string, value: unknown): Violation {
  if (value === undefined) return { path: 'e', problem: 'is missing' };
  const got = typeof value === 'string' ? 'another event type' : kindOf(value);
  return { path: 'e', problem: `expected "${name}", got ${got}` };
}
