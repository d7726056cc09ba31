import {
  LISTEN_KEY_LIFECYCLE,
  type ListenKeyInput,
  type ListenKeyRow,
  type ListenKeyState,
  listenKeyExpired,
  type Product,
  productOfScope,
  type Transition,
} from '@listenpost/protocol';
import type { Clock } from '../clock.ts';
import { WireError } from '../control/wire-error.ts';
import type { Crypto, SecretBox } from '../crypto.ts';
import type { Subscription } from '../data/subscription.ts';
import { decide } from '../lifecycle.ts';
import type { Random } from '../random.ts';
import type { RegistryChange, RegistryStore, StoredListenKey } from '../registry-store.ts';
import type { Account } from './accounts.ts';
import { ExpiryWheel } from './expiry-wheel.ts';

/** 16 characters of six bits: two salts of one stream never meet. */
const SALT_LENGTH = 16;

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The salt's printed form: each byte gives the six bits a character holds. */
const printed = (bytes: Uint8Array) => Array.from(bytes, (byte) => BASE64URL[byte & 63]).join('');

/** A live key. `key` is known only once it was asked for or presented: opening a million keys derives none. */
export class ListenKey {
  readonly id: number;
  readonly stream: string;
  readonly product: Product;
  readonly secretId: string;
  readonly salt: string;
  readonly lookup: string;
  deadline: number;
  /** Whether the store holds it: a key whose first commit failed must be put, not extended. */
  stored: boolean;
  key: string | undefined;
  /** Where it lies in the expiry wheel. */
  bucket: number | undefined;
  /** Made at the first subscription: most keys have none. */
  #subscriptions: Set<Subscription> | undefined;

  constructor(row: StoredListenKey, product: Product, stored: boolean) {
    this.id = row.id;
    this.stream = row.stream;
    this.product = product;
    this.secretId = row.secretId;
    this.salt = row.salt;
    this.lookup = row.lookup;
    this.deadline = row.deadline;
    this.stored = stored;
  }

  /** Cut out when asked for: a million keys are opened without. */
  get account(): string {
    return this.stream.slice(0, this.stream.indexOf('/'));
  }

  get subscriptions(): ReadonlySet<Subscription> {
    return this.#subscriptions ?? NONE;
  }

  attach(subscription: Subscription): void {
    this.#subscriptions ??= new Set();
    this.#subscriptions.add(subscription);
  }

  detach(subscription: Subscription): void {
    this.#subscriptions?.delete(subscription);
  }

  get row(): StoredListenKey {
    const { id, stream, secretId, salt, lookup, deadline } = this;
    return { id, stream, secretId, salt, lookup, deadline };
  }
}

const NONE: ReadonlySet<Subscription> = new Set();

export interface ListenKeyDoors {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly secrets: SecretBox;
  readonly store: RegistryStore;
}

/**
 * The live listenKeys: one per stream, whichever of the account's API keys asks (derivatives §6, §8 row 2). The key is a bearer
 * secret, so the store holds a salt and a keyed hash; the text is derived again when `start` asks.
 *
 * A key is dead from the very instant of its deadline: at 59:59.999 after the last call it lives, at 60:00.000 it does not.
 */
export class ListenKeys {
  readonly #doors: ListenKeyDoors;
  readonly #byStream = new Map<string, ListenKey>();
  readonly #byLookup = new Map<string, ListenKey>();
  /** Stored keys whose end the store refused: it goes with the next commit, else a restart would bring them back. */
  readonly #undropped = new Set<number>();
  readonly #expiry: ExpiryWheel<ListenKey>;
  /** What was found last: a handshake asks for its key, and the connection it opens asks again. */
  #lastFound: { readonly text: string; readonly key: ListenKey } | undefined;
  #nextId = 1;

  constructor(doors: ListenKeyDoors) {
    this.#doors = doors;
    this.#expiry = new ExpiryWheel(doors.clock, (key) => this.#expire(key));
  }

  /**
   * Takes over what the store held. Dropped from it are keys whose time ran out meanwhile, and keys that a later one of
   * their stream has replaced: a stop whose commit failed leaves such a one. A key under a secret that is not configured
   * can be neither found nor told; it stays in the store, for the secret to come back, and its stream gets a new one.
   */
  async restore(rows: readonly StoredListenKey[]): Promise<void> {
    const { clock, secrets, store } = this.#doors;
    const now = clock.now();
    const dead: RegistryChange[] = [];
    const products = new Map<string, Product | undefined>();
    for (const row of rows) {
      this.#nextId = Math.max(this.#nextId, row.id + 1);
      const product = productOf(row.stream, products);
      const older = this.#byStream.get(row.stream);
      if (row.deadline <= now || product === undefined || (older !== undefined && older.id > row.id)) {
        dead.push({ kind: 'dropListenKey', id: row.id });
      } else if (secrets.secretIds.includes(row.secretId)) {
        if (older !== undefined) {
          this.#remove(older, false);
          dead.push({ kind: 'dropListenKey', id: older.id });
        }
        this.#add(new ListenKey(row, product, true));
      }
    }
    if (dead.length > 0) await store.commit(dead);
  }

  /** Returns the stream's live key and extends it, or makes one. Resolves once that is durable. */
  start(account: Account, product: Product, scope: string = product.id): Promise<ListenKey> {
    return this.#take('start', account.stream(scope), product, undefined);
  }

  /** Counts the validity from this call (derivatives §1.2 rule 4). `given`: what the caller called the key, if anything. */
  async keepalive(
    account: Account,
    product: Product,
    given: string | undefined,
    scope: string = product.id,
  ): Promise<ListenKey> {
    const { keepaliveNamesKey } = keyRowOf(product);
    const named = nameOf(given, keepaliveNamesKey);
    return this.#take('keepalive', account.stream(scope), product, keepaliveNamesKey ? named : undefined);
  }

  /**
   * Ends the stream's key. A caller that names another key than the live one closes nothing: clients send DELETE of a
   * dead key and POST at once, and the fresh key must not die (clients reference, row 6).
   */
  async close(
    account: Account,
    product: Product,
    given: string | undefined,
    scope: string = product.id,
  ): Promise<void> {
    const named = nameOf(given, keyRowOf(product).closeNamesKey);
    await this.#take('close', account.stream(scope), product, named);
  }

  /** Ends one live key, whoever asks. It is dead at once, also when that could not be stored. */
  async end(key: ListenKey): Promise<void> {
    if (this.#current(key.stream) !== key) return;
    await this.#enter(key, decide(LISTEN_KEY_LIFECYCLE, 'live', 'close'), keyRowOf(key.product));
  }

  /** Ends one live key as its deadline does. */
  expire(key: ListenKey): void {
    if (this.#byStream.get(key.stream) === key) this.#expire(key);
  }

  /** Ends every key of an account that goes. */
  async endAll(account: string): Promise<void> {
    const keys = [...this.#byStream.values()].filter((key) => key.account === account);
    await Promise.all(keys.map((key) => this.end(key)));
  }

  /** The live key with this text; undefined for anything else. */
  find(text: string): ListenKey | undefined {
    const { secrets, clock } = this.#doors;
    const last = this.#lastFound;
    if (last?.text === text && last.key.bucket !== undefined && last.key.deadline > clock.now()) return last.key;
    for (const secretId of secrets.secretIds) {
      const key = this.#byLookup.get(secrets.lookupOf(secretId, text));
      if (key === undefined || key.deadline <= clock.now()) continue;
      key.key ??= text;
      this.#lastFound = { text, key };
      return key;
    }
    return undefined;
  }

  byId(id: number): ListenKey | undefined {
    for (const key of this.#byStream.values()) if (key.id === id) return key;
    return undefined;
  }

  all(): IterableIterator<ListenKey> {
    return this.#byStream.values();
  }

  get size(): number {
    return this.#byStream.size;
  }

  /**
   * A call about a stream's key. The table says whether it is taken and what the key then is; a key that is to live and
   * is not there is made. `named` must be the key, where given.
   */
  async #take(input: ListenKeyInput, stream: string, product: Product, named: string | undefined): Promise<ListenKey> {
    const row = keyRowOf(product);
    const held = this.#current(stream);
    const transition = decide(LISTEN_KEY_LIFECYCLE, held === undefined ? 'absent' : 'live', input);
    const key = held ?? this.#make(stream, product, row);
    key.key ??= this.#derive(key, row);
    if (named !== undefined && !this.#doors.crypto.equal(named, key.key)) throw new WireError('INVALID_LISTEN_KEY');
    await this.#enter(key, transition, row);
    return key;
  }

  /** The stream's key. Only a live one is held: how the others died is forgotten, since the table has them answer alike. */
  #current(stream: string): ListenKey | undefined {
    const key = this.#byStream.get(stream);
    if (key === undefined || key.deadline > this.#doors.clock.now()) return key;
    this.#expire(key);
    return undefined;
  }

  #make(stream: string, product: Product, row: ListenKeyRow): ListenKey {
    const { secrets, random } = this.#doors;
    const secretId = secrets.currentSecretId;
    const salt = printed(random.bytes(SALT_LENGTH));
    const text = secrets.deriveListenKey(secretId, salt, stream, row.length);
    const lookup = secrets.lookupOf(secretId, text);
    const key = new ListenKey({ id: this.#nextId++, stream, secretId, salt, lookup, deadline: 0 }, product, false);
    key.key = text;
    key.deadline = this.#doors.clock.now() + row.validityMs;
    this.#add(key);
    return key;
  }

  #derive(key: ListenKey, row: ListenKeyRow): string {
    return this.#doors.secrets.deriveListenKey(key.secretId, key.salt, key.stream, row.length);
  }

  #extend(key: ListenKey, row: ListenKeyRow): Promise<void> {
    key.deadline = this.#doors.clock.now() + row.validityMs;
    if (key.stored) return this.#commit({ kind: 'extendListenKey', id: key.id, deadline: key.deadline });
    return this.#commit({ kind: 'putListenKey', key: key.row }).then(() => {
      key.stored = true;
    });
  }

  #commit(change: RegistryChange): Promise<void> {
    const { store } = this.#doors;
    if (this.#undropped.size === 0) return store.commit([change]);
    const owed = [...this.#undropped];
    return store.commit([...owed.map((id) => ({ kind: 'dropListenKey', id }) as const), change]).then(() => {
      for (const id of owed) this.#undropped.delete(id);
    });
  }

  #add(key: ListenKey): void {
    this.#byStream.set(key.stream, key);
    this.#byLookup.set(key.lookup, key);
    this.#expiry.add(key);
  }

  /**
   * Nobody waits for this commit and nothing rests on it: a restart drops a key past its deadline by itself, and the store
   * shows its own fault.
   */
  #expire(key: ListenKey): void {
    const transition = decide(LISTEN_KEY_LIFECYCLE, 'live', 'deadline');
    this.#enter(key, transition, keyRowOf(key.product)).catch(() => undefined);
  }

  /** Brings a key to where the table says. What is not live is dropped, told to its readers where that is told. */
  #enter(key: ListenKey, { to, tells, tellsWhere }: Transition<ListenKeyState>, row: ListenKeyRow): Promise<void> {
    if (to === 'live') return this.#extend(key, row);
    this.#remove(key, tells === 'listenKeyExpired' && (tellsWhere === undefined || row[tellsWhere]));
    const drop = { kind: 'dropListenKey', id: key.id } as const;
    if (to !== 'closed') return this.#doors.store.commit([drop]);
    return this.#commit(drop).catch((cause: unknown) => {
      if (key.stored) this.#undropped.add(key.id);
      throw cause;
    });
  }

  #remove(key: ListenKey, announced: boolean): void {
    this.#expiry.remove(key);
    this.#byStream.delete(key.stream);
    this.#byLookup.delete(key.lookup);
    for (const subscription of [...key.subscriptions]) {
      if (announced) {
        const body = listenKeyExpired(subscription.product, this.#doors.clock.now(), subscription.grantName);
        subscription.deliver('listenKeyExpired', body);
      }
      subscription.grantEnded();
    }
  }
}

/** The product of a stream's scope; `known` spares a million keys the look at their few scopes. */
function productOf(stream: string, known: Map<string, Product | undefined>): Product | undefined {
  const scope = stream.slice(stream.indexOf('/') + 1);
  if (!known.has(scope)) known.set(scope, productOfScope(scope));
  return known.get(scope);
}

/** The name by which the caller means the key; undefined where it gave none and need not. */
function nameOf(given: string | undefined, must: boolean): string | undefined {
  if (given !== undefined && given !== '') return given;
  if (must) throw new WireError(given === '' ? 'PARAM_EMPTY' : 'MANDATORY_PARAM', ['listenKey']);
  return undefined;
}

function keyRowOf(product: Product): ListenKeyRow {
  if (product.listenKey === undefined) throw new WireError('UNSUPPORTED_OPERATION');
  return product.listenKey;
}
