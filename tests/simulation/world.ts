/** SDK, server and network in one process and one time, and a judge who knows what really happened. */
import { type AccountSpec, type JournalRecord, Redacted } from '@listenpost/core';
import type { HttpRequest } from '../../packages/client/src/doors.ts';
import { BackpressureError, type UserDataStreamError, VenueError } from '../../packages/client/src/errors.ts';
import type { Gap } from '../../packages/client/src/events.ts';
import type { AccountState } from '../../packages/client/src/keep/account-watch.ts';
import { listenpost } from '../../packages/client/src/venues.ts';
import { type SeededRandom, seededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import { Bot } from './bot.ts';
import { Network, type Program } from './network.ts';
import { Producer } from './producer.ts';
import { Process } from './program.ts';
import type { Scenario } from './scenario.ts';
import { Truth } from './truth.ts';
import { Universe } from './universe.ts';
import { Venue } from './venue.ts';

export const START = Date.UTC(2026, 6, 1);
const SECOND = 1000;
const MINUTE = 60 * SECOND;

const ORIGIN = 'http://venue.test';
const apiKeyOf = (account: string) => `${account}Key`.padEnd(64, 'x');
const secretOf = (account: string) => `${account}Secret`;

const accountOf = (id: string): AccountSpec => ({
  id,
  apiKeys: [{ apiKey: new Redacted(apiKeyOf(id)), type: 'HMAC', secret: new Redacted(secretOf(id)) }],
});

/** Events of another account go through the same venue, and must reach nobody but it. */
const OTHER = 'bob';
const ACCOUNT = 'alice';

export class World {
  readonly scenario: Scenario;
  readonly universe = new Universe(START);
  readonly truth = new Truth();
  readonly network: Network;
  readonly venue: Venue;
  readonly bot: Bot;
  readonly violations: string[] = [];
  readonly #producer: Producer;
  readonly #print: ((line: string) => void) | undefined;
  readonly #frames: ((line: string) => void) | undefined;
  readonly #random: (name: string) => SeededRandom;
  #hash = 0n;
  #revoked = false;
  #revokedOnce = false;
  #publishing = true;
  /** Trouble is over: from here on less happens, since it is only waited for. */
  #calm = false;
  /** When the keepalive of a key was last answered well, by program. */
  readonly #extended = new Map<Program, number>();
  readonly #extending = new Map<Program, number>();
  /** When the account was asked, of the times that it answered. */
  readonly #asked: number[] = [];
  readonly #requests = new Map<string, number>();

  constructor(scenario: Scenario, print?: (line: string) => void, frames = false) {
    this.scenario = scenario;
    this.#print = print;
    this.#frames = frames ? print : undefined;
    let salt = 0;
    this.#random = () => seededRandom(Math.imul(scenario.seed + 1, 0x9e3779b1) + ++salt);
    const { universe } = this;
    this.venue = new Venue({
      universe,
      random: this.#random('venue'),
      accounts: [accountOf(ACCOUNT), accountOf(OTHER)],
      retentionBytes: scenario.retentionBytes,
      connections: scenario.connections,
      committed: (records) => this.#committed(records),
      report: (cause) =>
        this.violation(`the venue met what it did not expect: ${String((cause as Error).stack ?? cause)}`),
      ended: (name) => this.#connectionEnded(name),
    });
    this.network = new Network({
      universe,
      random: this.#random('network'),
      host: () => this.venue.host,
      trace: (line) => this.trace(line),
      zombies: this.truth.zombies,
      handshakeRefused: (program, status) => this.#heeded(program, status),
      frame: (wire, frame) => this.#frames?.(`${this.#instant()} ${wire.name} < ${frame}`),
      silenceBroken: (program, what) => this.violation(`${program.name} did not heed Retry-After: ${what}`),
      requested: (program, request) => this.#requested(program, request),
      answered: (program, request, status, byVenue) => this.#answered(program, request, status, byVenue),
    });
    this.#producer = new Producer(universe, this.venue, this.#random('producer'));
    this.bot = new Bot(this, {
      account: ACCOUNT,
      scopes: scenario.scopes,
      skewMs: scenario.skewMs,
      stream: this.#streamOptions(),
    });
  }

  get hash(): string {
    return this.#hash.toString(16);
  }

  trace(line: string): void {
    const text = `${this.#instant()} ${line}`;
    this.#hash = BigInt(Bun.hash(text, this.#hash));
    this.#print?.(text);
  }

  #instant(): string {
    return String(this.universe.now() - START).padStart(9);
  }

  violation(what: string): void {
    this.trace(`VIOLATION ${what}`);
    this.violations.push(`at ${this.universe.now() - START} ms: ${what}`);
  }

  startProcess(name: string, skewMs: number): { name: string; process: Process } {
    const seed = this.#random(name).below(2 ** 31);
    return { name, process: new Process(this.network, name, seed, skewMs) };
  }

  // --- What faults do ------------------------------------------------------------------------------------------------------

  killVenue(machineToo: boolean): void {
    if (this.venue.house === undefined) return;
    this.trace(`the venue is killed${machineToo ? ', with its machine' : ''}`);
    this.venue.kill();
    for (const wire of [...this.network.wires]) if (wire.host !== undefined) wire.hostDied(machineToo);
  }

  drainVenue(graceMs: number): void {
    if (this.venue.house === undefined) return;
    this.trace('the venue drains');
    this.venue.drain(graceMs, () => this.trace('the venue has stopped'));
  }

  startVenue(): void {
    if (this.venue.house !== undefined) return;
    this.venue.start().then(
      () => {
        this.trace('the venue is up');
        this.#producer.publishAgain();
      },
      (cause: unknown) => this.violation(`the venue does not start: ${String(cause)}`),
    );
  }

  deleteListenKey(): void {
    const { product, scopes } = this.scenario;
    const { host } = this.venue;
    if (host === undefined || scopes.length !== 1 || product === 'spot') return;
    const headers = { 'x-mbx-apikey': apiKeyOf(ACCOUNT) };
    const served = host.serve(new Request(`${ORIGIN}/fapi/v1/listenKey`, { method: 'DELETE', headers }));
    Promise.resolve(served).catch((cause: unknown) => this.violation(`a key could not be deleted: ${String(cause)}`));
  }

  revokeApiKey(): void {
    this.#revoked = true;
    this.#revokedOnce = true;
    this.venue.put({ ...accountOf(ACCOUNT), apiKeys: [] });
  }

  restoreApiKey(): void {
    this.#revoked = false;
    this.venue.put(accountOf(ACCOUNT));
  }

  /** Takes from the bot an event that it has applied: what a stream would do that lost one. */
  forgetApplied(): void {
    for (const applied of this.bot.applied.values()) applied.splice(-2, 1);
  }

  // --- What the bot tells --------------------------------------------------------------------------------------------------

  streamEnded(cause: UserDataStreamError): void {
    const explained =
      cause instanceof BackpressureError || (cause instanceof VenueError && this.#revokedOnce && !cause.shouldRetry());
    if (!explained) this.violation(`the stream ended without need: ${cause.name}: ${cause.message}`);
  }

  gapInPositions(stream: string, { from }: NonNullable<Gap['missed']>): void {
    const sequence = Number(from.slice(from.indexOf(':') + 1));
    this.venue.journal.read(stream, sequence + 1, 1).then(
      (slice) => {
        const first = slice?.first ?? 0;
        if (first <= sequence + 1)
          this.violation(`${stream}: a gap from ${from}, and the journal holds what follows it`);
      },
      (cause: unknown) => this.violation(String(cause)),
    );
  }

  // --- The run -------------------------------------------------------------------------------------------------------------

  async run(everyTurn: boolean): Promise<void> {
    const { universe, scenario } = this;
    const pass = (ms: number) => universe.run(universe.now() + ms, everyTurn);
    this.startVenue();
    await pass(SECOND);
    for (const { at, durationMs, fault } of scenario.faults)
      universe.at(START + at, () => this.#begin(fault, durationMs));
    for (const { at, byMs } of scenario.clockSteps) universe.at(START + at, () => this.bot.setClock(byMs));
    for (const scope of scenario.scopes) for (const account of [ACCOUNT, OTHER]) this.#publishSoon(account, scope);
    this.bot.start();
    await universe.run(START + scenario.troubleMs, everyTurn);
    this.trace('trouble is over');
    this.#endTrouble();
    await pass(this.#recoveryMs());
    this.#probe();
    await pass(scenario.checkAfterMs + MINUTE);
    this.#publishing = false;
    await pass(30 * SECOND);
    this.#probe();
    await pass(5 * SECOND);
    this.#judge();
    // A connection that ended just now, by its age, is no failure to come back.
    if (!this.#whole()) await pass(15 * SECOND);
    const { verdict, reason } = this.bot.status ?? { verdict: 'none', reason: 'no stream' };
    if (!this.#whole()) this.violation(`the stream did not come back: ${verdict}, ${reason}`);
    // At whatever it is just now: between two events, in a handover, while the account is asked.
    await pass(this.#random('the end').below(MINUTE));
    await this.#end(pass);
  }

  /** All that lasted is over: whatever is broken now is the SDK's to mend. */
  #endTrouble(): void {
    this.#calm = true;
    this.startVenue();
    if (this.#revoked) this.restoreApiKey();
    this.bot.handlingMs = 0;
  }

  /** The longest pause there is, the bounds of a handshake and a request, what a venue may ask for, and the bot's own pause. */
  #recoveryMs(): number {
    return 4 * MINUTE;
  }

  #begin(fault: Scenario['faults'][number]['fault'], durationMs: number): void {
    this.trace(`fault: ${fault.name}${durationMs === 0 ? '' : ` for ${durationMs} ms`}`);
    const end = fault.begin(this, this.#random(fault.name), durationMs);
    if (end === undefined) return;
    this.universe.after(durationMs, () => {
      this.trace(`over: ${fault.name}`);
      end();
    });
  }

  #publishSoon(account: string, scope: string): void {
    const random = this.#random('events');
    // The other account is there to be kept apart, not to be fast.
    const everyMs = this.scenario.eventEveryMs * (account === ACCOUNT ? 1 : 6);
    const next = () => {
      if (!this.#publishing) return;
      const burst = random.below(12) === 0 ? 2 + random.below(6) : 1;
      for (let nth = 0; nth < burst; nth++) this.#producer.publish(account, scope);
      this.universe.after(random.below(everyMs * (this.#calm ? 8 : 2)), next);
    };
    this.universe.after(random.below(everyMs), next);
  }

  #probe(): void {
    for (const scope of this.scenario.scopes) this.#producer.publish(ACCOUNT, scope);
  }

  async #end(pass: (ms: number) => Promise<void>): Promise<void> {
    const { process } = this.bot;
    const closing = this.bot.close();
    await pass(0);
    const left = process?.clock.pending ?? 0;
    if (left > 0) this.violation(`close() left ${left} timers`);
    const open = [...this.network.wires].filter((wire) => wire.open).length;
    if (open > 0) this.violation(`close() left ${open} connections`);
    await pass(10 * SECOND);
    await closing;
  }

  // --- What is watched -----------------------------------------------------------------------------------------------------

  #committed(records: readonly JournalRecord[]): void {
    this.truth.committed(records, this.universe.now());
    for (const { stream, sequence } of records)
      if (stream.startsWith(ACCOUNT)) this.trace(`durable ${stream} ${sequence}`);
  }

  #connectionEnded(name: string): void {
    if (name === 'tooManyFrames' || name === 'tooManyMalformed' || name === 'banned') {
      this.violation(`the venue ended a connection of ours as ${name}`);
    }
  }

  /** While a venue restarts each connection tries again every second, and asks for a grant of each of its scopes. */
  get #requestsPerMinuteMax(): number {
    return 75 * this.scenario.parallel * (this.scenario.scopes.length + 1);
  }

  #requested(program: Program, { method }: HttpRequest): void {
    const minute = `${program.name} ${Math.floor(this.universe.now() / MINUTE)}`;
    const count = (this.#requests.get(minute) ?? 0) + 1;
    this.#requests.set(minute, count);
    if (count === this.#requestsPerMinuteMax) this.violation(`${program.name} makes ${count} requests in a minute`);
    if (method !== 'PUT') return;
    const now = this.universe.now();
    const before = this.#extended.get(program);
    if (before !== undefined && now - before < 20 * MINUTE) {
      this.violation(`${program.name} extends its key again ${now - before} ms after it was extended: two loops`);
    }
    if (now - (this.#extending.get(program) ?? 0) < 900)
      this.violation(`${program.name} extends its key twice at once`);
    this.#extending.set(program, now);
  }

  #answered(program: Program, { method }: HttpRequest, status: number, byVenue: boolean): void {
    if (status === 200 && method === 'PUT') this.#extended.set(program, this.universe.now());
    if (status === 200 && method === 'POST') this.#extended.delete(program);
    if (byVenue) this.#heeded(program, status);
  }

  #whole(): boolean {
    const verdict = this.bot.status?.verdict;
    return verdict === 'live' || verdict === 'quiet';
  }

  /** Of nothing that the SDK does may the venue itself have to say that it is too much. */
  #heeded(program: Program, status: number): void {
    if (status === 429 || status === 418) this.violation(`${program.name} was refused by the venue itself: ${status}`);
  }

  // --- The judgement -------------------------------------------------------------------------------------------------------

  #judge(): void {
    for (const scope of this.scenario.scopes) {
      if (this.scenario.resume) this.#judgeResumed(scope);
      else this.#judgePlain(scope);
    }
  }

  /** Each event once and in order; what is missing was dropped by retention and is announced by its very positions. */
  #judgeResumed(scope: string): void {
    const stream = `${ACCOUNT}/${scope}`;
    const events = this.truth.events(stream);
    const since = this.bot.wholeSince;
    let next: number | undefined;
    for (const item of this.bot.applied.get(scope) ?? []) {
      const from = item.kind === 'event' ? item.sequence : sequenceOf(item.missed?.from) + 1;
      if (item.kind === 'gap' && item.missed === undefined) {
        return this.violation(`${stream}: a gap without positions (${item.reason})`);
      }
      if (next !== undefined && from !== next) {
        return this.violation(`${stream}: ${item.kind} ${from} follows ${next - 1}`);
      }
      if (next === undefined && since !== undefined) {
        const missed = events.find(({ sequence, at }) => sequence < from && at > since);
        if (missed !== undefined) return this.violation(`${stream}: ${missed.sequence} is missing at the beginning`);
      }
      next = item.kind === 'event' ? item.sequence + 1 : sequenceOf(item.missed?.to) + 1;
    }
    const last = events.length;
    if (next !== last + 1) this.violation(`${stream}: ends with ${(next ?? 1) - 1} of ${last}`);
  }

  /** Each event at most once, in order, and none missing outside the gaps that were announced before what follows it. */
  #judgePlain(scope: string): void {
    const stream = `${ACCOUNT}/${scope}`;
    const events = this.truth.events(stream);
    const since = this.bot.wholeSince ?? Number.POSITIVE_INFINITY;
    const gaps: { readonly from: number; readonly to: number; readonly silentSince: number }[] = [];
    let last = 0;
    const passed = (until: number) => {
      for (const { sequence, at } of events.slice(last, until)) {
        const fate = this.truth.fate(at);
        const start = (gap: (typeof gaps)[number]) => (fate === 'pushed' ? gap.from : gap.silentSince);
        if (at <= since || fate === 'unknowable') continue;
        if (fate === 'swallowed' && !this.#measured(scope, at)) continue;
        if (gaps.some((gap) => start(gap) <= at && at <= gap.to)) continue;
        this.violation(`${stream}: ${sequence} of ${at - START} is missing and no gap says so`);
      }
      last = until;
    };
    for (const item of this.bot.applied.get(scope) ?? []) {
      if (item.kind === 'gap') {
        if (this.scenario.oneAtATime)
          this.violation(`${stream}: a gap with one connection down at a time (${item.reason})`);
        gaps.push(item);
      } else if (item.sequence <= last) {
        return this.violation(`${stream}: ${item.sequence} comes behind ${last}`);
      } else {
        passed(item.sequence - 1);
        last = item.sequence;
      }
    }
    const arrived = last;
    passed(events.length);
    if (arrived !== events.length) this.violation(`${stream}: the last event did not arrive`);
  }

  /**
   * Whether there was anything to measure the silence of a zombie by: since the stream began, or began again behind a gap, the
   * account was asked or an event came.
   */
  #measured(scope: string, before: number): boolean {
    const stream = `${ACCOUNT}/${scope}`;
    const applied = this.bot.applied.get(scope) ?? [];
    const gaps = applied.flatMap((item) => (item.kind === 'gap' ? [item.at] : []));
    const began = Math.max(...[...gaps, ...this.bot.begins].filter((at) => at <= before));
    const came = applied.some((item) => {
      const at = item.kind === 'event' ? this.truth.events(stream)[item.sequence - 1]?.at : undefined;
      return at !== undefined && at >= began && at < before;
    });
    return came || this.#asked.some((at) => at >= began && at < before);
  }

  // --- The SDK's options ---------------------------------------------------------------------------------------------------

  #streamOptions() {
    const {
      product,
      scopes,
      resume,
      parallel,
      proveEveryMs,
      checkAfterMs,
      tokenValidityMs,
      handoverAfterMs,
      deduplicate,
    } = this.scenario;
    const isolated = scopes.flatMap((scope) =>
      scope.startsWith('isolated:') ? [scope.slice('isolated:'.length)] : [],
    );
    return {
      product,
      apiKey: apiKeyOf(ACCOUNT),
      secret: secretOf(ACCOUNT),
      parallel,
      checkAfterMs,
      handoverAfterMs,
      deduplicate,
      bufferBytesMax: 64 * 1024,
      line: { proveEveryMs },
      ...(isolated.length === 0 ? {} : { symbols: isolated, cross: true, tokenValidityMs }),
      ...(resume ? { venue: listenpost(ORIGIN) } : { baseUrl: ORIGIN, check: (scope: string) => this.#check(scope) }),
    };
  }

  /** What a plain venue says of an account: when it changed last. Over the same network, with its losses and its latency. */
  #check(scope: string): Promise<AccountState> {
    const { process } = this.bot;
    if (process === undefined) return Promise.reject(new Error('nobody asks'));
    const askedAt = this.universe.now();
    const url = `${ORIGIN}/fapi/v1/time`;
    const controller = new AbortController();
    const timer = this.universe.after(10 * SECOND, () => controller.abort());
    return this.network
      .http(process, { method: 'GET', url, headers: {} }, controller.signal, true)
      .then(({ status }) => {
        if (status !== 200) throw new Error(`refused with ${status}`);
        this.#asked.push(askedAt);
        return { changedAt: this.truth.changedAt(`${ACCOUNT}/${scope}`) };
      })
      .finally(() => timer.cancel());
  }
}

const sequenceOf = (position: string | undefined): number =>
  position === undefined ? Number.NaN : Number(position.slice(position.indexOf(':') + 1));
