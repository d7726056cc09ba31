/** The server that is measured: the real command, in a process of its own, with a generated config. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Subprocess } from 'bun';
import { accountId } from './load/event.ts';
import { pinnedServer } from './load/pin.ts';
import { cpuNs, type Memory, memory, processTree } from './load/proc.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** What the prefilled registry's keys are derived with, too. */
export const SECRET = { id: 'bench', value: 'the benchmark keeps nothing that is worth a secret' } as const;

export interface ServerOptions {
  readonly accounts: number;
  readonly pinned: boolean;
  /** Of each account. Default: `usdm` alone; `all`: whatever there is, isolated margin of every symbol too. */
  readonly scopes?: readonly string[] | 'all';
  /** What isolated margin knows. Default: the server's own list. */
  readonly symbols?: readonly string[];
  /** Default: `fsync`. */
  readonly commit?: 'fsync' | 'write' | 'memory';
  /** A data folder that was filled before; the server's owner removes it. Default: a new one, removed at the end. */
  readonly dataFolder?: string;
  /** Where the temporary folders are made. Default: the system's. */
  readonly temporaryFolder?: string | undefined;
  /** A folder: the server is run under Bun's sampling profiler, and writes its profile there when it is stopped. */
  readonly profileInto?: string | undefined;
}

export const apiKeyOf = (account: number) => `bench-api-key-${account}`;

const servers = new Set<BenchServer>();

export class BenchServer {
  readonly http: string;
  readonly admin: string;
  /** From the command to the ready line. */
  readonly startMs: number;
  readonly pids: readonly number[];
  readonly #child: Subprocess;
  readonly #folder: string;

  private constructor(child: Subprocess, folder: string, ready: { http: string; admin: string }, startMs: number) {
    this.#child = child;
    this.#folder = folder;
    this.http = ready.http;
    this.admin = ready.admin;
    this.startMs = startMs;
    this.pids = processTree(child.pid);
    servers.add(this);
  }

  /** Rejects, with what the server said on stderr, when it does not become ready. */
  static async start(options: ServerOptions): Promise<BenchServer> {
    const folder = mkdtempSync(join(options.temporaryFolder ?? tmpdir(), 'listenpost-bench-'));
    const config = join(folder, 'config.json');
    writeFileSync(config, JSON.stringify(configOf(options)));
    const data = options.dataFolder ?? join(folder, 'data');
    const serve = ['serve', '--config', config, '--data', data, '--port', '0', '--admin-port', '0'];
    const command = [...program(options), ...serve, '--log-level', 'warn'];
    const startedAt = performance.now();
    const child = Bun.spawn(options.pinned ? pinnedServer(command) : command, {
      cwd: ROOT,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    try {
      const ready = await readyLine(child.stdout);
      return new BenchServer(child, folder, ready, performance.now() - startedAt);
    } catch (error) {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  /** Time on a CPU of all the server's threads so far. */
  cpuNs(): number {
    return cpuNs(this.pids);
  }

  memory(): Memory {
    return memory(this.pids);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#child.exited;
    this.#remove();
  }

  kill(): void {
    for (const pid of this.pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone already.
      }
    }
    this.#remove();
  }

  #remove(): void {
    servers.delete(this);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** For a run that is interrupted. */
export function killServers(): void {
  for (const server of servers) server.kill();
}

function program({ profileInto }: ServerOptions): string[] {
  if (profileInto === undefined) return [join(ROOT, 'bin', 'listenpost')];
  const profiler = ['--cpu-prof', '--cpu-prof-md', `--cpu-prof-dir=${profileInto}`];
  return [process.execPath, ...profiler, join(ROOT, 'packages', 'server', 'src', 'main.ts')];
}

function configOf({ accounts, commit, symbols, scopes = ['usdm'] }: ServerOptions) {
  return {
    accounts: Array.from({ length: accounts }, (_, account) => ({
      id: accountId(account),
      apiKeys: [{ apiKey: apiKeyOf(account), type: 'HMAC', secret: `bench-secret-of-account-${account}` }],
      ...(scopes === 'all' ? {} : { scopes }),
    })),
    ...(symbols === undefined ? {} : { symbols }),
    limits: 'off',
    secrets: { current: SECRET, previous: [] },
    journal: { commit: commit ?? 'fsync' },
  };
}

const READY = 'listenpost ready ';

async function readyLine(stdout: ReadableStream<Uint8Array>): Promise<{ http: string; admin: string }> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of stdout) {
    text += decoder.decode(chunk, { stream: true });
    const line = text.split('\n').find((each, index, lines) => each.startsWith(READY) && index < lines.length - 1);
    if (line !== undefined) return JSON.parse(line.slice(READY.length));
  }
  throw new Error(`the server ended before it was ready, after printing: ${text}`);
}
