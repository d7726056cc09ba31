import { expect, test } from 'bun:test';
import { FrameShelf } from './frame-shelf.ts';

const frame = { length: 0, syncedTo: 0, timeMs: 0, items: [] };
const bytes = (letter: string, count = 100) => Buffer.from(letter.repeat(count));

test('a shelf keeps what was asked for last, up to its bytes', () => {
  const shelf = new FrameShelf(300);
  for (const [at, letter] of ['a', 'b', 'c'].entries()) shelf.put(1, at, frame, bytes(letter));
  expect(shelf.get(1, 0)?.bytes.toString()).toBe('a'.repeat(100));
  shelf.put(1, 3, frame, bytes('d'));
  expect([0, 1, 2, 3].map((at) => shelf.get(1, at)?.bytes.toString('latin1', 0, 1))).toEqual([
    'a',
    undefined,
    'c',
    'd',
  ]);
  expect(shelf.get(2, 0)).toBeUndefined();
});

test('a frame that is put again is counted once, and one larger than the shelf is not kept', () => {
  const shelf = new FrameShelf(300);
  for (let times = 0; times < 5; times++) shelf.put(1, 0, frame, bytes('a'));
  shelf.put(1, 1, frame, bytes('b'));
  expect([shelf.get(1, 0), shelf.get(1, 1)].every((shelved) => shelved !== undefined)).toBe(true);
  expect(shelf.put(1, 2, frame, bytes('c', 301)).bytes.length).toBe(301);
  expect(shelf.get(1, 2)).toBeUndefined();
});

test('a shelf copies: what is put may be overwritten', () => {
  const shelf = new FrameShelf(300);
  const window = bytes('a');
  shelf.put(1, 0, frame, window.subarray(0, 10));
  window.fill('z');
  expect(shelf.get(1, 0)?.bytes.toString()).toBe('a'.repeat(10));
});
