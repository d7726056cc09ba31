import type { RegistryChange, RegistryContents, RegistryStore, StoredListenKey } from '@listenpost/core';
import { RegistryStoreError } from '@listenpost/core';

/** A registry store that lasts as long as the process: `dev` without a data folder, and tests. */
export class MemoryRegistry implements RegistryStore {
  readonly fault: string | undefined = undefined;
  readonly #listenKeys = new Map<number, StoredListenKey>();
  readonly #accounts = new Map<string, string>();
  readonly #settings = new Map<string, string>();
  #closed = false;

  /** `contents`: what it begins with. */
  constructor(contents?: RegistryContents) {
    for (const key of contents?.listenKeys ?? []) this.#listenKeys.set(key.id, key);
    for (const [id, sealed] of contents?.accounts ?? []) this.#accounts.set(id, sealed);
    for (const [name, value] of contents?.settings ?? []) this.#settings.set(name, value);
  }

  async load(): Promise<RegistryContents> {
    return {
      listenKeys: [...this.#listenKeys.values()],
      accounts: new Map(this.#accounts),
      settings: new Map(this.#settings),
    };
  }

  commit(changes: readonly RegistryChange[]): Promise<void> {
    if (this.#closed) return Promise.reject(new RegistryStoreError('the registry is closed'));
    for (const change of changes) this.#apply(change);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #apply(change: RegistryChange): void {
    switch (change.kind) {
      case 'putListenKey':
        this.#listenKeys.set(change.key.id, change.key);
        break;
      case 'extendListenKey': {
        const key = this.#listenKeys.get(change.id);
        if (key !== undefined) this.#listenKeys.set(change.id, { ...key, deadline: change.deadline });
        break;
      }
      case 'dropListenKey':
        this.#listenKeys.delete(change.id);
        break;
      case 'putAccount':
        this.#accounts.set(change.id, change.sealed);
        break;
      case 'dropAccount':
        this.#accounts.delete(change.id);
        break;
      case 'putSetting':
        this.#settings.set(change.name, change.value);
        break;
    }
  }
}
