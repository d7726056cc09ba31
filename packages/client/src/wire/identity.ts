/**
 * What tells one event from another where the venue gives no positions: the columns `identity` of the event tables
 * (docs/event-identity.md lists them). Two pushes of one event, on two connections, have the same identity.
 */
import { type EventRow, eventRow, productOfScope } from '@listenpost/protocol';
import type { WireEvent } from '../events.ts';
import { memberOf, type Step, stepsOf } from './member-path.ts';

/** Events that no table knows, or that are not shaped as theirs, are told apart by all they say. */
export function identityOf(scope: string, event: WireEvent): string {
  const product = productOfScope(scope)?.id;
  const row = product === undefined ? undefined : eventRow(product, event.e);
  return (row && identityByRow(row, event)) ?? wholeIdentity(event);
}

interface Part {
  readonly path: readonly Step[];
  /** Without it the event is not of the row's shape, and its identity would be too poor. */
  readonly needed: boolean;
}

const PARTS = new WeakMap<EventRow, readonly Part[]>();

function identityByRow(row: EventRow, event: WireEvent): string | undefined {
  let identity = row.name;
  for (const { path, needed } of partsOf(row)) {
    const written = write(event, path, 0);
    if (needed && written === ABSENT) return undefined;
    identity += written;
  }
  return identity;
}

function partsOf(row: EventRow): readonly Part[] {
  const known = PARTS.get(row);
  if (known !== undefined) return known;
  const parts = row.identity.map((path) => ({ path: stepsOf(path), needed: isAlways(row, path) }));
  PARTS.set(row, parts);
  return parts;
}

/** Whether each member on the way is there in every event of the row. */
function isAlways({ fields }: EventRow, path: string): boolean {
  let members = fields;
  for (const { name } of stepsOf(path)) {
    const field = members.find((each) => each.name === name);
    if (field?.always !== true) return false;
    members = field.fields;
  }
  return true;
}

const ABSENT = '!';

/** Texts come with their length and lists with their count, so that no two values of one path write the same. */
function write(value: unknown, path: readonly Step[], at: number): string {
  const step = path[at];
  if (step === undefined) return writeScalar(value);
  const member = memberOf(value, step.name);
  if (member === undefined) return ABSENT;
  if (!step.each) return write(member, path, at + 1);
  if (!Array.isArray(member)) return ABSENT;
  let written = `[${member.length}`;
  for (const item of member) written += write(item, path, at + 1);
  return written;
}

function writeScalar(value: unknown): string {
  if (typeof value === 'string') return `"${value.length}:${value}`;
  return typeof value === 'object' ? `{${jsonOf(value)};` : `,${String(value)};`;
}

/** `E` is the moment of the push. It is left out where `T`, the moment of what happened, tells events apart. */
function wholeIdentity(event: WireEvent): string {
  const { E, ...members } = event;
  return jsonOf(event['T'] === undefined ? event : members);
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? `${member}n` : member));
}
