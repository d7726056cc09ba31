/**
 * The venue's disk: what is written becomes durable a while later, in the order it was written. A venue that is killed keeps
 * what had become durable, and of the rest as much from the front as chance has it: written, and answered to nobody.
 */
import type {
  AppendResult,
  Journal,
  JournalRecord,
  JournalSlice,
  NewEvent,
  Receipt,
  RegistryChange,
  RegistryContents,
  RegistryStore,
} from '@listenpost/core';
import type { Position } from '@listenpost/protocol';
import type { SeededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import type { Universe } from './universe.ts';

interface Write {
  /** Makes it durable, and answers who asked for it. */
  apply(): void;
  /** Makes it durable, and answers nobody: who asked is gone. */
  keep(): void;
}

class Disk {
  readonly #universe: Universe;
  readonly #random: SeededRandom;
  #latencyMsMax = 12;
  #waiting: Write[] = [];
  #doneAt = 0;

  constructor(universe: Universe, random: SeededRandom) {
    this.#universe = universe;
    this.#random = random;
  }

  set latencyMsMax(ms: number) {
    this.#latencyMsMax = ms;
  }

  get #latencyMs(): number {
    return 1 + this.#random.below(this.#latencyMsMax);
  }

  write<T>(act: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const write = {
        apply: () => {
          act().then(resolve, reject);
        },
        keep: () => {
          act().catch(() => undefined);
        },
      };
      this.#waiting.push(write);
      this.#doneAt = Math.max(this.#doneAt, this.#universe.now() + this.#latencyMs);
      this.#universe.at(this.#doneAt, () => {
        if (this.#waiting[0] !== write) return;
        this.#waiting.shift();
        write.apply();
      });
    });
  }

  read<T>(act: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#universe.after(this.#latencyMs, () => {
        act().then(resolve, reject);
      });
    });
  }

  /** What waits is written, as at a planned end. */
  flush(): void {
    for (const write of this.#waiting.splice(0)) write.apply();
  }

  kill(): void {
    const kept = this.#random.below(this.#waiting.length + 1);
    for (const write of this.#waiting.splice(0).slice(0, kept)) write.keep();
  }
}

export class SlowJournal implements Journal {
  readonly disk: Disk;
  readonly #journal: Journal;

  constructor(journal: Journal, universe: Universe, random: SeededRandom) {
    this.#journal = journal;
    this.disk = new Disk(universe, random);
  }

  get fault(): string | undefined {
    return this.#journal.fault;
  }

  append(events: readonly NewEvent[], receipt?: Receipt): Promise<AppendResult> {
    return this.disk.write(() => this.#journal.append(events, receipt));
  }

  producerMark(producer: string): number {
    return this.#journal.producerMark(producer);
  }

  head(stream: string): Position | undefined {
    return this.#journal.head(stream);
  }

  begin(stream: string): Promise<Position> {
    return this.disk.write(() => this.#journal.begin(stream));
  }

  read(stream: string, from: number, limit: number, bytesMax?: number): Promise<JournalSlice | undefined> {
    return this.disk.read(() => this.#journal.read(stream, from, limit, bytesMax));
  }

  onCommitted(listener: (records: readonly JournalRecord[]) => void): void {
    this.#journal.onCommitted(listener);
  }

  retain(): Promise<void> {
    return this.#journal.retain();
  }

  close(): Promise<void> {
    return this.#journal.close();
  }
}

export class SlowRegistry implements RegistryStore {
  readonly disk: Disk;
  readonly #store: RegistryStore;

  constructor(store: RegistryStore, universe: Universe, random: SeededRandom) {
    this.#store = store;
    this.disk = new Disk(universe, random);
  }

  get fault(): string | undefined {
    return this.#store.fault;
  }

  load(): Promise<RegistryContents> {
    return this.#store.load();
  }

  commit(changes: readonly RegistryChange[]): Promise<void> {
    return this.disk.write(() => this.#store.commit(changes));
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
