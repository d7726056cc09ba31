/**
 * The one door to the disk. The segment log does nothing to files but through it, so that tests can put a disk behind it
 * that tears, stalls, fails and forgets.
 *
 * What the log relies on, of any disk behind this door:
 * - what `sync` resolved for is there after a crash; what was written since may be there, in any part and any order;
 * - after a failed `sync` nothing is known of what was written since the last good one, also when a later `sync` resolves;
 * - a new, renamed or removed name is there (or gone) after a crash only once `syncFolder` resolved.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { takeLock } from './lock.ts';

export interface OpenFile {
  /** Bytes from `at` on: `length` of them, or fewer where the file ends. */
  read(at: number, length: number): Promise<Buffer>;
  /** Writes all of `bytes` at `at`, or rejects having written any part of them. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Data and size, as fdatasync. */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** Errors carry Node's `code`: ENOENT, ENOSPC, EIO … */
export interface Files {
  /** `read` and `write` need the file to be there; `create` makes it, or empties it. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<OpenFile>;
  /** Names in the folder, in order; none when there is no such folder. */
  list(folder: string): Promise<string[]>;
  makeFolder(folder: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A name that is not there is as good as removed. */
  unlink(path: string): Promise<void>;
  syncFolder(folder: string): Promise<void>;
  /** Keeps other processes out of the folder until released; rejects with a sentence naming who holds it. */
  lock(folder: string): Promise<() => Promise<void>>;
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

const open = promisify(fs.open);
const close = promisify(fs.close);
const fdatasync = promisify(fs.fdatasync);
const ftruncate = promisify(fs.ftruncate);
const fstat = promisify(fs.fstat);

/** Resolves with the bytes moved; the promisified forms of fs.read and fs.write make an object for each call. */
function read(fd: number, into: Uint8Array, offset: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, into, offset, into.length - offset, at, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

function write(fd: number, bytes: Uint8Array, offset: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(fd, bytes, offset, bytes.length - offset, at, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

class DiskFile implements OpenFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async read(at: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const count = await read(this.#fd, bytes, filled, at + filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    let written = 0;
    while (written < bytes.length) written += await write(this.#fd, bytes, written, at + written);
  }

  sync(): Promise<void> {
    return fdatasync(this.#fd);
  }

  truncate(bytes: number): Promise<void> {
    return ftruncate(this.#fd, bytes);
  }

  async size(): Promise<number> {
    return (await fstat(this.#fd)).size;
  }

  close(): Promise<void> {
    return close(this.#fd);
  }
}

const FLAGS = { read: 'r', write: 'r+', create: 'w+' } as const;

/** The machine's own disk. All calls run on the runtime's thread pool, off the event loop. */
export const diskFiles: Files = {
  async open(path, mode) {
    return new DiskFile(await open(path, FLAGS[mode], 0o600));
  },

  async list(folder) {
    try {
      return (await fs.promises.readdir(folder)).sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  },

  async makeFolder(folder) {
    await fs.promises.mkdir(folder, { recursive: true, mode: 0o700 });
  },

  rename(from, to) {
    return fs.promises.rename(from, to);
  },

  async unlink(path) {
    try {
      await fs.promises.unlink(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  },

  async syncFolder(folder) {
    const handle = await fs.promises.open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },

  lock(folder) {
    return takeLock(join(folder, 'lock'));
  },
};

/** Puts a whole file in its place, or leaves what was there: written beside it, synced, renamed. */
export async function replaceFile(
  files: Files,
  folder: string,
  name: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = join(folder, `${name}${TEMPORARY}`);
  const file = await files.open(temporary, 'create');
  try {
    let at = 0;
    for await (const piece of pieces) {
      await file.write(piece, at);
      at += piece.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(temporary, join(folder, name));
  await files.syncFolder(folder);
}

/** What a crash left of a `replaceFile`; removed at the next start. */
export const TEMPORARY = '.tmp';
