import { expect, test } from 'bun:test';
import type { OpenFile } from './files.ts';
import { ReadPlan } from './read-plan.ts';
import { emptyIndex, newSegment } from './segment.ts';

const KIB = 1024;
const segment = newSegment(1, emptyIndex());
const other = newSegment(2, emptyIndex());

/** A file in which each byte tells its place in KiB; notes what is read of it. */
function noted(reads: [number, number][], read?: (at: number) => Promise<void>) {
  const file: Pick<OpenFile, 'read'> = {
    read: async (at, length) => {
      reads.push([at, length]);
      await read?.(at);
      return Buffer.from(Array.from({ length }, (_, nth) => Math.floor((at + nth) / KIB)));
    },
  };
  return async () => file as OpenFile;
}

test('pieces that lie close together are read at once, and not across two segments', async () => {
  const plan = new ReadPlan(Number.POSITIVE_INFINITY);
  const places = [2, 3, 20, 37].map((kib) => ({ segment, at: kib * KIB, end: kib * KIB + 10 }));
  for (const piece of [...places, { segment: other, at: 37 * KIB + 20, end: 37 * KIB + 30 }])
    expect(plan.add(piece)).toBe(true);
  const reads: [number, number][] = [];
  const got = await plan.read(noted(reads));
  expect(reads).toEqual([
    [2 * KIB, KIB + 10],
    [20 * KIB, 10],
    [37 * KIB, 10],
    [37 * KIB + 20, 10],
  ]);
  expect(got.map(([piece, bytes]) => [piece.at, bytes.length, bytes[0]])).toEqual([
    [2 * KIB, 10, 2],
    [3 * KIB, 10, 3],
    [20 * KIB, 10, 20],
    [37 * KIB, 10, 37],
    [37 * KIB + 20, 10, 37],
  ]);
});

test('a plan takes its first piece however large, and none once it has its bytes or its reads', () => {
  const large = new ReadPlan(10);
  expect([100, 200].map((at) => large.add({ segment, at, end: at + 20 }))).toEqual([true, false]);
  expect(large.addHeld({ segment, at: 300, end: 301 }, 300, Buffer.alloc(1))).toBe(false);
  const far = new ReadPlan(Number.POSITIVE_INFINITY);
  const taken = Array.from({ length: 20 }, (_, nth) =>
    far.add({ segment, at: nth * 64 * KIB, end: nth * 64 * KIB + 1 }),
  );
  expect(taken.filter(Boolean).length).toBe(8);
  const unbounded = new ReadPlan(Number.POSITIVE_INFINITY);
  let pieces = 0;
  while (unbounded.add({ segment, at: pieces * KIB, end: (pieces + 1) * KIB })) pieces += 1;
  expect(pieces).toBe(256);
});

test('bytes that are held are not read, and stand in their order', async () => {
  const plan = new ReadPlan(Number.POSITIVE_INFINITY);
  plan.add({ segment, at: 1 * KIB, end: 1 * KIB + 1 });
  plan.addHeld({ segment, at: 2 * KIB + 3, end: 2 * KIB + 5 }, 2 * KIB, Buffer.from('abcdefg'));
  plan.add({ segment, at: 40 * KIB, end: 40 * KIB + 1 });
  const reads: [number, number][] = [];
  const got = await plan.read(noted(reads));
  expect(reads.map(([at]) => at)).toEqual([KIB, 40 * KIB]);
  expect(got.map(([, bytes]) => bytes.toString('latin1'))).toEqual(['\u0001', 'de', '(']);
});

test('a failure is told when no read is under way any more', async () => {
  const plan = new ReadPlan(Number.POSITIVE_INFINITY);
  for (const kib of [0, 64]) plan.add({ segment, at: kib * KIB, end: kib * KIB + 1 });
  let release = () => {};
  const slow = new Promise<void>((resolve) => {
    release = resolve;
  });
  let told = false;
  const outcome = plan
    .read(noted([], (at) => (at === 0 ? Promise.reject(new Error('EIO')) : slow)))
    .catch((error: Error) => {
      told = true;
      return error.message;
    });
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toBe(false);
  release();
  expect(await outcome).toBe('EIO');
});
