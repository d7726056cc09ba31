/**
 * A disk in memory that misbehaves where a test says so, behind the door of the segment log (`Files`).
 *
 * It keeps apart what was written and what is on the disk. A crash keeps what was synced, and of the rest any part: whole
 * sectors of any unsynced write, in any order, or a write up to any byte. A failed sync loses what it was for: later syncs
 * do not bring it back. Names are on the disk once their folder was synced; before, any of the changes may be.
 */
import { basename, dirname } from 'node:path';
import { type SeededRandom, seededRandom } from '../../../../core/src/testing/seeded-random.ts';
import type { Files, OpenFile } from '../segment-log/files.ts';

const SECTOR_BYTES = 512;

export type OperationKind = 'open' | 'read' | 'write' | 'sync' | 'truncate' | 'rename' | 'unlink' | 'syncFolder';

export interface Operation {
  /** Counts the operations of this disk that a fault can meet, from 0. */
  readonly index: number;
  readonly kind: OperationKind;
  /** The file's name, without its folder. */
  readonly name: string;
}

export type Fault =
  /** Rejects with this code. A write is torn first: any part of it, from nothing to all but its last byte, is written. */
  | { readonly kind: 'fail'; readonly code: 'EIO' | 'ENOSPC' }
  /** Waits until `release`. */
  | { readonly kind: 'stall' }
  /** The machine stops before the operation, in it, or right after it. Nothing is ever answered again. */
  | { readonly kind: 'crash'; readonly when: 'before' | 'within' | 'after' };

type Change =
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number };

/** Bytes that grow; `size` of them count. */
class Content {
  bytes: Buffer = Buffer.alloc(0);

  apply(change: Change): void {
    if (change.kind === 'truncate') {
      this.#resize(change.size);
      return;
    }
    const end = change.at + change.bytes.length;
    if (end > this.bytes.length) this.#resize(end);
    this.bytes.set(change.bytes, change.at);
  }

  copy(): Content {
    const copy = new Content();
    copy.bytes = Buffer.from(this.bytes);
    return copy;
  }

  #resize(size: number): void {
    const resized = Buffer.alloc(size);
    this.bytes.copy(resized, 0, 0, Math.min(size, this.bytes.length));
    this.bytes = resized;
  }
}

interface StoredFile {
  readonly written: Content;
  readonly durable: Content;
  /** Since the last sync. */
  unsynced: Change[];
}

type Names = Map<string, StoredFile>;

export class FaultyFiles implements Files {
  /** Called for each operation; undefined lets it pass. */
  plan: (operation: Operation) => Fault | undefined = () => undefined;
  readonly operations: Operation[] = [];
  /** Resolves when the machine stopped. */
  readonly crashed: Promise<void>;
  #announceCrash: () => void = () => {};
  readonly #random: SeededRandom;
  #names: Names = new Map();
  #durableNames: Names = new Map();
  /** Changes of names since the last `syncFolder`, in order. */
  #unsyncedNames: ((names: Names) => void)[] = [];
  #locked = false;
  #stopped = false;
  #stalled: (() => void)[] = [];

  /** All chance comes from the seed. */
  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.crashed = new Promise((resolve) => {
      this.#announceCrash = resolve;
    });
  }

  /** The disk as the next start finds it. */
  afterCrash(seed: number): FaultyFiles {
    const next = new FaultyFiles(seed);
    const names = new Map(this.#durableNames);
    const part = this.#part();
    for (const change of this.#unsyncedNames) if (this.#random.fraction() < part) change(names);
    for (const [path, file] of names) {
      const durable = file.durable.copy();
      this.#keepSome(durable, file.unsynced);
      next.#put(path, durable.bytes);
    }
    return next;
  }

  /** The disk as a process finds it that starts after this one ended by itself. */
  afterExit(): FaultyFiles {
    const next = new FaultyFiles(this.#random.below(2 ** 32));
    for (const [path, file] of this.#names) next.#put(path, Buffer.from(file.written.bytes));
    return next;
  }

  release(): void {
    for (const go of this.#stalled.splice(0)) go();
  }

  /** Every file's bytes, by name. The buffers are the disk's own: what is changed in them is changed on the disk. */
  contents(): Map<string, Buffer> {
    return new Map([...this.#names].map(([path, file]) => [basename(path), file.written.bytes]));
  }

  open(path: string, mode: 'read' | 'write' | 'create'): Promise<OpenFile> {
    return this.#do('open', path, () => {
      if (mode === 'create') return new FaultyFile(this, path, this.#create(path));
      return new FaultyFile(this, path, this.#find(path));
    });
  }

  async list(folder: string): Promise<string[]> {
    const names = [...this.#names.keys()].filter((path) => dirname(path) === folder);
    return names.map((path) => basename(path)).sort();
  }

  async makeFolder(): Promise<void> {}

  rename(from: string, to: string): Promise<void> {
    return this.#do('rename', to, () => {
      const file = this.#find(from);
      this.#rename((names) => {
        names.delete(from);
        names.set(to, file);
      });
    });
  }

  unlink(path: string): Promise<void> {
    return this.#do('unlink', path, () => this.#rename((names) => names.delete(path)));
  }

  syncFolder(folder: string): Promise<void> {
    return this.#do('syncFolder', folder, () => {
      this.#durableNames = new Map(this.#names);
      this.#unsyncedNames = [];
    });
  }

  async lock(folder: string): Promise<() => Promise<void>> {
    if (this.#locked) throw new Error(`${folder} is in use.`);
    this.#locked = true;
    return async () => {
      this.#locked = false;
    };
  }

  read(path: string, file: StoredFile, at: number, length: number): Promise<Buffer> {
    return this.#do('read', path, () => Buffer.from(file.written.bytes.subarray(at, at + length)));
  }

  write(path: string, file: StoredFile, bytes: Uint8Array, at: number): Promise<void> {
    const put = (end: number) => {
      const change: Change = { kind: 'write', at, bytes: Buffer.from(bytes.subarray(0, end)) };
      file.written.apply(change);
      file.unsynced.push(change);
    };
    const torn = () => put(this.#random.below(bytes.length));
    return this.#do('write', path, () => put(bytes.length), torn);
  }

  sync(path: string, file: StoredFile): Promise<void> {
    const all = () => {
      for (const change of file.unsynced) file.durable.apply(change);
      file.unsynced = [];
    };
    const some = () => {
      this.#keepSome(file.durable, file.unsynced);
      file.unsynced = [];
    };
    return this.#do('sync', path, all, some);
  }

  truncate(path: string, file: StoredFile, size: number): Promise<void> {
    return this.#do('truncate', path, () => {
      file.written.apply({ kind: 'truncate', size });
      file.unsynced.push({ kind: 'truncate', size });
    });
  }

  /** `partly`: what is left of the operation when it fails or the machine stops within it. */
  async #do<T>(kind: OperationKind, path: string, whole: () => T, partly: () => void = () => {}): Promise<T> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#stopped) return never();
    const operation = { index: this.operations.length, kind, name: basename(path) };
    this.operations.push(operation);
    const fault = this.plan(operation);
    if (fault === undefined) return whole();
    switch (fault.kind) {
      case 'fail':
        partly();
        throw Object.assign(new Error(`${fault.code}: made by the test, ${kind} ${path}`), { code: fault.code });
      case 'stall':
        await new Promise<void>((resolve) => this.#stalled.push(resolve));
        return whole();
      case 'crash':
        if (fault.when === 'within') partly();
        if (fault.when === 'after') whole();
        this.#stopped = true;
        this.#announceCrash();
        return never();
    }
  }

  /** What of these changes reached the disk though nobody waited for it. */
  #keepSome(durable: Content, changes: readonly Change[]): void {
    const part = this.#part();
    for (const change of changes) {
      if (change.kind === 'truncate') {
        if (this.#random.fraction() < part) durable.apply(change);
      } else if (this.#random.fraction() < 0.3) this.#keepBeginning(durable, change.at, change.bytes);
      else this.#keepSectors(durable, change.at, change.bytes, part);
    }
  }

  /** None, half or all: whole losses and whole survivals are as likely as mixtures. */
  #part(): number {
    return this.#random.below(3) / 2;
  }

  #keepBeginning(durable: Content, at: number, bytes: Uint8Array): void {
    const end = this.#random.below(bytes.length + 1);
    if (end > 0) durable.apply({ kind: 'write', at, bytes: bytes.subarray(0, end) });
  }

  #keepSectors(durable: Content, at: number, bytes: Uint8Array, part: number): void {
    for (let start = 0; start < bytes.length; ) {
      const end = Math.min(bytes.length, start + SECTOR_BYTES - ((at + start) % SECTOR_BYTES));
      // Sectors full of zeroes at the end of a file only make it longer; all at once keeps the test fast.
      if (end - start === SECTOR_BYTES && isZero(bytes.subarray(start))) {
        if (this.#random.fraction() < part)
          durable.apply({ kind: 'write', at: at + start, bytes: bytes.subarray(start) });
        return;
      }
      if (this.#random.fraction() < part)
        durable.apply({ kind: 'write', at: at + start, bytes: bytes.subarray(start, end) });
      start = end;
    }
  }

  #find(path: string): StoredFile {
    const file = this.#names.get(path);
    if (file === undefined) throw Object.assign(new Error(`ENOENT: no such file, ${path}`), { code: 'ENOENT' });
    return file;
  }

  #create(path: string): StoredFile {
    const known = this.#names.get(path);
    if (known !== undefined) {
      const empty: Change = { kind: 'truncate', size: 0 };
      known.written.apply(empty);
      known.unsynced.push(empty);
      return known;
    }
    const made: StoredFile = { written: new Content(), durable: new Content(), unsynced: [] };
    this.#rename((names) => names.set(path, made));
    return made;
  }

  #put(path: string, bytes: Buffer): void {
    const file: StoredFile = { written: new Content(), durable: new Content(), unsynced: [] };
    file.written.bytes = bytes;
    file.durable.bytes = Buffer.from(bytes);
    this.#names.set(path, file);
    this.#durableNames.set(path, file);
  }

  #rename(change: (names: Names) => void): void {
    change(this.#names);
    this.#unsyncedNames.push(change);
  }
}

class FaultyFile implements OpenFile {
  readonly #disk: FaultyFiles;
  readonly #path: string;
  readonly #file: StoredFile;
  #open = true;

  constructor(disk: FaultyFiles, path: string, file: StoredFile) {
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
  }

  async read(at: number, length: number): Promise<Buffer> {
    this.#check();
    return this.#disk.read(this.#path, this.#file, at, length);
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    this.#check();
    return this.#disk.write(this.#path, this.#file, bytes, at);
  }

  async sync(): Promise<void> {
    this.#check();
    return this.#disk.sync(this.#path, this.#file);
  }

  async truncate(bytes: number): Promise<void> {
    this.#check();
    return this.#disk.truncate(this.#path, this.#file, bytes);
  }

  async size(): Promise<number> {
    this.#check();
    return this.#file.written.bytes.length;
  }

  async close(): Promise<void> {
    this.#check();
    this.#open = false;
  }

  #check(): void {
    if (!this.#open) throw Object.assign(new Error(`EBADF: ${this.#path} is closed`), { code: 'EBADF' });
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}

function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) {
    if (byte !== 0) return false;
  }
  return true;
}
