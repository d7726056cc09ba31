import { describe, expect, test } from 'bun:test';
import { Outbox } from './outbox.ts';

describe('an outbox', () => {
  test('gives out what was let in, in order, and then waits', async () => {
    const outbox = new Outbox<number>(100);
    for (const item of [1, 2, 3]) outbox.push(item, 10);
    expect([await outbox.next(), await outbox.next(), await outbox.next()]).toEqual(
      [1, 2, 3].map((value) => ({ done: false, value })),
    );
    const waiting = outbox.next();
    outbox.push(4, 10);
    expect(await waiting).toEqual({ done: false, value: 4 });
    expect(outbox.bytes).toBe(0);
  });

  test('refuses what passes its bound, and takes it again once there is room', async () => {
    const outbox = new Outbox<number>(100);
    expect([outbox.push(1, 60), outbox.push(2, 40), outbox.push(3, 1)]).toEqual([true, true, false]);
    await outbox.next();
    expect(outbox.push(3, 60)).toBe(true);
    expect(outbox.push(4, 1)).toBe(false);
    expect(outbox.size).toBe(2);
  });

  test('lets in one item that is larger than the bound: else it could never be read', () => {
    const outbox = new Outbox<number>(100);
    expect([outbox.push(1, 500), outbox.push(2, 1)]).toEqual([true, false]);
  });

  test('gives out what waits before it tells of the end, and tells of it once', async () => {
    const outbox = new Outbox<number>(100);
    outbox.push(1, 10);
    outbox.end(new Error('over'));
    outbox.push(2, 10);
    expect(await outbox.next()).toEqual({ done: false, value: 1 });
    expect(outbox.next()).rejects.toThrow('over');
    expect(await outbox.next()).toEqual({ done: true, value: undefined });
  });

  test('tells a waiting reader of the end', async () => {
    const outbox = new Outbox<number>(100);
    const waiting = outbox.next();
    outbox.end();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('keeps its order over many items, taken and let in by turns', async () => {
    const outbox = new Outbox<number>(1_000_000);
    const got: unknown[] = [];
    let next = 0;
    for (let round = 0; round < 100; round++) {
      for (let n = 0; n < round % 7; n++) outbox.push(next++, 1);
      for (let n = 0; n < round % 5 && outbox.size > 0; n++) got.push((await outbox.next()).value);
    }
    while (outbox.size > 0) got.push((await outbox.next()).value);
    expect(got).toEqual(Array.from({ length: next }, (_, index) => index));
  });
});
