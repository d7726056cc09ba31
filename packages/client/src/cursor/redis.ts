import type { CursorStore } from './cursor-store.ts';

/** What is asked of a client of Redis or of anything like it; node-redis, ioredis and Bun's own have it. */
export interface RedisLike {
  /** The value; null or undefined where there is none. */
  get(key: string): Promise<string | null | undefined>;
  /** Resolves once the server has taken it. */
  set(key: string, value: string): Promise<unknown>;
}

/** Where in Redis the cursors stand. */
export interface RedisCursorStoreOptions {
  /** What stands before each key. `listenpost:cursor:` unless said otherwise. */
  readonly prefix?: string;
}

/** As durable as the server behind it is: with its append-only file synced every second, a crash of it costs up to a second. */
export function redisCursorStore(redis: RedisLike, options: RedisCursorStoreOptions = {}): CursorStore {
  const { prefix = 'listenpost:cursor:' } = options;
  return {
    load: async (key) => (await redis.get(prefix + key)) ?? undefined,
    async save(key, cursor) {
      await redis.set(prefix + key, cursor);
    },
  };
}
