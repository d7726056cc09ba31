/** Little-endian bytes in and out: what every file of the log is written and read with. */

/** A buffer that grows as it is written. `at` is where the next byte goes, and so the length of what is written. */
export class ByteSink {
  bytes: Buffer;
  at = 0;
  #view: DataView;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = viewOf(this.bytes);
  }

  /** Makes room for `count` more bytes; every put below needs it made before. */
  reserve(count: number): void {
    const needed = this.at + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
    this.#view = viewOf(grown);
  }

  u8(value: number): void {
    this.bytes[this.at] = value;
    this.at += 1;
  }

  u32(value: number): void {
    this.#view.setUint32(this.at, value, true);
    this.at += 4;
  }

  /** Whole numbers up to 2^53. */
  u64(value: number): void {
    this.#view.setUint32(this.at, value, true);
    this.#view.setUint32(this.at + 4, Math.floor(value / 0x1_0000_0000), true);
    this.at += 8;
  }

  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  getU32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  /** Its length in bytes as u16, then the text; at most `SHORT_TEXT_MAX` UTF-16 units. */
  shortText(text: string): void {
    const written = this.bytes.write(text, this.at + 2, 'utf8');
    this.#view.setUint16(this.at, written, true);
    this.at += 2 + written;
  }

  /** Its length in bytes as u32, then the text. */
  longText(text: string): void {
    const written = this.bytes.write(text, this.at + 4, 'utf8');
    this.#view.setUint32(this.at, written, true);
    this.at += 4 + written;
  }

  written(): Buffer {
    return this.bytes.subarray(0, this.at);
  }
}

/** Three bytes of UTF-8 for each unit still fit a u16. */
export const SHORT_TEXT_MAX = 21_845;
/** The most bytes of UTF-8 that one UTF-16 unit takes. */
export const BYTES_PER_UNIT = 3;

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** What a source throws when its bytes do not make sense; the caller names file and offset. */
export class Malformed extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Malformed';
  }
}

/** Reads between two bounds and throws `Malformed` rather than read past the end. */
export class ByteSource {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  u8(): number {
    return this.bytes.readUInt8(this.#advance(1));
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.#advance(4));
  }

  u64(): number {
    const at = this.#advance(8);
    const value = this.bytes.readUInt32LE(at) + this.bytes.readUInt32LE(at + 4) * 0x1_0000_0000;
    if (!Number.isSafeInteger(value)) throw new Malformed('a number is beyond 2^53');
    return value;
  }

  shortText(): string {
    const length = this.bytes.readUInt16LE(this.#advance(2));
    const at = this.#advance(length);
    return this.bytes.toString('utf8', at, at + length);
  }

  /** Where the text is, without reading it. */
  shortSpan(): Span {
    return this.#span(this.bytes.readUInt16LE(this.#advance(2)));
  }

  longSpan(): Span {
    return this.#span(this.u32());
  }

  #span(length: number): Span {
    const at = this.#advance(length);
    return { at, end: at + length };
  }

  #advance(count: number): number {
    const at = this.at;
    if (count > this.end - at) throw new Malformed('it ends too early');
    this.at = at + count;
    return at;
  }
}

export interface Span {
  readonly at: number;
  readonly end: number;
}

export function textOf(bytes: Buffer, span: Span): string {
  return bytes.toString('utf8', span.at, span.end);
}
