import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeCursorStore } from './cursor-store.contract.ts';
import { fileCursorStore } from './file.ts';

const root = mkdtempSync(join(tmpdir(), 'listenpost-cursors-'));
let folders = 0;
const newFolder = (): string => join(root, `deep/${folders++}`);

afterAll(() => rmSync(root, { recursive: true }));

describeCursorStore('file', () => {
  const folder = newFolder();
  return { store: fileCursorStore(folder), again: () => fileCursorStore(folder) };
});

test('file · what a crash leaves over is not read and not in the way', async () => {
  const folder = newFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'cursor.bot.f00.tmp'), 'half a curs');
  const store = fileCursorStore(folder);
  expect(await store.load('bot')).toBeUndefined();
  await store.save('bot', 'whole');
  expect(await store.load('bot')).toBe('whole');
});

test('file · saves leave nothing over, failed ones too', async () => {
  const folder = newFolder();
  const store = fileCursorStore(folder);
  await Promise.all(Array.from({ length: 20 }, (_, at) => store.save('bot', String(at))));
  expect(readdirSync(folder)).toEqual(['cursor.bot']);
  mkdirSync(join(folder, 'cursor.taken/inside'), { recursive: true });
  const failures = await Promise.allSettled([1, 2, 3].map((at) => store.save('taken', String(at))));
  expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(readdirSync(folder).sort()).toEqual(['cursor.bot', 'cursor.taken']);
});

test('file · a save that failed is no hindrance to the next', async () => {
  const folder = newFolder();
  const store = fileCursorStore(folder);
  mkdirSync(join(folder, 'cursor.bot/inside'), { recursive: true });
  expect((await Promise.allSettled([store.save('bot', 'a')]))[0]?.status).toBe('rejected');
  rmSync(join(folder, 'cursor.bot'), { recursive: true });
  await store.save('bot', 'b');
  expect(await store.load('bot')).toBe('b');
});

/** Rounds, each with a process that dies after so many saves were said, wherever it is then. */
const ROUNDS = 12;

test('file · kill -9 in the middle of saves loses none that was said, and leaves none half', async () => {
  const folder = newFolder();
  let said = 0;
  for (let round = 0; round < ROUNDS; round++) {
    said = await killedAfter(folder, said, 1 + ((round * 7) % 10));
    const kept = (await fileCursorStore(folder).load('bot')) ?? '';
    const [first = '', body = '', last] = kept.split(' ');
    expect(last).toBe(first);
    expect(body).toBe(String(Number(first) % 10).repeat(20_000));
    expect(Number(first)).toBeGreaterThanOrEqual(said);
    said = Number(first);
  }
  expect(said).toBeGreaterThanOrEqual(ROUNDS);
}, 120_000);

/** The last number that the process said before it was gone. */
async function killedAfter(folder: string, before: number, saves: number): Promise<number> {
  const loop = join(import.meta.dir, 'testing/save-loop.ts');
  const child = Bun.spawn([process.execPath, loop, folder, String(before + 1)], { stdout: 'pipe', stderr: 'inherit' });
  let text = '';
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.split('\n').length > saves) child.kill('SIGKILL');
  }
  await child.exited;
  expect(child.signalCode).toBe('SIGKILL');
  return Number(text.split('\n').at(-2));
}
