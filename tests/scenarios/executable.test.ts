/** The single executable, as a user without Node has it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { endPrograms, Program, startServer } from './program.ts';
import { temporaryFolder } from './server-process.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PYTHON = resolve(ROOT, 'examples/python');
const folder = temporaryFolder();
const executable = resolve(folder.path, 'listenpost');
const COMPILED_WITHIN_MS = 120_000;

const outputOf = async (command: string[], env: Record<string, string> = {}) => {
  const child = Bun.spawn(command, { cwd: ROOT, env: { ...process.env, ...env }, stdout: 'pipe', stderr: 'pipe' });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, text: stdout + stderr };
};

beforeAll(async () => {
  const { code, text } = await outputOf(['node', 'scripts/compile.mjs', executable]);
  expect(`${code} ${text}`).toStartWith(`0 ${executable}`);
}, COMPILED_WITHIN_MS);

afterAll(() => {
  endPrograms();
  folder.remove();
});

describe('the executable', () => {
  test('tells its version', async () => {
    const { stdout } = await Program.run(['--version'], { command: [executable] });
    expect(stdout.trim()).toBe(require('../../packages/server/package.json').version);
  });

  test('keeps what it holds in a data folder, and makes events', async () => {
    const data = resolve(folder.path, 'data');
    const command = { command: [executable] } as const;
    const { program, urls } = await startServer('dev', ['--data', data], command);
    const told = await Program.run(['trigger', 'order.filled', '--admin', urls.admin], command);
    expect(told).toMatchObject({ code: 0 });
    expect(program.stderr).toContain(`${executable} trigger`);
    program.kill('SIGTERM');
    expect(await program.ended()).toMatchObject({ code: 0 });
    const verified = await Program.run(['journal', 'verify', resolve(data, 'journal')], command);
    expect(verified).toMatchObject({ code: 0 });
  }, 120_000);

  const python = Bun.which('python3');
  const why = python === null ? ' (not run: install python3 for it)' : '';
  const unittest = (examples: string) =>
    outputOf([python ?? '', '-m', 'unittest', 'discover', '-s', examples, '-t', examples], {
      LISTENPOST: executable,
      PYTHONDONTWRITEBYTECODE: '1',
    });

  test.skipIf(python === null)(
    `serves a test in Python${why}`,
    async () => {
      const { code, text } = await unittest(PYTHON);
      expect(`${code}\n${text}`).toMatch(/^0\n[\s\S]*\nOK\n$/);
    },
    120_000,
  );

  test.skipIf(python === null)(
    `fails a bot in Python that stays with its key, and tells what came${why}`,
    async () => {
      const careless = resolve(folder.path, 'python');
      cpSync(PYTHON, careless, { recursive: true });
      const bot = readFileSync(resolve(PYTHON, 'bot.py'), 'utf8');
      const lines = bot.match(/ {8}if event\["e"\] == "listenKeyExpired":\n( {12}.*\n)+/)?.[0] ?? '';
      const readme = readFileSync(resolve(ROOT, 'README.md'), 'utf8');
      expect(readme).toContain(`\`\`\`python\n${lines}\`\`\``);
      writeFileSync(resolve(careless, 'bot.py'), bot.replace(lines, ''));
      const { code, text } = await unittest(careless);
      expect(code).toBe(1);
      const blank = (shown: string) =>
        shown.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>').replace(/redacted:\w+/g, 'redacted');
      const shown = readme.split('```\n').find((block) => block.startsWith('AssertionError: received')) ?? '?';
      expect(blank(text)).toContain(blank(shown));
    },
    120_000,
  );

  test('is shown with the test in Python as it is', () => {
    const test = readFileSync(resolve(PYTHON, 'test_expiry.py'), 'utf8').match(/class Expiry[\s\S]*?(?=\n\nif )/)?.[0];
    expect(readFileSync(resolve(ROOT, 'README.md'), 'utf8')).toContain(`\`\`\`python\n${test}\`\`\``);
  });
});
