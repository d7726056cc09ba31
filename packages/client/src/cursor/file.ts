/** Cursors as files, one for each key: Node and Bun. */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CursorStore } from './cursor-store.ts';

/**
 * In `folder`, which is made when it is needed. A save writes another file, makes it durable and puts it in the old one's place, so
 * that a crash leaves the old cursor or the new one. What a crash leaves over beside them (`*.tmp`) may be deleted at any time.
 */
export function fileCursorStore(folder: string): CursorStore {
  const queues = new Map<string, SaveQueue>();
  return {
    async load(key) {
      try {
        return await readFile(join(folder, fileName(key)), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    save(key, cursor) {
      const queue = queues.get(key) ?? new SaveQueue((text) => replaceFile(folder, fileName(key), text));
      queues.set(key, queue);
      return queue.save(cursor);
    },
  };
}

/**
 * One write after the other, for two at once could end in the wrong order. Whoever comes while one is going waits for the next,
 * which writes the last of them: that it is later than theirs makes theirs no less kept.
 */
class SaveQueue {
  readonly #write: (text: string) => Promise<void>;
  #going: Promise<void> | undefined;
  #next: { text: string; readonly done: Promise<void> } | undefined;

  constructor(write: (text: string) => Promise<void>) {
    this.#write = write;
  }

  save(text: string): Promise<void> {
    if (this.#next !== undefined) {
      this.#next.text = text;
      return this.#next.done;
    }
    if (this.#going === undefined) return this.#start(text);
    const before = this.#going.catch(() => undefined);
    const next = { text, done: before.then(() => this.#startNext()) };
    this.#next = next;
    return next.done;
  }

  #startNext(): Promise<void> {
    const text = this.#next?.text ?? '';
    this.#next = undefined;
    return this.#start(text);
  }

  #start(text: string): Promise<void> {
    const going = this.#write(text).finally(() => {
      if (this.#going === going) this.#going = undefined;
    });
    this.#going = going;
    return going;
  }
}

/** Lower case letters, digits, `-` and `_` stand for themselves: some file systems do not tell `A` from `a`. */
const OTHER = /[^a-z0-9_-]/gu;

/** A name holds up to 255 bytes; longer keys are told by the hash of what does not fit. */
const NAME_MAX = 180;

function fileName(key: string): string {
  const name = key.replace(OTHER, (char) =>
    Array.from(new TextEncoder().encode(char), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );
  return `cursor.${name.length <= NAME_MAX ? name : `${name.slice(0, NAME_MAX)}.${fingerprint(name)}`}`;
}

/** FNV-1a in 64 bits: no secret hangs on it, only that two long keys of one bot do not meet. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}

async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const written = join(folder, `${name}.${crypto.randomUUID()}.tmp`);
  try {
    await writeDurably(written, text);
    await rename(written, join(folder, name));
  } catch (error) {
    await rm(written, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text, 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The new name is safe only once its folder is. Windows opens no folders, and makes names durable itself. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
