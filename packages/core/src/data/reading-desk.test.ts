import { describe, expect, test } from 'bun:test';
import { ReadingDesk } from './reading-desk.ts';

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Readers by name, each of whom stays until it is let go. */
function readers(desk: ReadingDesk) {
  const served: string[] = [];
  const leave = new Map<string, () => void>();
  const come = (name: string) =>
    desk.turn(() => {
      served.push(name);
      return new Promise<void>((resolve) => leave.set(name, resolve));
    });
  return { served, come, go: (name: string) => leave.get(name)?.() };
}

describe('the reading desk', () => {
  test('serves two at once and the others in the order they came', async () => {
    const desk = new ReadingDesk();
    const { served, come, go } = readers(desk);
    const all = ['a', 'b', 'c', 'd', 'e'].map(come);
    await settled();
    expect({ served, waiting: desk.waiting }).toEqual({ served: ['a', 'b'], waiting: 3 });
    go('b');
    await settled();
    expect(served).toEqual(['a', 'b', 'c']);
    for (const name of ['a', 'c', 'd', 'e']) {
      go(name);
      await settled();
    }
    await Promise.all(all);
    expect({ served, waiting: desk.waiting }).toEqual({ served: ['a', 'b', 'c', 'd', 'e'], waiting: 0 });
  });

  test('lets nobody who comes when a turn is given back get past those who wait', async () => {
    const desk = new ReadingDesk();
    const { served, come, go } = readers(desk);
    const first = ['a', 'b', 'waits'].map(come);
    await settled();
    go('a');
    const late = first[0]?.then(() => come('late'));
    await settled();
    expect(served).toEqual(['a', 'b', 'waits']);
    for (const name of ['b', 'waits', 'late']) {
      go(name);
      await settled();
    }
    await Promise.all([...first, late]);
    expect(served.at(-1)).toBe('late');
  });

  test('hands the turn on when a reader fails, and gives back what one found', async () => {
    const desk = new ReadingDesk();
    const failing = Array.from({ length: 5 }, () => desk.turn(() => Promise.reject(new Error('no disk'))));
    const outcomes = await Promise.allSettled(failing);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    expect(await desk.turn(() => Promise.resolve(7))).toBe(7);
    expect(desk.waiting).toBe(0);
  });
});
