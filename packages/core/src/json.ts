/**
 * A number of a JSON text that a JavaScript number would print differently: an id beyond 2^53, `5000.0`, `1e3`. What is
 * echoed or signed must be the text as it came (spot-margin §1.5, §2.2).
 */
export class JsonNumber {
  readonly literal: string;

  constructor(literal: string) {
    this.literal = literal;
  }

  /** As near as a JavaScript number comes, where it stands inside a value that is printed again. */
  toJSON(): number {
    return Number(this.literal);
  }
}

/**
 * `JSON.parse` that keeps such numbers. Throws `SyntaxError` as it does, and `RangeError` where values are nested so deep
 * that printing one of them again could fail; every caller answers both as malformed.
 */
export function parseJson(text: string): unknown {
  return JSON.parse(text, keepLiteral);
}

/** Runtimes that do not hand over the source text leave numbers as they parse them. */
function keepLiteral(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return context.source === String(value) ? value : new JsonNumber(context.source);
}

/** What 64 bits with a sign reach, as near as a double tells. */
const INTEGER_MAX = 2 ** 63;

/** The text of an integer of at most 64 bits; undefined for anything else. */
export function integerLiteral(value: unknown): string | undefined {
  const number = value instanceof JsonNumber ? Number(value.literal) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || Math.abs(number) > INTEGER_MAX) return undefined;
  return value instanceof JsonNumber ? value.literal : String(number);
}

/** The members of a parsed object; undefined for every other value. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof JsonNumber)
    return undefined;
  return value as Readonly<Record<string, unknown>>;
}
