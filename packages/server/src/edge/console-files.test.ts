import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleFiles } from './console-files.ts';

const PRINTS = join(import.meta.dirname, '..', 'testing', 'print-console.ts');

/** A compiler that links a hundred megabytes on a busy machine. */
const COMPILES_WITHIN_MS = 60_000;

async function outputOf(...command: string[]): Promise<string> {
  const child = Bun.spawn(command, { cwd: tmpdir(), stdout: 'pipe', stderr: 'pipe' });
  const [out, error] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')}: ${error}`);
  return out;
}

test('the page is bundled once, however many ask for it at once', async () => {
  const files = consoleFiles();
  const [one, two] = await Promise.all([files.find(files.page), files.find(files.page)]);
  expect(one).toBeDefined();
  expect(two?.bytes).toBe(one?.bytes as Uint8Array<ArrayBuffer>);
});

/** The arguments behind `bun build ENTRY` that make a program in a folder, and what starts it. */
const PROGRAMS = {
  compiled: (folder: string) => ({
    args: ['--compile', `--outfile=${join(folder, 'program')}`],
    start: [join(folder, 'program')],
  }),
  bundled: (folder: string) => ({
    args: ['--target=bun', `--outdir=${folder}`, '--entry-naming=[name].[ext]'],
    start: [process.execPath, join(folder, 'print-console.js')],
  }),
};

test.each(['compiled', 'bundled'] as const)(
  'a program that was %s has the page and its files, away from the sources',
  async (kind) => {
    const folder = mkdtempSync(join(tmpdir(), 'listenpost-console-files-'));
    try {
      const { args, start } = PROGRAMS[kind](folder);
      await outputOf(process.execPath, 'build', PRINTS, ...args);
      const { page, files } = JSON.parse(await outputOf(...start));
      expect(page).toContain('<title>Listenpost console</title>');
      expect(files.map(({ type }: { type: string }) => type.split(';')[0]).sort()).toEqual([
        'image/svg+xml',
        'text/css',
        'text/javascript',
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  COMPILES_WITHIN_MS,
);
