/**
 * The real `listenpost` program as a child process: what a shell would see of it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** As a user starts it. A signal to this process reaches the server through the launcher. */
const LAUNCHED = ['node', resolve(ROOT, 'bin/listenpost')] as const;

/** Straight to its main: quicker, and the process is the server itself. */
export const UNLAUNCHED = [process.execPath, resolve(ROOT, 'packages/server/src/main.ts')] as const;

/** Of anything that is waited for: a bound on what hangs, and no measure of speed. A machine that does much else takes seconds to start a program. */
const WAIT_MS = 20_000;

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  /** What stands on stdin. Default: nothing. */
  readonly input?: string;
  /** What to run, with its first arguments. Default: `UNLAUNCHED`. */
  readonly command?: readonly [string, ...string[]];
}

const running = new Set<ChildProcess>();

/** A test that failed half-way leaves its programs running. */
export function endPrograms(): void {
  for (const child of running) child.kill('SIGKILL');
}

export class Program {
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  #stdout = '';
  #stderr = '';
  #onOutput: () => void = () => {};

  constructor(args: readonly string[], options: ProgramOptions = {}) {
    const { LISTENPOST_ADMIN_URL: _, LISTENPOST_ADMIN_TOKEN: __, LISTENPOST_URL: ___, ...env } = process.env;
    const [program, ...before] = options.command ?? UNLAUNCHED;
    this.#child = spawn(program, [...before, ...args], { env });
    running.add(this.#child);
    this.#child.stdin?.end(options.input ?? '');
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#onOutput();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#onOutput();
    });
    this.#closed = new Promise((ended) => this.#child.on('close', (code) => ended(code)));
    this.#child.on('close', () => running.delete(this.#child));
  }

  /** Runs to its end. */
  static run(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
    return new Program(args, options).ended();
  }

  async ended(): Promise<Ended> {
    const code = await within(this.#closed, () => this.#state('its end'));
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }

  get stderr(): string {
    return this.#stderr;
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with the first match of what it has said or will say. */
  said(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    const match = new Promise<RegExpExecArray>((found, gone) => {
      const look = () => {
        const hit = pattern.exec(stream === 'stdout' ? this.#stdout : this.#stderr);
        if (hit !== null) found(hit);
      };
      const before = this.#onOutput;
      this.#onOutput = () => {
        before();
        look();
      };
      look();
      this.#closed.then(() => gone(new Error(this.#state(`${pattern}, and it ended`))), gone);
    });
    return within(match, () => this.#state(String(pattern)));
  }

  #state(awaited: string): string {
    return `waited for ${awaited}\nstdout:\n${this.#stdout}\nstderr:\n${this.#stderr}`;
  }
}

async function within<Value>(promise: Promise<Value>, sentence: () => string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(sentence())), WAIT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export interface Urls {
  readonly http: string;
  readonly https: string | null;
  readonly admin: string;
}

/** `dev` or `serve` on free ports. */
export async function startServer(
  command: 'dev' | 'serve',
  args: readonly string[] = [],
  options: ProgramOptions = {},
): Promise<{ readonly program: Program; readonly urls: Urls }> {
  const tls = command === 'dev' ? ['--tls-port', '0'] : [];
  const program = new Program([command, '--port', '0', ...tls, '--admin-port', '0', ...args], {
    command: LAUNCHED,
    ...options,
  });
  const [, urls = ''] = await program.said('stdout', /^listenpost ready (.*)\n/);
  return { program, urls: JSON.parse(urls) as Urls };
}
