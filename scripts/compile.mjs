/**
 * `npm run compile [-- FILE]`: the whole of Listenpost as one executable, for machines that have neither Node nor Bun. By
 * default `dist/listenpost`.
 */
import './node-version.mjs';
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { bunBinary, installMissing, ROOT, runScript, SetupError } from './toolchain.mjs';

/** Modules that are started by their URL, beside the first: the registry's writer, a thread of its own. */
const ENTRIES = ['executable.ts', 'storage/sqlite-registry.worker.ts'];

await runScript(() => {
  installMissing();
  const file = resolve(
    process.argv[2] ?? join(ROOT, 'dist', process.platform === 'win32' ? 'listenpost.exe' : 'listenpost'),
  );
  mkdirSync(dirname(file), { recursive: true });
  const entries = ENTRIES.map((path) => join(ROOT, 'packages', 'server', 'src', path));
  // All entries lie flat in the executable, so that a URL beside the module that names it is found.
  const options = ['--compile', '--minify-syntax', '--minify-whitespace', '--entry-naming=[name].[ext]'];
  const args = ['build', ...options, ...entries, `--outfile=${file}`];
  const { status, stdout, stderr } = spawnSync(bunBinary(), args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new SetupError(`the executable could not be made:\n${stdout}${stderr}`);
  process.stdout.write(`${file} (${Math.round(statSync(file).size / 1e6)} MB)\n`);
});
