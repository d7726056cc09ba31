/**
 * `npm run check`: types, format and lint, promises, and the tidy rules. Every step runs even when an earlier one
 * failed, so that one run shows everything there is to mend.
 */
import './node-version.mjs';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { typedocCommand } from './api-docs.mjs';
import { bunBinary, installMissing, packageBin, ROOT, runScript, SetupError } from './toolchain.mjs';

/** The tools paint even what no terminal reads, unless told: biome by its option, the others by the variable. */
const COLOURS = process.stdout.isTTY ? [] : ['--colors=off'];
const ENVIRONMENT = process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: '1' };

function steps() {
  const node = (packageName, bin, args) => [process.execPath, packageBin(packageName, bin), ...args];
  return [
    ...typeProjects().map((project) => ({
      name: `types of ${project}`,
      command: node('typescript', 'tsc', ['-p', project]),
    })),
    { name: 'format and lint (biome)', command: node('@biomejs/biome', 'biome', ['ci', ...COLOURS, '.']) },
    { name: 'promises and switches (oxlint)', command: node('oxlint', 'oxlint', ['--type-aware', '--deny-warnings']) },
    { name: 'docs of the public names (typedoc)', command: typedocCommand(['--emit', 'none', '--logLevel', 'Warn']) },
    { name: 'tidy', command: [bunBinary(), 'test', '--only-failures', './tests/tidy/tidy.test.ts'] },
  ];
}

/** Each package's own rules for its code, then the root's for tests, scenarios and the benchmark. */
function typeProjects() {
  const packages = readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`);
  return [...packages.filter((path) => existsSync(join(ROOT, path, 'tsconfig.json'))), 'tsconfig.json'];
}

function passes({ name, command: [program, ...args] }) {
  const start = Date.now();
  const { status, error } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit', env: ENVIRONMENT });
  if (error) throw new SetupError(`${name}: ${program} could not be started: ${error.message}`);
  process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)\n`);
  return status === 0;
}

await runScript(() => {
  installMissing();
  const failed = steps().filter((step) => !passes(step));
  if (failed.length === 0) return;
  process.stdout.write(`\n${failed.length} of the checks failed: ${failed.map(({ name }) => name).join(', ')}\n`);
  process.exitCode = 1;
});
