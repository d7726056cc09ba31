import { spawnSync } from 'node:child_process';

const SERVER_CORE = 0;
const LOAD_CORE = 1;

/** Whether this machine lets the server have one core and the load another. */
export function canPin(): boolean {
  return [SERVER_CORE, LOAD_CORE].every((core) => spawnSync('taskset', ['-c', String(core), 'true']).status === 0);
}

/** Keeps every thread of this process, and those to come, on the load's core. */
export function pinLoad(): void {
  const { status, stderr } = spawnSync('taskset', ['-acp', String(LOAD_CORE), String(process.pid)]);
  if (status !== 0) throw new Error(`the load could not be pinned to core ${LOAD_CORE}: ${stderr}`);
}

/** The command as it must be started to run on the server's core. */
export function pinnedServer(command: readonly string[]): string[] {
  return ['taskset', '-c', String(SERVER_CORE), ...command];
}

/** The command as it must be started to run on both cores, as a user's program does. */
export function unpinned(command: readonly string[]): string[] {
  return ['taskset', '-c', `${SERVER_CORE},${LOAD_CORE}`, ...command];
}
