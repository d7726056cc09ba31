import { STREAM_ERRORS, STREAM_NAME, type StreamErrorName } from '@listenpost/protocol';
import { integerLiteral, membersOf, parseJson } from '../json.ts';

/** A control message on a stream connection, checked (derivatives §3.4). */
export type StreamRequest =
  | { readonly method: 'SUBSCRIBE' | 'UNSUBSCRIBE'; readonly id: RequestId; readonly names: readonly string[] }
  | { readonly method: 'LIST_SUBSCRIPTIONS'; readonly id: RequestId }
  | { readonly method: 'SET_PROPERTY'; readonly id: RequestId; readonly value: boolean }
  | { readonly method: 'GET_PROPERTY'; readonly id: RequestId };

/** JSON text of the id, as it is echoed: a number beyond 2^53 would lose digits as a number. */
export type RequestId = string;

/** A refused control message: a row of `STREAM_ERRORS` with its blanks filled, and the id where it could be read. */
export class StreamRequestError extends Error {
  readonly row: StreamErrorName;
  readonly fill: readonly (string | number)[];
  readonly id: RequestId | undefined;

  constructor(row: StreamErrorName, fill: readonly (string | number)[], id: RequestId | undefined) {
    super(row);
    this.name = 'StreamRequestError';
    this.row = row;
    this.fill = fill;
    this.id = id;
  }

  get closes(): boolean {
    return STREAM_ERRORS[this.row].closes;
  }

  /** The frame that says so. */
  frame(): string {
    let next = 0;
    const { code, msg: template } = STREAM_ERRORS[this.row];
    const msg = template.replace(/%s/g, () => String(this.fill[next++]));
    const id = this.id === undefined ? '' : `,"id":${this.id}`;
    return `{"error":${JSON.stringify({ code, msg })}${id}}`;
  }
}

const STRING_ID = /^[A-Za-z0-9_-]{1,36}$/;

/** Throws `StreamRequestError`. `nullId`: whether the product takes `"id": null`. */
export function parseStreamRequest(text: string, nullId: boolean): StreamRequest {
  const message = parsedObject(text);
  const id = idOf(message, nullId);
  const refuse = (row: StreamErrorName, ...fill: (string | number)[]) => new StreamRequestError(row, fill, id);
  const method = message.method;
  if (typeof method !== 'string') throw refuse('MISSING_METHOD', text.length);
  const params = message.params ?? [];
  switch (method) {
    case 'SUBSCRIBE':
    case 'UNSUBSCRIBE':
      if (!isTexts(params)) throw refuse('PARAMS_NOT_STRINGS');
      if (!params.every((name) => STREAM_NAME.test(name))) throw refuse('INVALID_STREAM');
      return { method, id, names: params };
    case 'LIST_SUBSCRIPTIONS':
      return { method, id };
    case 'SET_PROPERTY':
      return { method, id, value: propertyValue(params, refuse) };
    case 'GET_PROPERTY':
      propertyName(params, 1, refuse);
      return { method, id };
    default:
      throw refuse('UNKNOWN_VARIANT', `\`${method.slice(0, 64)}\``, columnAfter(text, method));
  }
}

type Refuse = (row: StreamErrorName, ...fill: (string | number)[]) => StreamRequestError;

function propertyValue(params: unknown, refuse: Refuse): boolean {
  const value = propertyName(params, 2, refuse)[1];
  if (typeof value !== 'boolean') throw refuse('VALUE_NOT_BOOLEAN');
  return value;
}

/** `combined` is the only property there is. */
function propertyName(params: unknown, parametersMax: number, refuse: Refuse): readonly unknown[] {
  if (!Array.isArray(params) || typeof params[0] !== 'string') throw refuse('PROPERTY_NOT_STRING');
  if (params.length > parametersMax) throw refuse('TOO_MANY_PARAMETERS');
  if (params[0] !== 'combined') throw refuse('UNKNOWN_PROPERTY');
  return params;
}

function parsedObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw new StreamRequestError('INVALID_JSON', [1, firstOddColumn(text)], undefined);
  }
  const members = membersOf(value);
  if (members === undefined) throw new StreamRequestError('MISSING_METHOD', [text.length], undefined);
  return members;
}

/** Official connectors send 32 hex digits or integers (derivatives §3.4); null only where the product takes it. */
function idOf({ id }: Readonly<Record<string, unknown>>, nullId: boolean): RequestId {
  const integer = integerLiteral(id);
  if (integer !== undefined && (nullId || !integer.startsWith('-'))) return integer;
  if (typeof id === 'string' && STRING_ID.test(id)) return JSON.stringify(id);
  if (id === null && nullId) return 'null';
  throw new StreamRequestError('INVALID_ID', [], undefined);
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Where the value of `method` ends, counted from 1: what the exchange's own parser points at. */
function columnAfter(text: string, method: string): number {
  return text.indexOf(JSON.stringify(method)) + method.length + 2;
}

/**
 * The column of the trouble, as near as it can be had cheaply: where the text does not even begin like JSON, its first
 * character; otherwise its end, where a cut-off message breaks.
 */
function firstOddColumn(text: string): number {
  const first = text.search(/\S/);
  return first < 0 || !/[[{"\-0-9tfn]/.test(text.charAt(first)) ? Math.max(first, 0) + 1 : text.length;
}
