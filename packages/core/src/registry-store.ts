/**
 * Where the registry is durable: accounts, listenKeys with their deadlines, and the clock's offset.
 * The registry itself lives in memory (`Registry`); a store loads it once and commits its changes.
 *
 * Guarantees, which every implementation keeps and one contract suite checks:
 * - `commit` is all or nothing, and resolves only when a crash can no longer undo it.
 * - Commits take effect in the order of the calls.
 * - `load` gives exactly what the resolved commits left. A change whose commit did not resolve is there whole or not at all.
 * - Nothing stored opens a stream by itself: of a listenKey there is a salt and a keyed hash, of an account a sealed text.
 */
export interface StoredListenKey {
  /** Unique among live and dead keys of this store. */
  readonly id: number;
  /** `<account>/<scope>`. One live key per stream. */
  readonly stream: string;
  readonly secretId: string;
  readonly salt: string;
  readonly lookup: string;
  /** ms since the Unix epoch, of the virtual clock. */
  readonly deadline: number;
}

export type RegistryChange =
  | { readonly kind: 'putListenKey'; readonly key: StoredListenKey }
  | { readonly kind: 'extendListenKey'; readonly id: number; readonly deadline: number }
  | { readonly kind: 'dropListenKey'; readonly id: number }
  /** `sealed` opens only with a secret that is not in the store. */
  | { readonly kind: 'putAccount'; readonly id: string; readonly sealed: string }
  | { readonly kind: 'dropAccount'; readonly id: string }
  | { readonly kind: 'putSetting'; readonly name: string; readonly value: string };

export interface RegistryContents {
  readonly listenKeys: readonly StoredListenKey[];
  readonly accounts: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
}

export interface RegistryStore {
  load(): Promise<RegistryContents>;
  /**
   * Rejects with `RegistryStoreError`; the store then holds what it held before. An empty commit changes nothing, and while
   * there is a fault it tries the storage: an owner that refuses work because of the fault asks so whether it has gone.
   */
  commit(changes: readonly RegistryChange[]): Promise<void>;
  /** Undefined when commits are taken; otherwise the fault, in a sentence for the operator. */
  readonly fault: string | undefined;
  close(): Promise<void>;
}

export class RegistryStoreError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RegistryStoreError';
  }
}
