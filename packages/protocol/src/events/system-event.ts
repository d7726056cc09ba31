/**
 * JSON texts of the events that the system makes itself, written as their rows say.
 */
import type { ProductId } from '../products.ts';
import { eventRow } from './events.ts';
import type { EventField } from './row.ts';

/**
 * The body of `listenKeyExpired` in the product's own shape (derivatives §4.1; spot-margin §6.7).
 *
 * @throws when the product has no such event: it has no listenKeys, so none can have expired.
 */
export function listenKeyExpired(product: ProductId, eventTimeMs: number, listenKey: string): string {
  const row = eventRow(product, 'listenKeyExpired');
  if (row === undefined) throw new Error(`product ${product} has no listenKeyExpired`);
  return write(row.fields, { e: row.name, E: eventTimeMs, listenKey });
}

/**
 * The body of `eventStreamTerminated`, the last event of a subscription (spot-margin §6.6).
 *
 * @throws when the product has no such event: no subscription on a WebSocket API reads its streams.
 */
export function eventStreamTerminated(product: ProductId, eventTimeMs: number): string {
  const row = eventRow(product, 'eventStreamTerminated');
  if (row === undefined) throw new Error(`product ${product} has no eventStreamTerminated`);
  return write(row.fields, { e: row.name, E: eventTimeMs });
}

function write(fields: readonly EventField[], values: { readonly [name: string]: string | number }): string {
  const members = fields.map((field) => `"${field.name}":${text(field, values[field.name])}`);
  return `{${members.join(',')}}`;
}

function text(field: EventField, value: string | number | undefined): string {
  if (value === undefined) throw new Error(`no value for ${field.path}`);
  return JSON.stringify(field.type === 'int' ? value : String(value));
}
