/** Where the members of a JSON object stand in its text: start inclusive, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export class DuplicateMemberError extends Error {
  readonly member: string;

  constructor(member: string) {
    super(`"${member}" stands there twice`);
    this.name = 'DuplicateMemberError';
    this.member = member;
  }
}

const QUOTE = 34;
const COMMA = 44;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/**
 * The spans of the values of a JSON object's top-level members. `text` must be a whole JSON object: `JSON.parse` has taken
 * it, so nothing is checked again here. Throws `DuplicateMemberError`, because two readers of a member that stands there
 * twice may each see another one.
 */
export function memberSpans(text: string): ReadonlyMap<string, Span> {
  const spans = new Map<string, Span>();
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACE) {
    const nameEnd = stringEnd(text, at);
    const name: string = JSON.parse(text.slice(at, nameEnd));
    if (spans.has(name)) throw new DuplicateMemberError(name);
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = valueEnd(text, start);
    spans.set(name, { start, end });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return spans;
}

function isSpace(char: number): boolean {
  return char === 32 || char === 10 || char === 13 || char === 9;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Just past the closing quote of the string that opens at `from`. */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  for (let char = text.charCodeAt(at); char !== QUOTE; char = text.charCodeAt(at)) at += char === BACKSLASH ? 2 : 1;
  return at + 1;
}

function valueEnd(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === QUOTE) return stringEnd(text, from);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return nestedEnd(text, from);
  let at = from;
  for (let char = first; char !== COMMA && char !== CLOSE_BRACE && !isSpace(char); char = text.charCodeAt(at)) at++;
  return at;
}

/** Counts brackets of both kinds alike: in valid JSON they match. No recursion, so depth costs no stack. */
function nestedEnd(text: string, from: number): number {
  let depth = 0;
  let at = from;
  do {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    if (char === OPEN_BRACE || char === OPEN_BRACKET) depth++;
    else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) depth--;
    at++;
  } while (depth > 0);
  return at;
}
