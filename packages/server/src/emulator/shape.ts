/**
 * Shapes an event by its row: the row says which members a product's event has and in which order, the scenario knows
 * their values. So a scenario states facts once and each product gets its own shape.
 */
import { type EventRow, eventRow, type ProductId } from '@listenpost/protocol';

type Field = EventRow['fields'][number];

/** Values by wire name, nested as on the wire. */
export type Facts = { readonly [name: string]: unknown };

/** Whether the product pushes such an event at all. */
export const pushes = (product: ProductId, name: string): boolean => eventRow(product, name) !== undefined;

/**
 * @param facts members that the row may mark always present; more than it has is fine.
 * @param conditional members that hold this time and that the row marks conditional.
 * @throws when a member that must be there is in neither: a scenario is wrong, not its caller.
 */
export function shaped(product: ProductId, name: string, facts: Facts, conditional: Facts = {}): object {
  const row = eventRow(product, name);
  if (row === undefined) throw new Error(`${product} has no event ${name}`);
  return members(row, row.fields, { e: name, ...facts }, conditional);
}

function members(row: EventRow, fields: readonly Field[], facts: Facts, conditional: Facts): object {
  const event: Record<string, unknown> = {};
  for (const field of fields) {
    const nested = field.fields.length > 0;
    const value = field.always ? facts[field.name] : conditional[field.name];
    if (value === undefined && field.always) throw new Error(`${row.product} ${row.name} lacks ${field.path}`);
    if (value === undefined) continue;
    event[field.name] = nested ? inner(row, field, value, conditional[field.name]) : value;
  }
  return event;
}

function inner(row: EventRow, field: Field, value: unknown, conditional: unknown): unknown {
  const more = (conditional ?? {}) as Facts;
  if (Array.isArray(value)) return value.map((item) => members(row, field.fields, item as Facts, more));
  return members(row, field.fields, value as Facts, more);
}
