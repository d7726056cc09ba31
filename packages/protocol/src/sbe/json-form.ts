/** What a decoded message says, in the JSON form of the WebSocket API (spot-margin §1.6, §1.7). */
import { decimalText } from './decimal.ts';
import type { SbeDecimal, SbeFields, SbeMessage, SbeValue } from './decode.ts';
import type { SbeTimeUnit } from './encode.ts';
import { SbeError } from './sbe-error.ts';
import type { SbeFieldRow, SbeGroupRow, SbeMessageRow } from './schema.ts';
import { TEMPLATE } from './schema.ts';
import { SPOT_3_5 } from './spot-3-5.ts';

export interface SbeEventForm {
  /** Absent where the message has none, or null. */
  readonly subscriptionId?: number;
  /** The inner object, `e` first, then the schema's order. Integers beyond 2^53 are bigints. */
  readonly event: { readonly [key: string]: unknown };
}

/**
 * The JSON form of an event message; undefined for other messages. `timeUnit`: of its times, microseconds by default, as
 * in the frame; milliseconds lose what lies below them.
 */
export function eventForm(message: SbeMessage, timeUnit: SbeTimeUnit = 'MICROSECOND'): SbeEventForm | undefined {
  const row = rowOf(message);
  if (row?.event === undefined) return undefined;
  const { subscriptionId } = message.fields;
  const event = membersForm(row, message.fields, timeUnit, { e: row.event }, 'subscriptionId');
  return typeof subscriptionId === 'number' ? { subscriptionId, event } : { event };
}

export interface SbeResponseForm {
  /** Always a string: what was a number comes in digits, null as the empty string. */
  readonly id: string;
  readonly status: number;
  readonly sbeSchemaIdVersionDeprecated: boolean;
  /** Name of the message inside: `UserDataStreamSubscribeResponse`. */
  readonly name: string;
  readonly result?: unknown;
  readonly error?: unknown;
  /** Absent when hidden. */
  readonly rateLimits?: unknown;
}

/** The JSON form of a `WebSocketResponse`; undefined for other messages. `timeUnit` as in `eventForm`. */
export function responseForm(message: SbeMessage, timeUnit: SbeTimeUnit = 'MICROSECOND'): SbeResponseForm | undefined {
  const row = rowOf(message);
  if (row?.templateId !== TEMPLATE.webSocketResponse) return undefined;
  const inner = message.fields['result'] as SbeMessage;
  const member = inner.header.templateId === TEMPLATE.errorResponse ? 'error' : 'result';
  const form = membersForm(row, message.fields, timeUnit, { name: inner.name }, 'result');
  form[member] = messageForm(inner, timeUnit);
  return form as unknown as SbeResponseForm;
}

/** The JSON form of any other message, as it stands where it is used. */
export function messageForm(message: SbeMessage, timeUnit: SbeTimeUnit = 'MICROSECOND'): unknown {
  const row = rowOf(message);
  if (row === undefined) throw new SbeError(`header: templateId ${message.header.templateId} is not known`);
  return bodyForm(row, message.fields, timeUnit);
}

const ROWS: ReadonlyMap<number, SbeMessageRow> = new Map(SPOT_3_5.messages.map((row) => [row.templateId, row]));

function rowOf(message: SbeMessage): SbeMessageRow | undefined {
  return ROWS.get(message.header.templateId);
}

type Body = Pick<SbeGroupRow, 'fields' | 'groups' | 'data'>;

/** A body whose only row is `..` is that row's value. */
function bodyForm(body: Body, fields: SbeFields, timeUnit: SbeTimeUnit): unknown {
  const itself = [...body.groups, ...body.data].find(({ key }) => key === '..');
  if (itself === undefined) return membersForm(body, fields, timeUnit);
  return valueForm(itself, fields[itself.name] ?? null, timeUnit);
}

type Members = { [key: string]: unknown };

/** Put into `members`. `apart`: the name of a row that has no place there. */
function membersForm(
  body: Body,
  fields: SbeFields,
  timeUnit: SbeTimeUnit,
  members: Members = {},
  apart?: string,
): Members {
  for (const rows of [body.fields, body.groups, body.data]) {
    for (const row of rows) {
      const value = fields[row.name];
      if (value === undefined || row.name === apart || ('type' in row && row.type === 'exponent8')) continue;
      const form = valueForm(row, value, timeUnit);
      if (form !== undefined) setMember(members, row.key ?? row.name, form);
    }
  }
  return members;
}

/** Dots lead into objects. */
function setMember(members: Members, key: string, value: unknown): void {
  const dot = key.indexOf('.');
  if (dot === -1) {
    members[key] = value;
    return;
  }
  const outer = key.slice(0, dot);
  const inner = (members[outer] ?? {}) as Members;
  members[outer] = inner;
  setMember(inner, key.slice(dot + 1), value);
}

type AnyRow = Body['fields'][number] | Body['groups'][number] | Body['data'][number];

/** Undefined where JSON leaves the member out. */
function valueForm(row: AnyRow, value: SbeValue, timeUnit: SbeTimeUnit): unknown {
  if (value === null || value === '') return emptyForm(row, value);
  if ('dimensionType' in row) return groupForm(row, value as readonly SbeFields[], timeUnit);
  if (row.type === 'message') return messageForm(value as SbeMessage, timeUnit);
  if (row.type === 'mantissa64') return mantissaForm(row, value as SbeDecimal);
  if (row.type === 'utcTimestampUs') return timeForm(value as number | bigint, timeUnit);
  if (row.optional || row.jsonDefault === undefined || row.type === 'string') return value;
  return String(value) === row.jsonDefault ? undefined : value;
}

function emptyForm(row: AnyRow, value: null | ''): unknown {
  if (!row.optional) return value;
  if (typeof row.jsonDefault !== 'string') return row.jsonDefault;
  return 'type' in row && row.type === 'string' ? row.jsonDefault : Number(row.jsonDefault);
}

function groupForm(row: SbeGroupRow, entries: readonly SbeFields[], timeUnit: SbeTimeUnit): unknown {
  if (entries.length === 0 && row.optional) return undefined;
  return entries.map((entry) => bodyForm(row, entry, timeUnit));
}

function mantissaForm(row: SbeFieldRow, { mantissa, exponent }: SbeDecimal): string | undefined {
  if (mantissa === 0 && row.bareZeroDecimals !== undefined) return '0';
  if (mantissa === 0 && !row.optional && row.jsonDefault === '0') return undefined;
  return decimalText(mantissa, exponent);
}

function timeForm(time: number | bigint, timeUnit: SbeTimeUnit): number | bigint {
  if (timeUnit === 'MICROSECOND' || time < 1) return time;
  return typeof time === 'bigint' ? time / 1000n : Math.floor(time / 1000);
}
