/** The testkit as its users get it: packed, put into an empty project, and used there by vitest, node:test, bun:test and the compiler. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { lintPackage, tarballOf } from '../../scripts/packing.mjs';
import { buildTestkit } from '../../scripts/testkit-package.mjs';
import { bunBinary, packageBin, ROOT } from '../../scripts/toolchain.mjs';

const USER_FILES = join(import.meta.dirname, 'testkit-user');

const project = mkdtempSync(join(tmpdir(), 'listenpost-testkit-'));
after(() => rmSync(project, { recursive: true }));

const modules = join(project, 'node_modules');
const built = join(modules, '@listenpost', 'testkit');
buildTestkit(built);
for (const name of ['ws', 'bun', 'bun-types', 'vitest', '@types'])
  symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
writeFileSync(join(project, 'package.json'), '{"type":"module"}');
for (const [name, as] of [
  ['bot.mjs', 'bot.mjs'],
  ['expiry.node-test.mjs', 'expiry.node-test.mjs'],
  ['expiry.vitest.mjs', 'expiry.test.mjs'],
  ['parallel.vitest.mjs', 'parallel.test.mjs'],
  ['expiry.bun.mjs', 'expiry.bun.mjs'],
  ['types.ts', 'types.ts'],
  ['bun-types.ts', 'bun-types.ts'],
]) {
  copyFileSync(join(USER_FILES, name), join(project, as));
}

/** Runs to its end; what it printed and its exit code. */
function run(args, environment = {}, command = process.execPath) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: '1', ...environment };
    // The runner's own variable makes a test runner inside a test print for its parent.
    delete env.NODE_TEST_CONTEXT;
    const child = spawn(command, args, { cwd: project, env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

const vitest = (...files) => ['node_modules/vitest/vitest.mjs', 'run', '--dir', '.', '--testTimeout=60000', ...files];

describe('with node:test', () => {
  const file = ['--test', '--test-reporter=tap', 'expiry.node-test.mjs'];

  test('a bot that survives passes', async () => {
    const { code, output } = await run(file);
    assert.equal(code, 0, output);
    assert.match(output, /^# pass 1$/m);
  });

  test('a bot that trusts its timer fails, and is told what came instead', async () => {
    const { code, output } = await run(file, { BOT: 'careless' });
    assert.equal(code, 1, output);
    assert.match(output, /did not receive .*ACCOUNT_UPDATE[\s\S]*server push .* listenKeyExpired/);
  });
});

describe('with vitest', () => {
  test('a bot that survives passes, and so do files beside each other', async () => {
    const { code, output } = await run(vitest());
    assert.equal(code, 0, output);
    assert.match(output, /Test Files {2}2 passed/);
  });

  test('a bot that trusts its timer fails', async () => {
    const { code, output } = await run(vitest('expiry'), { BOT: 'careless' });
    assert.equal(code, 1, output);
    assert.match(output, /expected 0\.02 to be 0\.03/);
  });
});

describe('with bun:test', () => {
  const file = ['test', './expiry.bun.mjs'];

  test('a bot that survives passes', async () => {
    const { code, output } = await run(file, {}, bunBinary());
    assert.equal(code, 0, output);
    assert.match(output, /^ 1 pass$/m);
  });

  test('a bot that trusts its timer fails, and is told what came instead', async () => {
    const { code, output } = await run(file, { BOT: 'careless' }, bunBinary());
    assert.equal(code, 1, output);
    assert.match(output, /did not receive .*ACCOUNT_UPDATE[\s\S]*server push .* listenKeyExpired/);
  });
});

test('passes publint and attw', () => lintPackage(tarballOf(built)));

test('has types that a strict user compiles against', async () => {
  const options = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--target', 'es2022', '--skipLibCheck'];
  const node16 = [
    '--module',
    'node16',
    '--moduleResolution',
    'node16',
    '--types',
    'node',
    '--lib',
    'es2022,esnext.disposable',
  ];
  const tsc = [packageBin('typescript', 'tsc'), ...options, ...node16];
  const { code, output } = await run([...tsc, 'types.ts']);
  assert.equal(code, 0, output);
  const onBun = await run([...tsc, '--types', 'bun-types', 'bun-types.ts']);
  assert.equal(onBun.code, 0, onBun.output);
});

test('asks for Bun, and for nothing else', () => {
  const manifest = JSON.parse(readFileSync(join(built, 'package.json'), 'utf8'));
  assert.deepEqual(Object.keys(manifest.dependencies), ['bun']);
  const server = readFileSync(join(built, 'server.js'), 'utf8');
  const foreign = [...server.matchAll(/^import [^;]*?from ?"([^"]+)"/gm)].map(([, name]) => name);
  assert.deepEqual(
    foreign.filter((name) => !/^(node:|bun)/.test(name) && !BUILT_IN.has(name)),
    [],
  );
});

const BUILT_IN = new Set(
  process.getBuiltinModule?.('module').builtinModules ?? (await import('node:module')).builtinModules,
);
