/** Where emulators run: on Bun in this process, elsewhere in one process of Bun beside it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Host {
  call(name: string, parameters: object): Promise<unknown>;
}

/** Built, the server stands beside this file as JavaScript. */
const SERVER = new URL(import.meta.url.endsWith('.ts') ? './server.ts' : './server.js', import.meta.url);

let shared: Promise<Host> | undefined;

/** The one host of this process; it is started by the first who asks. */
export function sharedHost(): Promise<Host> {
  shared ??= 'Bun' in globalThis ? hostHere() : Promise.resolve(new HostProcess());
  return shared;
}

async function hostHere(): Promise<Host> {
  const { EmulatorHost } = (await import(SERVER.href)) as { readonly EmulatorHost: new () => Host };
  return new EmulatorHost();
}

class HostProcess implements Host {
  readonly #child: ChildProcess;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  #next = 1;
  #ended: string | undefined;

  constructor() {
    const args = ['--no-env-file', '--no-install', fileURLToPath(SERVER)];
    this.#child = spawn(bunBinary(), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.on('error', ({ message }) => this.#end(`the emulator could not be started: ${message}`));
    this.#child.on('exit', (code) => this.#end(`the emulator's process ended with exit code ${code}`));
    this.#child.stdin?.on('error', () => undefined);
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.#answered(line));
    }
    this.#hold();
  }

  call(name: string, parameters: object): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(new Error(this.#ended));
    const number = this.#next++;
    const call = withResolvers<unknown>();
    this.#calls.set(number, call);
    this.#hold();
    this.#child.stdin?.write(`${JSON.stringify({ number, name, parameters })}\n`);
    return call.promise;
  }

  #answered(line: string): void {
    const { number, result, error } = JSON.parse(line) as { number: number; result?: unknown; error?: string };
    const call = this.#calls.get(number);
    this.#calls.delete(number);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new Error(error));
    this.#hold();
  }

  #end(sentence: string): void {
    this.#ended = sentence;
    shared = undefined;
    for (const call of this.#calls.values()) call.reject(new Error(sentence));
    this.#calls.clear();
  }

  /** Keeps this process alive while a call waits, and not for an emulator that nobody closed. */
  #hold(): void {
    const verb = this.#calls.size > 0 ? 'ref' : 'unref';
    for (const part of [this.#child, this.#child.stdin, this.#child.stdout]) {
      (part as unknown as Record<string, (() => void) | undefined> | null)?.[verb]?.();
    }
  }
}

/** `Promise.withResolvers` came with Node 22. */
function withResolvers<Value>(): PromiseWithResolvers<Value> {
  let resolve: PromiseWithResolvers<Value>['resolve'] = () => undefined;
  let reject: PromiseWithResolvers<Value>['reject'] = () => undefined;
  const promise = new Promise<Value>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { promise, resolve, reject };
}

/** Without its install script bun's own path holds a few hundred bytes of shell instead of the binary. */
const PLACEHOLDER_BYTES_MAX = 1_000_000;

/** `LISTENPOST_BUN`, or what the package `bun` brought. */
function bunBinary(): string {
  const given = process.env['LISTENPOST_BUN'];
  if (given !== undefined && given !== '') return given;
  const folder = dirname(createRequire(import.meta.url).resolve('bun/package.json'));
  const executable = process.platform === 'win32' ? 'bun.exe' : 'bun';
  const inPlatformPackages = [join(folder, 'node_modules', '@oven'), join(folder, '..', '@oven')].flatMap((oven) =>
    existsSync(oven) ? readdirSync(oven).map((name) => join(oven, name, 'bin', executable)) : [],
  );
  const found = [join(folder, 'bin', 'bun.exe'), ...inPlatformPackages.sort()].find(
    (path) => existsSync(path) && statSync(path).size > PLACEHOLDER_BYTES_MAX,
  );
  if (found !== undefined) return found;
  throw new Error(
    'the package "bun" has no binary for this platform; install it again with its optional dependencies, or name a Bun in LISTENPOST_BUN',
  );
}
