/**
 * A house whose doors lead nowhere: time by hand, chance by a seed, a journal and a registry that are maps, sockets that
 * are lists. For core's own tests; what is promised about real doors is checked by their contract suites.
 */
import {
  type End,
  type EndName,
  type ErrorName,
  type Position,
  PRODUCTS,
  type ProductId,
  printPosition,
  SYMBOLS,
} from '@listenpost/protocol';
import type { AccountSpec, ApiKeyMaterial, ApiKeySpec } from '../accounts.ts';
import { BINANCE_LIMITS } from '../control/rate-limits.ts';
import { WireError } from '../control/wire-error.ts';
import { type Crypto, type SecretBox, TOKEN_PAYLOAD_BYTES } from '../crypto.ts';
import { type Doors, House, type Settings } from '../house.ts';
import type { AppendResult, Journal, JournalRecord, JournalSlice, NewEvent } from '../journal.ts';
import { Redacted } from '../redacted.ts';
import type { ListenKey } from '../registry/listen-keys.ts';
import {
  type RegistryChange,
  type RegistryContents,
  type RegistryStore,
  RegistryStoreError,
  type StoredListenKey,
} from '../registry-store.ts';
import type { Frame, Socket } from '../socket.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { ManualMachine } from './manual-machine.ts';
import { seededRandom } from './seeded-random.ts';

/** 2026-07-01T00:00:00Z: whole in every window of rate limits. */
export const START = Date.UTC(2026, 6, 1);
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** A signature that shows what it was made over, so that a test reads what was signed. */
export const signatureOf = (material: ApiKeyMaterial, payload: string): string =>
  `${material.type}/${material.type === 'HMAC' ? material.secret.reveal() : material.publicKey}/${payload}`;

const openCrypto: Crypto = {
  verifier: (material) => (payload, signature) => signature === signatureOf(material, payload),
  equal: (left, right) => left === right,
};

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Counts what it derives: opening keys must derive none. */
export class OpenSecretBox implements SecretBox {
  readonly secretIds: readonly string[];
  derived = 0;
  sealed = 0;

  constructor(...secretIds: readonly string[]) {
    this.secretIds = secretIds.length === 0 ? ['k1'] : secretIds;
  }

  get currentSecretId(): string {
    return this.secretIds[0] ?? '';
  }

  deriveListenKey(secretId: string, salt: string, stream: string, length: number): string {
    this.derived++;
    const letters = [...`${secretId} ${salt} ${stream}`];
    const random = seededRandom(letters.reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7));
    return Array.from({ length }, () => random.pick([...ALPHABET])).join('');
  }

  lookupOf(secretId: string, listenKey: string): string {
    return `${secretId}/${listenKey}`;
  }

  sealToken(payload: Uint8Array): string {
    return `${this.currentSecretId}/${++this.sealed}/${payload.join('.')}`;
  }

  openToken(text: string): Uint8Array | undefined {
    const [secretId = '', , bytes = ''] = text.split('/');
    const payload = Uint8Array.from(bytes.split('.'), Number);
    return this.secretIds.includes(secretId) && payload.length === TOKEN_PAYLOAD_BYTES ? payload : undefined;
  }
}

/** A store whose commits fail on demand, or wait until they are let go. */
export class MapStore implements RegistryStore {
  readonly keys = new Map<number, StoredListenKey>();
  readonly commits: (readonly RegistryChange[])[] = [];
  fault: string | undefined;

  load(): Promise<RegistryContents> {
    return Promise.resolve({ listenKeys: [...this.keys.values()], accounts: new Map(), settings: new Map() });
  }

  commit(changes: readonly RegistryChange[]): Promise<void> {
    if (this.fault !== undefined) return Promise.reject(new RegistryStoreError(this.fault));
    this.commits.push(changes);
    for (const change of changes) {
      if (change.kind === 'putListenKey') this.keys.set(change.key.id, change.key);
      if (change.kind === 'dropListenKey') this.keys.delete(change.id);
      if (change.kind === 'extendListenKey') {
        const key = this.keys.get(change.id);
        if (key !== undefined) this.keys.set(change.id, { ...key, deadline: change.deadline });
      }
    }
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Commits each append as it comes, and holds what tests do not drop. The first stream has the epoch `e1`, the next `e2`. */
export class MapJournal implements Journal {
  readonly fault = undefined;
  readonly #streams = new Map<string, { readonly epoch: string; records: JournalRecord[]; last: number }>();
  /** What a read waits for before it looks, and again before it answers; a rejection is the read's. */
  pause: (stream: string, from: number) => Promise<void> = () => Promise.resolve();
  #listener: (records: readonly JournalRecord[]) => void = () => undefined;

  append(events: readonly NewEvent[]): Promise<AppendResult> {
    const records = events.map((event) => {
      const stream = this.#stream(event.stream);
      const record = { ...event, sequence: ++stream.last };
      stream.records.push(record);
      return record;
    });
    this.#listener(records);
    const last = new Map(records.map(({ stream }) => [stream, printPosition(this.head(stream) as Position)]));
    return Promise.resolve({ accepted: records.length, last, repeated: false });
  }

  producerMark(): number {
    return 0;
  }

  head(name: string): Position | undefined {
    const stream = this.#streams.get(name);
    return stream && { epoch: stream.epoch, sequence: stream.last };
  }

  begin(name: string): Promise<Position> {
    const { epoch, last } = this.#stream(name);
    return Promise.resolve({ epoch, sequence: last });
  }

  async read(name: string, from: number, limit: number, bytesMax = Infinity): Promise<JournalSlice | undefined> {
    await this.pause(name, from);
    const stream = this.#streams.get(name);
    if (stream === undefined) return undefined;
    const { epoch, last } = stream;
    const first = last - stream.records.length + 1;
    const wanted = stream.records.filter(({ sequence }) => sequence >= from).slice(0, limit);
    let bytes = 0;
    const records = wanted.filter(({ body }, at) => {
      bytes += body.length;
      return at === 0 || bytes <= bytesMax;
    });
    await this.pause(name, from);
    return { epoch, records, first, last };
  }

  /** Drops the oldest events, as retention does. */
  drop(name: string, count: number): void {
    this.#stream(name).records.splice(0, count);
  }

  #stream(name: string) {
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const made = { epoch: `e${this.#streams.size + 1}`, records: [], last: 0 };
    this.#streams.set(name, made);
    return made;
  }

  onCommitted(listener: (records: readonly JournalRecord[]) => void): void {
    this.#listener = listener;
  }

  retain(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What the peer would have seen. */
export class RecordingSocket implements Socket {
  readonly texts: string[] = [];
  readonly binaries: Uint8Array[] = [];
  readonly ends: (End | 'terminated')[] = [];
  /** Payloads. */
  readonly pings: string[] = [];
  /** What the peer does on a ping. */
  pong: (payload: string) => void = () => undefined;
  /** Frames that still fit into the outbox. */
  room = Number.POSITIVE_INFINITY;

  /** What the peer has not read, as a test says; it tells the connection when that becomes less. */
  waitingBytes = 0;

  together(act: () => void): void {
    act();
  }

  send(frame: Frame): boolean {
    if (this.room <= 0) return false;
    this.room--;
    if (typeof frame === 'string') this.texts.push(frame);
    else this.binaries.push(frame);
    return true;
  }

  ping(payload: string): void {
    this.pings.push(payload);
    this.pong(payload);
  }

  close(end: End): void {
    this.ends.push(end);
  }

  terminate(): void {
    this.ends.push('terminated');
  }

  /** The frames since the last look, parsed. */
  take(): unknown[] {
    return this.texts.splice(0).map((text) => JSON.parse(text));
  }
}

/** 64 letters and digits that begin with the name. */
export const apiKeyText = (name: string): string => name.padEnd(64, '0');

export function apiKey(name: string, type: ApiKeySpec['type'], more: Partial<ApiKeySpec> = {}): ApiKeySpec {
  const shared = { apiKey: new Redacted(apiKeyText(name)), ...permissionsOf(more) };
  return type === 'HMAC'
    ? { ...shared, type, secret: new Redacted(`${name} secret`) }
    : { ...shared, type, publicKey: `${name} public` };
}

const permissionsOf = ({ permissions, ipAllowList }: Partial<ApiKeySpec>) => ({
  ...(permissions === undefined ? {} : { permissions }),
  ...(ipAllowList === undefined ? {} : { ipAllowList }),
});

export const ALICE: AccountSpec = { id: 'alice', apiKeys: [apiKey('aliceHmac', 'HMAC'), apiKey('aliceEd', 'ED25519')] };
export const BOB: AccountSpec = { id: 'bob', apiKeys: [apiKey('bobHmac', 'HMAC'), apiKey('bobEd', 'ED25519')] };

export interface TestHouse {
  readonly house: House;
  readonly clock: VirtualClock;
  readonly machine: ManualMachine;
  readonly store: MapStore;
  readonly secrets: OpenSecretBox;
  /** What was reported as unexpected. */
  readonly reports: unknown[];
  /** Products whose legacy path was noticed. */
  readonly notices: ProductId[];
  readonly ends: EndName[];
}

export interface TestHouseOptions {
  readonly settings?: Partial<Settings>;
  readonly doors?: Partial<Doors>;
  readonly store?: MapStore;
  readonly secrets?: OpenSecretBox;
  readonly accounts?: readonly AccountSpec[];
}

export function testHouse(options: TestHouseOptions = {}): TestHouse {
  const { store = new MapStore(), secrets = new OpenSecretBox(), accounts = [ALICE, BOB] } = options;
  const machine = new ManualMachine(START);
  const clock = new VirtualClock(machine);
  const reports: unknown[] = [];
  const notices: ProductId[] = [];
  const ends: EndName[] = [];
  const doors: Doors = {
    clock,
    random: seededRandom(1),
    crypto: openCrypto,
    secrets,
    journal: new MapJournal(),
    store,
    addressMatcher: (list) => (ip) => list.includes(ip),
    signingClocks: () => [clock.now()],
    report: (cause) => reports.push(cause),
    noticeLegacyPath: ({ id }) => notices.push(id),
    connectionEnded: (name) => ends.push(name),
    ...options.doors,
  };
  const house = new House(doors, {
    limits: BINANCE_LIMITS,
    validation: 'strict',
    symbols: SYMBOLS,
    legacyPaths: 'silent',
    expirationTimeUnit: 'timeUnit',
    sbe: 'on',
    ...options.settings,
  });
  for (const account of accounts) house.accounts.put(account);
  return { house, clock, machine, store, secrets, reports, notices, ends };
}

/** Starts this account's key and gives its text. */
export async function startKey(house: House, product: ProductId, account = 'alice'): Promise<string> {
  return textOf(await house.listenKeys.start(accountOf(house, account), PRODUCTS[product], scopeOf(product)));
}

/** The product's own scope, or one of its symbol scopes. */
export const scopeOf = (product: ProductId): string =>
  PRODUCTS[product].symbolsOf === undefined ? product : `${product}:BTCUSDT`;

export function accountOf(house: House, id: string) {
  const account = house.accounts.get(id);
  if (account === undefined) throw new Error(`the test house has no account ${id}`);
  return account;
}

export function textOf({ key }: ListenKey): string {
  if (key === undefined) throw new Error('nobody has asked for the text of this key yet');
  return key;
}

/** The row of the error table that `act` is refused with; undefined when it is not. */
export function refusalOf(act: () => unknown): ErrorName | undefined {
  try {
    act();
  } catch (cause) {
    if (cause instanceof WireError) return cause.row;
    throw cause;
  }
  return undefined;
}

export async function refusalOfPromise(promise: Promise<unknown>): Promise<ErrorName | undefined> {
  try {
    await promise;
  } catch (cause) {
    if (cause instanceof WireError) return cause.row;
    throw cause;
  }
  return undefined;
}
