import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RegistryStoreError } from '@listenpost/core';
import { seededRandom } from '../../../core/src/testing/seeded-random.ts';
import { GatheredChanges } from './registry-batch.ts';
import { RegistryDatabase } from './registry-database.ts';
import { listenKey } from './testing/random-changes.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'listenpost-registry-'));
  file = join(folder, 'registry.sqlite');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function opened(): RegistryDatabase {
  const database = RegistryDatabase.open(file);
  database.resume();
  return database;
}

function extensions(pairs: Iterable<readonly [number, number]>) {
  const changes = new GatheredChanges();
  for (const [id, deadline] of pairs) changes.add({ kind: 'extendListenKey', id, deadline });
  return changes.batch();
}

function keys(count: number) {
  const changes = new GatheredChanges();
  for (let id = 1; id <= count; id += 1) changes.add({ kind: 'putListenKey', key: listenKey(id) });
  return changes.batch();
}

const everyKey = (deadline: number) => Array.from({ length: 9000 }, (_, index) => [index + 1, deadline] as const);

const loggedRows = () => {
  const database = new Database(file, { readonly: true });
  const row = database.query('SELECT count(*) AS rows FROM extensions').get() as { rows: number };
  database.close();
  return row.rows;
};

describe('the log of extensions', () => {
  test('is folded into the table a slice at a time, and reads the same at every step', () => {
    const random = seededRandom(5);
    const database = opened();
    const deadlines = new Map<number, number>();
    database.apply(keys(20_000));
    let shrank = 0;
    let rows = loggedRows();
    for (let round = 0; round < 60; round += 1) {
      const pairs = Array.from({ length: 9000 }, () => [1 + random.below(20_000), random.below(2 ** 31)] as const);
      for (const [id, deadline] of pairs) deadlines.set(id, deadline);
      database.apply(extensions(pairs));
      if (loggedRows() < rows) shrank += 1;
      rows = loggedRows();
      if (round % 7 === 0) expect(deadlinesOf(database)).toEqual(expectedOf(deadlines, 20_000));
    }
    expect(shrank).toBeGreaterThan(1);
    database.close();
    const again = opened();
    expect(deadlinesOf(again)).toEqual(expectedOf(deadlines, 20_000));
    again.close();
  });

  test('that an earlier process left is folded by the next', () => {
    const first = opened();
    first.apply(keys(9000));
    for (let row = 0; row < 14; row += 1) first.apply(extensions(everyKey(row)));
    first.close();
    expect(loggedRows()).toBe(15);
    const second = opened();
    second.apply(extensions(everyKey(14)));
    second.apply(extensions([[1, 500]]));
    second.apply(extensions([[1, 501]]));
    expect(loggedRows()).toBe(3);
    expect(deadlinesOf(second)).toEqual([501, ...new Array<number>(8999).fill(14)]);
    second.close();
  });

  test('never brings a dropped key back', () => {
    const database = opened();
    database.apply(keys(3));
    database.apply(extensions([[2, 9]]));
    const drop = new GatheredChanges();
    drop.add({ kind: 'dropListenKey', id: 2 });
    database.apply(drop.batch());
    for (let row = 0; row < 40; row += 1) database.apply(extensions(everyKey(row)));
    expect(loggedRows()).toBeLessThan(40);
    expect(database.load().listenKeys.map(({ id }) => id)).toEqual([1, 3]);
    database.close();
  });
});

describe('a file that cannot be used is refused with its name and what to do', () => {
  const refused = () => {
    try {
      opened().load();
    } catch (error) {
      expect(error).toBeInstanceOf(RegistryStoreError);
      expect((error as Error).message).toContain(file);
      return (error as Error).message;
    }
    throw new Error('the file was opened');
  };

  test('text', () => {
    writeFileSync(file, 'not a database at all, but long enough to be read as one'.repeat(40));
    expect(refused()).toContain('restore it from a backup, or move it away to start empty');
  });

  test('a database with torn pages', () => {
    const database = opened();
    database.apply(keys(5000));
    database.close();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xa5, 4096 * 3, 4096 * 60));
    expect(refused()).toContain('is damaged; restore it from a backup');
  });

  test('a newer schema', () => {
    opened().close();
    const database = new Database(file);
    database.run('PRAGMA user_version = 2');
    database.close();
    expect(refused()).toContain('has schema version 2, made by a newer Listenpost; this one knows up to 1');
  });

  test('another program’s database', () => {
    const database = new Database(file, { create: true });
    database.run('CREATE TABLE birds (name TEXT)');
    database.close();
    expect(refused()).toContain("is another program's SQLite database; choose another data folder");
  });

  test('a folder in its place', () => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    expect(refused()).toContain('cannot be');
  });
});

test('the file is its owner’s alone, and so are its journal files', () => {
  const database = opened();
  database.apply(keys(1));
  for (const name of ['', '-wal', '-shm']) expect(statSync(file + name).mode & 0o777).toBe(0o600);
  database.close();
});

function deadlinesOf(database: RegistryDatabase): number[] {
  return database.load().listenKeys.map(({ deadline }) => deadline);
}

function expectedOf(deadlines: ReadonlyMap<number, number>, count: number): number[] {
  return Array.from({ length: count }, (_, index) => deadlines.get(index + 1) ?? listenKey(index + 1).deadline);
}
