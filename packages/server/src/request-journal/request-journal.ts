import type { Clock } from '@listenpost/core';
import { type Entry, type EntryKind, type NewEntry, UNASKED_KINDS } from './entry.ts';
import { eventTypesOf } from './printed-entry.ts';

/** Of what clients and server said, some 60,000 frames: more than a test sends, and nothing that a machine would miss. */
export const JOURNAL_BYTES_MAX = 32 * 1024 * 1024;

/** Of an entry beside its texts. */
const ENTRY_BYTES = 256;

export interface JournalQuery {
  readonly kinds: readonly EntryKind[] | undefined;
  readonly account: string | undefined;
  readonly product: string | undefined;
  readonly connection: string | undefined;
  readonly method: string | undefined;
  /** What the path begins with. */
  readonly path: string | undefined;
  /** Type of a pushed event. */
  readonly event: string | undefined;
  readonly status: number | undefined;
  /** Entries after this number. */
  readonly since: number;
  readonly limit: number;
}

/** What may be told of an entry only once it is known. */
export type Outcome = Partial<
  Pick<Entry, 'account' | 'product' | 'connection' | 'code' | 'body' | 'status' | 'answer' | 'explanation'>
>;

/**
 * The last of what passed between clients and server, in order: a ring bounded in bytes, whose oldest entries make room and
 * are counted. The emulator's alone; the service keeps nothing of the kind.
 */
export class RequestJournal {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #bytesMax: number;
  /** By number, oldest first; numbers have no gaps. */
  readonly #entries = new Map<number, Entry>();
  #next = 1;
  #bytes = 0;
  #dropped = 0;

  constructor(clock: Pick<Clock, 'now'>, bytesMax = JOURNAL_BYTES_MAX) {
    this.#clock = clock;
    this.#bytesMax = bytesMax;
  }

  /** Entries that made room for later ones since the journal was cleared last. */
  get dropped(): number {
    return this.#dropped;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(entry: NewEntry): Entry {
    const added: Entry = {
      ...entry,
      code: entry.code,
      number: this.#next++,
      at: this.#clock.now(),
      body: undefined,
      status: undefined,
      answer: undefined,
      explanation: undefined,
      bytes: 0,
    };
    this.#entries.set(added.number, added);
    this.#measure(added);
    return added;
  }

  complete(entry: Entry, outcome: Outcome): void {
    Object.assign(entry, outcome);
    if (this.#entries.has(entry.number)) this.#measure(entry);
  }

  clear(): number {
    const count = this.#entries.size;
    this.#entries.clear();
    this.#bytes = 0;
    this.#dropped = 0;
    return count;
  }

  /** The oldest entries that fit, up to `limit`; `next`: where to go on, when there may be more. */
  find(query: JournalQuery): { readonly entries: readonly Entry[]; readonly next: number | undefined } {
    const found: Entry[] = [];
    const first = Math.max(query.since + 1, this.#next - this.#entries.size);
    for (let number = first; number < this.#next; number++) {
      const entry = this.#entries.get(number);
      if (entry === undefined || !fits(entry, query)) continue;
      if (found.length === query.limit) return { entries: found, next: found.at(-1)?.number };
      found.push(entry);
    }
    return { entries: found, next: undefined };
  }

  #measure(entry: Entry): void {
    const texts = [entry.path, entry.query, entry.frame, entry.body, entry.answer];
    const bytes = texts.reduce((sum, text) => sum + (text?.length ?? 0), ENTRY_BYTES);
    this.#bytes += bytes - entry.bytes;
    entry.bytes = bytes;
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#entries.values().next().value;
      if (oldest === undefined) return;
      this.#entries.delete(oldest.number);
      this.#bytes -= oldest.bytes;
      this.#dropped++;
    }
  }
}

function fits(entry: Entry, query: JournalQuery): boolean {
  const { kinds, account, product, connection, method, path, event, status } = query;
  if (kinds === undefined ? UNASKED_KINDS.has(entry.kind) : !kinds.includes(entry.kind)) return false;
  if (account !== undefined && entry.account !== account && !entry.streams?.some(of(account))) return false;
  if (product !== undefined && entry.product !== product) return false;
  if (connection !== undefined && entry.connection !== connection) return false;
  if (method !== undefined && entry.method !== method) return false;
  if (path !== undefined && !entry.path?.startsWith(path)) return false;
  if (status !== undefined && entry.status !== status) return false;
  return event === undefined || eventTypesOf(entry).includes(event);
}

const of = (account: string) => (stream: string) => stream.startsWith(`${account}/`);
