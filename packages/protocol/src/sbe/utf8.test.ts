import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { readUtf8, writeUtf8 } from './utf8.ts';

function utf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  return bytes.slice(0, writeUtf8(text, bytes, 0));
}

test('texts are written as every other encoder writes them, and read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = utf8(text);
      expect(bytes).toEqual(new TextEncoder().encode(text));
      expect(readUtf8(bytes, 0, bytes.length)).toBe(text.toWellFormed());
    }),
    { seed: 9 },
  );
});

test('bytes are read as a strict decoder reads them', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decoded = (bytes: Uint8Array): string | undefined => {
    try {
      return strict.decode(bytes);
    } catch {
      return undefined;
    }
  };
  const byte = fc.constantFrom(
    0x00,
    0x41,
    0x7f,
    0x80,
    0xbf,
    0xc0,
    0xc2,
    0xdf,
    0xe0,
    0xed,
    0xa0,
    0x9f,
    0xef,
    0xf0,
    0x90,
    0xf4,
    0x8f,
    0xf5,
    0xff,
  );
  const bytes = fc.array(byte, { maxLength: 6 }).map((list) => Uint8Array.from(list));
  fc.assert(
    fc.property(bytes, (list) => expect(readUtf8(list, 0, list.length)).toBe(decoded(list) as string)),
    { seed: 10, numRuns: 2000 },
  );
});
