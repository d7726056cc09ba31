/**
 * An empty project of a user, in which the SDK's package was installed as npm installs it. Nothing is asked for over the network:
 * `ws` comes packed from this repository's own node_modules, and npm is told to stay offline.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { packClient } from '../../../scripts/client-package.mjs';
import { outputOf } from '../../../scripts/packing.mjs';
import { npmCommand, ROOT } from '../../../scripts/toolchain.mjs';

/** Programs and files of the user. */
const FILES = ['read.mjs', 'types.ts', 'json-alone.mjs', 'page.mjs'];

const MODULES = join(ROOT, 'node_modules');
const USER = fileURLToPath(new URL('.', import.meta.url));

/** Folder of the project, and the tarball that was installed there; both are gone when this process ends. */
export async function installedProject() {
  const folder = mkdtempSync(join(tmpdir(), 'listenpost-user-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const tarball = await packClient(join(folder, 'packed'));
  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{"name":"bot","private":true,"type":"module"}');
  const [{ filename }] = JSON.parse(npm(['pack', join(MODULES, 'ws'), '--json'], folder));
  const cache = join(folder, 'npm-cache');
  npm(['install', '--offline', '--ignore-scripts', '--cache', cache, tarball, join(folder, filename)], project);
  for (const name of FILES) cpSync(join(USER, name), join(project, name));
  // What the user of a compiler has: types of Node. They find their own dependencies where they really are.
  mkdirSync(join(project, 'node_modules', '@types'));
  symlinkSync(join(MODULES, '@types', 'node'), join(project, 'node_modules', '@types', 'node'));
  return { project, tarball };
}

function npm(args, cwd) {
  const { command, args: first, shell } = npmCommand();
  return outputOf(command, [...first, ...args], cwd, shell);
}

/** A program that stops by itself, or is stopped and fails its test. */
const ENDS_WITHIN_MS = 20_000;

/**
 * Runs a program of the project, gives `told` each line that it prints, as JSON, and resolves when it has ended by itself: with
 * all lines. Whatever it says on stderr fails it.
 */
export async function run(command, args, cwd, told) {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text;
  });
  const ended = once(child, 'close');
  const lines = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(JSON.parse(line));
    await told(lines.at(-1));
  }
  const [code, signal] = await ended;
  clearTimeout(timer);
  if (code !== 0 || complaints !== '') {
    throw new Error(`${args[0]} ended with ${signal ?? code}, having said ${JSON.stringify(lines)}\n${complaints}`);
  }
  return lines;
}
