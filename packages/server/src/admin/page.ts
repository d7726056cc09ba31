import { Refusal } from './refusal.ts';

/** What a listing was asked for: up to `limit` rows whose id comes after `after`. */
export interface PageRequest {
  readonly limit: number;
  readonly after: string | undefined;
}

const LIMIT_DEFAULT = 100;
/** One page is built in one turn of the event loop. */
const LIMIT_MAX = 1000;

export function pageRequestOf(parameters: URLSearchParams): PageRequest {
  return { limit: limitOf(parameters), after: parameters.get('after') ?? undefined };
}

export function limitOf(parameters: URLSearchParams): number {
  const text = parameters.get('limit');
  if (text === null) return LIMIT_DEFAULT;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > LIMIT_MAX) throw new Refusal(400, `limit: expected a whole number from 1 to ${LIMIT_MAX}`);
  return limit;
}

/** A page, and the id to ask on with when there is more. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: string | undefined;
}

/**
 * The first `limit` of `items` in the order of their keys, from the first key above `above` on. One walk over all of
 * them, holding at most twice a page: a million keys are never sorted whole.
 */
export function pageOf<Row, Key extends number | string>(
  items: Iterable<Row>,
  keyOf: (row: Row) => Key,
  above: Key | undefined,
  limit: number,
): { readonly rows: readonly Row[]; readonly more: boolean } {
  const byKey = (left: Row, right: Row) => (keyOf(left) < keyOf(right) ? -1 : 1);
  let held: Row[] = [];
  for (const item of items) {
    if (above !== undefined && keyOf(item) <= above) continue;
    held.push(item);
    if (held.length > 2 * limit + 1) held = held.sort(byKey).slice(0, limit + 1);
  }
  held.sort(byKey);
  return { rows: held.slice(0, limit), more: held.length > limit };
}

/** The number in an opaque id such as `k12`; throws when it is none of ours. */
export function numberOfId(prefix: string, id: string, field: string): number {
  const digits = id.startsWith(prefix) ? id.slice(prefix.length) : '';
  if (!/^\d{1,15}$/.test(digits)) throw new Refusal(400, `${field}: "${id.slice(0, 64)}" is no id that this list gave`);
  return Number(digits);
}
