/** The testkit as its users get it: packed, put into an empty project, and used there by vitest, node:test, bun:test and the compiler. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { lintPackage, tarballOf } from '../../scripts/packing.mjs';
import { buildTestkit } from '../../scripts/testkit-package.mjs';
import { bunBinary, packageBin, ROOT } from '../../scripts/toolchain.mjs';

const USER_FILES = join(import.meta.dirname, 'testkit-user');
/** What the READMEs walk a new user through. */
const EXAMPLE = join(ROOT, 'examples', 'expiry-test');

const SCENARIOS = join(ROOT, 'docs', 'examples');

const project = mkdtempSync(join(tmpdir(), 'listenpost-testkit-'));
after(() => rmSync(project, { recursive: true }));

const modules = join(project, 'node_modules');
const built = join(modules, '@listenpost', 'testkit');
buildTestkit(built);
for (const name of ['ws', 'bun', 'bun-types', 'vitest', '@types'])
  symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
for (const folder of [USER_FILES, EXAMPLE, SCENARIOS]) {
  for (const name of readdirSync(folder))
    copyFileSync(join(folder, name), join(project, name.replace('.vitest.', '.test.')));
}

const example = (name) => readFileSync(join(EXAMPLE, name), 'utf8');
const readme = (path) => readFileSync(join(ROOT, path), 'utf8');

/** The bot as it was, or as it is when it has been mended. */
const withBot = (name) => writeFileSync(join(project, 'bot.mjs'), example(name));

/** Runs to its end; what it printed and its exit code. */
function run(args, command = process.execPath) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: '1' };
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

/** The ways in which the READMEs run the example; what is printed for a bot that survives. */
const RUNNERS = [
  { runner: 'vitest', file: 'expiry.test.mjs', args: vitest('expiry'), passes: /Tests {2}1 passed/ },
  {
    runner: 'node:test',
    file: 'expiry.node.mjs',
    args: ['--test', '--test-reporter=tap', 'expiry.node.mjs'],
    passes: /^# pass 1$/m,
  },
  {
    runner: 'bun:test',
    file: 'expiry.bun.mjs',
    args: ['test', './expiry.bun.mjs'],
    command: bunBinary(),
    passes: /^ 1 pass$/m,
  },
];

for (const { runner, file, args, command, passes } of RUNNERS) {
  describe(`a new user’s test with ${runner}`, () => {
    test('fails a bot that trusts its timer, and tells what came instead', async () => {
      withBot('bot.mjs');
      const { code, output } = await run(args, command);
      assert.equal(code, 1, output);
      assert.match(output, /did not receive .*"POST"[\s\S]*server push .* listenKeyExpired/);
      if (runner === 'vitest') assertShown('README.md', output, ' FAIL');
    });

    test('passes the bot with the line that it lacked', async () => {
      withBot('bot.fixed.mjs');
      const { code, output } = await run(args, command);
      assert.equal(code, 0, output);
      assert.match(output, passes);
      if (runner === 'vitest') assertShown('README.md', output, ' ✓');
    });

    test('stands whole in the testkit’s README', () => {
      assert.ok(readme('packages/testkit/README.md').includes(`\`\`\`js\n${example(file)}\`\`\``), file);
    });
  });
}

describe('the README', () => {
  const text = readme('README.md');

  test('has the test as it is run here, and the tarball as it is named', () => {
    assert.ok(text.includes(`\`\`\`js\n${example('expiry.test.mjs')}\`\`\``));
    const tarball = `packages/testkit/dist/${basename(tarballOf(built))}`;
    for (const path of ['README.md', 'packages/testkit/README.md']) {
      const named = [...readme(path).matchAll(/packages\/testkit\/dist\/\S+\.tgz/g)].map(([name]) => name);
      assert.deepEqual([...new Set(named)], [tarball], path);
    }
  });

  test('shows the line that mends the bot', () => {
    const [before, fixed] = ['bot.mjs', 'bot.fixed.mjs'].map((name) => example(name).split('\n').slice(1));
    const line = fixed.findIndex((each, at) => each !== before[at]);
    assert.deepEqual(before.toSpliced(line, 0, fixed[line]), fixed);
    const diff = `\`\`\`diff\n ${fixed[line - 1]}\n+${fixed[line]}\n\`\`\``;
    for (const path of ['README.md', 'packages/testkit/README.md']) assert.ok(readme(path).includes(diff), diff);
  });
});

/**
 * What a README shows of an output is in it, line by line, but for times, durations and names of keys. Not in this order: an expiry and a
 * keepalive of the same minute come as they come.
 */
function assertShown(path, output, beginning) {
  const blank = (part) =>
    part
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replace(/\d+(\.\d+)?ms/g, '<duration>')
      .replace(/\/ws\/\w+…/g, '/ws/<key>…')
      .replace(/ +$/gm, '');
  const blocks = readme(path)
    .split('```\n')
    .filter((block) => block.startsWith(beginning));
  assert.equal(blocks.length, 1, `${path} shows one output that begins with "${beginning}"`);
  const printed = blank(output).split('\n');
  for (const line of blank(blocks[0]).trimEnd().split('\n'))
    assert.ok(printed.includes(line), `${path} shows\n${line}\nand it is\n${output}`);
}

test('test files beside each other have each their emulators', async () => {
  withBot('bot.fixed.mjs');
  const { code, output } = await run(vitest());
  assert.equal(code, 0, output);
  assert.match(output, /Test Files {2}2 passed/);
});

describe('on both runtimes', () => {
  for (const [runtime, flags, command] of [
    ['Node', ['--test', '--test-reporter=tap']],
    ['Bun', ['test'], bunBinary()],
  ]) {
    const passes = async (file) => {
      const { code, output } = await run([...flags, `./${file}`], command);
      assert.equal(code, 0, output);
      const tests = readFileSync(join(USER_FILES, file), 'utf8').match(/^test\(/gm).length;
      assert.match(output, new RegExp(runtime === 'Node' ? `^# pass ${tests}$` : `^ ${tests} pass$`, 'm'));
    };
    test(`timers follow by every door, on ${runtime}`, () => passes('timers.mjs'));
    test(`scenarios are played by their files, on ${runtime}`, () => passes('play.mjs'));
  }

  test('timers that follow hold the process as a timer of Node does, or let it go', async () => {
    const sleeping = (ref) => `
      import { setTimeout as sleep } from 'node:timers/promises';
      import { startEmulator } from '@listenpost/testkit';
      const emulator = await startEmulator({ followTimers: true });
      void sleep(3_600_000, 'slept', { ref: ${ref} }).then(console.log);
      setTimeout(() => emulator.clock.advance('1h'), 100).unref();
    `;
    const outcome = async (ref) => {
      const { code, output } = await run(['--input-type=module', '--eval', sleeping(ref)]);
      return [code, output];
    };
    assert.deepEqual(await outcome(true), [0, 'slept\n']);
    assert.deepEqual(await outcome(false), [0, '']);
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
  const { code, output } = await run([...tsc, 'types.ts', 'cancelled-after-a-while.ts']);
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

test('has modules and types that name nothing but what a user has', () => {
  const files = readdirSync(built).filter((name) => /\.(js|d\.ts)$/.test(name) && name !== 'server.js');
  const named = files.flatMap((name) => {
    const code = readFileSync(join(built, name), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    return [...code.matchAll(/\b(?:from |import |import\(|require\()['"]([\w@./:-]+)['"]/g)].map(
      ([, module]) => module,
    );
  });
  assert.ok(named.includes('./emulator.js'));
  const outside = [...new Set(named.filter((module) => !/^(\.|node:)/.test(module)))];
  assert.deepEqual(outside.sort(), ['bun:test', 'vitest']);
});

const BUILT_IN = new Set(
  process.getBuiltinModule?.('module').builtinModules ?? (await import('node:module')).builtinModules,
);
