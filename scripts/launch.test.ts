import { afterAll, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'listenpost-launch-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LAUNCHER = join(import.meta.dirname, 'launch.mjs');

/** Runs the launcher on an entry of this source, and signals it once the entry has printed its first line. */
async function launch(source: string, signal?: NodeJS.Signals) {
  const entry = join(folder, `${Bun.hash(source)}.ts`);
  writeFileSync(entry, source);
  const child = spawn('node', [LAUNCHER, entry, 'dev', '--port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  child.stdout.on('data', (bytes) => {
    stdout += bytes;
    if (signal !== undefined && stdout.includes('\n')) child.kill(signal);
  });
  const ended = await new Promise<{ code: number | null; by: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, by) => resolve({ code, by }));
  });
  return { stdout, ...ended };
}

test('stdout is the entry’s alone, its arguments and exit code pass through', async () => {
  const source = 'console.log(JSON.stringify(process.argv.slice(2))); process.exit(42);';
  expect(await launch(source)).toEqual({ stdout: '["dev","--port","0"]\n', code: 42, by: null });
});

test('a signal reaches the entry, whose answer to it is the exit code', async () => {
  const source = "process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1000); console.log('ready');";
  expect(await launch(source, 'SIGTERM')).toEqual({ stdout: 'ready\n', code: 7, by: null });
});

test('an entry that dies of a signal takes the launcher along by the same signal', async () => {
  const source = "console.log('ready'); process.kill(process.pid, 'SIGKILL');";
  expect(await launch(source)).toEqual({ stdout: 'ready\n', code: null, by: 'SIGKILL' });
});
