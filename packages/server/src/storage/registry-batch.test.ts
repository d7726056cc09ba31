import { describe, expect, test } from 'bun:test';
import { GatheredChanges } from './registry-batch.ts';
import { listenKey } from './testing/random-changes.ts';

describe('GatheredChanges', () => {
  test('keeps the last extension of a key, once', () => {
    const changes = new GatheredChanges();
    for (let deadline = 1; deadline <= 1000; deadline += 1) changes.add({ kind: 'extendListenKey', id: 7, deadline });
    changes.add({ kind: 'extendListenKey', id: 8, deadline: 5 });
    expect(changes.size).toBe(2);
    expect([...changes.batch().deadlines]).toEqual([7, 1000, 8, 5]);
  });

  test('a dropped key has no deadline left, and none comes after', () => {
    const changes = new GatheredChanges();
    changes.add({ kind: 'putListenKey', key: listenKey(7) });
    changes.add({ kind: 'dropListenKey', id: 7 });
    changes.add({ kind: 'extendListenKey', id: 7, deadline: 5 });
    const batch = changes.batch();
    expect([...batch.deadlines]).toEqual([]);
    expect([...batch.drops]).toEqual([7]);
    expect(batch.puts).toEqual([]);
  });

  test('a put carries its deadline among the others', () => {
    const changes = new GatheredChanges();
    changes.add({ kind: 'putListenKey', key: listenKey(7, { deadline: 3 }) });
    expect(changes.batch()).toMatchObject({ puts: [7, 'account7/usdm', 'k1', 'salt7', 'lookup7'] });
    expect([...changes.batch().deadlines]).toEqual([7, 3]);
  });
});
