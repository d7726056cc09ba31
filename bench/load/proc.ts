/** What Linux tells about processes (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

/** The process and all that it started, directly or not. */
export function processTree(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => numbersIn(`/proc/${pid}/task/${task}/children`));
  return [pid, ...children.flatMap(processTree)];
}

/** Time on a CPU of all threads of these processes, in ns: what the scheduler itself counts, user and system together. */
export function cpuNs(pids: readonly number[]): number {
  let sum = 0;
  for (const pid of pids) {
    for (const task of readdirSync(`/proc/${pid}/task`))
      sum += numbersIn(`/proc/${pid}/task/${task}/schedstat`)[0] ?? 0;
  }
  return sum;
}

export interface Memory {
  readonly rssKiB: number;
  /** Shared pages counted in part: what goes when the process goes. */
  readonly pssKiB: number;
}

export function memory(pids: readonly number[]): Memory {
  let rssKiB = 0;
  let pssKiB = 0;
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    rssKiB += Number(/^Rss: *(\d+)/m.exec(text)?.[1]);
    pssKiB += Number(/^Pss: *(\d+)/m.exec(text)?.[1]);
  }
  return { rssKiB, pssKiB };
}

/** Empty when the file went with its thread. */
function numbersIn(path: string): number[] {
  try {
    return readFileSync(path, 'utf8').split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
