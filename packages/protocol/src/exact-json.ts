/** Integers that a number may lose digits of have at least as many as 2^53. */
const MANY_DIGITS = /\d{16}/;

/**
 * What `replace` steps over: a string whole, also one that is never closed, so that no text makes it search twice; or a number,
 * unless it stands where a member's name should, since quoting it there would make valid what is not.
 */
const TOKEN = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$)|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?(?!\s*:)/g;
const LONG_INTEGER = /^-?\d{16,}$/;

/**
 * `JSON.parse` that gives integers beyond 2^53 as bigints with all their digits; everything else is as `JSON.parse` has it.
 * Texts without a run of 16 digits, nearly all, go straight there.
 *
 * @throws SyntaxError where the text is not JSON.
 */
export function parseExact(text: string): unknown {
  if (!MANY_DIGITS.test(text)) return JSON.parse(text);
  const mark = markNotIn(text);
  const marked = text.replace(TOKEN, (token) => (losesDigits(token) ? `"${mark}${token}"` : token));
  return marked === text ? JSON.parse(text) : unmarked(JSON.parse(marked), JSON.parse(`"${mark}"`));
}

function losesDigits(token: string): boolean {
  return LONG_INTEGER.test(token) && !Number.isSafeInteger(Number(token));
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
