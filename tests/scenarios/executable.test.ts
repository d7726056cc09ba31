/** The single executable, as a user without Node has it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { resolve } from 'node:path';
import { endPrograms, Program, startServer } from './program.ts';
import { temporaryFolder } from './server-process.ts';

const ROOT = resolve(import.meta.dirname, '../..');
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
});
