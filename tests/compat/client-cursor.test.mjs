/** The SDK's file store on Node: what packages/client/src/cursor/file.test.ts shows on Bun, where runtimes may differ. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { load } from './bundle.mjs';

const { fileCursorStore } = await load('packages/client/src/cursor/file.ts');
const root = mkdtempSync(join(tmpdir(), 'listenpost-cursors-'));
after(() => rmSync(root, { recursive: true }));

test('a cursor is there for the next process, and of many saves the last one stays', async () => {
  const folder = join(root, 'made/on/the/way');
  const store = fileCursorStore(folder);
  assert.equal(await store.load('usdm@production'), undefined);
  await Promise.all(Array.from({ length: 50 }, (_, at) => store.save('usdm@production', String(at))));
  assert.equal(await fileCursorStore(folder).load('usdm@production'), '49');
  assert.deepEqual(readdirSync(folder), ['cursor.usdm%40production']);
});

test('a save that cannot be made is told', async () => {
  const store = fileCursorStore(join(process.execPath, 'no folder'));
  await assert.rejects(store.save('bot', 'a'), /ENOTDIR/);
});
