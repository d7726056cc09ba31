/**
 * One published line, `{"account":…,"scope":…,"n":…,"event":{…}}`, taken apart. On the path of every event: no schema
 * library, no second walk over the event, and its text is handed on as it stood.
 */
import { DuplicateMemberError, memberSpans } from './json-spans.ts';

export interface IngestLine {
  readonly account: string;
  readonly scope: string;
  /** The producer's own count; undefined when the line carries none. */
  readonly n: number | undefined;
  /** The event's text exactly as it stood in the line, byte for byte. */
  readonly body: string;
  /** The same text, parsed. */
  readonly event: unknown;
}

/** Why a line was not taken, in a sentence that names the field and what it should be. */
export class IngestLineError extends Error {
  /** Whether the text was no JSON at all, so that it may be a part of something longer. */
  readonly broken: boolean;

  constructor(message: string, broken = false) {
    super(message);
    this.name = 'IngestLineError';
    this.broken = broken;
  }
}

/** The line that `text` holds from `start` up to `end`. Throws `IngestLineError`. */
export function parseIngestLine(text: string, start = 0, end: number = text.length): IngestLine {
  return parseCanonical(text, start, end) ?? parseAny(text.slice(start, end));
}

const QUOTE = 34;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const BACKSLASH = 92;
const CLOSE_BRACE = 125;
/** Fewer digits than 2^53 has: such a number is exact. */
const DIGITS_MAX = 15;

/**
 * The layout that producers write: no blanks, no escapes in account and scope, the event last. Null for every other line.
 * That the event's slice parses as JSON proves the whole line: what stands around it has been compared letter by letter.
 */
function parseCanonical(text: string, start: number, end: number): IngestLine | null {
  let n: number | undefined;
  let at = start;
  if (text.startsWith('{"n":', start)) {
    const digits = start + 5;
    at = digitsEnd(text, digits);
    n = countOf(text, digits, at);
    if (n === undefined || !text.startsWith(',"account":"', at)) return null;
  } else if (!text.startsWith('{"account":"', start)) return null;
  const accountAt = at + 12;
  const accountEnd = plainEnd(text, accountAt, end);
  if (!text.startsWith('","scope":"', accountEnd)) return null;
  const scopeAt = accountEnd + 11;
  const scopeEnd = plainEnd(text, scopeAt, end);
  at = scopeEnd + 1;
  if (n === undefined && text.startsWith('","n":', scopeEnd)) {
    const digits = scopeEnd + 6;
    at = digitsEnd(text, digits);
    n = countOf(text, digits, at);
    if (n === undefined) return null;
  }
  if (!text.startsWith(',"event":{', at) || text.charCodeAt(scopeEnd) !== QUOTE) return null;
  if (text.charCodeAt(end - 1) !== CLOSE_BRACE || text.charCodeAt(end - 2) !== CLOSE_BRACE) return null;
  const body = text.slice(at + 9, end - 1);
  const event = parsedOrNull(body);
  if (event === null) return null;
  return { account: text.slice(accountAt, accountEnd), scope: text.slice(scopeAt, scopeEnd), n, body, event };
}

/** The quote that ends a string without escapes; `end` when there is an escape, a control character or no quote. */
function plainEnd(text: string, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) return at;
    if (char === BACKSLASH || char < 32) return end;
  }
  return end;
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  for (let char = text.charCodeAt(at); char >= DIGIT_0 && char <= DIGIT_9; char = text.charCodeAt(at)) at++;
  return at;
}

/** Undefined for what is no count from 1, or not written as JSON writes it. */
function countOf(text: string, from: number, end: number): number | undefined {
  if (end === from || end - from > DIGITS_MAX || text.charCodeAt(from) === DIGIT_0) return undefined;
  return Number(text.slice(from, end));
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Any other layout: parsed whole, then the event's span is looked for. */
function parseAny(text: string): IngestLine {
  const line = objectOf(text);
  const body = eventTextOf(text);
  for (const name of Object.keys(line)) {
    if (!FIELDS.has(name)) {
      throw new IngestLineError(`"${name.slice(0, 64)}" is no field of a line; expected account, scope, event and n`);
    }
  }
  const { account, scope, n, event } = line;
  if (typeof account !== 'string') throw new IngestLineError("account: expected the account's id, a string");
  if (typeof scope !== 'string') throw new IngestLineError('scope: expected a string such as "spot"');
  if (n !== undefined && !isCount(n)) {
    throw new IngestLineError('n: expected a whole number from 1, larger than that of the line before');
  }
  if (body === undefined) throw new IngestLineError('event: expected a JSON object');
  return { account, scope, n, body, event };
}

const FIELDS: ReadonlySet<string> = new Set(['account', 'scope', 'n', 'event']);

function isCount(n: unknown): n is number {
  return typeof n === 'number' && Number.isSafeInteger(n) && n >= 1;
}

function objectOf(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // A nesting too deep for the parser is no SyntaxError; to the producer it is the same.
    throw new IngestLineError(`not JSON: ${cause instanceof Error ? cause.message : 'it cannot be parsed'}`, true);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new IngestLineError('expected a JSON object {"account","scope","event"}');
  }
  return value as Record<string, unknown>;
}

function eventTextOf(text: string): string | undefined {
  try {
    const span = memberSpans(text).get('event');
    return span && text.slice(span.start, span.end);
  } catch (cause) {
    if (!(cause instanceof DuplicateMemberError)) throw cause;
    throw new IngestLineError(`${cause.member.slice(0, 64)}: stands in the line twice; give it once`);
  }
}
