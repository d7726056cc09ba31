/** What every cursor store keeps, wherever it keeps it (`cursor-store.ts`). */
import { expect, test } from 'bun:test';
import type { CursorStore } from './cursor-store.ts';

export interface StoreUnderTest {
  readonly store: CursorStore;
  /** Another one on the same place, as a restarted bot opens it; absent where nothing outlives the store. */
  again?(): CursorStore;
}

const CURSOR = JSON.stringify({ v: 1, scopes: { 'isolated:BTCUSDT': { position: 'k3:17', at: 1767225600123 } } });

/** What people call their bots, and what a folder or a colon would trip over. */
const KEYS = [
  'usdm@production',
  'USDM@production',
  'usdm%40production',
  'a/b',
  '../a',
  '..',
  '.',
  '',
  'con',
  'a.tmp',
  'ein Schlüssel',
  '币安',
  'x'.repeat(400),
  `${'x'.repeat(400)}y`,
  'X'.repeat(100),
];

export function describeCursorStore(name: string, open: () => StoreUnderTest): void {
  const named = (sentence: string) => `${name} · ${sentence}`;

  test(named('knows nothing of a key that was never saved'), async () => {
    expect(await open().store.load('usdm@production')).toBeUndefined();
  });

  test(named('answers what was saved last, to a restarted bot too'), async () => {
    const { store, again } = open();
    await store.save('bot', 'first');
    expect(await store.load('bot')).toBe('first');
    await store.save('bot', CURSOR);
    expect(await store.load('bot')).toBe(CURSOR);
    if (again !== undefined) expect(await again().load('bot')).toBe(CURSOR);
  });

  test(named('keeps keys apart, whatever they look like'), async () => {
    const { store, again } = open();
    await Promise.all(KEYS.map((key, at) => store.save(key, `cursor ${at}`)));
    const read = again?.() ?? store;
    expect(await Promise.all(KEYS.map((key) => read.load(key)))).toEqual(KEYS.map((_, at) => `cursor ${at}`));
  });

  test(named('takes any text'), async () => {
    const { store } = open();
    for (const text of ['', 'x'.repeat(100_000), '币安\u0000\n"', '{"v":1}']) {
      await store.save('bot', text);
      expect(await store.load('bot')).toBe(text);
    }
  });

  test(named('of many saves at once the last one stays, and each is kept when it resolves'), async () => {
    const { store } = open();
    let resolved = -1;
    const saves = Array.from({ length: 100 }, async (_, at) => {
      await store.save('bot', String(at));
      resolved = Math.max(resolved, at);
      expect(Number(await store.load('bot'))).toBeGreaterThanOrEqual(at);
    });
    await Promise.all(saves);
    expect(resolved).toBe(99);
    expect(await store.load('bot')).toBe('99');
  });
}
