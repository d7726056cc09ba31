/** UTF-8 without a runtime's TextEncoder: this package runs anywhere, and account strings are short. */

const REPLACEMENT = 0xfffd;

/**
 * Writes the text and returns where it ended; `bytes` must hold three bytes for each UTF-16 unit. Half a surrogate pair,
 * which JSON can spell and UTF-8 cannot, becomes U+FFFD.
 */
export function writeUtf8(text: string, bytes: Uint8Array, start: number): number {
  let at = start;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      bytes[at++] = unit;
      continue;
    }
    const point = codePointAt(text, index);
    if (point > 0xffff) index++;
    at = writePoint(point, bytes, at);
  }
  return at;
}

function codePointAt(text: string, index: number): number {
  const point = text.codePointAt(index) ?? REPLACEMENT;
  return point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
}

function writePoint(point: number, bytes: Uint8Array, start: number): number {
  let at = start;
  if (point < 0x800) {
    bytes[at++] = 0xc0 | (point >> 6);
  } else {
    if (point > 0xffff) {
      bytes[at++] = 0xf0 | (point >> 18);
      bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
    } else {
      bytes[at++] = 0xe0 | (point >> 12);
    }
    bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
  }
  bytes[at++] = 0x80 | (point & 0x3f);
  return at;
}

/** The smallest code point of each length in bytes: anything below it is spelled too long. */
const SMALLEST = [0, 0, 0x80, 0x800, 0x10000] as const;

/** Nearly all text of an account; looked up, since making a string of one letter costs more than the letter. */
const ASCII: readonly string[] = Array.from({ length: 0x80 }, (_, point) => String.fromCharCode(point));

/** Undefined where the bytes are no UTF-8: cut, overlong, a surrogate, or beyond U+10FFFF. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  for (let at = start; at < end; ) {
    const lead = bytes[at] ?? 0;
    const letter = ASCII[lead];
    if (letter !== undefined) {
      text += letter;
      at++;
      continue;
    }
    const length = lengthOf(lead);
    if (length === 0 || at + length > end) return undefined;
    const point = readPoint(bytes, at, length);
    if (point < SMALLEST[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
    text += String.fromCodePoint(point);
    at += length;
  }
  return text;
}

/** Of a sequence that begins with this byte, which is no ASCII; 0 where none does. */
function lengthOf(lead: number): 0 | 2 | 3 | 4 {
  if (lead < 0xc0) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf8 ? 4 : 0;
}

/** -1 where a byte of the sequence is none that continues it. */
function readPoint(bytes: Uint8Array, start: number, length: number): number {
  let point = (bytes[start] ?? 0) & (0x7f >> length);
  for (let at = start + 1; at < start + length; at++) {
    const byte = bytes[at] ?? 0;
    if ((byte & 0xc0) !== 0x80) return -1;
    point = (point << 6) | (byte & 0x3f);
  }
  return point;
}
