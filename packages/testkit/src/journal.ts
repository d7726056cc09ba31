/** What passed between clients and an emulator, as tests ask for it. */
import type { Admin } from './admin.ts';
import { durationMs } from './duration.ts';

export type EntryKind = 'request' | 'handshake' | 'message' | 'push' | 'ping' | 'pong' | 'close' | 'fault';

/** One thing that passed, oldest first; what does not apply is absent. */
export interface JournalEntry {
  readonly id: string;
  /** Of the emulator's clock, ISO. */
  readonly at: string;
  /**
   * request: a REST request and its answer. handshake: of a WebSocket. message: a client's frame and its answer. push: a frame
   * that answers nothing. close: how a connection ended. fault: what a fault did.
   */
  readonly kind: EntryKind;
  readonly from: 'client' | 'server';
  readonly account?: string;
  readonly product?: string;
  readonly connection?: string;
  readonly streams?: readonly string[];
  /** Type of the event that a push carries. */
  readonly event?: string;
  /** HTTP verb, or method of the message. */
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly body?: string;
  readonly status?: number;
  /** The exchange's error code in the answer, or the code of a close. */
  readonly code?: number;
  readonly reason?: string;
  readonly fault?: { readonly id: string; readonly name: string; readonly did: string };
  /** Of a request that was refused with -1022: what was to be signed. */
  readonly explanation?: unknown;
  readonly frame?: unknown;
  readonly answer?: unknown;
}

/** What an entry must be like. All that is given must fit. */
export interface Expectation {
  readonly kind?: EntryKind;
  readonly from?: 'client' | 'server';
  readonly account?: string;
  readonly product?: string;
  readonly connection?: string;
  readonly event?: string;
  readonly method?: string;
  /** The whole path, or what it must match. */
  readonly path?: string | RegExp;
  readonly status?: number;
  readonly code?: number;
  /** Parameters among those of the query or a form body. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Later than so long after the emulator's start ("55m"), or than an instant. */
  readonly after?: string | Date;
  readonly before?: string | Date;
  /** Whatever else it must be. */
  readonly where?: (entry: JournalEntry) => boolean;
}

export interface Received extends Expectation {
  /** Exactly so often. Default: at least once. */
  readonly times?: number;
  /** How long, in ms of machine time, to wait for it. Default 1000: what a client has sent may be on its way. */
  readonly withinMs?: number;
}

const PAGE = 1000;

/** Faked timers stand still. */
const { setTimeout: laterOnMachine } = globalThis;
const LOOK_EVERY_MS = 5;
const WITHIN_MS = 1000;

export class Journal {
  readonly #admin: Admin;
  readonly #startedAt: number;

  constructor(admin: Admin, startedAt: number) {
    this.#admin = admin;
    this.#startedAt = startedAt;
  }

  /** All entries that fit, oldest first. Pings and pongs only where their kind is asked for. */
  async entries(expectation: Expectation = {}): Promise<readonly JournalEntry[]> {
    const { kind, account, product, connection, event, method, status } = expectation;
    const asked = Object.entries({ kind, account, product, connection, event, method, status }).flatMap(
      ([name, value]) => (value === undefined ? [] : [[name, String(value)]]),
    );
    const found: JournalEntry[] = [];
    for (let since: string | undefined; ; ) {
      const page = [...asked, ['limit', String(PAGE)], ['redact', 'false'], ...(since ? [['since', since]] : [])];
      const { entries, next } = (await this.#admin.call('GET', `/journal?${new URLSearchParams(page)}`)) as {
        readonly entries: readonly JournalEntry[];
        readonly next?: string;
      };
      found.push(...entries.filter((entry) => this.#fits(entry, expectation)));
      if (next === undefined) return found;
      since = next;
    }
  }

  /** Waits for the first entry that fits. Rejects where none comes. */
  async next(expectation: Received): Promise<JournalEntry> {
    await this.assertReceived(expectation);
    return (await this.entries(expectation))[0] as JournalEntry;
  }

  /** Forgets all that has passed. */
  async clear(): Promise<void> {
    await this.#admin.call('DELETE', '/journal');
  }

  async assertReceived(received: Received): Promise<void> {
    const verdict = await this.verdict(received);
    if (!verdict.pass) throw new ReceivedError(verdict.message);
  }

  /** Rejects where anything that fits has passed by now. */
  async assertNotReceived(expectation: Expectation): Promise<void> {
    const verdict = await this.verdict({ ...expectation, withinMs: 0 });
    if (verdict.pass) throw new ReceivedError(verdict.message);
  }

  /** What matchers tell. `message` says the opposite of what was hoped for. */
  async verdict(received: Received): Promise<{ readonly pass: boolean; readonly message: string }> {
    const { times, withinMs = WITHIN_MS, ...expectation } = received;
    const deadline = performance.now() + withinMs;
    const enough = times ?? 1;
    let found = await this.entries(expectation);
    while (found.length < enough && performance.now() < deadline) {
      await new Promise<void>((resolve) => void laterOnMachine(resolve, LOOK_EVERY_MS));
      found = await this.entries(expectation);
    }
    const pass = times === undefined ? found.length > 0 : found.length === times;
    if (pass) return { pass, message: `received ${printed(received)}:\n${lines(found)}` };
    const wanted = times === undefined ? '' : ` ${times} times, but ${found.length}`;
    const told = [`did not receive ${printed(received)}${wanted}.`, ...(await this.#instead(expectation))];
    return { pass, message: told.join('\n') };
  }

  /** What was like it in all but its time and outcome, and what came last. */
  async #instead({ kind, method, path, account }: Expectation): Promise<readonly string[]> {
    const like = {
      ...(method && { method }),
      ...(path && { path }),
      ...(account && { account }),
      ...(kind && { kind }),
    };
    const all = await this.entries();
    if (all.length === 0) return ['Nothing was received at all.'];
    const near = await this.entries(like);
    const likeIt = near.length === 0 ? [] : ['Like it there were:', lines(near.slice(-SHOWN_MAX))];
    return [...likeIt, 'Last there were:', lines(all.slice(-LAST_SHOWN))];
  }

  #fits(entry: JournalEntry, { path, from, code, parameters, after, before, where }: Expectation): boolean {
    if (path !== undefined && !pathFits(entry.path ?? '', path)) return false;
    if (from !== undefined && entry.from !== from) return false;
    if (code !== undefined && entry.code !== code) return false;
    const at = Date.parse(entry.at);
    if (after !== undefined && at <= this.#instant(after)) return false;
    if (before !== undefined && at >= this.#instant(before)) return false;
    if (parameters !== undefined && !parametersFit(entry, parameters)) return false;
    return where === undefined || where(entry);
  }

  #instant(when: string | Date): number {
    return typeof when === 'string' ? this.#startedAt + durationMs(when) : when.getTime();
  }
}

const SHOWN_MAX = 20;
/** Enough to see what a client was told before it did nothing. */
const LAST_SHOWN = 8;

const pathFits = (path: string, wanted: string | RegExp): boolean =>
  typeof wanted === 'string' ? path === wanted : wanted.test(path);

function parametersFit(entry: JournalEntry, wanted: Readonly<Record<string, string>>): boolean {
  const given = new URLSearchParams(`${entry.query ?? ''}&${entry.body ?? ''}`);
  return Object.entries(wanted).every(([name, value]) => given.getAll(name).includes(value));
}

const printed = (received: Received): string =>
  JSON.stringify(received, (_name, value: unknown) => (value instanceof RegExp ? String(value) : value));

const lines = (entries: readonly JournalEntry[]): string => entries.map((entry) => `  ${line(entry)}`).join('\n');

function line({ at, kind, from, method, path, event, status, code, reason, fault }: JournalEntry): string {
  // A listenKey is whole in no log, and says nothing to who reads one.
  const shown = path?.replace(/[A-Za-z0-9]{48,}/g, (key) => `${key.slice(0, 6)}…`);
  const words = [
    at,
    from,
    kind,
    method,
    shown,
    event,
    status && `→ ${status}`,
    code && `(${code})`,
    reason,
    fault?.did,
  ];
  return words.filter((word) => word !== undefined && word !== '').join(' ');
}

/** What test runners show as a failed assertion, and not as a crash. */
class ReceivedError extends Error {
  readonly code = 'ERR_ASSERTION';

  constructor(message: string) {
    super(message);
    this.name = 'AssertionError';
  }
}
