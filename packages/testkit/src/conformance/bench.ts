/** One client before one emulator, and what a check does with the two. */
import type { Emulator, Fault, FaultOptions } from '../emulator.ts';
import { startEmulatorOn } from '../emulator.ts';
import type { Host } from '../host.ts';
import type { JournalEntry } from '../journal.ts';
import { ClientProcess, type Delivered } from './client-process.ts';
import { FollowedTime } from './followed-time.ts';

/** The client does not do what one that survives does. */
export class Failed extends Error {}

/** Nothing can be said of this client. */
export class Skipped extends Error {}

export interface BenchOptions {
  readonly host: Host;
  /** A command line, for the shell. */
  readonly client: string;
  readonly product: string;
  /** Path of the module by which a process of Node follows the clock. */
  readonly followingModule: string;
  /** How much of the machine's time a client has to listen again, in which its short timers run. */
  readonly patienceMs: number;
  /** Of the emulator's config. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** By what a stream is read: ids of connections, and of live listenKeys where the product has them. */
export interface Reading {
  readonly connections: readonly string[];
  readonly keys: readonly string[];
}

/** Both in machine time. */
export interface Pace {
  /** Before the clock is moved at all. */
  readonly stillMs?: number;
  /** Between two steps of the clock. */
  readonly stepEveryMs?: number;
}

export interface Listening extends Pace {
  /** What read before, and does not count. */
  readonly before?: Reading;
  /** What must be another one. Default: the connection. */
  readonly by?: keyof Reading;
}

/** In machine time. A client's process takes its time to start where the machine is busy. */
const READY_WITHIN_MS = 30_000;
const DELIVERED_WITHIN_MS = 5_000;
const ACTED_WITHIN_MS = 5_000;
/** One that says that it listens does so already. */
const READS_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 20;

/** The longest step of an advance, so that a client which reacts to events reacts near their time. */
const STEP_MS = 10 * 60_000;
/** Far more than an answer of the emulator takes. */
const NEAR_MS = 1000;
/** Between two steps, for clients that do not follow. */
const PAUSE_MS = 30;

/** The clock's time in which a client listens again: in steps, each with time of the machine for what it does then. */
const AGAIN_WITHIN_MS = 15 * 60_000;
const AGAIN_STEP_MS = 30_000;
const AGAIN_STEP_EVERY_MS = 250;
/** A process that starts, or connects again at once, needs no hours. */
const AGAIN_STILL_MS = 500;
const AGAIN_LOOK_EVERY_MS = 100;

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

export class Bench {
  readonly emulator: Emulator;
  readonly product: string;
  readonly #time: FollowedTime;
  readonly #options: BenchOptions;
  #client: ClientProcess | undefined;

  private constructor(emulator: Emulator, time: FollowedTime, options: BenchOptions) {
    this.emulator = emulator;
    this.product = options.product;
    this.#time = time;
    this.#options = options;
  }

  static async open(options: BenchOptions): Promise<Bench> {
    const { config } = options;
    const emulator = await startEmulatorOn(options.host, {
      accounts: ['one', 'two'],
      ...(config === undefined ? {} : { config }),
    });
    return new Bench(emulator, await FollowedTime.open(), options);
  }

  async close(): Promise<void> {
    // A fault that holds something back would hold the client's end up.
    await this.emulator.faults.remove();
    await this.#client?.end();
    this.#time.close();
    await this.emulator.close();
  }

  /** Starts the client and waits until it says that it listens, and does. */
  async start(): Promise<void> {
    await this.launch();
    const { client } = this;
    await this.#until(() => client.ready, READY_WITHIN_MS, 'the client did not print {"ready":true}');
    await this.#until(
      () => this.reads(),
      READS_WITHIN_MS,
      'the client said that it is ready, and nobody reads the account’s stream',
    );
  }

  /** Starts the client, ready or not. */
  async launch(): Promise<void> {
    const { urls, accounts, caFile } = this.emulator;
    const [one, two] = accounts;
    if (one === undefined || two === undefined) throw new Error('the bench has two accounts');
    this.#client = new ClientProcess(this.#options.client, {
      LISTENPOST_PRODUCT: this.product,
      LISTENPOST_REST_URL: urls.http,
      LISTENPOST_WS_URL: urls.ws,
      LISTENPOST_HTTPS_URL: urls.https,
      LISTENPOST_WSS_URL: urls.wss,
      LISTENPOST_CA_FILE: caFile,
      NODE_EXTRA_CA_CERTS: caFile,
      SSL_CERT_FILE: caFile,
      LISTENPOST_API_KEY: one.apiKey,
      LISTENPOST_API_SECRET: one.secret,
      LISTENPOST_ED25519_API_KEY: one.ed25519ApiKey,
      LISTENPOST_PRIVATE_KEY: one.privateKey,
      LISTENPOST_API_KEY_2: two.apiKey,
      LISTENPOST_API_SECRET_2: two.secret,
      LISTENPOST_ED25519_API_KEY_2: two.ed25519ApiKey,
      LISTENPOST_PRIVATE_KEY_2: two.privateKey,
      LISTENPOST_TIME_PORT: String(this.#time.port),
      LISTENPOST_NOW: String(await this.emulator.clock.now()),
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${this.#options.followingModule}`.trim(),
    });
  }

  get client(): ClientProcess {
    if (this.#client === undefined) throw new Error('the check has not started its client');
    return this.#client;
  }

  /** Whether the client's own long timers move with the clock. */
  get follows(): boolean {
    return this.#time.followed;
  }

  /** Moves the clock, and the client's with it: from timer to timer, and in steps that are not too long. */
  async advance(ms: number): Promise<void> {
    const { clock } = this.emulator;
    const target = (await clock.now()) + ms;
    for (let now = await clock.now(); now < target; now = await clock.now()) {
      const next = (await this.#time.tell(now)) ?? Number.POSITIVE_INFINITY;
      const step = Math.min(target, now + STEP_MS, Math.max(next, now + 1));
      const leftMs = step - (await clock.now());
      // The clock flows while it is asked: an instant so near may have passed when it is told to go there.
      const reached = leftMs > NEAR_MS ? await clock.set(step) : await clock.advance(Math.max(1, leftMs));
      await this.#time.tell(reached);
      if (!this.follows) await pause(PAUSE_MS);
    }
  }

  /** Time of the machine, for a client's short timers. */
  rest(ms: number): Promise<void> {
    return pause(ms);
  }

  /** By what the account's stream is read just now. */
  async reading(account = 'one'): Promise<Reading> {
    return { connections: await this.#connections(account), keys: await this.#keysRead(account) };
  }

  /** Whether the stream is read, and by another connection, or listenKey, than before. */
  async reads({ before, by = 'connections' }: Listening = {}): Promise<boolean> {
    const ids = await (by === 'keys' ? this.#keysRead('one') : this.#connections('one'));
    return ids.some((id) => before === undefined || !before[by].includes(id));
  }

  /** Until the stream is read. @throws Failed */
  listens(otherwise: string, listening: Listening = {}): Promise<void> {
    return this.given(AGAIN_WITHIN_MS, () => this.reads(listening), otherwise, listening);
  }

  /**
   * Until it holds. The client is given both times for it: the clock's in the first seconds, then the machine's until its patience
   * ends, since short timers are the machine's.
   *
   * @throws Failed
   */
  async given(ms: number, holds: () => Promise<boolean>, otherwise: string, pace: Pace = {}): Promise<void> {
    const { stillMs = AGAIN_STILL_MS, stepEveryMs = AGAIN_STEP_EVERY_MS } = pace;
    const began = performance.now();
    for (let givenMs = 0; !(await holds()); ) {
      if (this.client.ended !== undefined) throw new Failed(this.client.ended);
      const waitedMs = performance.now() - began;
      const allGiven = givenMs >= ms;
      if (allGiven && waitedMs >= this.#options.patienceMs) throw new Failed(otherwise);
      if (!allGiven && waitedMs >= stillMs + (givenMs / AGAIN_STEP_MS) * stepEveryMs) {
        await this.advance(AGAIN_STEP_MS);
        givenMs += AGAIN_STEP_MS;
      }
      await pause(AGAIN_LOOK_EVERY_MS);
    }
  }

  /** The clock's time until the first of the account's listenKeys runs out. */
  async keyLeftMs(account = 'one'): Promise<number> {
    const instants = (await this.#keys(account)).map(({ expiresAt }) => Date.parse(expiresAt));
    return Math.max(0, Math.min(...instants) - (await this.emulator.clock.now()));
  }

  /** Ends the account's listenKeys, as another program of its owner may. */
  async deleteKeys(account = 'one'): Promise<void> {
    for (const { id } of await this.#keys(account)) await this.#admin(`/keys/${id}`, 'DELETE');
  }

  /** Sets a fault. Whoever sets one asserts that it acted: a client that never met it has survived nothing. */
  fault(options: FaultOptions): Promise<Fault> {
    return this.emulator.faults.add(options);
  }

  /** What the fault did. */
  deeds({ id }: Fault): Promise<readonly JournalEntry[]> {
    return this.emulator.journal.entries({ kind: 'fault', where: ({ fault }) => fault?.id === id });
  }

  /** @throws Skipped where the fault has met nothing that it could act on. */
  async acted(fault: Fault, otherwise: string): Promise<void> {
    // A client that was launched only now takes its time until it asks for anything.
    const deadline = performance.now() + (this.client.ready ? ACTED_WITHIN_MS : READY_WITHIN_MS);
    while ((await this.deeds(fault)).length === 0) {
      if (this.client.ended !== undefined) throw new Failed(this.client.ended);
      if (performance.now() > deadline) throw new Skipped(otherwise);
      await pause(LOOK_EVERY_MS);
    }
  }

  /** Events that happen now. Resolves to them. */
  async happen(account = 'one', scenario = 'order.filled'): Promise<readonly Delivered['event'][]> {
    const before = (await this.#events(account)).length;
    await this.emulator.trigger(scenario, { account, product: this.product });
    return (await this.#events(account)).slice(before);
  }

  /** All of these were delivered, each so often. */
  async delivers(events: readonly Delivered['event'][], otherwise: string): Promise<void> {
    const missing = () => events.filter((event) => this.countOf(event) === 0);
    try {
      await this.#until(() => missing().length === 0, DELIVERED_WITHIN_MS, otherwise);
    } catch (cause) {
      if (!(cause instanceof Failed) || missing().length === 0) throw cause;
      const names = missing().map(({ e }) => String(e));
      throw new Failed(`${cause.message}; not delivered: ${names.join(', ')}; ${await this.seen()}`);
    }
  }

  /** @throws Failed where one of these was delivered more than once, or what happens next is not delivered at all. */
  async deliveredOnce(events: readonly Delivered['event'][], otherwise: string): Promise<void> {
    // What happens now arrives behind all that came before.
    await this.stillDelivers('the client delivers nothing any more');
    const twice = events.filter((event) => this.countOf(event) > 1);
    if (twice.length > 0) throw new Failed(`${otherwise}: ${twice.map(({ e }) => String(e)).join(', ')}`);
  }

  /** Where among all that was delivered each of these was first. */
  placesOf(events: readonly Delivered['event'][]): readonly number[] {
    return events.map((event) => this.client.delivered.findIndex((each) => isOf(each.event, event)));
  }

  countOf(event: Delivered['event'], account?: string): number {
    return this.client.delivered.filter(
      (each) => isOf(each.event, event) && (account === undefined || each.account === account),
    ).length;
  }

  /** What happens now reaches the client. */
  async stillDelivers(otherwise: string): Promise<void> {
    await this.delivers(await this.happen(), otherwise);
  }

  /** REST requests of the first account. */
  requests(method: string, path: RegExp): Promise<readonly JournalEntry[]> {
    return this.emulator.journal.entries({ kind: 'request', account: 'one', method, path });
  }

  /** What the emulator saw last, for a card. */
  async seen(): Promise<string> {
    const entries = (await this.emulator.journal.entries()).filter(({ kind }) => kind !== 'push').slice(-SEEN_MAX);
    if (entries.length === 0) return 'the emulator saw nothing';
    const words = entries.map(({ at, kind, method, path, status, code, reason, fault }) =>
      [at.slice(11, 19), kind, method, path?.replace(KEY, '…'), status, code, reason, fault?.did]
        .filter((word) => word !== undefined && word !== '')
        .join(' '),
    );
    return `seen last: ${words.join(' | ')}`;
  }

  /** @throws Failed */
  async #until(holds: () => boolean | Promise<boolean>, withinMs: number, otherwise: string): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!(await holds())) {
      if (this.client.ended !== undefined) throw new Failed(this.client.ended);
      if (performance.now() > deadline) throw new Failed(otherwise);
      await pause(LOOK_EVERY_MS);
    }
  }

  async #events(account: string): Promise<readonly Delivered['event'][]> {
    const { events } = (await this.#admin(`/streams/${account}/${this.product}/events?limit=${PAGE}`)) as {
      readonly events: readonly { readonly event: object }[];
    };
    return events.map(({ event }) => event as Delivered['event']);
  }

  async #connections(account: string): Promise<readonly string[]> {
    const { sessions } = (await this.#admin(`/sessions?limit=${PAGE}`)) as { readonly sessions: readonly SessionRow[] };
    const stream = `${account}/${this.product}`;
    return sessions.filter(({ subscriptions }) => subscriptions.includes(stream)).map(({ id }) => id);
  }

  async #keysRead(account: string): Promise<readonly string[]> {
    return (await this.#keys(account)).filter(({ subscriptions }) => subscriptions > 0).map(({ id }) => id);
  }

  async #keys(account: string): Promise<readonly KeyRow[]> {
    const { keys } = (await this.#admin(`/keys?account=${account}&limit=${PAGE}`)) as {
      readonly keys: readonly KeyRow[];
    };
    return keys.filter(({ scope }) => scope === this.product);
  }

  async #admin(path: string, method = 'GET'): Promise<unknown> {
    const response = await fetch(`${this.emulator.urls.admin}/admin/v1${path}`, { method });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
}

interface SessionRow {
  readonly id: string;
  readonly subscriptions: readonly string[];
}

interface KeyRow {
  readonly id: string;
  readonly scope: string;
  readonly expiresAt: string;
  readonly subscriptions: number;
}

const PAGE = 1000;

const SEEN_MAX = 6;
const KEY = /[A-Za-z0-9]{40,}/;

/** Whether a client delivered this event: with all of its fields, whatever types it gave their numbers, and perhaps more. */
function isOf(delivered: unknown, event: unknown): boolean {
  if (typeof event !== 'object' || event === null) return String(delivered) === String(event);
  if (typeof delivered !== 'object' || delivered === null) return false;
  const fields = delivered as Readonly<Record<string, unknown>>;
  return Object.entries(event).every(([name, value]) => isOf(fields[name], value));
}
