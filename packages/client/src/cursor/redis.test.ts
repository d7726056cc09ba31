import { expect, test } from 'bun:test';
import { describeCursorStore } from './cursor-store.contract.ts';
import { type RedisLike, redisCursorStore } from './redis.ts';

/** Answers as Redis does: null for what is not there, OK for a SET, each in its own time. */
function answering(): RedisLike & { readonly values: ReadonlyMap<string, string> } {
  const values = new Map<string, string>();
  return {
    values,
    get: async (key) => values.get(key) ?? null,
    async set(key, value) {
      values.set(key, value);
      return 'OK';
    },
  };
}

describeCursorStore('redis', () => {
  const redis = answering();
  return { store: redisCursorStore(redis), again: () => redisCursorStore(redis) };
});

test('redis · its keys stand under a prefix', async () => {
  const redis = answering();
  await redisCursorStore(redis).save('bot', 'a');
  await redisCursorStore(redis, { prefix: 'mine/' }).save('bot', 'b');
  expect([...redis.values]).toEqual([
    ['listenpost:cursor:bot', 'a'],
    ['mine/bot', 'b'],
  ]);
});

test('redis · what fails there fails here', async () => {
  const failing = () => Promise.reject(new Error('READONLY'));
  const store = redisCursorStore({ get: failing, set: failing });
  for (const call of [store.load('bot'), store.save('bot', 'a')]) {
    expect(await call.catch((error: unknown) => String(error))).toContain('READONLY');
  }
});
