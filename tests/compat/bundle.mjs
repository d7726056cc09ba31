/**
 * What users of the SDK import: its TypeScript made into one module that Node can read, its dependencies left outside. Node 20 reads
 * no TypeScript itself.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bunBinary, ROOT } from '../../scripts/toolchain.mjs';

/** Below the repository's own node_modules, so that what is left outside is found. */
const FOLDER = join(ROOT, 'node_modules', '.cache', 'listenpost-bundles');

/** Path of the bundle of a file of this repository, gone when this process ends. */
export function bundle(path) {
  mkdirSync(FOLDER, { recursive: true });
  const folder = mkdtempSync(join(FOLDER, 'bundle-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, 'bundle.mjs');
  const args = ['build', join(ROOT, path), '--target=node', '--external=ws', `--outfile=${outfile}`];
  const { status, stderr } = spawnSync(bunBinary(), args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${path} could not be bundled:\n${stderr}`);
  return outfile;
}

/** The exports of a file of this repository, on this Node. */
export async function load(path) {
  return import(pathToFileURL(bundle(path)).href);
}
