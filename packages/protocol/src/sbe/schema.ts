/**
 * How SBE schema tables are written. They are made from the official XML (`packages/protocol/schemas`), whose rows carry
 * both forms of a message: the binary one (type, presence, sinceVersion) and the JSON one (key, default, enum text).
 */

export type SbePrimitive = 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'int64' | 'uint64';

/**
 * utcTimestampUs: int64, microseconds. boolEnum: uint8, 0 or 1. exponent8: int8, decimal exponent of the mantissas that
 * name it. mantissa64: int64. enum: uint8. set: bits of the set's primitive. constant: no bytes; always the same text.
 */
export type SbeFieldType =
  | SbePrimitive
  | 'utcTimestampUs'
  | 'boolEnum'
  | 'exponent8'
  | 'mantissa64'
  | 'enum'
  | 'set'
  | 'constant';

interface Row {
  readonly name: string;
  /**
   * Member of the JSON object that the row stands for; left out where it has the row's name. Dots lead into objects;
   * `..` is the object itself. An `exponent8` and the `subscriptionId` of events have no place in the JSON object.
   */
  readonly key?: string;
  /**
   * Of optional rows: what JSON shows for null; without it the member is left out. Of others: the value that JSON leaves
   * out, and that a missing member stands for.
   */
  readonly jsonDefault?: string | null;
}

export interface SbeFieldRow extends Row {
  readonly type: SbeFieldType;
  /** Has a null: the primitive's null value (spot-margin §7.1). */
  readonly optional?: true;
  /** First schema version whose root block holds the field; later fields stand behind earlier ones. */
  readonly sinceVersion?: number;
  /** A JSON text that, beside the member's absence, stands for null. */
  readonly alsoNull?: string;
  /** Of mantissa64: name of the exponent8 that it shares with others; stands before it. */
  readonly exponent?: string;
  /** Of mantissa64: JSON says `"0"` without decimals for zero; the exponent then takes this many. */
  readonly bareZeroDecimals?: number;
  /** Of enum and set: its name in the schema. */
  readonly values?: string;
  /** Of constant: its JSON text. */
  readonly text?: string;
}

export interface SbeGroupRow extends Row {
  readonly dimensionType: 'groupSizeEncoding' | 'groupSize16Encoding';
  /** JSON may leave the array out; an empty group reads as left out. */
  readonly optional?: true;
  readonly fields: readonly SbeFieldRow[];
  readonly groups: readonly SbeGroupRow[];
  readonly data: readonly SbeDataRow[];
}

export interface SbeDataRow extends Row {
  readonly type: 'string' | 'message';
  readonly length: 'uint8' | 'uint16' | 'uint32';
  /** Length 0 means null. */
  readonly optional?: true;
}

export interface SbeMessageRow {
  readonly templateId: number;
  readonly name: string;
  /** First schema version that has the message. */
  readonly sinceVersion?: number;
  /** Wire value of `e` in the JSON form of an event message. */
  readonly event?: string;
  /** WebSocket API methods whose result is this message. */
  readonly methods?: readonly string[];
  readonly fields: readonly SbeFieldRow[];
  readonly groups: readonly SbeGroupRow[];
  readonly data: readonly SbeDataRow[];
}

export interface SbeEnumValue {
  /** JSON text. */
  readonly text: string;
  readonly code: number;
  readonly sinceVersion?: number;
}

export interface SbeSetRow {
  readonly primitive: 'uint8' | 'uint16' | 'uint32';
  /** By bit. */
  readonly choices: readonly { readonly text: string; readonly bit: number }[];
}

export interface SbeSchema {
  readonly schemaId: number;
  readonly version: number;
  readonly enums: { readonly [name: string]: readonly SbeEnumValue[] };
  readonly sets: { readonly [name: string]: SbeSetRow };
  readonly messages: readonly SbeMessageRow[];
}

/** What an enum or set holds where the value exists only in a newer schema (spot-margin §7.1). */
export const NON_REPRESENTABLE = 'NON_REPRESENTABLE';

/** blockLength, templateId, schemaId, version: uint16 each. */
export const HEADER_BYTES = 8;

/** Templates that the codec itself must know by number. */
export const TEMPLATE = { webSocketResponse: 50, errorResponse: 100, nonRepresentable: 999 } as const;

export const PRIMITIVE_BYTES: Readonly<Record<SbePrimitive, number>> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
};

/** The primitive under a field's type; undefined for constants, which take no bytes. */
export function primitiveOf(schema: SbeSchema, row: SbeFieldRow): SbePrimitive | undefined {
  switch (row.type) {
    case 'constant':
      return undefined;
    case 'utcTimestampUs':
    case 'mantissa64':
      return 'int64';
    case 'exponent8':
      return 'int8';
    case 'boolEnum':
    case 'enum':
      return 'uint8';
    case 'set':
      return schema.sets[row.values ?? '']?.primitive;
    default:
      return row.type;
  }
}
