/**
 * `npm test [-- WORD …]`: every test of the repository, or those whose path contains one of the words. First what Bun
 * runs (unit, contract, conformance, scenarios, tidy), then what must run on Node (the official connectors). The last
 * line is `N passed, N failed`, with `, N skipped` where any was.
 */
import './node-version.mjs';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, constants, tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { readBunOutput, readNodeOutput, sum } from './test-output.mjs';
import { bunBinary, installMissing, ROOT, runScript, SetupError } from './toolchain.mjs';

const COMPAT = 'tests/compat/';
const BUN_ROOTS = ['packages', 'tests', 'scripts', 'bench'];

/**
 * A hung test ends in a sentence before the ten minutes that the whole run may take. A machine that runs all checks of a change may
 * be slow, and has more time.
 */
const DEADLINE_MS = (process.env.CI ? 40 : 9) * 60_000;

/** What one test may take: fifty times what the slowest takes alone, so that a busy machine fails nobody. */
const TEST_MS_MAX = 120_000;

/** Time for a stopped runner to end its own children before it is killed. */
const STOP_GRACE_MS = 5_000;

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'];

function testFiles(words) {
  const files = BUN_ROOTS.flatMap(filesUnder).filter((path) => /\.test\.(ts|mjs)$/.test(path));
  const asked = files.filter((path) => words.length === 0 || words.some((word) => path.includes(word)));
  return {
    bun: asked.filter((path) => !path.startsWith(COMPAT)).sort(),
    node: asked.filter((path) => path.startsWith(COMPAT)).sort(),
    compatExists: files.some((path) => path.startsWith(COMPAT)),
  };
}

/** Paths relative to the repository, with forward slashes. */
function filesUnder(folder) {
  return entriesOf(join(ROOT, folder)).flatMap((entry) => {
    if (entry.name === 'node_modules') return [];
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

function entriesOf(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Resolves with all of the program's output, shown as it comes; of one that runs beside another, when it has ended. */
function run(command, args, deadline, live = true) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: environment() });
    const timer = setTimeout(() => stopLate(child), Math.max(0, deadline - Date.now()));
    const interrupt = (signal) => {
      child.kill(signal);
      process.exit(128 + constants.signals[signal]);
    };
    for (const signal of SIGNALS) process.once(signal, interrupt);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
        if (live) process.stdout.write(text);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      for (const signal of SIGNALS) process.off(signal, interrupt);
      if (!live) process.stdout.write(output);
      resolve({ output, ok: code === 0 });
    });
  });
}

function stopLate(child) {
  process.stderr.write(`\nthe tests did not end within ${DEADLINE_MS / 60_000} minutes and were stopped\n`);
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS).unref();
}

/** Piped programs print no colours unless told; the reader of a terminal wants them. */
function environment() {
  if (!process.stdout.isTTY || process.env.NO_COLOR) return process.env;
  return { ...process.env, FORCE_COLOR: '1' };
}

/** Side by side where there are cores for it: tests share nothing but the machine. */
const SHARDS = Math.min(2, availableParallelism());

async function runWithBun(files, deadline) {
  const shards = Array.from({ length: SHARDS }, (_, nth) => files.filter((_file, at) => at % SHARDS === nth));
  const asked = shards.filter((shard) => shard.length > 0);
  return sum(await Promise.all(asked.map((shard, nth) => runShard(shard, deadline, nth === 0))));
}

async function runShard(files, deadline, live) {
  const flags = [`--timeout=${TEST_MS_MAX}`, '--no-orphans', '--no-env-file', '--no-install'];
  return readBunOutput(await run(bunBinary(), ['test', ...flags, ...files.map((path) => `./${path}`)], deadline, live));
}

/** For the reader as Node prints it, for the counts as TAP. */
async function runWithNode(files, deadline) {
  if (files.length === 0) return sum([]);
  const folder = mkdtempSync(join(tmpdir(), 'listenpost-test-'));
  try {
    const tap = join(folder, 'compat.tap');
    const reporters = [
      ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
      ...['--test-reporter=tap', `--test-reporter-destination=${tap}`],
    ];
    const args = ['--test', `--test-concurrency=${SHARDS}`, ...reporters, ...files];
    const { ok } = await run(process.execPath, args, deadline);
    // A runner that was stopped has written none.
    const result = readNodeOutput({ output: existsSync(tap) ? readFileSync(tap, 'utf8') : '', ok });
    return { ...result, failing: result.failing.map((path) => relative(ROOT, path).split(sep).join('/')) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report({ passed, failed, skipped, failing }) {
  if (failing.length > 0) process.stdout.write('\nTo replay what failed:\n');
  for (const path of failing) process.stdout.write(`  npm test -- ${path}\n`);
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  process.stdout.write(`\n${passed} passed, ${failed} failed${tail}\n`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

await runScript(async () => {
  const words = process.argv.slice(2);
  const option = words.find((word) => word.startsWith('-'));
  if (option) throw new SetupError(`npm test takes words that test files' paths contain, not options: ${option}`);
  installMissing();
  const files = testFiles(words);
  if (files.bun.length + files.node.length === 0) process.stdout.write(`no test file matches ${words.join(' ')}\n`);
  if (!files.compatExists)
    process.stdout.write(`${COMPAT} has no *.test.mjs: the official connectors are not tested\n`);
  const deadline = Date.now() + DEADLINE_MS;
  report(sum([await runWithBun(files.bun, deadline), await runWithNode(files.node, deadline)]));
});
