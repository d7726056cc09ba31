import type { CursorStore } from './cursor-store.ts';

/** Lives as long as the process: for tests, and for several streams of one process that follow each other. */
export function memoryCursorStore(): CursorStore {
  const cursors = new Map<string, string>();
  return {
    load: (key) => Promise.resolve(cursors.get(key)),
    save(key, cursor) {
      cursors.set(key, cursor);
      return Promise.resolve();
    },
  };
}
