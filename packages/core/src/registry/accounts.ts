import { type Permission, type Product, productOfScope } from '@listenpost/protocol';
import type { AccountNumbers, AccountSpec, ApiKeySpec } from '../accounts.ts';
import type { Crypto } from '../crypto.ts';

/** Builds the address check of an `ipAllowList`; the server fills it. */
export type AddressMatcher = (list: readonly string[]) => (ip: string) => boolean;

/** One API key of one account, ready to be asked. */
export class ApiKey {
  /** Its own for ever: tokens name it. A key whose material changed, or that went and came back, has another. */
  readonly number: number;
  readonly account: Account;
  readonly type: ApiKeySpec['type'];
  readonly spec: ApiKeySpec;
  readonly verify: (payload: string, signature: string) => boolean;
  readonly #allows: ((ip: string) => boolean) | null;

  constructor(account: Account, spec: ApiKeySpec, number: number, crypto: Crypto, matcher: AddressMatcher) {
    this.number = number;
    this.account = account;
    this.spec = spec;
    this.type = spec.type;
    this.verify = crypto.verifier(spec);
    this.#allows = spec.ipAllowList === undefined ? null : matcher(spec.ipAllowList);
  }

  permits(permission: Permission): boolean {
    return this.spec.permissions === undefined || this.spec.permissions.includes(permission);
  }

  allows(ip: string): boolean {
    return this.#allows === null || this.#allows(ip);
  }
}

/** A stream of an account that may have events: what the hot path needs of it, looked up once. */
export interface StreamPlace {
  /** `<account>/<scope>`, the same string each time. */
  readonly stream: string;
  readonly product: Product;
}

export class Account {
  readonly id: string;
  /** Its own for ever: an account of the same id that comes after it has another. */
  readonly number: number;
  readonly spec: AccountSpec;
  readonly apiKeys: readonly ApiKey[];
  /** Null: every scope there is. */
  readonly #scopes: ReadonlySet<string> | null;
  /** By scope; only scopes that the account has, so its size is bounded by the symbols there are. */
  readonly #places = new Map<string, StreamPlace>();

  constructor(spec: AccountSpec, numbers: AccountNumbers, crypto: Crypto, matcher: AddressMatcher) {
    this.id = spec.id;
    this.number = numbers.account;
    this.spec = spec;
    this.#scopes = spec.scopes === undefined ? null : new Set(spec.scopes);
    this.apiKeys = spec.apiKeys.map(
      (key, index) => new ApiKey(this, key, numbers.apiKeys[index] ?? UNNUMBERED, crypto, matcher),
    );
  }

  /** Whether the account has this scope; `knownSymbols` bounds `isolated:*`. */
  has(scope: string, product: Product, knownSymbols: ReadonlySet<string>): boolean {
    if (this.#scopes !== null) return this.#scopes.has(scope);
    return product.symbolsOf === undefined || knownSymbols.has(scope.slice(scope.indexOf(':') + 1));
  }

  /** The stream of one of its scopes; undefined when it has none such. */
  place(scope: string, knownSymbols: ReadonlySet<string>): StreamPlace | undefined {
    const known = this.#places.get(scope);
    if (known !== undefined) return known;
    const product = productOfScope(scope);
    if (product === undefined || !this.has(scope, product, knownSymbols)) return undefined;
    const place = { stream: this.stream(scope), product };
    this.#places.set(scope, place);
    return place;
  }

  stream(scope: string): string {
    return `${this.id}/${scope}`;
  }
}

/** Of what is only checked; no token can name it. */
const UNNUMBERED = 0;

/** Tokens have 32 bits for a number. */
const NUMBER_MAX = 2 ** 32 - 1;

export class AccountError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AccountError';
  }
}

/** Accounts and their API keys, in memory. */
export class Accounts {
  readonly #crypto: Crypto;
  readonly #matcher: AddressMatcher;
  readonly #byId = new Map<string, Account>();
  /**
   * By the API key's own text. A hash table tells nothing by time that an attacker without the key could use: to land in
   * the same bucket he would have to know it.
   */
  readonly #byApiKey = new Map<string, ApiKey>();
  readonly #byNumber = new Map<number, ApiKey>();
  #nextNumber = 1;
  #changed: (id: string) => void = () => undefined;

  constructor(crypto: Crypto, matcher: AddressMatcher) {
    this.#crypto = crypto;
    this.#matcher = matcher;
  }

  /** The one listener: called after an account was put, replaced or dropped. */
  onChanged(listener: (id: string) => void): void {
    this.#changed = listener;
  }

  /** No number below it is given out again. To be stored with the account that got one. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** Goes on counting where the last process stopped. */
  restoreNextNumber(next: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, next);
  }

  /**
   * The numbers of an account that is about to be put: those it has, and fresh ones for what is new. Throws `AccountError`
   * when there are none left.
   */
  numbersFor(spec: AccountSpec): AccountNumbers {
    return {
      account: this.#byId.get(spec.id)?.number ?? this.#freshNumber(),
      apiKeys: spec.apiKeys.map((key) => this.#inForce(spec.id, key)?.number ?? this.#freshNumber()),
    };
  }

  /**
   * Adds or replaces an account. Throws `AccountError` when one of its API keys belongs to another account, `TypeError` when
   * key material cannot be read; nothing is changed then.
   */
  put(spec: AccountSpec, numbers: AccountNumbers = this.numbersFor(spec)): Account {
    const account = this.#made(spec, numbers);
    this.#remove(spec.id);
    this.#byId.set(account.id, account);
    for (const key of account.apiKeys) {
      this.#byApiKey.set(key.spec.apiKey.reveal(), key);
      this.#byNumber.set(key.number, key);
    }
    this.#changed(account.id);
    return account;
  }

  /** Throws as `put` does, and changes nothing. */
  check(spec: AccountSpec): void {
    this.#made(spec, { account: UNNUMBERED, apiKeys: [] });
  }

  drop(id: string): boolean {
    const known = this.#remove(id);
    if (known) this.#changed(id);
    return known;
  }

  get(id: string): Account | undefined {
    return this.#byId.get(id);
  }

  apiKey(text: string): ApiKey | undefined {
    return this.#byApiKey.get(text);
  }

  apiKeyOfNumber(number: number): ApiKey | undefined {
    return this.#byNumber.get(number);
  }

  /**
   * The key as it is in force now: an account that was replaced has new ones. Undefined when it is revoked, or when its
   * material is another: who logged on with the old one has proved nothing about the new.
   */
  current(key: ApiKey): ApiKey | undefined {
    return this.#inForce(key.account.id, key.spec);
  }

  all(): IterableIterator<Account> {
    return this.#byId.values();
  }

  get size(): number {
    return this.#byId.size;
  }

  #inForce(account: string, spec: ApiKeySpec): ApiKey | undefined {
    const now = this.#byApiKey.get(spec.apiKey.reveal());
    return now?.account.id === account && sameMaterial(now.spec, spec) ? now : undefined;
  }

  #freshNumber(): number {
    if (this.#nextNumber > NUMBER_MAX)
      throw new AccountError('apiKeys: all 2^32 numbers of accounts and keys are used');
    return this.#nextNumber++;
  }

  #remove(id: string): boolean {
    const account = this.#byId.get(id);
    if (account === undefined) return false;
    for (const key of account.apiKeys) {
      this.#byApiKey.delete(key.spec.apiKey.reveal());
      this.#byNumber.delete(key.number);
    }
    return this.#byId.delete(id);
  }

  #made(spec: AccountSpec, numbers: AccountNumbers): Account {
    for (const scope of spec.scopes ?? []) {
      if (productOfScope(scope) === undefined) throw new AccountError(`scopes: "${scope}" is no scope`);
    }
    const listed = new Set(spec.apiKeys.map(({ apiKey }) => apiKey.reveal()));
    if (listed.size < spec.apiKeys.length) throw new AccountError('apiKeys: one of them is listed twice');
    for (const key of spec.apiKeys) {
      const owner = this.#byApiKey.get(key.apiKey.reveal())?.account.id;
      if (owner !== undefined && owner !== spec.id) {
        throw new AccountError(`apiKeys: one of them already belongs to account "${owner}"`);
      }
    }
    return new Account(spec, numbers, this.#crypto, this.#matcher);
  }
}

function sameMaterial(a: ApiKeySpec, b: ApiKeySpec): boolean {
  if (a.type === 'HMAC') return b.type === 'HMAC' && a.secret.reveal() === b.secret.reveal();
  return a.type === b.type && a.publicKey === b.publicKey;
}
