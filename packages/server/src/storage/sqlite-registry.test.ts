import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type RegistryChange, RegistryStoreError, type StoredListenKey } from '@listenpost/core';
import { seededRandom } from '../../../core/src/testing/seeded-random.ts';
import { contentsOf, describeRegistryStore } from './registry-store.contract.ts';
import { openSqliteRegistry } from './sqlite-registry.ts';
import { applyTo, listenKey } from './testing/random-changes.ts';

const newFolder = () => mkdtempSync(join(tmpdir(), 'listenpost-registry-'));

describeRegistryStore('sqlite', () => {
  const folder = newFolder();
  return {
    open: () => openSqliteRegistry(join(folder, 'registry.sqlite')),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

/** What one turn of the event loop gathers is sent at its end. */
const turnEnds = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the sqlite registry', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = newFolder();
    file = join(folder, 'registry.sqlite');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const put = (id: number, change: Partial<StoredListenKey> = {}): RegistryChange => ({
    kind: 'putListenKey',
    key: listenKey(id, change),
  });

  test('a full disk rejects, shows a fault, and is forgotten when there is room again', async () => {
    const registry = await openSqliteRegistry(file, { fileBytesMax: 40 * 4096 });
    const large = (id: number) => [{ kind: 'putAccount', id: `a${id}`, sealed: 'x'.repeat(40_000) } as const];
    await registry.commit(large(1));
    const refused = await Promise.allSettled([registry.commit(large(2)), registry.commit([...large(3), ...large(4)])]);
    const kinds = refused.map(({ status }) => status);
    expect(kinds[1]).toBe('rejected');
    expect(registry.fault).toContain(`the registry ${file} cannot grow, the disk is full; free some space`);
    expect(Object.keys((await contentsOf(registry)).accounts)).toEqual(
      kinds[0] === 'fulfilled' ? ['a1', 'a2'] : ['a1'],
    );
    await registry.commit([{ kind: 'dropAccount', id: 'a1' }]);
    expect(registry.fault).toBeUndefined();
    await registry.commit(large(5));
    await registry.close();
  });

  test('an empty commit tries the disk while there is a fault', async () => {
    const registry = await openSqliteRegistry(file, { fileBytesMax: 40 * 4096 });
    const tooLarge = registry.commit([{ kind: 'putAccount', id: 'a', sealed: 'x'.repeat(400_000) }]);
    expect(await refusalOf(tooLarge)).toContain('the disk is full');
    expect(registry.fault).toBeDefined();
    await registry.commit([]);
    expect(registry.fault).toBeUndefined();
    await registry.close();
  });

  test('more changes than may wait are refused by name; one commit alone may be larger', async () => {
    const registry = await openSqliteRegistry(file, { pendingMax: 3 });
    const first = registry.commit([put(1), put(2), put(3), put(4), put(5)]);
    await turnEnds();
    const second = registry.commit([put(6)]);
    expect(await refusalOf(registry.commit([put(7), put(8), put(9)]))).toBe(
      'the registry is overloaded: 2 changes already wait for the disk, and at most 3 may; retry later',
    );
    await Promise.all([first, second]);
    await registry.commit([put(7)]);
    expect((await contentsOf(registry)).listenKeys).toHaveLength(7);
    await registry.close();
  });

  test('commits that wait behind one transaction share the next', async () => {
    const registry = await openSqliteRegistry(file);
    const alone = registry.commit([put(1)]);
    await turnEnds();
    const grouped = Array.from({ length: 1000 }, (_, index) => registry.commit([put(2 + index)]));
    expect(grouped[0]).not.toBe(alone);
    expect(new Set(grouped).size).toBe(1);
    await Promise.all(grouped);
    await registry.close();
  });

  test('is one process’s: a second opening is refused while the first is open', async () => {
    const registry = await openSqliteRegistry(file);
    expect(await refusalOf(openSqliteRegistry(file))).toMatch(/is in use by process \d+/);
    await registry.close();
    await (await openSqliteRegistry(file)).close();
  });

  test('a file that cannot be opened gives the lock back', async () => {
    await Bun.write(file, 'no database'.repeat(500));
    expect(await refusalOf(openSqliteRegistry(file))).toContain('restore it from a backup, or move it away to start');
    rmSync(file);
    await (await openSqliteRegistry(file)).close();
  });

  test.each([1, 2, 3, 4])('killed in mid-commit, it has all that was acknowledged (seed %d)', async (seed) => {
    const random = seededRandom(seed);
    for (let life = 0; life < 2; life += 1) {
      const before = life === 0 ? [] : (await loaded(file)).listenKeys;
      const lines = await linesOfAKilledWriter(file, seed * 10 + life, 200 + random.below(3000));
      const found = (await loaded(file)).listenKeys;
      for (const writer of writersOf(lines))
        expect(possibleStates(before, lines, writer)).toContainEqual(within(found, writer));
    }
  });
});

/** Why it was refused. Anything but a `RegistryStoreError` fails the test. */
async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const outcome = await promise.catch((error: unknown) => error);
  if (outcome instanceof RegistryStoreError) return outcome.message;
  throw new Error('it was not refused with a RegistryStoreError', { cause: outcome });
}

async function loaded(file: string) {
  const registry = await openSqliteRegistry(file);
  const contents = await contentsOf(registry);
  await registry.close();
  return contents;
}

interface Line {
  readonly writer: number;
  readonly number: number;
  /** Absent on the line that says the commit is durable. */
  readonly changes?: readonly RegistryChange[];
}

/** Runs a writer until it has printed so many lines, kills it there, and gives every line it printed. */
async function linesOfAKilledWriter(file: string, seed: number, count: number): Promise<Line[]> {
  const script = join(import.meta.dir, 'testing', 'commit-until-killed.ts');
  const child = spawn(process.execPath, [script, file, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines: Line[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(JSON.parse(line) as Line);
    if (lines.length === count) child.kill('SIGKILL');
  }
  await ended;
  return lines;
}

const writersOf = (lines: readonly Line[]) => [...new Set(lines.map(({ writer }) => writer))];
const within = (keys: readonly StoredListenKey[], writer: number) =>
  keys.filter(({ id }) => Math.floor(id / 1000) === writer);

/** Without the last commit when it was not acknowledged, and with it: whole or not at all. */
function possibleStates(before: readonly StoredListenKey[], lines: readonly Line[], writer: number) {
  const own = lines.filter((line) => line.writer === writer);
  const announced = own.filter(({ changes }) => changes !== undefined);
  const durable = own.length - announced.length;
  return [durable, announced.length].map((length) => {
    const model = new Map(within(before, writer).map((key) => [key.id, key]));
    for (const { changes } of announced.slice(0, length)) applyTo(model, changes ?? []);
    return [...model.values()].sort((left, right) => left.id - right.id);
  });
}
