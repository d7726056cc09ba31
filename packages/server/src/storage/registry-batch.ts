import type { RegistryChange, StoredListenKey } from '@listenpost/core';

/**
 * What one transaction changes, flat: numbers travel to the writer's thread as bytes, and texts without an object each.
 */
export interface RegistryBatch {
  /** `id, deadline` pairs, one per id. */
  readonly deadlines: Float64Array<ArrayBuffer>;
  /** `id, stream, secretId, salt, lookup` of each key put. Its deadline is among `deadlines`. */
  readonly puts: readonly (string | number)[];
  readonly drops: Float64Array<ArrayBuffer>;
  /** Null: dropped. */
  readonly accounts: readonly (readonly [id: string, sealed: string | null])[];
  readonly settings: readonly (readonly [name: string, value: string])[];
}

export const PUT_FIELDS = 5;

const NO_NUMBERS = new Float64Array(0);
const NOTHING: readonly never[] = [];

/**
 * Changes that wait for the next transaction. Only the last state of each thing is kept, so a key that is extended a
 * thousand times while a transaction is in flight is written once; order among the changes of one thing is what counts,
 * because all of them become durable together.
 */
export class GatheredChanges {
  /** Null: dropped. */
  readonly #keys = new Map<number, StoredListenKey | null>();
  readonly #deadlines = new Map<number, number>();
  readonly #accounts = new Map<string, string | null>();
  readonly #settings = new Map<string, string>();
  #drops = 0;

  /** Things changed, not changes made. */
  get size(): number {
    return this.#keys.size + this.#deadlines.size + this.#accounts.size + this.#settings.size;
  }

  add(change: RegistryChange): void {
    switch (change.kind) {
      case 'extendListenKey':
        if (this.#drops === 0 || this.#keys.get(change.id) !== null) this.#deadlines.set(change.id, change.deadline);
        break;
      case 'putListenKey':
        this.#keys.set(change.key.id, change.key);
        this.#deadlines.set(change.key.id, change.key.deadline);
        break;
      case 'dropListenKey':
        this.#keys.set(change.id, null);
        this.#deadlines.delete(change.id);
        this.#drops += 1;
        break;
      case 'putAccount':
        this.#accounts.set(change.id, change.sealed);
        break;
      case 'dropAccount':
        this.#accounts.set(change.id, null);
        break;
      case 'putSetting':
        this.#settings.set(change.name, change.value);
        break;
    }
  }

  batch(): RegistryBatch {
    return {
      deadlines: this.#pairs(),
      ...(this.#keys.size === 0 ? { puts: NOTHING, drops: NO_NUMBERS } : this.#keyChanges()),
      accounts: this.#accounts.size === 0 ? NOTHING : [...this.#accounts],
      settings: this.#settings.size === 0 ? NOTHING : [...this.#settings],
    };
  }

  #pairs(): Float64Array<ArrayBuffer> {
    const pairs = new Float64Array(2 * this.#deadlines.size);
    let at = 0;
    for (const [id, deadline] of this.#deadlines) {
      pairs[at++] = id;
      pairs[at++] = deadline;
    }
    return pairs;
  }

  #keyChanges(): Pick<RegistryBatch, 'puts' | 'drops'> {
    const puts: (string | number)[] = [];
    const drops: number[] = [];
    for (const [id, key] of this.#keys) {
      if (key === null) drops.push(id);
      else puts.push(id, key.stream, key.secretId, key.salt, key.lookup);
    }
    return { puts, drops: Float64Array.from(drops) };
  }
}
