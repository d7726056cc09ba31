/**
 * The durable registry store (docs/decisions/0004): group commit into SQLite by a writer on a thread of its own.
 *
 *   commit → gathered changes → one message → one transaction → every waiting commit resolves
 *
 * While a transaction is in flight the next batch gathers; when it is answered, all that gathered goes as one. No timer and
 * no fixed size: an idle registry commits at once, a busy one in larger batches.
 */

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type RegistryChange, type RegistryContents, type RegistryStore, RegistryStoreError } from '@listenpost/core';
import { GatheredChanges } from './registry-batch.ts';
import { RegistryDatabase, type RegistryDatabaseOptions } from './registry-database.ts';
import { takeLock } from './segment-log/lock.ts';
import type { WriterAnswer, WriterRequest } from './sqlite-registry.worker.ts';

export interface SqliteRegistryOptions extends RegistryDatabaseOptions {
  /** Keys, accounts and settings that may wait for a transaction; a commit past it rejects. Default: 262,144. */
  readonly pendingMax?: number;
}

/** Five seconds of 50,000 keepalives that are all of other keys: a disk that stalls longer makes callers wait too long. */
const PENDING_MAX = 262_144;

interface Batch {
  readonly changes: GatheredChanges;
  /** One promise for all its commits: they become durable together or not at all. */
  readonly done: PromiseWithResolvers<void>;
  commits: number;
}

/**
 * Opens the database, made if it is missing, and locks it for this process. Throws `RegistryStoreError` naming the file and
 * what to do when it is damaged, of a newer schema, or in use.
 */
export async function openSqliteRegistry(file: string, options: SqliteRegistryOptions = {}): Promise<SqliteRegistry> {
  const unlock = await lock(file);
  const registry = new SqliteRegistry(file, options, unlock);
  try {
    await registry.started;
  } catch (error) {
    await registry.close();
    throw error;
  }
  return registry;
}

async function lock(file: string): Promise<() => Promise<void>> {
  try {
    await mkdir(dirname(file), { recursive: true });
    return await takeLock(`${file}.lock`);
  } catch (error) {
    throw new RegistryStoreError((error as Error).message, { cause: error });
  }
}

export class SqliteRegistry implements RegistryStore {
  /** Settles when the writer has opened the file. */
  readonly started: Promise<void>;
  readonly #file: string;
  readonly #pendingMax: number;
  readonly #unlock: () => Promise<void>;
  readonly #writer: Worker;
  /** Who waits for the writer's next answer. */
  #asked: PromiseWithResolvers<void> | undefined;
  #gathering = newBatch();
  #waking = false;
  #inFlight: Promise<void> | undefined;
  #fault: string | undefined;
  /** Why the writer is no more. */
  #dead: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(file: string, { pendingMax, ...options }: SqliteRegistryOptions, unlock: () => Promise<void>) {
    this.#file = file;
    this.#pendingMax = pendingMax ?? PENDING_MAX;
    this.#unlock = unlock;
    this.#writer = new Worker(new URL('./sqlite-registry.worker.ts', import.meta.url).href);
    this.#writer.onmessage = ({ data }: MessageEvent<WriterAnswer>) => this.#answered(data);
    this.#writer.onerror = ({ message }) => this.#died(message);
    this.started = this.#ask({ open: { file, options } });
  }

  /**
   * Undefined while commits succeed. After one that failed it stays until one succeeds; where nobody commits because of
   * it, `commit([])` tries the disk with a row of its own.
   */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Reads on the caller's thread, through a connection of its own: meant for the start, before there is traffic. */
  async load(): Promise<RegistryContents> {
    const database = RegistryDatabase.open(this.#file);
    try {
      return database.load();
    } finally {
      database.close();
    }
  }

  commit(changes: readonly RegistryChange[]): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new RegistryStoreError('the registry is closed'));
    if (changes.length === 0 && this.#fault === undefined) return Promise.resolve();
    const batch = this.#gathering;
    const pending = batch.changes.size;
    // One commit alone may be larger than the bound: a start drops every key that died meanwhile in one.
    if (pending > 0 && pending + changes.length > this.#pendingMax) return Promise.reject(this.#overloaded(pending));
    for (const change of changes) batch.changes.add(change);
    batch.commits += 1;
    if (this.#inFlight === undefined) this.#wake();
    return batch.done.promise;
  }

  /** Commits what was asked before, then releases the file. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    while (this.#inFlight !== undefined || this.#gathering.commits > 0) {
      if (this.#inFlight === undefined) this.#send();
      await this.#inFlight;
    }
    if (this.#dead === undefined) await this.#ask('close');
    this.#writer.terminate();
    await this.#unlock();
  }

  /** Sends at the end of this turn of the event loop, so that what arrived together costs one transaction. */
  #wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      if (this.#inFlight === undefined && this.#gathering.commits > 0) this.#send();
    });
  }

  #send(): void {
    const batch = this.#gathering;
    this.#gathering = newBatch();
    const message = batch.changes.batch();
    this.#inFlight = this.#ask({ batch: message }, [message.deadlines.buffer])
      .then(
        () => {
          this.#fault = undefined;
          batch.done.resolve();
        },
        (error: RegistryStoreError) => {
          this.#fault = error.message;
          batch.done.reject(error);
        },
      )
      .then(() => {
        this.#inFlight = undefined;
        if (this.#gathering.commits > 0) this.#send();
      });
  }

  #ask(request: WriterRequest, transfer: ArrayBuffer[] = []): Promise<void> {
    if (this.#dead !== undefined) return Promise.reject(new RegistryStoreError(this.#dead));
    this.#asked = Promise.withResolvers<void>();
    this.#writer.postMessage(request, transfer);
    return this.#asked.promise;
  }

  #answered(answer: WriterAnswer): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (answer === null) asked?.resolve();
    else asked?.reject(new RegistryStoreError(answer));
  }

  #died(message: string): void {
    this.#dead = `the registry's writer for ${this.#file} stopped (${message}); restart the server`;
    this.#fault = this.#dead;
    this.#answered(this.#dead);
  }

  #overloaded(pending: number): RegistryStoreError {
    return new RegistryStoreError(
      `the registry is overloaded: ${pending} changes already wait for the disk, and at most ${this.#pendingMax} may; retry later`,
    );
  }
}

function newBatch(): Batch {
  return { changes: new GatheredChanges(), done: Promise.withResolvers<void>(), commits: 0 };
}
