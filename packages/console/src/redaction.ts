/**
 * What no screen shows unless somebody asks: keys, tokens and secrets inside payloads. The API shows none of its own, but an
 * event is printed as it was published, whatever somebody put into it.
 */

const SECRET_NAMES = /^(listenKey|listenToken|token|apiKey|secret|signature|privateKey|passphrase|password)$/i;

/** No id or client order id of any product is that long; listenKeys have 44 or 64 characters, tokens more. */
const SECRET_LOOKS = /^[A-Za-z0-9_+/=-]{44,}$/;

export const REDACTED = '[redacted]';

/** Deeper levels than any event has are cut off: nothing walks a payload further than this. */
export const DEPTH_MAX = 12;
const CUT_OFF = '…';

const isSecret = (name: string, value: unknown): boolean =>
  (SECRET_NAMES.test(name) && value !== '' && value !== null) ||
  (typeof value === 'string' && SECRET_LOOKS.test(value));

export interface Redaction {
  readonly value: unknown;
  /** How many secrets were left out. */
  readonly count: number;
}

/** The value without its secrets; with `reveal` with them. */
export function redacted(value: unknown, reveal = false): Redaction {
  let count = 0;
  const walked = (name: string, member: unknown, depth: number): unknown => {
    if (isSecret(name, member)) {
      count++;
      if (!reveal) return REDACTED;
    }
    if (typeof member !== 'object' || member === null) return member;
    if (depth >= DEPTH_MAX) return CUT_OFF;
    if (Array.isArray(member)) return member.map((item) => walked(name, item, depth + 1));
    return Object.fromEntries(Object.entries(member).map(([key, inner]) => [key, walked(key, inner, depth + 1)]));
  };
  return { value: walked('', value, 0), count };
}
