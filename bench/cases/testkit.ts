/** What a test waits for its emulator: the first of a process and every further one, of the package as users install it. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Case, type Context, type Figures, medians, type Row, rowsOf } from '../case.ts';
import { unpinned } from '../load/pin.ts';
import { inTemporaryFolder } from '../temporary-folder.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PROGRAM = 'testkit-starts.mjs';

const RUNTIMES = [
  { name: 'on Node', runtime: 'node' },
  { name: 'on Bun', runtime: process.execPath },
] as const;

function run(context: Context): Promise<Row[]> {
  const [processes, starts] = context.quick ? [1, 5] : [7, 20];
  return inTemporaryFolder(context, async (folder) => {
    await installInto(folder);
    return rowsOf(context, RUNTIMES, async ({ name, runtime }) => {
      const program = [runtime, PROGRAM, String(starts)];
      const rounds: Figures[] = [];
      for (let round = 1; round <= processes; round++) {
        context.progress(`starting emulators ${name} (${round})`);
        rounds.push(startsOf(context.pinned ? unpinned(program) : program, folder));
      }
      return { step: name, figures: medians(rounds) };
    });
  });
}

/** In a folder of its own, so that nothing but the package is found. */
async function installInto(folder: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@listenpost'), { recursive: true });
  const { buildTestkit } = (await import('../../scripts/testkit-package.mjs')) as {
    readonly buildTestkit: (folder: string) => void;
  };
  buildTestkit(join(modules, '@listenpost', 'testkit'));
  symlinkSync(join(ROOT, 'node_modules', 'bun'), join(modules, 'bun'));
  copyFileSync(join(import.meta.dirname, '..', 'load', PROGRAM), join(folder, PROGRAM));
}

function startsOf([command = '', ...args]: readonly string[], folder: string): Figures {
  const printed = execFileSync(command, args, { cwd: folder, encoding: 'utf8' });
  const [firstMs = 0, ...furtherMs] = JSON.parse(printed) as number[];
  return { firstMs, ...medians(furtherMs.map((furtherMs) => ({ furtherMs }))) };
}

export const testkit: Case = {
  name: 'testkit',
  title: 'startEmulator: the first of a process, and further ones',
  run,
};
