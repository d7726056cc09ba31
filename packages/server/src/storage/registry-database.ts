/**
 * The registry's tables in SQLite: WAL, `synchronous=FULL` (docs/decisions/0004).
 *
 * A keepalive changes eight bytes. Updated in place, each would rewrite a page of the table, and with a million keys nearly
 * every one another page. So deadlines go into a log first: `extensions` holds one row per transaction with the packed
 * pairs of id and deadline, and now and then the log is folded into `deadlines` in the order of the ids, a slice per
 * transaction. Whoever reads applies the log over the table, oldest first.
 */
import { Database, SQLiteError } from 'bun:sqlite';
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { type RegistryContents, RegistryStoreError, type StoredListenKey } from '@listenpost/core';
import { PUT_FIELDS, type RegistryBatch } from './registry-batch.ts';

export interface RegistryDatabaseOptions {
  /** The file grows no further; commits that need more are refused. Default: what the disk holds. */
  readonly fileBytesMax?: number;
}

const SCHEMA_VERSION = 1;

/** `LPrg`: tells our file from another program's SQLite database. */
const APPLICATION_ID = 0x4c507267;

const SCHEMA = `
  CREATE TABLE listenKeys (
    id INTEGER PRIMARY KEY, stream TEXT NOT NULL, secretId TEXT NOT NULL, salt TEXT NOT NULL, lookup TEXT NOT NULL
  ) STRICT;
  CREATE TABLE deadlines (id INTEGER PRIMARY KEY, deadline INTEGER NOT NULL) STRICT;
  CREATE TABLE extensions (sequence INTEGER PRIMARY KEY, pairs BLOB NOT NULL) STRICT;
  CREATE TABLE accounts (id TEXT PRIMARY KEY, sealed TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

const PAGE_BYTES = 4096;
const CACHE_KIB = 64 * 1024;

/** 2 MiB of log. Larger, and a start reads longer; smaller, and a fold touches nearly a page per key again. */
const FOLD_AT_PAIRS = 131_072;

/** What one commit waits for a fold, at least: about 2 ms. */
const FOLD_SLICE_PAIRS = 4096;

/** Rows fetched at once by a load: bounds what lives beside the result. */
const LOAD_ROWS = 8192;

/** Another connection holds the database only while it loads or checkpoints. */
const BUSY_MS = 5000;

interface Fold {
  /** Ascending, so that neighbours share a page. */
  readonly ids: Float64Array;
  readonly deadlines: ReadonlyMap<number, number>;
  next: number;
  /** Log rows up to here are in the table once the fold is done. */
  readonly throughSequence: number;
}

export class RegistryDatabase {
  readonly #database: Database;
  readonly #file: string;
  readonly #statements: Statements;
  /** What the log holds that no fold has taken: the last deadline of each key. */
  #unfolded = new Map<number, number>();
  #unfoldedPairs = 0;
  #lastSequence = 0;
  #fold: Fold | undefined;

  private constructor(file: string, database: Database) {
    this.#file = file;
    this.#database = database;
    this.#statements = prepare(database);
  }

  /** Opens the file, made if it is missing. Throws `RegistryStoreError` with what to do. */
  static open(file: string, options: RegistryDatabaseOptions = {}): RegistryDatabase {
    return explained(file, () => {
      makeFile(file);
      const database = new Database(file, { readwrite: true });
      try {
        configure(database, options);
        migrate(file, database);
        return new RegistryDatabase(file, database);
      } catch (error) {
        database.close();
        throw error;
      }
    });
  }

  /** Everything, in one snapshot. */
  load(): RegistryContents {
    const { accounts, settings } = this.#statements;
    return explained(this.#file, () =>
      this.#database.transaction(() => ({
        listenKeys: this.#loadKeys(this.#loadLog()),
        accounts: new Map(accounts.values() as [string, string][]),
        settings: new Map(settings.values() as [string, string][]),
      }))(),
    );
  }

  /** Readies for `apply`: what is in the log already is folded like what will come. */
  resume(): void {
    explained(this.#file, () => {
      for (const [sequence, bytes] of this.#statements.log.values() as [number, Uint8Array][]) {
        this.#lastSequence = sequence;
        this.#note(pairsOf(bytes));
      }
    });
    this.#startFold();
  }

  /** One transaction. Throws `RegistryStoreError`; the file then holds what it held before. */
  apply(batch: RegistryBatch): void {
    const { begin, commit, rollback } = this.#statements;
    const folded = explained(this.#file, () => {
      begin.run();
      try {
        this.#write(batch);
        const end = this.#foldSlice(batch.deadlines.length);
        commit.run();
        return end;
      } catch (error) {
        // After some faults, such as a full disk, SQLite has rolled back by itself.
        if (this.#database.inTransaction) rollback.run();
        throw error;
      }
    });
    this.#note(batch.deadlines);
    this.#advanceFold(folded);
  }

  /** The last connection to close moves the write-ahead log into the file; it can only once no statement is left. */
  close(): void {
    for (const statement of Object.values(this.#statements)) statement.finalize();
    this.#database.close(true);
  }

  #write({ puts, drops, deadlines, accounts, settings }: RegistryBatch): void {
    const statements = this.#statements;
    for (const id of drops) {
      statements.dropKey.run(id);
      statements.dropDeadline.run(id);
    }
    for (let at = 0; at < puts.length; at += PUT_FIELDS) {
      statements.putKey.run(...(puts.slice(at, at + PUT_FIELDS) as PutFields));
      // Its deadline is in the log; this row is what a fold updates.
      statements.putDeadline.run(puts[at] as number);
    }
    for (const [id, sealed] of accounts) {
      if (sealed === null) statements.dropAccount.run(id);
      else statements.putAccount.run(id, sealed);
    }
    for (const [name, value] of settings) statements.putSetting.run(name, value);
    const probe = puts.length + drops.length + accounts.length + settings.length === 0;
    if (deadlines.length > 0 || probe) {
      const { lastInsertRowid } = statements.extend.run(new Uint8Array(deadlines.buffer));
      this.#lastSequence = Number(lastInsertRowid);
    }
  }

  /**
   * Puts the next slice of a fold into the table and returns where it ended. `batchNumbers`: twice the pairs that this
   * transaction adds to the log, so that a fold always ends before the next one is due.
   */
  #foldSlice(batchNumbers: number): number {
    const fold = this.#fold;
    if (fold === undefined) return 0;
    const end = Math.min(fold.ids.length, fold.next + Math.max(FOLD_SLICE_PAIRS, batchNumbers));
    for (let at = fold.next; at < end; at += 1) {
      const id = fold.ids[at] as number;
      this.#statements.foldDeadline.run(fold.deadlines.get(id) as number, id);
    }
    if (end === fold.ids.length) this.#statements.cutLog.run(fold.throughSequence);
    return end;
  }

  /** Only now that it is durable: a transaction that was rolled back is folded again. */
  #advanceFold(end: number): void {
    if (this.#fold !== undefined) {
      this.#fold.next = end;
      if (end === this.#fold.ids.length) this.#fold = undefined;
    }
    this.#startFold();
  }

  /**
   * A slice may put an older deadline into the table than a later log row has: that row is still in the log, and is
   * applied over the table, until a later fold has taken it.
   */
  #startFold(): void {
    if (this.#fold !== undefined || this.#unfoldedPairs < FOLD_AT_PAIRS) return;
    const ids = Float64Array.from(this.#unfolded.keys()).sort();
    this.#fold = { ids, deadlines: this.#unfolded, next: 0, throughSequence: this.#lastSequence };
    this.#unfolded = new Map();
    this.#unfoldedPairs = 0;
  }

  #note(pairs: Float64Array): void {
    for (let at = 0; at < pairs.length; at += 2) this.#unfolded.set(pairs[at] as number, pairs[at + 1] as number);
    this.#unfoldedPairs += pairs.length / 2;
  }

  #loadLog(): Map<number, number> {
    const deadlines = new Map<number, number>();
    for (const [, bytes] of this.#statements.log.values() as [number, Uint8Array][]) {
      const pairs = pairsOf(bytes);
      for (let at = 0; at < pairs.length; at += 2) deadlines.set(pairs[at] as number, pairs[at + 1] as number);
    }
    return deadlines;
  }

  /** Keys and log are both gone through in the order of the ids, so a million keys need no look-up each. */
  #loadKeys(extended: ReadonlyMap<number, number>): StoredListenKey[] {
    const keys: StoredListenKey[] = [];
    const extendedIds = Float64Array.from(extended.keys()).sort();
    let at = 0;
    // One string for all keys of a secret, not one each.
    const secretIds = new Map<string, string>();
    for (let after = Number.MIN_SAFE_INTEGER; ; ) {
      const rows = this.#statements.keys.values(after, LOAD_ROWS) as KeyRow[];
      for (const [id, stream, secret, salt, lookup, deadline] of rows) {
        while ((extendedIds[at] ?? id) < id) at += 1;
        const last = extendedIds[at] === id ? (extended.get(id) ?? deadline) : deadline;
        keys.push({ id, stream, secretId: intern(secretIds, secret), salt, lookup, deadline: last });
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < LOAD_ROWS) return keys;
      after = last[0];
    }
  }
}

function intern(known: Map<string, string>, text: string): string {
  const first = known.get(text);
  if (first !== undefined) return first;
  known.set(text, text);
  return text;
}

type PutFields = [id: number, stream: string, secretId: string, salt: string, lookup: string];
type KeyRow = [...PutFields, deadline: number];
type Statements = ReturnType<typeof prepare>;

function prepare(database: Database) {
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    putKey: database.prepare<unknown, PutFields>('INSERT OR REPLACE INTO listenKeys VALUES (?, ?, ?, ?, ?)'),
    putDeadline: database.prepare<unknown, [number]>('INSERT OR IGNORE INTO deadlines VALUES (?, 0)'),
    dropKey: database.prepare<unknown, [number]>('DELETE FROM listenKeys WHERE id = ?'),
    dropDeadline: database.prepare<unknown, [number]>('DELETE FROM deadlines WHERE id = ?'),
    extend: database.prepare<unknown, [Uint8Array]>('INSERT INTO extensions (pairs) VALUES (?)'),
    foldDeadline: database.prepare<unknown, [number, number]>('UPDATE deadlines SET deadline = ? WHERE id = ?'),
    cutLog: database.prepare<unknown, [number]>('DELETE FROM extensions WHERE sequence <= ?'),
    putAccount: database.prepare<unknown, [string, string]>('INSERT OR REPLACE INTO accounts VALUES (?, ?)'),
    dropAccount: database.prepare<unknown, [string]>('DELETE FROM accounts WHERE id = ?'),
    putSetting: database.prepare<unknown, [string, string]>('INSERT OR REPLACE INTO settings VALUES (?, ?)'),
    log: database.prepare('SELECT sequence, pairs FROM extensions ORDER BY sequence'),
    accounts: database.prepare('SELECT id, sealed FROM accounts'),
    settings: database.prepare('SELECT name, value FROM settings'),
    keys: database.prepare<unknown, [number, number]>(
      `SELECT id, stream, secretId, salt, lookup, deadline FROM listenKeys JOIN deadlines USING (id)
       WHERE id > ? ORDER BY id LIMIT ?`,
    ),
  };
}

/** The bytes of a log row; copied, because a view of doubles must start at a multiple of eight. */
function pairsOf(bytes: Uint8Array): Float64Array {
  return new Float64Array(bytes.slice().buffer);
}

/** Readable by its owner alone; SQLite gives its journal files the same mode. */
function makeFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  closeSync(openSync(file, 'a', 0o600));
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

function configure(database: Database, { fileBytesMax }: RegistryDatabaseOptions): void {
  database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
  database.run(`PRAGMA page_size = ${PAGE_BYTES}`);
  database.run('PRAGMA journal_mode = WAL');
  database.run('PRAGMA synchronous = FULL');
  database.run(`PRAGMA cache_size = -${CACHE_KIB}`);
  database.run('PRAGMA trusted_schema = OFF');
  if (fileBytesMax !== undefined) database.run(`PRAGMA max_page_count = ${Math.floor(fileBytesMax / PAGE_BYTES)}`);
}

function migrate(file: string, database: Database): void {
  const version = numberOf(database, 'user_version');
  const application = numberOf(database, 'application_id');
  const empty = database.query('SELECT 1 FROM sqlite_schema').get() === null;
  if (empty) {
    database.transaction(() => database.run(SCHEMA)).immediate();
    return;
  }
  if (application !== APPLICATION_ID) {
    throw new RegistryStoreError(`${file} is another program's SQLite database; choose another data folder`);
  }
  if (version > SCHEMA_VERSION) {
    throw new RegistryStoreError(
      `${file} has schema version ${version}, made by a newer Listenpost; this one knows up to ${SCHEMA_VERSION}. ` +
        'Run the newer one, or restore a backup from before it',
    );
  }
}

function numberOf(database: Database, pragma: string): number {
  const row = database.query(`PRAGMA ${pragma}`).get() as Record<string, number>;
  return row[pragma] ?? 0;
}

/** What SQLite's fault means for the operator, by its code without the extension. */
const ADVICE: Readonly<Record<string, string>> = {
  SQLITE_NOTADB: 'is not an SQLite database or is damaged; restore it from a backup, or move it away to start empty',
  SQLITE_CORRUPT: 'is damaged; restore it from a backup, or move it away to start empty',
  SQLITE_FULL: 'cannot grow, the disk is full; free some space',
  SQLITE_IOERR: 'cannot be read or written; check the disk and its free space',
  SQLITE_READONLY: 'cannot be written; check the permissions of the file and its folder',
  SQLITE_CANTOPEN: 'cannot be opened; check the permissions of the file and its folder',
  SQLITE_BUSY: 'is locked by another process; stop that one',
};

function explained<Result>(file: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (error instanceof RegistryStoreError) throw error;
    throw new RegistryStoreError(`the registry ${file} ${adviceFor(error)} (${(error as Error).message})`, {
      cause: error,
    });
  }
}

function adviceFor(error: unknown): string {
  const code = (error instanceof SQLiteError && error.code) || '';
  return ADVICE[code.split('_').slice(0, 2).join('_')] ?? 'cannot be used';
}
