/**
 * What goes on at a server that may be killed at any moment: each actor works until the server is gone, keeps book of what
 * it was promised, and afterwards holds the next server to it.
 */
import { expect } from 'bun:test';
import type { SeededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import type { UnderTest } from './under-test.ts';

export interface Actor {
  /** Works until the server is gone; `acknowledged` after each promise. */
  work(service: UnderTest, acknowledged: () => void): Promise<void>;
  /** Throws unless the server that came after keeps what the one before promised. */
  check(service: UnderTest, journal: HeldJournal): Promise<void>;
}

export interface HeldEvent {
  readonly position: string;
  readonly id: string;
}

/** Stream → all its events, oldest first. */
export type HeldJournal = ReadonlyMap<string, readonly HeldEvent[]>;

/** The whole journal by the admin API, numbered from 1 without a gap in each stream, and no event there twice. */
export async function heldJournal(service: UnderTest, streams: readonly string[]): Promise<HeldJournal> {
  const journal = new Map<string, HeldEvent[]>();
  for (const stream of streams) journal.set(stream, await eventsOf(service, stream));
  for (const [stream, events] of journal) {
    const [epoch] = (events[0]?.position ?? '').split(':');
    expect(events.map(({ position }) => position)).toEqual(events.map((_event, at) => `${epoch}:${at + 1}`));
    expect([stream, new Set(events.map(({ id }) => id)).size]).toEqual([stream, events.length]);
  }
  return journal;
}

async function eventsOf(service: UnderTest, stream: string): Promise<HeldEvent[]> {
  const events: HeldEvent[] = [];
  for (let from: string | undefined = ''; from !== undefined; ) {
    const { status, body } = await service.admin('GET', `/admin/v1/streams/${stream}/events?limit=1000${from}`);
    expect(status).toBe(200);
    const page = body as { events: { position: string; event: { id: string } }[]; next?: string };
    for (const { position, event } of page.events) events.push({ position, id: event.id });
    from = page.next && `&from=${page.next}`;
  }
  return events;
}

/** Whether the server still answered: a fetch to one that was killed rejects. */
const goneOr = <Answer>(answer: Promise<Answer>): Promise<Answer | undefined> => answer.catch(() => undefined);

export interface NewLine {
  readonly stream: string;
  readonly id: string;
}

function lineText({ stream, id }: NewLine, n?: number): string {
  const [account, scope] = stream.split('/');
  const event = { e: 'ACCOUNT_CONFIG_UPDATE', E: 1791000047004, T: 1791000047000, ac: { s: 'BTCUSDT', l: 8 }, id };
  return JSON.stringify({ account, scope, ...(n === undefined ? {} : { n }), event });
}

interface AcceptedBody {
  readonly accepted: number;
  readonly duplicates?: number;
  readonly last: Readonly<Record<string, string>>;
}

/** Lines that were sent as one body, and what was promised of them. */
interface Batch {
  readonly lines: readonly NewLine[];
  readonly firstN: number;
  answer?: AcceptedBody;
}

/** Makes batches of one producer, whose ids grow in every stream. */
class Batches {
  readonly #name: string;
  readonly #random: SeededRandom;
  readonly #streams: readonly string[];
  #made = 0;

  constructor(name: string, random: SeededRandom, streams: readonly string[]) {
    this.#name = name;
    this.#random = random;
    this.#streams = streams;
  }

  next(): Batch {
    const firstN = this.#made + 1;
    const lines = Array.from({ length: 1 + this.#random.below(12) }, () => ({
      stream: this.#random.pick(this.#streams),
      id: `${this.#name}-${++this.#made}`,
    }));
    return { lines, firstN };
  }

  /** This producer's events stand in every stream in the order it sent them. */
  checkOrder(journal: HeldJournal): void {
    for (const events of journal.values()) {
      const own = events.map(({ id }) => id).filter((id) => id.startsWith(`${this.#name}-`));
      const numbers = own.map((id) => Number(id.slice(this.#name.length + 1)));
      expect(numbers).toEqual([...numbers].sort((left, right) => left - right));
    }
  }
}

function idsOf(journal: HeldJournal): ReadonlySet<string> {
  return new Set([...journal.values()].flatMap((events) => events.map(({ id }) => id)));
}

/** Every line is there, and each stream's last one at the position that the answer named. */
function checkKept({ lines, answer }: Batch, held: ReadonlySet<string>, journal: HeldJournal): void {
  const lost = lines.filter(({ id }) => !held.has(id));
  expect(lost).toEqual([]);
  for (const [stream, position] of Object.entries(answer?.last ?? {})) {
    const sequence = Number(position.split(':')[1]);
    const last = lines.findLast((line) => line.stream === stream);
    expect(journal.get(stream)?.[sequence - 1]).toEqual({ position, id: last?.id ?? '' });
  }
}

/** Posts batches. Without an Idempotency-Key what had no answer may be there or not, but only as a whole. */
export class HttpProducer implements Actor {
  readonly #batches: Batches;
  readonly #acknowledged: Batch[] = [];
  readonly #uncertain: Batch[] = [];

  constructor(name: string, random: SeededRandom, streams: readonly string[]) {
    this.#batches = new Batches(name, random, streams);
  }

  async work(service: UnderTest, acknowledged: () => void): Promise<void> {
    for (;;) {
      const batch = this.#batches.next();
      const answer = await goneOr(posted(service, batch));
      if (answer === undefined) {
        this.#uncertain.push(batch);
        return;
      }
      batch.answer = answer.body;
      this.#acknowledged.push(batch);
      acknowledged();
    }
  }

  async check(_service: UnderTest, journal: HeldJournal): Promise<void> {
    const held = idsOf(journal);
    for (const batch of this.#acknowledged) checkKept(batch, held, journal);
    for (const { lines } of this.#uncertain) {
      const kept = lines.filter(({ id }) => held.has(id)).length;
      expect([0, lines.length]).toContain(kept);
    }
    this.#batches.checkOrder(journal);
  }
}

/** Posts batches under Idempotency-Keys and sends again what had no answer, and at times what had one. */
export class RetryingProducer implements Actor {
  readonly #name: string;
  readonly #random: SeededRandom;
  readonly #batches: Batches;
  readonly #acknowledged: Batch[] = [];
  #pending: Batch | undefined;

  constructor(name: string, random: SeededRandom, streams: readonly string[]) {
    this.#name = name;
    this.#random = random;
    this.#batches = new Batches(name, random, streams);
  }

  async work(service: UnderTest, acknowledged: () => void): Promise<void> {
    for (;;) {
      this.#pending ??= this.#batches.next();
      if (!(await this.#send(service, this.#pending))) return;
      this.#acknowledged.push(this.#pending);
      this.#pending = undefined;
      acknowledged();
    }
  }

  async check(service: UnderTest, journal: HeldJournal): Promise<void> {
    const held = idsOf(journal);
    for (const batch of this.#acknowledged) checkKept(batch, held, journal);
    this.#batches.checkOrder(journal);
    for (let again = 0; again < 5 && this.#acknowledged.length > 0; again++) {
      const { lines, firstN, answer } = this.#random.pick(this.#acknowledged);
      const repeated = await posted(service, { lines, firstN }, this.#keyOf(firstN));
      expect(repeated).toEqual({ body: answer as AcceptedBody, replayed: true });
    }
  }

  async #send(service: UnderTest, batch: Batch): Promise<boolean> {
    const answer = await goneOr(posted(service, batch, this.#keyOf(batch.firstN)));
    if (answer !== undefined) batch.answer = answer.body;
    return answer !== undefined;
  }

  #keyOf(firstN: number): string {
    return `${this.#name} batch ${firstN}`;
  }
}

async function posted(
  service: UnderTest,
  { lines }: Batch,
  idempotencyKey?: string,
): Promise<{ body: AcceptedBody; replayed: boolean }> {
  const response = await fetch(`${service.running.urls.admin}/admin/v1/events`, {
    method: 'POST',
    body: lines.map((line) => lineText(line)).join('\n'),
    headers: {
      'Content-Type': 'application/x-ndjson',
      ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
    },
  });
  const body = (await response.json()) as AcceptedBody;
  expect({ status: response.status, accepted: body.accepted }).toEqual({ status: 200, accepted: lines.length });
  return { body, replayed: response.headers.get('idempotent-replayed') === 'true' };
}

/** Messages that may be unanswered at once. */
const WINDOW = 16;

/** Streams counted lines over a WebSocket, many messages ahead of the answers; what had none is sent again, in order. */
export class StreamingProducer implements Actor {
  readonly #name: string;
  readonly #random: SeededRandom;
  readonly #batches: Batches;
  readonly #acknowledged: Batch[] = [];
  #unanswered: Batch[] = [];

  constructor(name: string, random: SeededRandom, streams: readonly string[]) {
    this.#name = name;
    this.#random = random;
    this.#batches = new Batches(name, random, streams);
  }

  async work(service: UnderTest, acknowledged: () => void): Promise<void> {
    const url = `${service.running.urls.admin.replace('http', 'ws')}/admin/v1/ingest?producer=${this.#name}`;
    const socket = new WebSocket(url);
    const gone = new Promise<void>((resolve) => {
      socket.onclose = () => resolve();
    });
    socket.onopen = () => {
      const behind = this.#stale();
      const again = this.#unanswered;
      this.#unanswered = behind === undefined ? again : [behind, ...again];
      for (const batch of this.#unanswered) socket.send(messageOf(batch));
      this.#fill(socket);
    };
    let fault: unknown;
    socket.onmessage = ({ data }) => {
      try {
        this.#answered(JSON.parse(String(data)) as AcceptedBody);
        acknowledged();
        this.#fill(socket);
      } catch (cause) {
        fault ??= cause;
        socket.close();
      }
    };
    await gone;
    if (fault !== undefined) throw new Error('the producer failed', { cause: fault });
  }

  async check(_service: UnderTest, journal: HeldJournal): Promise<void> {
    const held = idsOf(journal);
    for (const batch of this.#acknowledged) checkKept(batch, held, journal);
    this.#batches.checkOrder(journal);
  }

  #fill(socket: WebSocket): void {
    while (this.#unanswered.length < WINDOW) {
      const batch = this.#batches.next();
      this.#unanswered.push(batch);
      socket.send(messageOf(batch));
    }
  }

  #answered(answer: AcceptedBody): void {
    const batch = this.#unanswered.shift();
    if (batch === undefined) throw new Error(`an answer to nothing: ${JSON.stringify(answer)}`);
    expect({ ...answer, accepted: answer.accepted }).toMatchObject({ accepted: batch.lines.length });
    if (batch.answer !== undefined) {
      expect(answer.duplicates).toBe(batch.lines.length);
      return;
    }
    batch.answer = answer;
    this.#acknowledged.push(batch);
  }

  /** One that was answered long ago: a producer that lost its own book sends it again. */
  #stale(): Batch | undefined {
    return this.#acknowledged.length > 0 && this.#random.below(2) === 0
      ? this.#random.pick(this.#acknowledged)
      : undefined;
  }
}

const messageOf = ({ lines, firstN }: Batch): string => lines.map((line, at) => lineText(line, firstN + at)).join('\n');

/** Reads one stream by a key that was made once: it must open the stream at every server that comes. */
export class Listener implements Actor {
  readonly #stream: string;
  readonly #path: string;
  /** What came over each connection, in order. */
  readonly #lives: string[][] = [];

  constructor(stream: string, path: string) {
    this.#stream = stream;
    this.#path = path;
  }

  async work(service: UnderTest): Promise<void> {
    const ids: string[] = [];
    this.#lives.push(ids);
    const socket = new WebSocket(service.running.urls.http.replace('http', 'ws') + this.#path);
    socket.onmessage = ({ data }) => {
      ids.push((JSON.parse(String(data)) as { id: string }).id);
    };
    await new Promise<void>((resolve) => {
      socket.onclose = () => resolve();
    });
  }

  /** What a connection saw is one unbroken piece of what the journal holds. */
  async check(_service: UnderTest, journal: HeldJournal): Promise<void> {
    const held = (journal.get(this.#stream) ?? []).map(({ id }) => id);
    for (const ids of this.#lives) {
      const start = ids[0] === undefined ? 0 : held.indexOf(ids[0]);
      expect(held.slice(start, start + ids.length)).toEqual(ids);
    }
  }

  get delivered(): number {
    return this.#lives.reduce((sum, ids) => sum + ids.length, 0);
  }
}

interface ResumedFrame {
  readonly resume?: { readonly position: string; readonly recovered?: boolean };
  readonly data?: { readonly id: string };
  readonly position?: string;
}

/** Reads one stream and comes back each time with the last position it has: it must get every event once, in order. */
export class ResumingListener implements Actor {
  readonly #random: SeededRandom;
  readonly #stream: string;
  readonly #path: string;
  /** From the stream's beginning. */
  readonly #ids: string[] = [];
  #position = 'latest';
  recoveries = 0;

  constructor(random: SeededRandom, stream: string, path: string) {
    this.#random = random;
    this.#stream = stream;
    this.#path = path;
  }

  async work(service: UnderTest): Promise<void> {
    await this.#read(service, () => false);
  }

  /** Before the first event. */
  async begin(service: UnderTest): Promise<void> {
    await this.#read(service, () => this.#position !== 'latest');
    expect(this.#position).toEndWith(':0');
  }

  /** At times it catches up at once; at others the next server's events come on top. */
  async check(service: UnderTest, journal: HeldJournal): Promise<void> {
    const held = journal.get(this.#stream) ?? [];
    if (this.#random.below(2) === 0) await this.finish(service, journal);
    expect(this.#ids).toEqual(held.slice(0, this.#ids.length).map(({ id }) => id));
    if (this.#ids.length > 0) expect(this.#position).toBe(held[this.#ids.length - 1]?.position ?? 'lost');
  }

  async finish(service: UnderTest, journal: HeldJournal): Promise<void> {
    const held = journal.get(this.#stream) ?? [];
    await this.#read(service, () => this.#ids.length >= held.length);
    expect(this.#ids).toEqual(held.map(({ id }) => id));
  }

  /** Until `done`, once the verdict is there, or until the server is gone. */
  async #read(service: UnderTest, done: () => boolean): Promise<void> {
    const socket = new WebSocket(`${service.running.urls.http.replace('http', 'ws')}${this.#path}${this.#position}`);
    let fault: unknown;
    socket.onmessage = ({ data }) => {
      try {
        this.#take(JSON.parse(String(data)) as ResumedFrame);
      } catch (cause) {
        fault ??= cause;
      }
      if (fault !== undefined || done()) socket.close();
    };
    await new Promise<void>((resolve) => {
      socket.onclose = () => resolve();
    });
    if (fault !== undefined) throw new Error('the resuming listener failed', { cause: fault });
  }

  #take({ resume, data, position }: ResumedFrame): void {
    if (resume === undefined) {
      if (data === undefined || position === undefined) throw new Error('neither a verdict nor an event');
      this.#ids.push(data.id);
      this.#position = position;
      return;
    }
    if (this.#position !== 'latest') {
      expect(resume).toEqual({ position: this.#position, recovered: true });
      this.recoveries++;
    }
    this.#position = resume.position;
  }
}

export interface KeyRow {
  readonly account: string;
  readonly scope: string;
  readonly expiresAt: string;
}

const VALIDITY_MS = 60 * 60_000;

/** What one may expect of a stream's key: alive with a deadline between two instants, or dead. */
interface KeyState {
  readonly key: string;
  readonly deadlineFrom: number;
  readonly deadlineTo: number;
}

type Operation = 'POST' | 'PUT' | 'DELETE';

/** Starts, keeps alive and closes the key of one stream. */
export class KeyHolder implements Actor {
  readonly #random: SeededRandom;
  readonly #account: string;
  readonly #apiKey: string;
  readonly #scope: string;
  readonly #path: string;
  #live: KeyState | null = null;
  /** Asked for and not answered when the server went, with the instant. */
  #open: { readonly operation: Operation; readonly askedAt: number } | undefined;
  readonly #dead = new Set<string>();

  constructor(random: SeededRandom, account: string, apiKey: string, scope: string, path: string) {
    this.#random = random;
    this.#account = account;
    this.#apiKey = apiKey;
    this.#scope = scope;
    this.#path = path;
  }

  async work(service: UnderTest, acknowledged: () => void): Promise<void> {
    for (;;) {
      const operation = this.#live === null ? 'POST' : this.#random.pick(['POST', 'PUT', 'PUT', 'DELETE'] as const);
      if (!(await this.#ask(service, operation))) return;
      acknowledged();
    }
  }

  async #ask(service: UnderTest, operation: Operation): Promise<boolean> {
    const askedAt = Date.now();
    this.#open = { operation, askedAt };
    const named = operation === 'PUT' ? `?listenKey=${this.#live?.key}` : '';
    const answer = await goneOr(service.rest(operation, this.#path + named, this.#apiKey));
    if (answer === undefined) return false;
    this.#open = undefined;
    expect({ operation, ...answer }).toMatchObject({ status: 200 });
    const before = this.#live?.key;
    if (operation === 'DELETE') {
      if (before !== undefined) this.#dead.add(before);
      this.#live = null;
      return true;
    }
    const key = operation === 'POST' ? (answer.body as { listenKey: string }).listenKey : (before ?? '');
    if (before !== undefined) expect(key).toBe(before);
    expect(this.#dead.has(key)).toBe(false);
    this.#live = { key, deadlineFrom: askedAt + VALIDITY_MS, deadlineTo: Date.now() + VALIDITY_MS };
    return true;
  }

  /** Looks at the deadline first: asking for the key would move it. */
  async check(service: UnderTest): Promise<void> {
    const row = await this.#row(service);
    const { operation, askedAt } = this.#open ?? {};
    const was = this.#live;
    if (row === undefined) {
      if (was !== null) expect(operation).toBe('DELETE');
    } else {
      if (was === null) expect(operation).toBe('POST');
      const deadline = Date.parse(row.expiresAt);
      const moved = operation !== undefined && operation !== 'DELETE' && askedAt !== undefined;
      const to = moved ? Date.now() + VALIDITY_MS : (was?.deadlineTo ?? 0);
      expect(deadline).toBeGreaterThanOrEqual(was?.deadlineFrom ?? (askedAt ?? 0) + VALIDITY_MS);
      expect(deadline).toBeLessThanOrEqual(to);
    }
    this.#open = undefined;
    if (row === undefined) {
      if (was !== null) this.#dead.add(was.key);
      this.#live = null;
    }
    expect(await this.#ask(service, 'POST')).toBe(true);
  }

  async #row(service: UnderTest): Promise<KeyRow | undefined> {
    const { body } = await service.admin('GET', `/admin/v1/keys?limit=1000&account=${this.#account}`);
    return (body as { keys: KeyRow[] }).keys.find(({ scope }) => scope === this.#scope);
  }
}

/** Puts, replaces and deletes one account. */
export class AccountOwner implements Actor {
  readonly #random: SeededRandom;
  readonly #id: string;
  #made = 0;
  /** The API key in force; null while there is no such account. */
  #apiKey: string | null = null;
  /** What was asked for and not answered when the server went. */
  #open: string | null | undefined;

  constructor(random: SeededRandom, id: string) {
    this.#random = random;
    this.#id = id;
  }

  async work(service: UnderTest, acknowledged: () => void): Promise<void> {
    for (;;) {
      const wanted = this.#apiKey !== null && this.#random.below(3) === 0 ? null : this.#nextApiKey();
      this.#open = wanted;
      const answer = await goneOr(this.#set(service, wanted));
      if (answer === undefined) return;
      expect([200, 201]).toContain(answer.status);
      this.#apiKey = wanted;
      this.#open = undefined;
      acknowledged();
    }
  }

  async check(service: UnderTest): Promise<void> {
    const possible = this.#open === undefined ? [this.#apiKey] : [this.#apiKey, this.#open];
    const found: (string | null)[] = [];
    for (const apiKey of possible) if (apiKey !== null && (await works(service, apiKey))) found.push(apiKey);
    if (found.length === 0) found.push(null);
    expect(found).toHaveLength(1);
    expect(possible).toContain(found[0] as string | null);
    this.#apiKey = found[0] ?? null;
    this.#open = undefined;
  }

  #set(service: UnderTest, apiKey: string | null) {
    const path = `/admin/v1/accounts/${this.#id}`;
    if (apiKey === null) return service.admin('DELETE', path);
    return service.admin('PUT', path, { apiKeys: [{ apiKey, type: 'HMAC', secret: `secret of ${apiKey}` }] });
  }

  #nextApiKey(): string {
    return `${this.#id}x${++this.#made}x`.padEnd(64, 'K');
  }
}

async function works(service: UnderTest, apiKey: string): Promise<boolean> {
  const { status, body } = await service.rest('POST', '/fapi/v1/listenKey', apiKey);
  if (status !== 200) expect(body).toMatchObject({ code: -2015 });
  return status === 200;
}
