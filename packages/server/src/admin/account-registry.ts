import {
  AccountError,
  type AccountSpec,
  type House,
  type RegistryChange,
  type RegistryContents,
  RegistryStoreError,
} from '@listenpost/core';
import type { SealingSecretBox } from '../secrets.ts';
import { accountOfText, storedText } from './stored-account.ts';

/** Which of the config's accounts have been taken over: they are the first ones, and one that was deleted stays deleted. */
const TAKEN_OVER = 'configAccounts';

/** The number that the next new account or API key gets. */
const NEXT_NUMBER = 'nextNumber';

/** Changes that may wait for the one before them. Each waits for one commit, which takes milliseconds. */
const WAITING_MAX = 1000;

/** The account at `index` of those that were to be put cannot be; none was. */
export class PutManyError extends AccountError {
  readonly index: number;

  constructor(index: number, cause: Error) {
    super(cause.message);
    this.name = 'PutManyError';
    this.index = index;
  }
}

/**
 * Accounts at run time: checked, made durable, then in force. Of an account the store holds a sealed text that opens only
 * with a secret kept outside it.
 *
 * Changes are made one after the other. Two at once could each pass the check, both be stored, and then claim one API key.
 */
export class AccountRegistry {
  readonly #house: House;
  readonly #secrets: Pick<SealingSecretBox, 'seal' | 'open'>;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(doors: { readonly house: House; readonly secrets: Pick<SealingSecretBox, 'seal' | 'open'> }) {
    this.#house = doors.house;
    this.#secrets = doors.secrets;
  }

  /**
   * Takes over what the store held, then those of the config's accounts that it has never taken over. Rejects with
   * `AccountError`, `SecretsError` or `RegistryStoreError`; the server must not start then.
   */
  async restore(contents: RegistryContents, configAccounts: readonly AccountSpec[]): Promise<void> {
    this.#house.accounts.restoreNextNumber(Number(contents.settings.get(NEXT_NUMBER) ?? 1));
    const unnumbered: AccountSpec[] = [];
    for (const [id, sealed] of contents.accounts) {
      const { spec, numbers } = accountOfText(this.#secrets.open(sealed, contextOf(id)));
      if (numbers === undefined) unnumbered.push(spec);
      this.#house.accounts.put(spec, numbers);
    }
    if (unnumbered.length > 0) await this.#inTurn(() => this.#putAll(unnumbered, []));
    const takenOver = new Set<string>(JSON.parse(contents.settings.get(TAKEN_OVER) ?? '[]'));
    const fresh = configAccounts.filter(({ id }) => !takenOver.has(id));
    if (fresh.length === 0) return;
    const first = fresh.filter(({ id }) => !contents.accounts.has(id));
    const value = JSON.stringify([...takenOver, ...fresh.map(({ id }) => id)]);
    await this.#inTurn(() => this.#putAll(first, [{ kind: 'putSetting', name: TAKEN_OVER, value }]));
  }

  /** Adds or replaces an account. Resolves to whether it is new, once it is durable and in force. Rejects as `putMany`. */
  async put(spec: AccountSpec): Promise<boolean> {
    const known = this.#house.accounts.get(spec.id) !== undefined;
    await this.putMany([spec]);
    return !known;
  }

  /** All or none. Rejects with `PutManyError` naming the one at fault, or with `RegistryStoreError`. */
  putMany(specs: readonly AccountSpec[]): Promise<void> {
    return this.#inTurn(() => this.#putAll(specs, []));
  }

  /** Deletes an account and ends its listenKeys. Resolves to whether there was one. */
  delete(id: string): Promise<boolean> {
    return this.#inTurn(() => this.#delete(id));
  }

  async #putAll(specs: readonly AccountSpec[], more: readonly RegistryChange[]): Promise<void> {
    this.#check(specs);
    const { accounts, store } = this.#house;
    const numbered = specs.map((spec) => ({ spec, numbers: accounts.numbersFor(spec) }));
    const changes = numbered.map(({ spec, numbers }): RegistryChange => {
      const sealed = this.#secrets.seal(storedText(spec, numbers), contextOf(spec.id));
      return { kind: 'putAccount', id: spec.id, sealed };
    });
    // In the same commit: a number that went out with an account must never be given again.
    const next: RegistryChange = { kind: 'putSetting', name: NEXT_NUMBER, value: String(accounts.nextNumber) };
    await store.commit([...changes, next, ...more]);
    for (const { spec, numbers } of numbered) accounts.put(spec, numbers);
  }

  /** Each against those in force, and against one another. */
  #check(specs: readonly AccountSpec[]): void {
    const ids = new Set<string>();
    const owners = new Map<string, string>();
    for (const [index, spec] of specs.entries()) {
      try {
        this.#house.accounts.check(spec);
        if (ids.has(spec.id)) throw new AccountError(`id: "${spec.id}" is the id of an earlier account too`);
        ids.add(spec.id);
        for (const { apiKey } of spec.apiKeys) claim(owners, apiKey.reveal(), spec.id);
      } catch (cause) {
        // What the checks of key material and addresses throw are sentences for the operator too.
        if (cause instanceof AccountError || cause instanceof TypeError || cause instanceof RangeError) {
          throw new PutManyError(index, cause);
        }
        throw cause;
      }
    }
  }

  /**
   * The account and its keys go in one commit: a crash must not leave a key alive that a later account of the same id
   * would inherit.
   */
  async #delete(id: string): Promise<boolean> {
    const { accounts, listenKeys, store } = this.#house;
    if (accounts.get(id) === undefined) return false;
    const changes: RegistryChange[] = [{ kind: 'dropAccount', id }];
    for (const key of listenKeys.all()) if (key.account === id) changes.push({ kind: 'dropListenKey', id: key.id });
    await store.commit(changes);
    accounts.drop(id);
    await listenKeys.endAll(id);
    return true;
  }

  async #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= WAITING_MAX) {
      throw new RegistryStoreError(`${WAITING_MAX} changes of accounts wait already; send this one again in a moment`);
    }
    this.#waiting++;
    const turn = this.#tail.then(change);
    this.#tail = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }
}

/** What the seal is bound to: a text moved to another account's row does not open there. */
const contextOf = (id: string): string => `account ${id}`;

function claim(owners: Map<string, string>, apiKey: string, id: string): void {
  const owner = owners.get(apiKey);
  if (owner !== undefined) {
    const whose = owner === id ? 'this account gives it twice' : `account "${owner}" gives it too`;
    throw new AccountError(`apiKeys: one of them is not its own: ${whose}`);
  }
  owners.set(apiKey, id);
}
