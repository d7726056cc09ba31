/** A user's own client, as a process: what it says on stdout is what it delivered. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What it may say, a line each; every other line is its own business. */
interface Said {
  readonly ready?: unknown;
  readonly event?: unknown;
  /** `1` or `2`, of a client that reads both. */
  readonly account?: unknown;
}

export interface Delivered {
  readonly event: Readonly<Record<string, unknown>>;
  readonly account: string | undefined;
}

/** Of stderr, for the card of a client that ended. */
const STDERR_CHARACTERS_MAX = 2000;
const WORDS_CHARACTERS_MAX = 300;
const EVENTS_MAX = 100_000;
const END_WITHIN_MS = 3_000;

export class ClientProcess {
  readonly delivered: Delivered[] = [];
  ready = false;
  /** How it ended, in words. */
  ended: string | undefined;
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #stderr = '';

  constructor(command: string, environment: Readonly<Record<string, string>>) {
    // A group of its own, so that what a shell has started ends with it.
    this.#child = spawn(command, {
      shell: true,
      detached: process.platform !== 'win32',
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#gone = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        this.ended = `the client ended with ${signal ?? `exit code ${code}`}${this.#lastWords()}`;
        resolve();
      });
      this.#child.on('error', ({ message }) => {
        this.ended = `the client could not be started: ${message}`;
        resolve();
      });
    });
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARACTERS_MAX);
    });
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.#said(line));
    }
  }

  /** Ends it: first by the end of its stdin, then by SIGTERM, then by force. */
  async end(): Promise<void> {
    this.#child.stdin?.end();
    this.#kill('SIGTERM');
    const timer = setTimeout(() => this.#kill('SIGKILL'), END_WITHIN_MS);
    await this.#gone;
    clearTimeout(timer);
  }

  #kill(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined || this.ended !== undefined) return;
    try {
      process.kill(process.platform === 'win32' ? this.#child.pid : -this.#child.pid, signal);
    } catch {
      // It was quicker.
    }
  }

  /** What it complained of, without where in its code. */
  #lastWords(): string {
    const lines = this.#stderr
      .split('\n')
      .filter((line) => /\S/.test(line) && !/^\s*at |file:|node:|Node\.js v/.test(line));
    const words = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.join(' ').replace(/\s+/g, ' ');
    return words === '' ? '' : `: ${words.slice(0, WORDS_CHARACTERS_MAX)}`;
  }

  #said(line: string): void {
    const said = parsed(line);
    if (said?.ready === true) this.ready = true;
    const { event, account } = said ?? {};
    if (typeof event !== 'object' || event === null || this.delivered.length >= EVENTS_MAX) return;
    this.delivered.push({
      event: event as Delivered['event'],
      account: account === undefined ? undefined : String(account),
    });
  }
}

function parsed(line: string): Said | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Said;
  } catch {
    return undefined;
  }
}
