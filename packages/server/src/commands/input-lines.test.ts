import { expect, test } from 'bun:test';
import { createReadStream } from 'node:fs';
import { type InputLine, linesOf, requestsOf } from './input-lines.ts';

async function* chunks(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === 'string' ? new TextEncoder().encode(part) : part;
}

async function read(input: AsyncIterable<Uint8Array>): Promise<InputLine[][]> {
  const groups: InputLine[][] = [];
  for await (const group of linesOf(input, 'input')) groups.push([...group]);
  return groups;
}

const faultOf = (input: AsyncIterable<Uint8Array>): Promise<string> =>
  read(input).then(
    () => 'none',
    (error: Error) => error.message,
  );

test('lines are numbered as an editor numbers them, and blank ones are left out', async () => {
  expect(await read(chunks('a\n\n  \nb\r\nc'))).toEqual([
    [
      { number: 1, text: 'a' },
      { number: 4, text: 'b\r' },
    ],
    [{ number: 5, text: 'c' }],
  ]);
});

test('a line cut anywhere, also inside a character, comes whole', async () => {
  const bytes = new TextEncoder().encode('{"s":"币安USDT"}\n{"s":2}\n');
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const groups = await read(chunks(bytes.subarray(0, cut), bytes.subarray(cut)));
    expect(groups.flat()).toEqual([
      { number: 1, text: '{"s":"币安USDT"}' },
      { number: 2, text: '{"s":2}' },
    ]);
  }
});

test('what has arrived is given at once: a slow producer is not held back', async () => {
  expect(await read(chunks('a\n', 'b\nc\n'))).toEqual([
    [{ number: 1, text: 'a' }],
    [
      { number: 2, text: 'b' },
      { number: 3, text: 'c' },
    ],
  ]);
});

test('bytes that are no UTF-8 are refused by name, also when they end the input', async () => {
  const invalid = Uint8Array.of(0x22, 0xff, 0x22, 0x0a);
  const unfinished = Uint8Array.of(0x22, 0xe5);
  for (const bytes of [invalid, unfinished]) {
    expect(await faultOf(chunks(bytes))).toBe('input: not UTF-8 text, which JSON must be');
  }
});

test('a folder is refused by name', async () => {
  expect(await faultOf(createReadStream(import.meta.dirname))).toBe('input: it is a folder, not a file');
});

test('a line without an end is refused before it fills the memory', async () => {
  const endless = Array.from({ length: 6 }, () => 'x'.repeat(2 ** 20));
  expect(await faultOf(chunks('a\n', ...endless))).toMatch(/^input line 2: longer than \d+ characters/);
});

test('a request holds at most 4000 lines and a MiB, and never less than a line', () => {
  const line = (length: number) => ({ number: 1, text: 'x'.repeat(length) });
  const sizes = (lines: readonly InputLine[]) => requestsOf(lines).map((request) => request.length);
  expect(sizes(Array.from({ length: 9000 }, () => line(10)))).toEqual([4000, 4000, 1000]);
  expect(sizes([line(600_000), line(600_000), line(2_000_000), line(1)])).toEqual([1, 1, 1, 1]);
  expect(sizes([line(300_000), line(300_000), line(300_000), line(300_000)])).toEqual([3, 1]);
});
