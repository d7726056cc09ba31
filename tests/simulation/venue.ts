/**
 * The venue: the real house with the real storages in memory, and its edge without a port. It can be killed and started
 * again, and then knows what its disk kept; its connections, its time's timers and its unanswered requests are gone.
 */
import {
  type AccountSpec,
  BINANCE_LIMITS,
  type Connection,
  House,
  type JournalRecord,
  type MachineTime,
  Redacted,
  type Timer,
  VirtualClock,
} from '@listenpost/core';
import { type ConnectionRow, type EndName, SYMBOLS } from '@listenpost/protocol';
import type { SeededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import { nodeCrypto } from '../../packages/server/src/crypto.ts';
import { route } from '../../packages/server/src/edge/route.ts';
import { createSecretBox } from '../../packages/server/src/secrets.ts';
import { MemoryJournal } from '../../packages/server/src/storage/memory-journal.ts';
import { MemoryRegistry } from '../../packages/server/src/storage/memory-registry.ts';
import { SlowJournal, SlowRegistry } from './disk.ts';
import type { Host } from './network.ts';
import type { Universe } from './universe.ts';

const CONNECTIONS_MAX = 1000;

/** One for all worlds: it holds nothing of any, and costs a key derivation. */
const SECRETS = createSecretBox({
  current: { id: 'k1', value: new Redacted('the secret of all simulated venues') },
  previous: [],
});

export interface VenueOptions {
  readonly universe: Universe;
  readonly random: SeededRandom;
  readonly accounts: readonly AccountSpec[];
  readonly retentionBytes: number;
  /** In place of the table's, by name: a life of minutes instead of a day. */
  readonly connections: Readonly<Record<string, ConnectionRow>>;
  committed(records: readonly JournalRecord[]): void;
  /** What the house did not expect. */
  report(cause: unknown): void;
  ended(name: EndName): void;
}

/** From a start to the kill or stop that ends it. */
class Life implements Host {
  readonly house: House;
  readonly #report: (cause: unknown) => void;
  alive = true;
  accepting = true;

  constructor(house: House, report: (cause: unknown) => void) {
    this.house = house;
    this.#report = report;
  }

  serve(request: Request, ip = '10.0.0.1'): Response | Promise<Response> | Connection {
    return route(this.house, request, ip, CONNECTIONS_MAX);
  }

  guard(connection: Connection, act: (connection: Connection) => void): void {
    if (!this.alive) return;
    try {
      act(connection);
    } catch (cause) {
      this.#report(cause);
      connection.end('internalError');
    }
  }
}

export class Venue {
  readonly journal: SlowJournal;
  readonly #registry: SlowRegistry;
  readonly #options: VenueOptions;
  /** Accounts as they are just now: a revoked API key stays revoked over a restart. */
  readonly accounts: Map<string, AccountSpec>;
  #life: Life | undefined;

  constructor(options: VenueOptions) {
    const { universe, random, accounts, retentionBytes } = options;
    this.#options = options;
    this.accounts = new Map(accounts.map((account) => [account.id, account]));
    const journal = new MemoryJournal({
      random,
      nowMs: () => universe.now(),
      retention: { bytes: retentionBytes },
      letOthersIn: () => new Promise((resolve) => universe.after(1, resolve)),
    });
    this.journal = new SlowJournal(journal, universe, random);
    this.#registry = new SlowRegistry(new MemoryRegistry(), universe, random);
  }

  /** What answers on the network. */
  get host(): Host | undefined {
    return this.#life?.accepting === true ? this.#life : undefined;
  }

  get house(): House | undefined {
    return this.#life?.house;
  }

  async start(): Promise<void> {
    const { universe, random, connections, committed, report, ended } = this.#options;
    const alive = (): boolean => life.alive;
    const clock = new VirtualClock(timeWhile(universe, alive));
    const house = new House(
      {
        clock,
        random,
        crypto: nodeCrypto,
        secrets: SECRETS,
        journal: this.journal,
        store: this.#registry,
        addressMatcher: (list) => (ip) => list.includes(ip),
        signingClocks: () => [clock.now()],
        report,
        noticeLegacyPath: () => undefined,
        connectionEnded: ended,
      },
      {
        limits: { ...BINANCE_LIMITS, connections },
        validation: 'strict',
        symbols: SYMBOLS,
        legacyPaths: 'silent',
        expirationTimeUnit: 'timeUnit',
        sbe: 'on',
      },
    );
    const life = new Life(house, report);
    // The house has made itself the journal's listener; what is durable is known to the judge before it is pushed.
    this.journal.onCommitted((records) => {
      committed(records);
      if (life.alive) house.router.deliver(records);
    });
    for (const account of this.accounts.values()) house.accounts.put(account);
    const contents = await this.#registry.load();
    await house.listenKeys.restore(contents.listenKeys);
    await house.listenTokens.restore(contents.settings, this.#registry);
    if (life.alive) this.#life = life;
  }

  /** Puts an account in force, in this life and the next. */
  put(account: AccountSpec): void {
    this.accounts.set(account.id, account);
    this.#life?.house.accounts.put(account);
  }

  kill(): void {
    if (this.#life !== undefined) this.#life.alive = false;
    this.#life = undefined;
    this.journal.disk.kill();
    this.#registry.disk.kill();
  }

  set diskLatencyMsMax(ms: number) {
    this.journal.disk.latencyMsMax = ms;
    this.#registry.disk.latencyMsMax = ms;
  }

  /** As `drain` does it: no new connections, a word to those whose product has one, and an end for all that are left. */
  drain(graceMs: number, gone: () => void): void {
    const life = this.#life;
    if (life === undefined) return gone();
    life.accepting = false;
    for (const connection of life.house.connections) connection.announceShutdown();
    this.#options.universe.after(graceMs, () => {
      if (!life.alive) return gone();
      for (const connection of [...life.house.connections]) connection.end('shutdown');
      this.journal.disk.flush();
      this.#registry.disk.flush();
      life.alive = false;
      if (this.#life === life) this.#life = undefined;
      gone();
    });
  }

  /** One server of many is stopped: who was on it is told, and goes to another; the venue goes on. */
  rollingShutdown(graceMs: number): void {
    const life = this.#life;
    if (life === undefined) return;
    const told = [...life.house.connections];
    for (const connection of told) connection.announceShutdown();
    this.#options.universe.after(graceMs, () => {
      if (!life.alive) return;
      for (const connection of told) if (!connection.ended) connection.end('shutdown');
    });
  }
}

/** Time that ends with the life that it was made for. */
function timeWhile(universe: Universe, alive: () => boolean): MachineTime {
  return {
    now: () => universe.now(),
    after: (delayMs, action): Timer => universe.after(delayMs, () => (alive() ? action() : undefined)),
  };
}
