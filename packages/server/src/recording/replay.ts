/**
 * A recording, played again to whoever listens: its events reach one stream in the recorder's time, connections are cut where
 * the venue cut them, and what the venue answered about the account is answered again.
 *
 * Keys, tokens and sessions are the emulator's own: a client that is not the one that was recorded asks for other things at
 * other times, and must be answered all the same.
 */
import { admitEvent, type Clock, type Connection, type House, type Timer } from '@listenpost/core';
import { eventRow, parseExact, printExact, productOfScope } from '@listenpost/protocol';
import type { Answer, Intermediary, Visit } from '../edge/intermediary.ts';
import type { Recording, RestLine } from './format.ts';

/** How much faster than it was recorded; Infinity: as fast as it can be made durable. */
export type Speed = number;

type Moment =
  | { readonly at: number; readonly kind: 'event'; readonly body: string; readonly event: unknown }
  | { readonly at: number; readonly kind: 'cut' };

export interface ReplayOptions {
  readonly house: House;
  readonly clock: Clock;
  readonly recording: Recording;
  readonly account: string;
  readonly speed: Speed;
}

export interface ReplayState {
  readonly account: string;
  readonly scope: string;
  readonly moments: number;
  readonly played: number;
  readonly over: boolean;
  /** Why it ended before its end. */
  readonly fault?: string;
}

/** In machine time. */
const LOOK_EVERY_MS = 20;

/** Events of one commit at the highest speed. */
const BATCH = 100;

export class Replay {
  readonly #options: ReplayOptions;
  readonly #moments: readonly Moment[];
  readonly #answers: ReadonlyMap<string, readonly RestLine[]>;
  readonly #ended = Promise.withResolvers<void>();
  #beganAt: number | undefined;
  #played = 0;
  #over = false;
  #fault: string | undefined;
  #timer: Timer | undefined;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#moments = momentsOf(options.recording);
    this.#answers = answersOf(options.recording);
  }

  get state(): ReplayState {
    return {
      account: this.#options.account,
      scope: this.#options.recording.header.scope,
      moments: this.#moments.length,
      played: this.#played,
      over: this.#over,
      ...(this.#fault === undefined ? {} : { fault: this.#fault }),
    };
  }

  get stream(): string {
    return `${this.#options.account}/${this.#options.recording.header.scope}`;
  }

  /** Settles when all was played, or it was stopped. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  begin(): void {
    this.#beganAt = this.#options.clock.now();
    if (Number.isFinite(this.#options.speed)) this.#next();
    else
      this.#all().then(
        () => this.stop(),
        (cause: unknown) => this.#failed(cause),
      );
  }

  /** At the first instant at which somebody reads the stream, or `stop`. */
  beginWhenHeard(): void {
    const look = setInterval(() => {
      if (!this.#over && !this.#readers().next().done) this.begin();
      if (this.#over || this.#beganAt !== undefined) clearInterval(look);
    }, LOOK_EVERY_MS);
    look.unref();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#over = true;
    this.#ended.resolve();
  }

  /** What the venue had answered last by now, or first after that; undefined where it was never asked. */
  answer(method: string, path: string): RestLine | undefined {
    const told = this.#answers.get(`${method} ${path}`);
    const { clock, speed } = this.#options;
    const place = this.#beganAt === undefined ? 0 : (clock.now() - this.#beganAt) * speed;
    return told?.findLast(({ at }) => at <= place) ?? told?.[0];
  }

  #next(): void {
    const moment = this.#moments[this.#played];
    if (moment === undefined || this.#over) return this.stop();
    const { clock, speed } = this.#options;
    const due = Math.ceil((this.#beganAt ?? 0) + moment.at / speed);
    // The clock waits for what the timer began, so that the moments of one advance come in their order.
    this.#timer = clock.at(due, () =>
      this.#play(this.#moments.slice(this.#played, this.#played + 1)).then(
        () => this.#next(),
        (cause: unknown) => this.#failed(cause),
      ),
    );
  }

  async #all(): Promise<void> {
    while (this.#played < this.#moments.length && !this.#over) {
      const rest = this.#moments.slice(this.#played, this.#played + BATCH);
      const cut = rest.findIndex(({ kind }) => kind === 'cut');
      await this.#play(cut <= 0 ? rest.slice(0, cut === 0 ? 1 : BATCH) : rest.slice(0, cut));
    }
  }

  /** Events, or one cut. */
  async #play(moments: readonly Moment[]): Promise<void> {
    const { house, account, recording } = this.#options;
    const { scope } = recording.header;
    this.#played += moments.length;
    const events = moments.flatMap((each) =>
      // What a venue sent is what it sends, whether or not our rows know it.
      each.kind === 'event' ? [admitEvent(house, account, scope, each.body, each.event, 'off')] : [],
    );
    if (events.length > 0) await house.journal.append(events);
    else this.#cut();
  }

  #cut(): void {
    for (const connection of [...this.#readers()]) connection.end('endedByAdmin');
  }

  *#readers(): Generator<Connection> {
    for (const connection of this.#options.house.connections) {
      if (connection.info().subscriptions.some(({ stream }) => stream === this.stream)) yield connection;
    }
  }

  #failed(cause: unknown): void {
    this.#fault = cause instanceof Error ? cause.message : String(cause);
    this.stop();
  }
}

/** What reached the recorder, once: of connections that overlapped, the second's copies are left out. */
function momentsOf({ header, lines }: Recording): Moment[] {
  const product = productOfScope(header.scope);
  const heardOn = new Map<string, number>();
  return lines.flatMap((line): Moment[] => {
    if (line.kind === 'close' && line.by === 'venue') return [{ at: line.at, kind: 'cut' }];
    if (line.kind !== 'receive') return [];
    const event = eventIn(line.frame);
    if (event === undefined || product === undefined || eventRow(product.id, event.e)?.system) return [];
    if (eventRow(product.id, event.e) === undefined && SYSTEM_EVENTS.has(event.e)) return [];
    const body = printExact(event);
    const first = heardOn.get(body) ?? line.connection;
    heardOn.set(body, first);
    return first === line.connection ? [{ at: line.at, kind: 'event', body, event: JSON.parse(body) }] : [];
  });
}

/** The connection's own, on products that have no row of them. */
const SYSTEM_EVENTS: ReadonlySet<string> = new Set(['listenKeyExpired', 'eventStreamTerminated', 'serverShutdown']);

/** The event of a frame, whatever stands around it. */
function eventIn(frame: string): { readonly e: string } | undefined {
  const message = membersOf(parsedExact(frame));
  return [message, membersOf(message?.['data']), membersOf(message?.['event'])].find(isEvent);
}

const isEvent = (value: Readonly<Record<string, unknown>> | undefined): value is { readonly e: string } =>
  typeof value?.['e'] === 'string';

function parsedExact(frame: string): unknown {
  try {
    return parseExact(frame);
  } catch {
    return undefined;
  }
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;

function answersOf({ lines }: Recording): ReadonlyMap<string, readonly RestLine[]> {
  const answers = new Map<string, RestLine[]>();
  for (const line of lines) {
    if (line.kind !== 'rest' || line.status === undefined) continue;
    const name = `${line.method} ${line.path}`;
    answers.set(name, [...(answers.get(name) ?? []), line]);
  }
  return answers;
}

/** Recordings that play at once: one for each stream of a test, and some. */
const REPLAYS_MAX = 100;

export class ReplayError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ReplayError';
  }
}

/** All replays of an emulator. Stands before its own answers about accounts. */
export class Replays implements Intermediary {
  readonly #house: () => House;
  readonly #clock: Clock;
  readonly #replays: Replay[] = [];

  constructor(doors: { readonly house: () => House; readonly clock: Clock }) {
    this.#house = doors.house;
    this.#clock = doors.clock;
  }

  get states(): readonly ReplayState[] {
    return this.#replays.map(({ state }) => state);
  }

  /** @throws ReplayError where the account has no such stream. */
  add(recording: Recording, account: string, speed: Speed): Replay {
    const house = this.#house();
    const { scope } = recording.header;
    if (house.accounts.get(account)?.place(scope, house.knownSymbols) === undefined) {
      throw new ReplayError(`account: "${account}" has no stream ${scope}, which the recording is of`);
    }
    if (this.#replays.length >= REPLAYS_MAX) {
      throw new ReplayError(`there are ${REPLAYS_MAX} replays already; DELETE them first`);
    }
    const replay = new Replay({ house, clock: this.#clock, recording, account, speed });
    this.#replays.push(replay);
    return replay;
  }

  removeAll(): number {
    const removed = this.#replays.splice(0);
    for (const replay of removed) replay.stop();
    return removed.length;
  }

  visit(visit: Visit, serve: () => Answer | Promise<Answer>): Answer | Promise<Answer> {
    return this.#recorded(visit) ?? serve();
  }

  hearing: Intermediary['hearing'] = (_connection, _visit, inner) => inner;

  /** Keys, tokens and the time are the emulator's own; what it tells of accounts is the recording's. */
  #recorded({ request, path, endpoint }: Visit): Response | undefined {
    if (endpoint !== undefined && endpoint.reads === undefined) return undefined;
    if (request.headers.has('upgrade')) return undefined;
    const account = this.#house().accounts.apiKey(request.headers.get('x-mbx-apikey') ?? '')?.account.id;
    for (const replay of this.#replays.toReversed()) {
      const told = replay.state.account === account ? replay.answer(request.method, path) : undefined;
      if (told !== undefined) return responseOf(told);
    }
    return undefined;
  }
}

function responseOf({ status = 200, retryAfter, body = '' }: RestLine): Response {
  const headers = {
    'Content-Type': 'application/json;charset=UTF-8',
    ...(retryAfter && { 'Retry-After': retryAfter }),
  };
  return new Response(body, { status, headers });
}
