/**
 * Many emulators in one process, each with its own ports, clock and accounts: what the testkit starts its emulators in. A
 * process takes a hundred times as long to start as another emulator in it does.
 */
import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { z } from 'zod';
import { type Config, resolveConfig } from './config/config.ts';
import { readScenario } from './emulator/user-scenario.ts';
import { type EmulatorState, emulatorStateOf } from './emulator-state.ts';
import { type Beginning, type RunningListenpost, startListenpost } from './listenpost.ts';

/** Emulators of one process at once: more than test files keep open, few enough that a leak is found. */
const EMULATORS_MAX = 1000;

const START = z.strictObject({
  /** The config file's content. */
  document: z.unknown(),
  asOf: z.string().optional(),
  seed: z.string().optional(),
  now: z.number().int().optional(),
  frozen: z.boolean().optional(),
  snapshot: z.unknown().optional(),
});

export interface StartedEmulator {
  readonly id: string;
  readonly http: string;
  readonly https: string;
  readonly admin: string;
  readonly caFile: string;
  /** PEM of what a client of `https` must trust. */
  readonly ca: string;
}

interface Held {
  readonly config: Config;
  running: RunningListenpost;
}

export class EmulatorHost {
  readonly #held = new Map<string, Held>();
  #next = 1;

  /** One call by its name, as a process of another runtime asks for it. Rejects with what is wrong, in a sentence. */
  async call(name: string, parameters: unknown): Promise<unknown> {
    const {
      id = '',
      path = '',
      snapshot,
    } = (parameters ?? {}) as {
      readonly id?: string;
      readonly path?: string;
      readonly snapshot?: unknown;
    };
    switch (name) {
      case 'start':
        return this.start(parameters);
      // Here, since a module in TypeScript may be one that only Bun reads.
      case 'read-scenario':
        return readScenario(path);
      case 'snapshot':
        return this.snapshot(id);
      case 'restore':
        return this.restore(id, snapshot);
      case 'close':
        return this.close(id);
      default:
        throw new Error(`there is no call ${name}`);
    }
  }

  async start(parameters: unknown): Promise<StartedEmulator> {
    const { document, asOf, seed, now, frozen, snapshot } = START.parse(parameters);
    if (this.#held.size >= EMULATORS_MAX) {
      throw new Error(`${EMULATORS_MAX} emulators are open in this process; close them when their tests are done`);
    }
    const config = resolveConfig({
      command: 'dev',
      document: document ?? {},
      source: 'options',
      workingFolder: process.cwd(),
      environment: process.env,
      flags: { port: 0, tlsPort: 0, adminPort: 0, asOf },
    });
    const running = await started(config, {
      ...(seed === undefined ? {} : { seed }),
      ...(now === undefined ? {} : { now }),
      ...(frozen === undefined ? {} : { frozen }),
      ...(snapshot === undefined ? {} : { state: emulatorStateOf(snapshot) }),
    });
    const id = `e${this.#next++}`;
    this.#held.set(id, { config: onPortsOf(running, config), running });
    const { http, https, admin } = running.urls;
    const { caFile } = running;
    if (https === null || caFile === null) throw new Error('an emulator has a certificate');
    return { id, http, https, admin, caFile, ca: await readFile(caFile, 'utf8') };
  }

  snapshot(id: string): Promise<EmulatorState> {
    return this.#of(id).running.snapshot();
  }

  /** The emulator as it was, on the same ports: another takes its place, so that every connection of it ends. */
  async restore(id: string, snapshot: unknown): Promise<void> {
    const held = this.#of(id);
    const state = emulatorStateOf(snapshot);
    await held.running.close(0);
    held.running = await started(held.config, { state });
  }

  async close(id: string): Promise<void> {
    const held = this.#held.get(id);
    this.#held.delete(id);
    await held?.running.close(0);
  }

  #of(id: string): Held {
    const held = this.#held.get(id);
    if (held === undefined) throw new Error('the emulator is closed');
    return held;
  }
}

/** What goes wrong inside an emulator must not be lost in a test's silence. */
const log = pino({ level: 'error' }, pino.destination({ fd: 2, sync: true }));

const started = (config: Config, beginning: Beginning) => startListenpost({ config, log, beginning });

function onPortsOf({ urls }: RunningListenpost, config: Config): Config {
  const portOf = (url: string | null) => Number(new URL(url ?? '').port);
  const { http, https, admin } = urls;
  const ports = { port: portOf(http), tlsPort: portOf(https), adminPort: portOf(admin) };
  return { ...config, listen: { ...config.listen, ...ports } };
}
