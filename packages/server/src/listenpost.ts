/**
 * The one place that wires the service together: opens the storage, builds the house, restores what it held, and puts the
 * doors in front of it. Closing walks the same list backwards.
 */
import { readFile } from 'node:fs/promises';
import {
  admitEvent,
  type ClockState,
  House,
  type Random,
  Redacted,
  type RegistryContents,
  VirtualClock,
} from '@listenpost/core';
import type { EndName, Product } from '@listenpost/protocol';
import type { Logger } from 'pino';
import { allowHosts } from './admin/access.ts';
import { AccountRegistry } from './admin/account-registry.ts';
import { createAdminApi } from './admin/admin-api.ts';
import { Metrics } from './admin/metrics.ts';
import { Sampler } from './admin/sampler.ts';
import type { Config } from './config/config.ts';
import { addressMatcher } from './config/ip-allow-list.ts';
import { nodeCrypto } from './crypto.ts';
import { drain } from './drain.ts';
import { startAdminEdge } from './edge/admin-edge.ts';
import { consoleFiles } from './edge/console-files.ts';
import type { Intermediary } from './edge/intermediary.ts';
import { machineTime } from './edge/machine-time.ts';
import { type PublicEdge, startPublicEdge } from './edge/public-edge.ts';
import { Emulation } from './emulation.ts';
import { Emulator } from './emulator/emulator.ts';
import { booksOf, type EmulatorState, plainBooks, SNAPSHOT_FORMAT } from './emulator-state.ts';
import { nodeRandom, SeededRandom } from './random.ts';
import type { Recording } from './recording/format.ts';
import type { ReplayState } from './recording/replay.ts';
import { createSecretBox, makeSecrets, type Secrets } from './secrets.ts';
import { loadOrMakeSecrets } from './secrets-file.ts';
import { MemoryJournal } from './storage/memory-journal.ts';
import { type Disk, openJournal, openStore } from './storage/open-storage.ts';
import { TimedJournal } from './storage/timed-journal.ts';
import { type Certificate, loadOrMakeLocalCa, localCaFolder } from './tls/local-ca.ts';

export interface ListenpostOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly rig?: Rig;
  /** Of an emulator that is the same from run to run, or goes on from a snapshot. */
  readonly beginning?: Beginning;
}

export interface Beginning {
  /** Of all chance: keys, ids, dice. Default: the operating system's. */
  readonly seed?: string;
  /** Where the clock begins, in ms since 1970. Default: where the machine's stands. */
  readonly now?: number;
  readonly frozen?: boolean;
  /** Stands for all of the above, and for the config's accounts and day. */
  readonly state?: EmulatorState;
}

/** What a scenario changes to see a disk fail or a bound met within moments. No operator has these. */
export interface Rig extends Disk {
  /** Default: `UPKEEP_EVERY_MS`. */
  readonly upkeepEveryMs?: number;
  /** Default: `CONNECTIONS_MAX`. */
  readonly connectionsMax?: number;
}

export interface ReplayOptions {
  readonly speed: number;
  /** Default: the first. */
  readonly account: string | undefined;
  readonly whenHeard: boolean;
  /** Told how it ended, in a sentence. */
  over(words: string): void;
}

export interface RunningListenpost {
  readonly urls: { readonly http: string; readonly https: string | null; readonly admin: string };
  /** What a client of the local certificate must trust; null where the certificate is the operator's own. */
  readonly caFile: string | null;
  /** Reads the certificate files again, for new connections. Throws when they cannot be read; the old one stays. */
  reloadCertificates(): Promise<void>;
  /** Plays a recording, from the moment its stream is read where `whenHeard`. Throws `ReplayError`, or where there is no emulator. */
  replay(recording: Recording, options: ReplayOptions): void;
  /** Rejects where there is a data folder, or no emulator. */
  snapshot(): Promise<EmulatorState>;
  /** Drains and releases everything. Resolves within `drainSeconds`. */
  close(drainSeconds: number): Promise<void>;
}

/** What waits in one socket's outbox before its peer counts as too slow: 6,000 events of the usual size. */
const OUTBOX_BYTES_MAX = 4 * 1024 * 1024;

/** Connections held at once. Each costs a few KiB and a file descriptor; the system's own limit comes before this. */
const CONNECTIONS_MAX = 200_000;

/** How often, in machine time, retention is looked after and a storage that failed is tried again. */
const UPKEEP_EVERY_MS = 5_000;

const CLOCK_SETTING = 'clock';

/** What a start that fails half-way has opened, in that order. */
type Opened = (() => Promise<unknown>)[];

/** Rejects where anything is in the way; the data folder and the ports are then free again. */
export async function startListenpost(options: ListenpostOptions): Promise<RunningListenpost> {
  const opened: Opened = [];
  try {
    return await start(options, opened);
  } catch (cause) {
    // The first fault is the one to tell, also where it keeps something from closing.
    for (const close of opened.reverse()) await close().catch(() => undefined);
    throw cause;
  }
}

async function start(
  { config, log, rig = {}, beginning = {} }: ListenpostOptions,
  opened: Opened,
): Promise<RunningListenpost> {
  const { state } = beginning;
  const random = randomOf(beginning);
  const material = secretsOf(config, random, state);
  const secrets = createSecretBox(
    material,
    random instanceof SeededRandom ? (length) => random.bytes(length) : undefined,
  );
  const store = await openStore(config, rig, state && contentsOf(state));
  opened.push(() => store.close());
  const contents = await store.load();
  const clock = new VirtualClock(machineTime, clockStateOf(contents.settings.get(CLOCK_SETTING), beginning));
  const metrics = new Metrics();
  const stored = await openJournal(config, rig, random, state?.journal);
  const journal = new TimedJournal(stored, (ms) => {
    metrics.committed(ms);
    sampler.committed(ms);
  });
  opened.push(() => journal.close());
  const emulator = config.command === 'dev' ? emulatorOf(() => house, config, clock, random) : null;
  if (state !== undefined) emulator?.restore(booksOf(state.books));
  const emulation: Emulation | undefined =
    config.command === 'dev'
      ? new Emulation({ house: () => house, clock, random, log, heldBytesMax: OUTBOX_BYTES_MAX })
      : undefined;
  const house: House = new House(
    {
      clock,
      random,
      crypto: nodeCrypto,
      secrets,
      journal,
      store,
      addressMatcher,
      ...(emulator === null ? {} : { accountBooks: emulator }),
      signingClocks: (apiKey, product) => emulation?.signingClocks(apiKey.account.id, product.id) ?? [clock.now()],
      ...(emulation === undefined ? {} : { beforeHallway: (request, walk) => emulation.faults.call(request, walk) }),
      report: (cause) => log.error({ err: cause }, 'an unexpected fault; the request or connection it met was ended'),
      noticeLegacyPath: (product) => noticeLegacyPath(log, product),
      connectionEnded: (name: EndName) => metrics.connectionEnded(name),
    },
    state === undefined ? config : { ...config, asOf: state.asOf },
  );
  const sampler = new Sampler(house);
  const accountRegistry = new AccountRegistry({ house, secrets });
  await accountRegistry.restore(contents, config.accounts);
  await house.listenKeys.restore(contents.listenKeys);
  await house.listenTokens.restore(contents.settings, store);

  const tls = await certificateOf(config);
  const edges = openEdges(config, rig, house, emulation?.between, tls?.certificate, opened);
  const saveClock = () =>
    store.commit([{ kind: 'putSetting', name: CLOCK_SETTING, value: JSON.stringify(clock.state) }]);
  let draining = false;
  const api = createAdminApi({
    house,
    clock,
    saveClock,
    mode: config.command,
    tokens: config.admin.tokens,
    allowedHosts: allowHosts(config.listen.adminHost),
    accountRegistry,
    emulator,
    emulation: emulation ?? null,
    metrics,
    sampler,
    consoleFiles: consoleFiles(),
    draining: () => draining,
  });
  opened.push(async () => api.shutDown());
  const admin = startAdminEdge({ host: config.listen.adminHost, port: config.listen.adminPort, api });
  const upkeep = setInterval(() => {
    // A fault stands in the storage itself, where /readyz reads it; trying again here is what ends it when nobody writes.
    journal.retain().catch((cause: unknown) => log.error({ err: cause }, 'the journal could not be looked after'));
    if (store.fault === undefined) return;
    store.commit([]).catch((cause: unknown) => log.error({ err: cause }, 'the registry still takes no changes'));
  }, rig.upkeepEveryMs ?? UPKEEP_EVERY_MS);

  return {
    urls: { http: edges.http.url, https: edges.https?.url ?? null, admin: admin.url },
    caFile: tls?.caFile ?? null,
    async reloadCertificates() {
      const fresh = await certificateOf(config);
      if (fresh !== null) edges.https?.reload(fresh.certificate);
    },
    replay(recording, { speed, account = house.accounts.all().next().value?.id ?? '', whenHeard, over }) {
      if (emulation === undefined) throw new Error('only the emulator replays; start it with dev');
      const replay = emulation.replays.add(recording, account, speed);
      replay.ended
        .then(() => over(wordsOf(replay.state)))
        .catch((cause: unknown) => log.error({ err: cause }, 'the end of a replay could not be told'));
      if (whenHeard) replay.beginWhenHeard();
      else replay.begin();
    },
    async snapshot() {
      if (emulator === null || !(stored instanceof MemoryJournal) || config.dataFolder !== undefined) {
        throw new Error('a snapshot is of an emulator in memory: start it with dev, and without a data folder');
      }
      const { listenKeys, accounts, settings } = await store.load();
      return {
        format: SNAPSHOT_FORMAT,
        clock: { now: clock.now(), frozen: clock.frozen },
        asOf: house.rules.asOf,
        random: random instanceof SeededRandom ? { seed: random.seed, drawn: random.drawn } : null,
        secret: { id: material.current.id, value: material.current.value.reveal() },
        registry: { listenKeys, accounts: [...accounts], settings: [...settings] },
        journal: stored.state(),
        books: plainBooks(emulator.state()),
      };
    },
    async close(drainSeconds) {
      draining = true;
      clearInterval(upkeep);
      // What faults hold back would hold up the drain.
      emulation?.faults.removeAll();
      emulation?.replays.removeAll();
      await drain(house, Object.values(edges), drainSeconds * 1000);
      await admin.stop();
      await journal.close();
      await store.close();
    },
  };
}

/**
 * The emulator is a source like any other: its events walk the data hallway from `admitEvent` on. The house reads its books,
 * so it is there first.
 */
function emulatorOf(house: () => House, { symbols }: Config, clock: VirtualClock, random: Random): Emulator {
  return new Emulator({
    clock,
    random,
    symbols,
    async admit(account, events) {
      await house().journal.append(
        events.map(({ scope, event }) => admitEvent(house(), account, scope, JSON.stringify(event), event)),
      );
    },
    has: (account, scope) => house().accounts.get(account)?.place(scope, house().knownSymbols) !== undefined,
  });
}

interface Edges {
  readonly http: PublicEdge;
  readonly https?: PublicEdge;
}

function openEdges(
  { listen, trustedProxies }: Config,
  rig: Rig,
  house: House,
  between: Intermediary | undefined,
  certificate: Certificate | undefined,
  opened: Opened,
): Edges {
  const shared = {
    house,
    host: listen.host,
    trustedProxies,
    outboxBytesMax: OUTBOX_BYTES_MAX,
    connectionsMax: rig.connectionsMax ?? CONNECTIONS_MAX,
    between,
  };
  const http = startPublicEdge({ ...shared, port: listen.port });
  opened.push(() => http.stop());
  if (certificate === undefined || listen.tlsPort === undefined) return { http };
  return { http, https: startPublicEdge({ ...shared, port: listen.tlsPort, tls: certificate }) };
}

function randomOf({ seed, state }: Beginning): Random {
  if (state !== undefined)
    return state.random === null ? nodeRandom : new SeededRandom(state.random.seed, state.random.drawn);
  return seed === undefined ? nodeRandom : new SeededRandom(seed);
}

const contentsOf = ({ registry }: EmulatorState): RegistryContents => ({
  listenKeys: registry.listenKeys,
  accounts: new Map(registry.accounts),
  settings: new Map(registry.settings),
});

/** The operator's secrets; else those of the data folder; else ones that live as long as the process. */
function secretsOf({ secrets, dataFolder }: Config, random: Random, state: EmulatorState | undefined): Secrets {
  if (state !== undefined) {
    return { current: { id: state.secret.id, value: new Redacted(state.secret.value) }, previous: [] };
  }
  if (random instanceof SeededRandom) return makeSecrets('k1', random.bytes(48));
  return secrets ?? (dataFolder === undefined ? makeSecrets() : loadOrMakeSecrets(dataFolder));
}

interface Identity {
  readonly certificate: Certificate;
  readonly caFile: string | null;
}

/** The operator's certificate, or in `dev` one that a local CA signs. Null where https is not asked for. */
async function certificateOf({ command, listen, dataFolder }: Config): Promise<Identity | null> {
  if (listen.certificate !== undefined) {
    const { certFile, keyFile } = listen.certificate;
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
    return { certificate: { cert, key }, caFile: null };
  }
  if (command !== 'dev') return null;
  const { caFile, cert, key } = await loadOrMakeLocalCa(dataFolder ?? localCaFolder(), listen.tlsNames);
  return { certificate: { cert, key }, caFile };
}

const wordsOf = ({ account, scope, moments, played, fault }: ReplayState): string =>
  `the replay to ${account}/${scope} ended: ${played} of ${moments} moments were played${fault === undefined ? '' : `; ${fault}`}`;

function clockStateOf(stored: string | undefined, beginning: Beginning): ClockState {
  const { now = beginning.now, frozen = beginning.frozen ?? false } = beginning.state?.clock ?? {};
  const machineNow = machineTime.now();
  if (now !== undefined || frozen) {
    return { offsetMs: (now ?? machineNow) - machineNow, frozenAt: frozen ? (now ?? machineNow) : null };
  }
  return stored === undefined ? { offsetMs: 0, frozenAt: null } : (JSON.parse(stored) as ClockState);
}

function noticeLegacyPath(log: Logger, { title }: Product): void {
  log.warn(
    `a ${title} listenKey was opened on an unrouted path, which has carried no user data since 2026-04-23; ` +
      'open it under /private, or set "legacyPaths": "deliver"',
  );
}
