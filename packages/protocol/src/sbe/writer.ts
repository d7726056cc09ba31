import type { SbePrimitive } from './schema.ts';
import { PRIMITIVE_BYTES } from './schema.ts';
import { writeUtf8 } from './utf8.ts';

/** Holds every user data event and response but the largest without growing. */
const INITIAL_BYTES = 4096;

const TWO_32 = 2 ** 32;

/** The lowest of signed primitives, the highest of unsigned ones. */
const SMALL_NULLS = {
  int8: -(2 ** 7),
  uint8: 2 ** 8 - 1,
  int16: -(2 ** 15),
  uint16: 2 ** 16 - 1,
  int32: -(2 ** 31),
  uint32: TWO_32 - 1,
} as const;

/** A growing little-endian buffer, used again for each message. */
export class SbeWriter {
  private bytes = new Uint8Array(INITIAL_BYTES);
  private view = new DataView(this.bytes.buffer);
  /** Where the next bytes go. */
  at = 0;

  reset(): void {
    this.at = 0;
  }

  /** What was written, as bytes of their own. */
  taken(): Uint8Array {
    return this.bytes.slice(0, this.at);
  }

  /** Room for `length` bytes, which the caller fills; returns where it begins. */
  reserve(length: number): number {
    const start = this.at;
    this.makeRoom(length);
    this.at += length;
    return start;
  }

  integer(primitive: SbePrimitive, at: number, value: number | bigint): void {
    if (typeof value === 'bigint') this.view.setBigUint64(at, BigInt.asUintN(64, value), true);
    else this.number(primitive, at, value);
  }

  private number(primitive: SbePrimitive, at: number, value: number): void {
    switch (PRIMITIVE_BYTES[primitive]) {
      case 1:
        this.bytes[at] = value;
        break;
      case 2:
        this.view.setUint16(at, value, true);
        break;
      case 4:
        this.view.setUint32(at, value, true);
        break;
      default:
        // Two halves cost a tenth of a BigInt; exact for every safe integer, negative ones too.
        this.view.setUint32(at, value >>> 0, true);
        this.view.setInt32(at + 4, Math.floor(value / TWO_32), true);
    }
  }

  /** The primitive's null value (spot-margin §7.1). */
  null(primitive: SbePrimitive, at: number): void {
    switch (primitive) {
      case 'int64':
        this.view.setUint32(at, 0, true);
        this.view.setUint32(at + 4, 0x80000000, true);
        break;
      case 'uint64':
        this.bytes.fill(0xff, at, at + 8);
        break;
      default:
        this.number(primitive, at, SMALL_NULLS[primitive]);
    }
  }

  /** The text in UTF-8; returns how many bytes it took. */
  text(text: string): number {
    this.makeRoom(text.length * 3);
    const start = this.at;
    this.at = writeUtf8(text, this.bytes, start);
    return this.at - start;
  }

  private makeRoom(length: number): void {
    const needed = this.at + length;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}
