import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from './case.ts';

const folders = new Set<string>();

/** Runs `use` with a folder of its own, which is removed afterwards. */
export async function inTemporaryFolder<Result>(
  { temporaryFolder }: Pick<Context, 'temporaryFolder'>,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(temporaryFolder ?? tmpdir(), 'listenpost-bench-'));
  folders.add(folder);
  try {
    return await use(folder);
  } finally {
    remove(folder);
  }
}

/** For a run that is interrupted: nothing of it stays on the disk. */
export function removeTemporaryFolders(): void {
  for (const folder of folders) remove(folder);
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}
