import { expect } from 'bun:test';
import {
  LISTEN_KEY_LIFECYCLE,
  type ListenKeyInput,
  type ListenKeyRow,
  type ListenKeyState,
  PRODUCTS,
  type ProductId,
} from '@listenpost/protocol';
import { apiKeyText, MINUTE, type TestHouse } from '../../packages/core/src/testing/memory-doors.ts';
import { type Client, call, connected, freshHouse, type Outcome, outcomeOf } from './house.ts';
import { type Life, lifecycleWalks, type Seen } from './walks.ts';

interface Place {
  readonly product: ProductId;
  readonly rest: string;
  /** Where its streams open, before the key. */
  readonly streams: string;
  readonly wsApi?: string;
}

const USDM: Place = { product: 'usdm', rest: '/fapi/v1/listenKey', streams: '/private/ws/' };
const COINM: Place = { product: 'coinm', rest: '/dapi/v1/listenKey', streams: '/ws/' };
const PLACES: Readonly<Record<string, Place>> = {
  'usdm over REST': USDM,
  'usdm over the WebSocket API': { ...USDM, wsApi: '/ws-fapi/v1' },
  'coinm over REST': COINM,
  'coinm over the WebSocket API': { ...COINM, wsApi: '/ws-dapi/v1' },
  options: { product: 'options', rest: '/eapi/v1/listenKey', streams: '/private/ws/' },
  pm: { product: 'pm', rest: '/papi/v1/listenKey', streams: '/pm/ws/' },
  risk: { product: 'risk', rest: '/sapi/v1/margin/listen-key', streams: '/ws/' },
};

const CALLS = {
  start: ['POST', 'userDataStream.start'],
  keepalive: ['PUT', 'userDataStream.ping'],
  close: ['DELETE', 'userDataStream.stop'],
} as const;

const BODY = '{"e":"SOMETHING"}';
const API_KEY = apiKeyText('aliceHmac');

class KeyLife implements Life<ListenKeyState, ListenKeyInput> {
  readonly #room: TestHouse = freshHouse();
  readonly #place: Place;
  readonly #row: ListenKeyRow;
  /** The last key there was. */
  #key: string | undefined;
  /** Two of the account's machines share it. */
  #readers: Client[] = [];
  #deadline: number | undefined;

  constructor(place: Place) {
    const row = PRODUCTS[place.product].listenKey;
    if (row === undefined) throw new Error(`${place.product} has no listenKeys`);
    this.#place = place;
    this.#row = row;
  }

  get reports() {
    return this.#room.reports;
  }

  listeners(): number {
    return this.#deadline === undefined ? 0 : this.#readers.length;
  }

  column(name: 'closeAnnounced'): boolean {
    return this.#row[name];
  }

  take(input: ListenKeyInput, way: string): Promise<Seen> {
    if (input === 'deadline') return this.#reachDeadline(way);
    return this.#ask(input, way);
  }

  async expectState(state: ListenKeyState): Promise<void> {
    const live = state === 'live';
    this.#heard();
    await this.#publish();
    for (const reader of this.#readers) expect(reader.take()).toEqual(live ? [JSON.parse(BODY)] : []);
    if (this.#key === undefined) return;
    // Whoever shows the key gets in, and hears something only while it lives.
    const late = connected(this.#room, this.#place.streams + this.#key);
    await this.#publish();
    expect(late.take()).toEqual(live ? [JSON.parse(BODY)] : []);
    late.connection.closed();
    this.#heard();
    expect([...this.#room.house.listenKeys.all()].length).toBe(live ? 1 : 0);
  }

  async #ask(input: 'start' | 'keepalive' | 'close', way: string): Promise<Seen> {
    const { clock, machine } = this.#room;
    if (way === 'a minute later' && this.#deadline !== undefined) machine.pass(MINUTE);
    if (way === 'in the last millisecond' && this.#deadline !== undefined) {
      machine.pass(this.#deadline - 1 - clock.now());
      await this.expectState('live');
    }
    const wasLive = this.#deadline !== undefined;
    const { result, error } = await (way === 'by the operator' && wasLive ? this.#end() : this.#call(input));
    const told = this.#told();
    if (error !== undefined) return { error, told };
    if (input === 'close') this.#deadline = undefined;
    else this.#lives(wasLive, result ?? {});
    return { told };
  }

  /** A start of a live key answers the same, of a dead one another; where the answer names none, it is the one there is. */
  #lives(wasLive: boolean, result: Readonly<Record<string, unknown>>): void {
    const { clock } = this.#room;
    this.#deadline = clock.now() + this.#row.validityMs;
    const { listenKey = this.#key, expiration = this.#deadline } = result;
    expect(listenKey === this.#key).toBe(wasLive);
    expect(expiration).toBe(this.#deadline);
    this.#key = String(listenKey);
    const path = this.#place.streams + this.#key;
    // A connection of 24 hours may have gone in the meantime.
    if (wasLive)
      this.#readers = this.#readers.map((each) => (each.connection.ended ? connected(this.#room, path) : each));
    else this.#readers.push(connected(this.#room, path), connected(this.#room, path));
    this.#readers = this.#readers.slice(-2);
  }

  async #reachDeadline(way: string): Promise<Seen> {
    const { clock, machine } = this.#room;
    const left = (this.#deadline ?? 0) - clock.now();
    machine.pass(left - 1);
    await this.expectState('live');
    if (way.startsWith('unseen until')) await this.#meetDead(way);
    machine.pass(way === 'a millisecond late' ? 2 : way === 'at its instant' ? 1 : 0);
    this.#deadline = undefined;
    return { told: this.#told() };
  }

  /** The timers of a busy machine are late: what comes next must not take a dead key for a live one. */
  async #meetDead(way: string): Promise<void> {
    this.#room.machine.stall(1);
    if (way === 'unseen until somebody shows the key') {
      const late = connected(this.#room, this.#place.streams + this.#key);
      this.#room.machine.pass(0);
      expect(late.take()).toEqual([]);
      late.connection.closed();
      return;
    }
    const input = way === 'unseen until the next keepalive' ? 'keepalive' : 'close';
    expect((await this.#call(input)).error).toBe('INVALID_LISTEN_KEY');
  }

  #call(input: keyof typeof CALLS): Promise<Outcome> {
    const [http, method] = CALLS[input];
    const { rest, product, wsApi } = this.#place;
    if (wsApi === undefined) return call(this.#room, http, rest, API_KEY, { listenKey: this.#key ?? 'none' });
    return connected(this.#room, wsApi)
      .ask(method, { apiKey: API_KEY })
      .then((frames) => outcomeOf(frames, product));
  }

  async #end(): Promise<Outcome> {
    const { listenKeys } = this.#room.house;
    for (const key of [...listenKeys.all()]) await listenKeys.end(key);
    return {};
  }

  #publish() {
    const { product } = this.#place;
    return this.#room.house.journal.append([{ stream: `alice/${product}`, type: 'SOMETHING', body: BODY }]);
  }

  #told(): string[] {
    return this.#heard().map(({ e }) => String(e));
  }

  #heard() {
    return this.#readers.flatMap((reader) => reader.take());
  }
}

lifecycleWalks({
  lifecycle: LISTEN_KEY_LIFECYCLE,
  variants: Object.keys(PLACES),
  ways: {
    start: ['at once', 'a minute later', 'in the last millisecond'],
    keepalive: ['at once', 'a minute later', 'in the last millisecond'],
    close: ['by a client', 'by the operator', 'in the last millisecond'],
    deadline: [
      'at its instant',
      'a millisecond late',
      'unseen until the next keepalive',
      'unseen until the next close',
      'unseen until somebody shows the key',
    ],
  },
  begin: (variant) => {
    const place = PLACES[variant];
    if (place === undefined) throw new Error(`no place is called ${variant}`);
    return Promise.resolve(new KeyLife(place));
  },
  held: ['absent', 'live'],
});
