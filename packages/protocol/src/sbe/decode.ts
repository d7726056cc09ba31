/**
 * Reads any SBE message of the schema, of any version, by walking its rows (spot-margin §7.1). Shares nothing with the
 * encoder but the rows.
 *
 * Every length and count in the bytes is checked against what is there before it is used.
 */
import { narrow } from './decimal.ts';
import { SbeError } from './sbe-error.ts';
import type { SbeDataRow, SbeFieldRow, SbeGroupRow, SbeMessageRow, SbePrimitive } from './schema.ts';
import { HEADER_BYTES, NON_REPRESENTABLE, PRIMITIVE_BYTES, primitiveOf } from './schema.ts';
import { SPOT_3_5 } from './spot-3-5.ts';
import { readUtf8 } from './utf8.ts';

export interface SbeHeader {
  /** Bytes of the root block. */
  readonly blockLength: number;
  readonly templateId: number;
  readonly schemaId: number;
  readonly version: number;
}

export interface SbeDecimal {
  readonly mantissa: number | bigint;
  readonly exponent: number;
}

/**
 * Integers are numbers where those are exact, else bigints; times are microseconds; enums their JSON texts; sets lists of
 * them; groups lists of entries; message data a message. Null is the schema's null.
 */
export type SbeValue =
  | number
  | bigint
  | boolean
  | string
  | null
  | SbeDecimal
  | readonly string[]
  | readonly SbeFields[]
  | SbeMessage;

/** By the schema's names. Fields that the message's version does not have are missing. */
export type SbeFields = { readonly [name: string]: SbeValue };

export interface SbeMessage {
  readonly header: SbeHeader;
  /** As the schema calls it: `ExecutionReportEvent`. */
  readonly name: string;
  readonly fields: SbeFields;
}

/** @throws SbeError where the bytes are no message of the schema. */
export function decodeMessage(bytes: Uint8Array): SbeMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return readMessage({ bytes, view, at: 0, end: bytes.length, version: 0, depth: 1 });
}

/** What is left to read. `version` is the message's own. */
interface Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  readonly end: number;
  readonly version: number;
  readonly depth: number;
}

const MESSAGES: ReadonlyMap<number, SbeMessageRow> = new Map(SPOT_3_5.messages.map((row) => [row.templateId, row]));

/** A response holds a result, and that its filters; nothing lies deeper. Ends what would else nest as deep as bytes last. */
const DEPTH_MAX = 4;

function readMessage(start: Cursor): SbeMessage {
  if (start.depth > DEPTH_MAX) throw new SbeError(`messages inside messages: up to ${DEPTH_MAX} deep`);
  const header = readHeader(start);
  const row = MESSAGES.get(header.templateId);
  if (row === undefined) throw new SbeError(`header: templateId ${header.templateId} is not known`);
  const cursor = { ...start, at: start.at + HEADER_BYTES, version: header.version };
  const fields = readBody(cursor, row, header.blockLength, row);
  // A later version may have put groups and data behind those we know.
  if (cursor.at < cursor.end && header.version <= SPOT_3_5.version) {
    throw new SbeError(`${row.name}: ${cursor.end - cursor.at} bytes stand behind its end`);
  }
  return { header, name: row.name, fields };
}

function readHeader({ view, at, end }: Cursor): SbeHeader {
  if (end - at < HEADER_BYTES) throw new SbeError(`header: takes ${HEADER_BYTES} bytes, ${end - at} are there`);
  const header = {
    blockLength: view.getUint16(at, true),
    templateId: view.getUint16(at + 2, true),
    schemaId: view.getUint16(at + 4, true),
    version: view.getUint16(at + 6, true),
  };
  if (header.schemaId !== SPOT_3_5.schemaId) throw new SbeError(`header: schemaId ${header.schemaId} is not known`);
  return header;
}

type Body = Pick<SbeGroupRow, 'fields' | 'groups' | 'data'>;

/** Where in a message a body stands. Spelled out only for who must read it: nearly all bodies are good. */
interface Where {
  readonly outer?: Where;
  readonly name: string;
}

const pathOf = ({ outer, name }: Where): string => (outer === undefined ? name : `${pathOf(outer)}.${name}`);

/** The block is as long as its header says: what a later version put behind our fields is passed over. */
function readBody(cursor: Cursor, rows: Body, blockLength: number, where: Where): SbeFields {
  const fields: { [name: string]: SbeValue } = {};
  const blockEnd = cursor.at + need(cursor, blockLength, where, ': its block');
  let at = cursor.at;
  for (const row of rows.fields) {
    const primitive = primitiveOf(SPOT_3_5, row);
    if (primitive === undefined) {
      fields[row.name] = row.text ?? null;
    } else if ((row.sinceVersion ?? 0) <= cursor.version) {
      const next = at + PRIMITIVE_BYTES[primitive];
      if (next > blockEnd)
        throw new SbeError(`${pathOf(where)}.${row.name}: the block of ${blockLength} bytes ends before it`);
      fields[row.name] = readField(cursor, row, primitive, at, fields, where);
      at = next;
    }
  }
  cursor.at = blockEnd;
  for (const row of rows.groups) fields[row.name] = readGroup(cursor, row, { outer: where, name: row.name });
  for (const row of rows.data) fields[row.name] = readData(cursor, row, where);
  return fields;
}

/** The length, if as many bytes are left. */
function need({ at, end }: Cursor, length: number, where: Where, what: string): number {
  if (length > end - at) throw new SbeError(`${pathOf(where)}${what} takes ${length} bytes, ${end - at} are left`);
  return length;
}

/** Exponents stand before the mantissas that name them, so they are read already. */
function readField(
  cursor: Cursor,
  row: SbeFieldRow,
  primitive: SbePrimitive,
  at: number,
  before: SbeFields,
  where: Where,
): SbeValue {
  const integer = readInteger(cursor.view, primitive, at);
  if (row.optional && isNull(primitive, integer)) return null;
  switch (row.type) {
    case 'boolEnum':
      if (integer !== 0 && integer !== 1)
        throw new SbeError(`${pathOf(where)}.${row.name}: ${integer} is neither 0 nor 1`);
      return integer === 1;
    case 'enum':
      return enumText(cursor, row, integer, where);
    case 'set':
      return setTexts(row, Number(integer));
    case 'mantissa64':
      return { mantissa: integer, exponent: Number(before[row.exponent ?? ''] ?? 0) };
    default:
      return integer;
  }
}

function readInteger(view: DataView, primitive: SbePrimitive, at: number): number | bigint {
  switch (primitive) {
    case 'int8':
      return view.getInt8(at);
    case 'uint8':
      return view.getUint8(at);
    case 'int16':
      return view.getInt16(at, true);
    case 'uint16':
      return view.getUint16(at, true);
    case 'int32':
      return view.getInt32(at, true);
    case 'uint32':
      return view.getUint32(at, true);
    case 'int64':
      return readInt64(view, at);
    case 'uint64':
      return narrow(view.getBigUint64(at, true));
  }
}

const UINT32 = 2 ** 32;
/** The high halves of the integers that a number holds exactly. */
const SAFE_HIGH = 2 ** 21;

/** Without a bigint where a number will do: nearly everywhere, and many times faster. */
function readInt64(view: DataView, at: number): number | bigint {
  const high = view.getInt32(at + 4, true);
  if (high >= SAFE_HIGH || high <= -SAFE_HIGH) return narrow(view.getBigInt64(at, true));
  return high * UINT32 + view.getUint32(at, true);
}

const NULLS: Readonly<Record<SbePrimitive, number | bigint>> = {
  int8: -128,
  uint8: 255,
  int16: -32_768,
  uint16: 65_535,
  int32: -(2 ** 31),
  uint32: 2 ** 32 - 1,
  int64: -(2n ** 63n),
  uint64: 2n ** 64n - 1n,
};

function isNull(primitive: SbePrimitive, integer: number | bigint): boolean {
  return integer === NULLS[primitive];
}

/** A value that we do not know is one of a newer schema, where the message says that it is of one. */
function enumText(cursor: Cursor, row: SbeFieldRow, code: number | bigint, where: Where): string {
  const known = SPOT_3_5.enums[row.values ?? '']?.find((value) => value.code === code);
  if (known !== undefined) return known.text;
  if (cursor.version > SPOT_3_5.version) return NON_REPRESENTABLE;
  throw new SbeError(`${pathOf(where)}.${row.name}: ${code} is no ${row.values}`);
}

function setTexts(row: SbeFieldRow, bits: number): string[] {
  const choices = SPOT_3_5.sets[row.values ?? '']?.choices ?? [];
  return choices.filter(({ bit }) => (bits & (1 << bit)) !== 0).map(({ text }) => text);
}

function readGroup(cursor: Cursor, row: SbeGroupRow, where: Where): SbeFields[] {
  const countBytes = row.dimensionType === 'groupSize16Encoding' ? 2 : 4;
  const at = cursor.at;
  cursor.at += need(cursor, 2 + countBytes, where, ': its size');
  const blockLength = cursor.view.getUint16(at, true);
  const count = countBytes === 2 ? cursor.view.getUint16(at + 2, true) : cursor.view.getUint32(at + 2, true);
  // Each entry takes a byte at least, in its block or for the length of its data, so that no count outgrows the bytes.
  need(cursor, count * Math.max(1, blockLength), where, `: ${count} entries`);
  const entries: SbeFields[] = [];
  for (let index = 0; index < count; index++) entries.push(readBody(cursor, row, blockLength, where));
  return entries;
}

function readData(cursor: Cursor, row: SbeDataRow, where: Where): SbeValue {
  const lengthBytes = PRIMITIVE_BYTES[row.length];
  const at = cursor.at;
  cursor.at += need(cursor, lengthBytes, where, `.${row.name}: its length`);
  const length = need(cursor, Number(readInteger(cursor.view, row.length, at)), where, `.${row.name}`);
  const start = cursor.at;
  cursor.at += length;
  if (length === 0 && row.optional) return null;
  if (row.type === 'message') {
    return readMessage({ ...cursor, at: start, end: cursor.at, depth: cursor.depth + 1 });
  }
  const text = readUtf8(cursor.bytes, start, cursor.at);
  if (text === undefined) throw new SbeError(`${pathOf(where)}.${row.name}: is not UTF-8`);
  return text;
}
