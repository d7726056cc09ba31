/**
 * Events and responses as SBE frames, from their JSON form (spot-margin §7).
 *
 * The frame of an event is the same for all who read it, but for the subscriptionId, which stands at a fixed offset of
 * each message. Encode once, without one, and stamp it into a copy for each subscription.
 */
import { parseExact } from '../exact-json.ts';
import type { Decimal } from './decimal.ts';
import { narrow, parseDecimal, shareExponent } from './decimal.ts';
import type {
  BodyPlan,
  DataPlan,
  ExponentPlan,
  FieldPlan,
  GroupPlan,
  MessagePlan,
  Place,
  VersionPlan,
} from './plan.ts';
import { planVersion } from './plan.ts';
import { SbeError } from './sbe-error.ts';
import type { SbePrimitive } from './schema.ts';
import { HEADER_BYTES, NON_REPRESENTABLE } from './schema.ts';
import { SPOT_3_5 } from './spot-3-5.ts';
import { SbeWriter } from './writer.ts';

/** Of the times in what is encoded; SBE itself is in microseconds always. */
export type SbeTimeUnit = 'MILLISECOND' | 'MICROSECOND';

export interface EncodeEventOptions {
  /** 0 to 65534. Without it the field is null, ready to be stamped. */
  readonly subscriptionId?: number;
  /** Of the event's times; milliseconds by default. */
  readonly timeUnit?: SbeTimeUnit;
}

/**
 * The frame of an event in schema 3:`version`. `event`: its JSON text, or what that parses to; only the text keeps
 * integers beyond 2^53, unless they are given as bigint or as a string of digits.
 *
 * An event that the version does not have becomes a `NonRepresentableMessage` (spot-margin §7.4). Not carried, since the
 * schema has no place for them: members it does not list; trailing zeros beyond what the shared exponent keeps; whether
 * `b`, `k` and `A` of an `executionReport` stood there with their plain values (AUTO_MATCH, EXCHANGE, zero); empty `N`
 * and `Cs`; `eR` NONE; halves of surrogate pairs.
 *
 * @throws SbeError where a member is missing, of a wrong type or too large; then nothing can be sent but `nonRepresentable`.
 */
export function encodeEvent(version: number, event: string | object, options: EncodeEventOptions = {}): Uint8Array {
  const plan = planOf(version);
  const source = typeof event === 'string' ? parseText(event) : event;
  const type = membersOf(source, 'event')['e'];
  const message = (typeof type === 'string' ? plan.byEvent.get(type) : undefined) ?? plan.nonRepresentable;
  const frame = write(plan, message, source, options.timeUnit);
  if (options.subscriptionId !== undefined) stampInto(frame, message, options.subscriptionId);
  return frame;
}

function parseText(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    throw new SbeError('the text is not JSON');
  }
}

/** The frame that stands for what the schema cannot carry. */
export function nonRepresentable(version: number): Uint8Array {
  const plan = planOf(version);
  return write(plan, plan.nonRepresentable, {}, undefined);
}

/** A copy of an event's frame for one subscription; the frame itself where its message has no subscriptionId. */
export function stampSubscriptionId(frame: Uint8Array, subscriptionId: number): Uint8Array {
  const message = messageOf(frame);
  if (message === undefined || message.subscriptionIdOffset === -1) return frame;
  const copy = frame.slice();
  stampInto(copy, message, subscriptionId);
  return copy;
}

/** Where a frame of `encodeEvent` holds its subscriptionId, uint16 little-endian; -1 where it holds none. */
export function subscriptionIdOffset(frame: Uint8Array): number {
  return messageOf(frame)?.subscriptionIdOffset ?? -1;
}

/** 65535 is the null of uint16. */
const SUBSCRIPTION_ID_MAX = 65534;

function stampInto(frame: Uint8Array, message: MessagePlan, subscriptionId: number): void {
  if (!Number.isInteger(subscriptionId) || subscriptionId < 0 || subscriptionId > SUBSCRIPTION_ID_MAX) {
    throw new SbeError(`subscriptionId: expected an integer from 0 to ${SUBSCRIPTION_ID_MAX}`);
  }
  if (message.subscriptionIdOffset === -1) return;
  frame[message.subscriptionIdOffset] = subscriptionId & 0xff;
  frame[message.subscriptionIdOffset + 1] = subscriptionId >> 8;
}

/** By the frame's own header. */
function messageOf(frame: Uint8Array): MessagePlan | undefined {
  return planOf(uint16(frame, 6)).byTemplate.get(uint16(frame, 2));
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

/** A WebSocket API response as its JSON form has it (spot-margin §1.6). */
export interface SbeResponse {
  readonly id: string | number | bigint | null;
  readonly status: number;
  /** Of `exchangeInfo`, `session.status` and so on: what JSON has; read for every status where `error` is not there. */
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly msg: string; readonly data?: object };
  /** Left out when hidden. */
  readonly rateLimits?: readonly object[];
}

export interface EncodeResponseOptions {
  /** The session asked for a deprecated version. */
  readonly deprecated?: boolean;
  /** Of the response's times; milliseconds by default. */
  readonly timeUnit?: SbeTimeUnit;
}

/**
 * The frame of a response: `WebSocketResponse` around the message of the method's result, or of the error. A method whose
 * result the version does not have answers with `NonRepresentableMessage` inside.
 *
 * @throws SbeError where the result is not shaped as the method's is.
 */
export function encodeResponse(
  version: number,
  method: string | undefined,
  response: SbeResponse,
  options: EncodeResponseOptions = {},
): Uint8Array {
  const plan = planOf(version);
  const source = {
    sbeSchemaIdVersionDeprecated: options.deprecated === true,
    status: response.status,
    rateLimits: response.rateLimits,
    id: response.id === null ? '' : String(response.id),
    result: innerMessage(plan, method, response),
  };
  return write(plan, plan.webSocketResponse, source, options.timeUnit);
}

function innerMessage(plan: VersionPlan, method: string | undefined, response: SbeResponse): InnerMessage {
  if (response.error !== undefined) return new InnerMessage(plan.errorResponse, response.error);
  return new InnerMessage(plan.byMethod.get(method ?? '') ?? plan.nonRepresentable, response.result);
}

/** A value of message data whose message is known already. */
class InnerMessage {
  readonly message: MessagePlan;
  readonly source: unknown;

  constructor(message: MessagePlan, source: unknown) {
    this.message = message;
    this.source = source;
  }
}

// --- Versions ----------------------------------------------------------------------------------------------------------

const plans = new Map<number, VersionPlan>();

function planOf(version: number): VersionPlan {
  const known = plans.get(version);
  if (known !== undefined) return known;
  if (!Number.isInteger(version) || version < 0 || version > SPOT_3_5.version) {
    throw new SbeError(`version: expected an integer from 0 to ${SPOT_3_5.version}, of schema ${SPOT_3_5.schemaId}`);
  }
  const plan = planVersion(SPOT_3_5, version);
  plans.set(version, plan);
  return plan;
}

// --- Messages ----------------------------------------------------------------------------------------------------------

/** Of one message: where it goes and how its times are read. */
interface Job {
  readonly plan: VersionPlan;
  readonly usPerUnit: 1 | 1000;
}

/** Encoding is synchronous and ends in a copy, so that one buffer serves every message. */
const writer = new SbeWriter();

function write(
  plan: VersionPlan,
  message: MessagePlan,
  source: unknown,
  timeUnit: SbeTimeUnit | undefined,
): Uint8Array {
  writer.reset();
  writeMessage({ plan, usPerUnit: timeUnit === 'MICROSECOND' ? 1 : 1000 }, message, source);
  return writer.taken();
}

function writeMessage(job: Job, message: MessagePlan, source: unknown): void {
  const at = writer.reserve(HEADER_BYTES);
  writer.integer('uint16', at, message.body.blockLength);
  writer.integer('uint16', at + 2, message.row.templateId);
  writer.integer('uint16', at + 4, job.plan.schemaId);
  writer.integer('uint16', at + 6, job.plan.version);
  const block = writeBody(job, message.body, source, message.row.event ?? message.row.name);
  if (message.subscriptionIdOffset !== -1) writer.null('uint16', block + message.subscriptionIdOffset - HEADER_BYTES);
}

/** Returns where the block begins. */
function writeBody(job: Job, body: BodyPlan, source: unknown, path: string): number {
  const block = writer.reserve(body.blockLength);
  if (body.blockLength > 0) {
    const members = membersOf(source, path);
    for (const exponent of body.exponents) writeDecimals(exponent, members, block);
    for (const field of body.fields) writeField(job, field, members, block + field.offset);
  }
  for (const group of body.groups) writeGroup(job, group, source);
  for (const data of body.data) writeData(job, data, source);
  return block;
}

type Members = { readonly [name: string]: unknown };

function membersOf(source: unknown, path: string): Members {
  if (typeof source === 'object' && source !== null) return source as Members;
  throw new SbeError(`${path}: expected an object, got ${kindOf(source)}`);
}

function valueAt(source: unknown, place: Place): unknown {
  if (place.key === '..') return source;
  if (place.steps === undefined) return membersOf(source, place.path)[place.key];
  let value = source;
  for (const step of place.steps) value = (value as Members | undefined | null)?.[step];
  return value;
}

// --- Fields ------------------------------------------------------------------------------------------------------------

/** The value to write; undefined for the schema's null. A missing member that must be there is an error. */
function presentValue(field: FieldPlan, members: Members): unknown {
  const value = field.steps === undefined ? members[field.key] : valueAt(members, field);
  const { row } = field;
  if (row.optional) {
    const absent = value === null || value === row.jsonDefault || value === row.alsoNull || value === field.nullNumber;
    return absent ? undefined : value;
  }
  if (value !== undefined) return value;
  if (row.jsonDefault === undefined || row.jsonDefault === null) throw new SbeError(`${field.path}: is missing`);
  return row.type === 'boolEnum' ? row.jsonDefault === 'true' : row.jsonDefault;
}

function writeField(job: Job, field: FieldPlan, members: Members, at: number): void {
  const value = presentValue(field, members);
  if (value === undefined) writer.null(field.primitive, at);
  else writer.integer(field.primitive, at, codeOf(job, field, value));
}

function codeOf(job: Job, field: FieldPlan, value: unknown): number | bigint {
  switch (field.row.type) {
    case 'boolEnum':
      if (typeof value !== 'boolean') throw wrong(field, 'true or false', value);
      return value ? 1 : 0;
    case 'enum':
      if (typeof value !== 'string') throw wrong(field, 'a string', value);
      return field.codes?.get(value) ?? NON_REPRESENTABLE_CODE;
    case 'set':
      return bitsOf(field, value);
    case 'utcTimestampUs':
      return inRange(field, microseconds(integerOf(field, value), job.usPerUnit));
    default:
      return inRange(field, integerOf(field, value));
  }
}

const NON_REPRESENTABLE_CODE = 254;

function bitsOf(field: FieldPlan, value: unknown): number {
  if (!Array.isArray(value)) throw wrong(field, 'an array of strings', value);
  const other = field.codes?.get(NON_REPRESENTABLE) ?? 0;
  return value.reduce((bits: number, text) => bits | (1 << (field.codes?.get(text) ?? other)), 0);
}

const DIGITS = /^-?\d{1,20}$/;

/** Integers in strings are read too: clients type some ids so (spot-margin §6.3), and long ones come so. */
function integerOf(field: FieldPlan, value: unknown): number | bigint {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value;
    const lost = Number.isInteger(value);
    throw wrong(field, lost ? 'the JSON text or a bigint, for an integer beyond 2^53' : 'an integer', value);
  }
  if (typeof value === 'bigint') return narrow(value);
  if (typeof value === 'string' && DIGITS.test(value)) return narrow(BigInt(value));
  throw wrong(field, 'an integer', value);
}

/** Values below 1 stand for "none" in the event tables, and are no time to be rescaled. */
function microseconds(time: number | bigint, usPerUnit: 1 | 1000): number | bigint {
  if (time < 1) return time;
  if (typeof time === 'bigint') return time * BigInt(usPerUnit);
  const product = time * usPerUnit;
  return Number.isSafeInteger(product) ? product : BigInt(time) * BigInt(usPerUnit);
}

/** What each primitive holds beside its null. */
const RANGE: Readonly<Record<SbePrimitive, readonly [number | bigint, number | bigint]>> = {
  int8: [-127, 127],
  uint8: [0, 254],
  int16: [-32_767, 32_767],
  uint16: [0, 65_534],
  int32: [-(2 ** 31) + 1, 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 2],
  int64: [-(2n ** 63n) + 1n, 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 2n],
};

function inRange(field: FieldPlan, value: number | bigint): number | bigint {
  if (field.primitive === 'int64' && typeof value === 'number') return value;
  const [least, most] = RANGE[field.primitive];
  if (value >= least && value <= most) return value;
  throw new SbeError(`${field.path}: ${field.primitive} holds ${least} to ${most}`);
}

// --- Decimals ----------------------------------------------------------------------------------------------------------

function writeDecimals(plan: ExponentPlan, members: Members, block: number): void {
  const shared = shareExponent(plan.mantissas.map((field) => decimalOf(field, members)));
  if (shared === undefined) {
    const paths = plan.mantissas.map(({ path }) => path).join(', ');
    throw new SbeError(`${paths}: share an exponent, and have too many digits together for int64`);
  }
  writer.integer('int8', block + plan.offset, shared.exponent);
  for (let index = 0; index < plan.mantissas.length; index++) {
    const at = block + (plan.mantissas[index] as FieldPlan).offset;
    const mantissa = shared.mantissas[index] ?? null;
    if (mantissa === null) writer.null('int64', at);
    else writer.integer('int64', at, mantissa);
  }
}

function decimalOf(field: FieldPlan, members: Members): Decimal | null {
  const value = presentValue(field, members);
  if (value === undefined) return null;
  if (value === '0' && field.row.bareZeroDecimals !== undefined) {
    return { mantissa: 0, decimals: field.row.bareZeroDecimals };
  }
  const decimal = typeof value === 'string' ? parseDecimal(value) : undefined;
  if (decimal === undefined) throw wrong(field, 'a decimal in a string', value);
  return decimal;
}

// --- Groups and data ---------------------------------------------------------------------------------------------------

function writeGroup(job: Job, group: GroupPlan, source: unknown): void {
  const items = valueAt(source, group) ?? (group.row.optional ? [] : undefined);
  if (!Array.isArray(items)) throw wrong(group, 'an array', items);
  const primitive = group.row.dimensionType === 'groupSize16Encoding' ? 'uint16' : 'uint32';
  if (items.length > RANGE[primitive][1]) throw new SbeError(`${group.path}: holds up to ${RANGE[primitive][1]} items`);
  writer.integer('uint16', writer.reserve(2), group.body.blockLength);
  writer.integer(primitive, writer.reserve(primitive === 'uint16' ? 2 : 4), items.length);
  for (const item of items) writeBody(job, group.body, item, `${group.path}[]`);
}

function writeData(job: Job, data: DataPlan, source: unknown): void {
  const { row } = data;
  const value = valueAt(source, data) ?? row.jsonDefault ?? (row.optional ? '' : undefined);
  if (value === undefined || value === null) throw new SbeError(`${data.path}: is missing`);
  const lengthBytes = row.length === 'uint8' ? 1 : row.length === 'uint16' ? 2 : 4;
  const at = writer.reserve(lengthBytes);
  if (typeof value === 'string') writeText(data, value);
  else writeInner(job, data, value);
  const length = writer.at - at - lengthBytes;
  const most = RANGE[row.length][1];
  if (length > most) throw new SbeError(`${data.path}: holds up to ${most} bytes, got ${length}`);
  writer.integer(row.length, at, length);
}

function writeText(data: DataPlan, text: string): void {
  if (data.row.type !== 'string' && text !== '') throw wrong(data, 'an object', text);
  // Too long already in UTF-16: not worth the room.
  if (text.length > RANGE[data.row.length][1]) {
    throw new SbeError(`${data.path}: holds up to ${RANGE[data.row.length][1]} bytes`);
  }
  writer.text(text);
}

/** Message data: the message is known, or the object names it by its constant (`filterType`). */
function writeInner(job: Job, data: DataPlan, value: unknown): void {
  if (data.row.type === 'string') throw wrong(data, 'a string', value);
  if (value instanceof InnerMessage) return writeMessage(job, value.message, value.source);
  writeMessage(job, messageNamedBy(job.plan, membersOf(value, data.path)) ?? job.plan.nonRepresentable, value);
}

function messageNamedBy(plan: VersionPlan, members: Members): MessagePlan | undefined {
  for (const [name, byText] of plan.byConstant) {
    const message = byText.get(String(members[name]));
    if (message !== undefined) return message;
  }
  return undefined;
}

// --- Errors ------------------------------------------------------------------------------------------------------------

function wrong(place: Place, expected: string, value: unknown): SbeError {
  return new SbeError(
    value === undefined ? `${place.path}: is missing` : `${place.path}: expected ${expected}, got ${kindOf(value)}`,
  );
}

/** Names the kind and never the value: it is the account's. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value === undefined) return 'nothing';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
