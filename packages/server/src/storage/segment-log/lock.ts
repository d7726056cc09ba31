/**
 * One process on one folder. The lock is a file that names its holder; a holder that is dead, or whose process number now
 * belongs to another process, holds nothing.
 */
import { readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMissing } from './files.ts';

interface Holder {
  readonly pid: number;
  /** When the process started, in the kernel's own count; empty where the system does not tell. */
  readonly started: string;
}

/** Attempts: one takes a stale lock away, one takes its place; more only when others race for it. */
const ATTEMPTS = 5;

export async function takeLock(path: string): Promise<() => Promise<void>> {
  if (held.has(path)) throw refusal(path, process.pid);
  held.add(path);
  try {
    await takeFromOthers(path);
  } catch (error) {
    held.delete(path);
    throw error;
  }
  return async () => {
    await unlink(path);
    held.delete(path);
  };
}

async function takeFromOthers(path: string): Promise<void> {
  const own = JSON.stringify({ pid: process.pid, started: await startOf(process.pid) } satisfies Holder);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (await tryCreate(path, own)) return;
    const found = await readOrEmpty(path);
    const holder = parseHolder(found);
    if (holder !== undefined && (await isAlive(holder))) throw refusal(path, holder.pid);
    await takeAway(path, found);
  }
  throw new Error(`The lock ${path} changes hands all the time; is something starting servers on ${dirname(path)}?`);
}

/** Locks of this process: its own number would otherwise look like a dead process's that ran before with the same one. */
const held = new Set<string>();

function refusal(path: string, pid: number): Error {
  const folder = dirname(path);
  return new Error(`${folder} is in use by process ${pid}. Stop it, or choose another data folder (lock: ${path}).`);
}

async function tryCreate(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Moved aside before it is removed: of two processes that both found it stale only one moves it, and one that moved away
 * a fresh lock instead sees it by the content and puts it back.
 */
async function takeAway(path: string, stale: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  if ((await readOrEmpty(aside)) === stale) await unlink(aside);
  else await rename(aside, path);
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}

/** Undefined for what no whole lock says: a process that died while writing it holds nothing. */
function parseHolder(content: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number')
      return undefined;
    return { pid: value.pid, started: 'started' in value ? String(value.started) : '' };
  } catch {
    return undefined;
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  if (holder.pid === process.pid) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: alive, and another user's.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const started = await startOf(holder.pid);
  return started !== 'dead' && (started === '' || holder.started === '' || started === holder.started);
}

/** Boot and start time of a process; `dead` for one that only waits to be reaped; empty where /proc is missing. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold anything, so fields are counted after it (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return 'dead';
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()}/${fields[19]}`;
  } catch {
    return '';
  }
}
