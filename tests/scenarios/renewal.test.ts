/**
 * Three simulated days of a margin bot: the cross account and 50 isolated symbols on one socket, by tokens of random
 * validity that are renewed at random points, a few forgotten, with random disconnects. No subscription ends that should
 * not, no event is lost while subscribed, none comes after the end.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type SeededRandom, seededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import { fixtureEvent } from './fixtures.ts';
import type { Peer } from './peer.ts';
import { seedOf } from './seed.ts';
import { SPOT_API, subscribeToken, tokenOf } from './spot-requests.ts';
import { UnderTest } from './under-test.ts';

const SEED = seedOf(20_261_122);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LENGTH_MS = 72 * HOUR;
/** The official client does not wait for the end of its 24 hours. */
const RECONNECTS_WITHIN_MS = 23 * HOUR;
const SYMBOLS = Array.from({ length: 50 }, (_, nth) => `S${nth}USDT`);
const TRANSFER = fixtureEvent('margin', 'balanceUpdate');

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start({ document: { symbols: SYMBOLS, limits: 'off' } });
  await service.freeze();
});
afterAll(() => service.close());

/** One of the bot's accounts: what it holds for it, and when it looks after it again. */
interface Position {
  readonly scope: string;
  readonly form: Readonly<Record<string, string>>;
  token: string;
  /** On the present socket; undefined where nothing is read. */
  id: number | undefined;
  deadline: number;
  /** After the deadline where the bot forgets to renew. */
  dueAt: number;
}

class Bot {
  readonly #random: SeededRandom;
  readonly #positions: readonly Position[];
  #peer: Peer | undefined;
  #expected: string[] = [];
  #nextId = 0;
  #now = 0;
  #reconnectAt = 0;
  #marks = 0;
  readonly counts = { renewals: 0, ends: 0, events: 0, silences: 0, reconnects: 0 };

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    const isolated = SYMBOLS.map((symbol) => ({
      scope: `isolated:${symbol}`,
      form: { isIsolated: 'true', symbol },
    }));
    this.#positions = [{ scope: 'margin', form: {} }, ...isolated].map((each) => ({
      ...each,
      token: '',
      id: undefined,
      deadline: 0,
      dueAt: 0,
    }));
  }

  async run(): Promise<void> {
    this.#now = await service.now();
    const until = this.#now + LENGTH_MS;
    await this.#connect();
    while (this.#now < until) await this.#next();
  }

  async #next(): Promise<void> {
    const position = this.#positions.reduce((first, each) => (each.dueAt < first.dueAt ? each : first));
    const at = Math.max(this.#now, Math.min(position.dueAt, this.#reconnectAt));
    await this.#advanceTo(at);
    await this.#publish(position);
    if (at >= this.#reconnectAt) {
      await this.#check();
      await this.#connect();
    } else await this.#renew(position);
    await this.#publish(position);
    await this.#publish(this.#random.pick(this.#positions));
    await this.#check();
  }

  /** Tokens that run out on the way end their subscriptions, in the order of their ends. */
  async #advanceTo(at: number): Promise<void> {
    await service.advance(`${at - this.#now}ms`);
    this.#now = at;
    const ended = this.#positions.filter(({ id, deadline }) => id !== undefined && deadline <= at);
    for (const position of ended.sort((a, b) => a.deadline - b.deadline)) {
      this.#expected.push(`${position.id} eventStreamTerminated`);
      position.id = undefined;
      this.counts.ends++;
    }
    await this.#check();
  }

  async #renew(position: Position): Promise<void> {
    const validityMs = 1000 + this.#random.below(12 * HOUR);
    const { token, expirationTime } = await tokenOf(service, { ...position.form, validity: String(validityMs) });
    expect(expirationTime).toBe(this.#now + validityMs);
    position.token = token;
    position.deadline = expirationTime;
    const forgets = this.#random.below(20) === 0;
    const part = (30 + this.#random.below(65)) / 100;
    const waitMs = forgets ? validityMs + this.#random.below(30 * MINUTE) : validityMs * part;
    position.dueAt = this.#now + Math.max(1, Math.floor(waitMs));
    this.#subscribe(position);
    this.counts.renewals++;
    // What is published next must find it open: the socket and the admin API are two doors.
    await this.#peer?.ping();
  }

  #subscribe(position: Position): void {
    position.id ??= this.#nextId++;
    const { id, deadline } = position;
    this.#peer?.send(subscribeToken(position.token));
    this.#expected.push(`${id} until ${deadline}`);
  }

  /** A new socket: what is still live is subscribed again with the tokens at hand, the rest when its time comes. */
  async #connect(): Promise<void> {
    this.#peer?.drop();
    this.#peer = await service.open(SPOT_API);
    this.#expected = [];
    this.#nextId = 0;
    this.#reconnectAt = this.#now + 1 + this.#random.below(RECONNECTS_WITHIN_MS);
    for (const position of this.#positions) {
      position.id = undefined;
      if (position.deadline > this.#now) this.#subscribe(position);
    }
    await this.#peer.ping();
    this.counts.reconnects++;
  }

  async #publish({ scope, id }: Position): Promise<void> {
    const mark = `m${++this.#marks}`;
    await service.publish(scope, { ...TRANSFER, a: mark });
    if (id === undefined) {
      this.counts.silences++;
      return;
    }
    this.#expected.push(`${id} ${mark}`);
    this.counts.events++;
  }

  async #check(): Promise<void> {
    const peer = this.#peer as Peer;
    const frames = await peer.unread(() => peer.ping());
    expect(frames.map(labelOf)).toEqual(this.#expected.splice(0));
  }
}

interface Frame {
  readonly result?: { readonly subscriptionId: number; readonly expirationTime: number };
  readonly subscriptionId?: number;
  readonly event?: { readonly e: string; readonly a?: string };
}

/** `3 until 1767…` answers a subscribe; `3 m7` is an event, `3 eventStreamTerminated` the last. */
function labelOf(text: string): string {
  const { result, subscriptionId, event } = JSON.parse(text) as Frame;
  if (result !== undefined) return `${result.subscriptionId} until ${result.expirationTime}`;
  return `${subscriptionId} ${event?.a ?? event?.e}`;
}

test(`72 hours, 51 accounts on one socket, and no event in the wrong place (seed ${SEED})`, async () => {
  const bot = new Bot(SEED);
  await bot.run();
  const { renewals, ends, events, silences, reconnects } = bot.counts;
  expect(renewals).toBeGreaterThan(500);
  expect(ends).toBeGreaterThan(20);
  expect(events).toBeGreaterThan(1000);
  expect(silences).toBeGreaterThan(20);
  expect(reconnects).toBeGreaterThan(3);
}, 120_000);
