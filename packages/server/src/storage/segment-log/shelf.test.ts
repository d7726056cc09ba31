import { expect, test } from 'bun:test';
import { Shelf } from './shelf.ts';

const bytes = (letter: string, count = 100) => Buffer.from(letter.repeat(count));
const letters = (shelf: Shelf<Buffer>, places: readonly number[]) =>
  places.map((at) => shelf.get(1, at)?.toString('latin1', 0, 1));

/** Room for three of a hundred bytes, with what their places cost. */
const THREE = 800;

test('a shelf keeps what was asked for last, up to its bytes', () => {
  const shelf = new Shelf<Buffer>(THREE);
  for (const [at, letter] of ['a', 'b', 'c'].entries()) shelf.put(1, at, bytes(letter));
  expect(letters(shelf, [0])).toEqual(['a']);
  shelf.put(1, 3, bytes('d'));
  expect(letters(shelf, [0, 1, 2, 3])).toEqual(['a', undefined, 'c', 'd']);
  expect(shelf.get(2, 0)).toBeUndefined();
});

test('what is put again is counted once, and what is dropped not any more', () => {
  const shelf = new Shelf<Buffer>(THREE);
  for (let times = 0; times < 5; times++) shelf.put(1, 0, bytes('a'));
  shelf.put(1, 1, bytes('b'));
  shelf.put(1, 2, bytes('c'));
  for (let times = 0; times < 5; times++) shelf.drop(1, 1);
  shelf.put(1, 3, bytes('d'));
  expect(letters(shelf, [0, 1, 2, 3])).toEqual(['a', undefined, 'c', 'd']);
  shelf.put(1, 4, bytes('e'));
  expect(letters(shelf, [0, 1, 2, 3, 4])).toEqual([undefined, undefined, 'c', 'd', 'e']);
});

test('what is larger than the shelf is not kept, and puts nothing out', () => {
  const shelf = new Shelf<Buffer>(THREE);
  shelf.put(1, 0, bytes('a'));
  shelf.put(1, 1, bytes('b', THREE));
  expect(letters(shelf, [0, 1])).toEqual(['a', undefined]);
  shelf.put(1, 0, bytes('c', THREE));
  expect(letters(shelf, [0])).toEqual([undefined]);
});
