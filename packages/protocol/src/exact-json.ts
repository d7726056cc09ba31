/** Integers that a number may lose digits of have at least as many as 2^53. */
const DIGITS_MIN = 16;
const MANY_DIGITS = /\d{16}/;
const LONG_INTEGER = /^-?[1-9]\d{15,}$/;

/**
 * `JSON.parse` that gives integers beyond 2^53 as bigints with all their digits; everything else is as `JSON.parse` has it.
 * Texts without a run of 16 digits, nearly all, go straight there.
 *
 * @throws SyntaxError where the text is not JSON.
 */
export function parseExact(text: string): unknown {
  if (!MANY_DIGITS.test(text)) return JSON.parse(text);
  const mark = markNotIn(text);
  const marked = withMarks(text, mark);
  return marked === text ? JSON.parse(text) : unmarked(JSON.parse(marked), JSON.parse(`"${mark}"`));
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;

/**
 * Long integers as strings that begin with the mark. One walk over the characters: a pattern that steps over strings and numbers took
 * several times as long as the parsing itself. What is no JSON stays none.
 */
function withMarks(text: string, mark: string): string {
  let marked = '';
  let done = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      at = endOfString(text, at);
    } else if (char === MINUS || isDigit(char)) {
      const end = endOfNumber(text, at);
      if (end - at >= DIGITS_MIN && losesDigits(text.slice(at, end)) && !isName(text, end)) {
        marked += `${text.slice(done, at)}"${mark}${text.slice(at, end)}"`;
        done = end;
      }
      at = end - 1;
    }
  }
  return marked + text.slice(done);
}

/** Where its closing quote stands; the end of the text where none does. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) return at;
    if (char === BACKSLASH) at++;
  }
  return text.length;
}

/** Behind everything that a number may hold, so that one with a fraction or an exponent is seen whole. */
function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && isOfNumber(text.charCodeAt(end))) end++;
  return end;
}

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39;
}

/** Digits, `+`, `-`, `.`, `e`, `E`. */
function isOfNumber(char: number): boolean {
  return isDigit(char) || char === 0x2b || char === MINUS || char === 0x2e || char === 0x65 || char === 0x45;
}

function losesDigits(token: string): boolean {
  return LONG_INTEGER.test(token) && !Number.isSafeInteger(Number(token));
}

/** A number where a member's name should stand: quoting it would make valid what is not. */
function isName(text: string, end: number): boolean {
  let at = end;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++;
  return text[at] === ':';
}

/** JSON spells U+0000 in one way only, so that a text without this spelling holds no string that begins with the mark. */
const NUL = '\\u0000';

function markNotIn(text: string): string {
  let mark = NUL;
  while (text.includes(mark)) mark += mark;
  return mark;
}

type Holder = Record<string, unknown>;

/** In a loop, since `JSON.parse` takes texts that nest deeper than calls can. */
function unmarked(value: unknown, mark: string): unknown {
  const root: Holder = { value };
  const holders = [root];
  for (let holder = holders.pop(); holder !== undefined; holder = holders.pop()) {
    for (const name of Object.keys(holder)) {
      const member = holder[name];
      if (typeof member === 'object' && member !== null) holders.push(member as Holder);
      else if (typeof member === 'string' && member.startsWith(mark))
        setOwn(holder, name, BigInt(member.slice(mark.length)));
    }
  }
  return root['value'];
}

/** An assignment to `__proto__` would be no member. */
function setOwn(holder: Holder, name: string, value: bigint): void {
  Object.defineProperty(holder, name, { value, writable: true, enumerable: true, configurable: true });
}

/**
 * `JSON.stringify` that prints bigints as the integers they are: what `parseExact` gave is printed with all its digits.
 */
export function printExact(value: unknown): string {
  let exact = true;
  const text = JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== 'bigint') return member;
    exact = false;
    return '';
  });
  if (exact) return text;
  const mark = markNotIn(text);
  const marked = JSON.parse(`"${mark}"`) as string;
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? marked + member : member))
    .split(`"${mark}`)
    .map((part, index) => (index === 0 ? part : part.replace('"', '')))
    .join('');
}
