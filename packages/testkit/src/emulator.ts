import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AccountOptions, accountDocument, type EmulatorAccount, makeAccount } from './accounts.ts';
import { Admin } from './admin.ts';
import { durationMs } from './duration.ts';
import { type Host, sharedHost } from './host.ts';
import { type Expectation, Journal, type Received } from './journal.ts';
import { timers } from './process-timers.ts';
import { type ClockStep, type PlayResult, type StepResult, stretchesOf, type UserScenario } from './user-scenario.ts';

export interface EmulatorOptions {
  /**
   * Of all chance: API keys, listenKeys, order ids, dice. The same seed gives the same keys; with `now` and `frozen` also the same
   * ids and times. Default: drawn, and told by `emulator.seed`.
   */
  readonly seed?: string | number;
  /** Ids, or more of each. Default: one, `alice`. */
  readonly accounts?: readonly (string | AccountOptions)[];
  /** The protocol as it stood then: a date, an instant, or `latest`. */
  readonly asOf?: string;
  /** Where the emulator's clock begins: ms since 1970, ISO, or a Date. Default: where the machine's stands. */
  readonly now?: number | string | Date;
  /** Whether time stands until it is advanced. */
  readonly frozen?: boolean;
  /**
   * Whether this process's own long timers (of thirty seconds and more), and its `Date`, move with `clock.advance` and `clock.set`: a
   * client that extends its key every 30 minutes does so every 30 minutes of the emulator. One emulator of a process at a time;
   * start the client afterwards.
   */
  readonly followTimers?: boolean;
  /** Further keys of the config file: `limits`, `validation`, `symbols`, … */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Goes on from here, on ports of its own. Accounts, seed and clock are then the snapshot's. */
  readonly from?: Snapshot;
}

/** JSON: it may be kept in a file. What is in `state` is the emulator's own business. */
export interface Snapshot {
  readonly seed: string;
  readonly accounts: readonly EmulatorAccount[];
  readonly startedAt: number;
  readonly state: unknown;
}

/** One origin per scheme; the path tells the products apart. */
export interface EmulatorUrls {
  readonly http: string;
  readonly ws: string;
  /** Of the certificate that `emulator.ca` signs. */
  readonly https: string;
  readonly wss: string;
  readonly admin: string;
}

export interface TriggerParameters {
  /** Default: the first account. */
  readonly account?: string;
  /** Default: the first that has the scenario. For isolated margin `scope` instead: `isolated:BTCUSDT`. */
  readonly product?: string;
  readonly scope?: string;
  readonly [parameter: string]: unknown;
}

export interface TriggerResult {
  readonly scenario: string;
  /** How many events were emitted. */
  readonly events: number;
  /** Of the order that the scenario made, where it made one. */
  readonly orderId?: number;
}

/** For the steps of a scenario that does not say itself. */
export interface PlayTarget {
  /** Default: the first account. */
  readonly account?: string;
  readonly product?: string;
  /** In place of the product, where it has several: `isolated:BTCUSDT`. */
  readonly scope?: string;
}

export interface FaultOptions {
  readonly fault: string;
  readonly account?: string;
  readonly product?: string;
  readonly connection?: string;
  readonly probability?: number;
  readonly seed?: number;
  readonly after?: number;
  readonly times?: number;
  readonly for?: string;
  readonly [parameter: string]: unknown;
}

export interface Fault extends FaultOptions {
  readonly id: string;
  readonly acted: number;
  readonly spent: boolean;
}

export interface ReplayState {
  readonly account: string;
  readonly scope: string;
  /** Events and cuts. */
  readonly moments: number;
  readonly played: number;
  readonly over: boolean;
}

interface Started {
  readonly id: string;
  readonly http: string;
  readonly https: string;
  readonly admin: string;
  readonly ca: string;
  readonly caFile: string;
}

/** An emulator of its own: own ports, accounts, clock. Rejects with what is wrong with the options. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  return startEmulatorOn(await sharedHost(), options);
}

/** On a host of the caller's own. */
export async function startEmulatorOn(host: Host, options: EmulatorOptions): Promise<Emulator> {
  const { from } = options;
  const seed = from?.seed ?? String(options.seed ?? randomBytes(6).toString('hex'));
  const wanted = (options.accounts ?? ['alice']).map((each) => (typeof each === 'string' ? { id: each } : each));
  const made = wanted.map((each) => makeAccount(each, seed));
  const documents = wanted.map((each, at) => accountDocument(made[at] as EmulatorAccount, each));
  const started = (await host.call('start', {
    document: { ...options.config, accounts: from === undefined ? documents : [] },
    seed,
    ...(options.asOf === undefined ? {} : { asOf: options.asOf }),
    ...(options.now === undefined ? {} : { now: instantOf(options.now) }),
    ...(options.frozen === undefined ? {} : { frozen: options.frozen }),
    ...(from === undefined ? {} : { snapshot: from.state }),
  })) as Started;
  const admin = new Admin(started.admin);
  const now = await new VirtualClock(admin, false).now();
  const follows = options.followTimers ?? false;
  const identity = { seed, accounts: from?.accounts ?? made, startedAt: from?.startedAt ?? now };
  try {
    if (follows) timers.install(now);
  } catch (cause) {
    await host.call('close', started);
    throw cause;
  }
  return new Emulator({ host, started, admin, identity, follows });
}

function instantOf(when: number | string | Date): number {
  const instant = typeof when === 'number' ? when : new Date(when).getTime();
  if (Number.isSafeInteger(instant)) return instant;
  throw new TypeError(`now: ${JSON.stringify(when)} is no instant; one looks like "2026-07-01T00:00:00Z"`);
}

type Identity = Omit<Snapshot, 'state'>;

interface EmulatorParts {
  readonly host: Host;
  readonly started: Started;
  readonly admin: Admin;
  readonly identity: Identity;
  readonly follows: boolean;
}

export class Emulator implements AsyncDisposable {
  readonly urls: EmulatorUrls;
  readonly accounts: readonly EmulatorAccount[];
  /** PEM of the local certificate authority. */
  readonly ca: string;
  /** Its file, for `NODE_EXTRA_CA_CERTS`. */
  readonly caFile: string;
  readonly seed: string;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly journal: Journal;
  readonly #admin: Admin;
  readonly #host: Host;
  readonly #id: string;
  readonly #identity: Identity;
  #follows: boolean;

  /** Made by `startEmulator`. */
  constructor({ host, started, admin: api, identity, follows }: EmulatorParts) {
    const { id, http, https, admin, ca, caFile } = started;
    this.#host = host;
    this.#id = id;
    this.#admin = api;
    this.#follows = follows;
    this.#identity = identity;
    this.urls = { http, ws: http.replace(/^http/, 'ws'), https, wss: https.replace(/^http/, 'ws'), admin };
    this.ca = ca;
    this.caFile = caFile;
    this.seed = identity.seed;
    this.accounts = identity.accounts;
    this.clock = new VirtualClock(api, follows);
    this.faults = new Faults(api);
    this.journal = new Journal(api, identity.startedAt);
  }

  /** Plays a scenario of the catalogue (`listenpost trigger --list`). Resolves when its events are durable. */
  async trigger(scenario: string, parameters: TriggerParameters = {}): Promise<TriggerResult> {
    return (await this.#admin.call('POST', `/trigger/${encodeURIComponent(scenario)}`, {
      account: this.accounts[0]?.id,
      ...parameters,
    })) as TriggerResult;
  }

  /**
   * Plays a scenario of your own: an object, or the path or URL of a file (`.json`, or a module with a default export: `.ts`, `.mjs`,
   * `.js`, run where the emulator runs). Resolves when its last step is done. Rejects with what is wrong with it, by its place
   * (`steps[2].qty: …`), before anything was emitted.
   */
  async play(scenario: string | URL | UserScenario, target: PlayTarget = {}): Promise<PlayResult> {
    const { account = this.accounts[0]?.id, product, scope = product } = target;
    const written = typeof scenario === 'string' || scenario instanceof URL ? await this.#read(scenario) : scenario;
    const whole = { account, scope, ...written };
    if (!this.#follows || !Array.isArray(whole.steps)) return this.#played('/trigger', whole);
    // The clock is moved from here, so that the timers of this process move with it.
    const steps: StepResult[] = [];
    let events = 0;
    for (const { from, to, clock } of stretchesOf(whole.steps)) {
      if (from === 0 || from < to) {
        const played = await this.#played(`/trigger?from=${from}&to=${to}`, whole);
        steps.push(...played.steps);
        events += played.events;
      }
      if (clock !== undefined) steps.push({ kind: 'clock', now: await this.#moved(clock) });
    }
    return { steps, events };
  }

  async #played(path: string, scenario: object): Promise<PlayResult> {
    return (await this.#admin.call('POST', path, scenario)) as PlayResult;
  }

  async #read(file: string | URL): Promise<UserScenario> {
    const path = file instanceof URL ? fileURLToPath(file) : resolve(file);
    return (await this.#host.call('read-scenario', { path })) as UserScenario;
  }

  #moved(clock: ClockStep['clock']): Promise<number> {
    if (typeof clock === 'string') return this.clock.advance(clock);
    if ('advance' in clock) return this.clock.advance(clock.advance);
    if ('set' in clock) return this.clock.set(clock.set);
    return 'freeze' in clock ? this.clock.freeze() : this.clock.resume();
  }

  /** One event as it stands, or several. Resolves when they are durable. */
  async publish(
    scope: string,
    event: object | readonly object[],
    { account = this.accounts[0]?.id } = {},
  ): Promise<void> {
    for (const each of Array.isArray(event) ? event : [event]) {
      await this.#admin.call('POST', '/events', { account, scope, event: each });
    }
  }

  /**
   * Plays a recording (`listenpost record`): the file's path or its text. At `max`, the default, it resolves when all of its
   * events are durable; at `1x` or `10x` the emulator's clock plays it.
   */
  async replay(recording: string, { account = this.accounts[0]?.id, speed = 'max' } = {}): Promise<ReplayState> {
    const text = recording.trimStart().startsWith('{') ? recording : await readFile(recording, 'utf8');
    const query = new URLSearchParams({ speed, ...(account === undefined ? {} : { account }) });
    return (await this.#admin.call('POST', `/replay?${query}`, text)) as ReplayState;
  }

  /** That such a thing was received, or that it comes within a second. */
  assertReceived(received: Received): Promise<void> {
    return this.journal.assertReceived(received);
  }

  assertNotReceived(expectation: Expectation): Promise<void> {
    return this.journal.assertNotReceived(expectation);
  }

  /** Clock, accounts, keys, the events' journal and the accounts' books. Connections and faults are not in it. */
  async snapshot(): Promise<Snapshot> {
    return { ...this.#identity, state: await this.#host.call('snapshot', { id: this.#id }) };
  }

  /** Everything as it was then, on the same ports. Connections end, faults are gone, the request journal is empty. */
  async restore({ state }: Snapshot): Promise<void> {
    await this.#host.call('restore', { id: this.#id, snapshot: state });
  }

  async close(): Promise<void> {
    if (this.#follows) timers.uninstall();
    this.#follows = false;
    await this.#host.call('close', { id: this.#id });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Nearer than this an instant is reached by going so far, not by naming it. */
const NEAR_MS = 1000;

/** The emulator's time. It flows with the machine's unless frozen, and never goes back. */
export class VirtualClock {
  readonly #admin: Admin;
  readonly #follows: boolean;
  /** Where timers follow, one move is walked to its end before the next begins. */
  #lastMove: Promise<unknown> = Promise.resolve();

  constructor(admin: Admin, follows: boolean) {
    this.#admin = admin;
    this.#follows = follows;
  }

  /** In ms since 1970. */
  async now(): Promise<number> {
    return this.#row(await this.#admin.call('GET', '/clock'));
  }

  /** By "61m", "1d12h", or ms. Resolves when every timer that fell due has run, in order. */
  async advance(by: string | number): Promise<number> {
    if (!this.#follows) return this.#row(await this.#admin.call('POST', '/clock', { advance: by }));
    const ms = typeof by === 'number' ? by : durationMs(by);
    return this.#walked(async () => (await this.now()) + ms);
  }

  async set(instant: number | string | Date): Promise<number> {
    const target = instantOf(instant);
    return this.#follows ? this.#walked(() => target) : this.#setTo(target);
  }

  #walked(target: () => number | Promise<number>): Promise<number> {
    const move = this.#lastMove.then(async () => this.#walk(await target()));
    this.#lastMove = move.catch(() => undefined);
    return move;
  }

  async #walk(target: number): Promise<number> {
    const settled = () => timers.settled(() => this.now());
    await settled();
    // The emulator's timers up to an instant come before the client's of that instant: it tells first, the client acts then.
    for (let next = timers.next; next !== undefined && next <= target; next = timers.next) {
      await this.#reach(next);
      timers.runUntil(next);
      await settled();
    }
    const reached = await this.#reach(target);
    timers.runUntil(reached);
    await settled();
    return reached;
  }

  /** The clock flows while it is asked: an instant so near may have passed when it is told to go there. */
  async #reach(instant: number): Promise<number> {
    const now = await this.now();
    if (now >= instant) return now;
    if (instant - now > NEAR_MS) return this.#setTo(instant);
    return this.#row(await this.#admin.call('POST', '/clock', { advance: instant - now }));
  }

  async #setTo(instant: number): Promise<number> {
    return this.#row(await this.#admin.call('POST', '/clock', { set: instant }));
  }

  async freeze(): Promise<number> {
    return this.#row(await this.#admin.call('POST', '/clock', { freeze: true }));
  }

  async resume(): Promise<number> {
    return this.#row(await this.#admin.call('POST', '/clock', { resume: true }));
  }

  #row(answer: unknown): number {
    return (answer as { readonly now: number }).now;
  }
}

export class Faults {
  readonly #admin: Admin;

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  /** `{ fault: 'drop-keepalive' }`, `{ fault: 'http', status: 503, probability: 0.1 }`, … (`listenpost faults add --help`). */
  async add(fault: FaultOptions): Promise<Fault> {
    return (await this.#admin.call('POST', '/faults', fault)) as Fault;
  }

  async list(): Promise<readonly Fault[]> {
    return ((await this.#admin.call('GET', '/faults')) as { readonly faults: readonly Fault[] }).faults;
  }

  /** One, or all. */
  async remove(fault?: Pick<Fault, 'id'>): Promise<void> {
    await this.#admin.call('DELETE', fault === undefined ? '/faults' : `/faults/${encodeURIComponent(fault.id)}`);
  }
}
