/**
 * The events' wire in a form to read and to compare: every field path of every product and event, with its type and
 * whether it is always there. `wire.json` holds the accepted one; run this file to accept what the tables say now.
 */
import { writeFileSync } from 'node:fs';
import type { EventField, EventRow, ProductId } from '@listenpost/protocol';
import { eventRows, PRODUCTS } from '@listenpost/protocol';

/** `{ "usdm/ORDER_TRADE_UPDATE": { "o.q": "dec, always" } }` */
export interface Wire {
  readonly [event: string]: { readonly [path: string]: string };
}

export const ACCEPTED = new URL('wire.json', import.meta.url);
const COMMAND = 'npx bun tests/conformance/wire.ts';

/** The wire as the tables say it. */
export function wireOfTables(): Wire {
  const rows = Object.keys(PRODUCTS).flatMap((product) => [...eventRows(product as ProductId)]);
  return Object.fromEntries(rows.map((row) => [`${row.product}/${row.name}`, pathsOf(row)]));
}

function pathsOf(row: EventRow): Wire[string] {
  return Object.fromEntries(flat(row.fields).map((field) => [field.path, describeField(row, field)]));
}

function flat(fields: readonly EventField[]): EventField[] {
  return fields.flatMap((field) => [field, ...flat(field.fields)]);
}

function describeField(row: EventRow, field: EventField): string {
  const grouped = row.exactlyOneOf.includes(field.path);
  const presence = field.always ? 'always' : grouped ? `exactly one of ${row.exactlyOneOf.join(' ')}` : 'optional';
  const marks = [
    ...(field.time ? ['time'] : []),
    ...(field.wide ? ['wide'] : []),
    ...(field.path === 'e' && row.system ? ['by the system'] : []),
  ];
  return [field.type, presence, ...marks].join(', ');
}

/** One line per difference, with the file to look at; empty when nothing changed. */
export function wireDrift(accepted: Wire, now: Wire): string[] {
  const events = [...new Set([...Object.keys(accepted), ...Object.keys(now)])].sort();
  const lines = events.flatMap((event) => driftOf(event, accepted[event] ?? {}, now[event] ?? {}));
  return lines.length === 0 ? [] : [...lines, `if this is meant: ${COMMAND}, and commit tests/conformance/wire.json`];
}

function driftOf(event: string, accepted: Wire[string], now: Wire[string]): string[] {
  const [product, name] = event.split('/');
  const paths = [...new Set([...Object.keys(accepted), ...Object.keys(now)])];
  return paths
    .filter((path) => accepted[path] !== now[path])
    .map((path) => {
      const change = `was "${accepted[path] ?? 'unknown'}", is "${now[path] ?? 'unknown'}"`;
      return `packages/protocol/src/events/${name}.ts: ${product} ${path} ${change}`;
    });
}

if (import.meta.main) {
  writeFileSync(ACCEPTED, `${JSON.stringify(wireOfTables(), null, 2)}\n`);
}
