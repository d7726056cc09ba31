import { expect } from 'bun:test';
import { type ProductId, SESSION_LIFECYCLE, type SessionInput, type SessionState } from '@listenpost/protocol';
import type { ApiKeySpec } from '../../packages/core/src/accounts.ts';
import { Params } from '../../packages/core/src/control/params.ts';
import { ALICE, apiKey, signatureOf, type TestHouse } from '../../packages/core/src/testing/memory-doors.ts';
import { type Client, connected, freshHouse, outcomeOf } from './house.ts';
import { type Life, lifecycleWalks, type Seen } from './walks.ts';

/** Two that may log on, both of the one account. */
const FIRST = apiKey('aliceEd', 'ED25519');
const SECOND = apiKey('aliceEdToo', 'ED25519');
const BOTH = { ...ALICE, apiKeys: [FIRST, SECOND] };

/** Only on Spot's does a logon read a stream. */
const APIS: Readonly<Record<string, ProductId>> = {
  '/ws-api/v3': 'spot',
  '/ws-fapi/v1': 'usdm',
  '/ws-dapi/v1': 'coinm',
};

/** What becomes of the key, so that the session must not go on. */
const LOSSES: Readonly<Record<string, (key: ApiKeySpec) => readonly ApiKeySpec[]>> = {
  'by its deletion': () => [],
  'by its address': (key) => [{ ...key, ipAllowList: ['198.51.100.7'] }],
  'by its permission': (key) => [{ ...key, permissions: [] }],
};

class SessionLife implements Life<SessionState, SessionInput> {
  readonly #room: TestHouse = freshHouse();
  readonly #product: ProductId;
  readonly #client: Client;
  #key: ApiKeySpec | undefined;
  #since: number | null = null;
  /** Whether there is a subscription of the logon. */
  #subscribed = false;

  constructor(path: string, product: ProductId) {
    this.#product = product;
    this.#room.house.accounts.put(BOTH);
    this.#client = connected(this.#room, path);
  }

  get reports() {
    return this.#room.reports;
  }

  listeners(): number {
    return this.#subscribed ? 1 : 0;
  }

  /** Elsewhere a call without a key is asked for it, logged on or not. */
  can(input: SessionInput): boolean {
    return input !== 'request' || this.#product === 'spot';
  }

  take(input: SessionInput, way: string): Promise<Seen> {
    this.#room.machine.pass(1);
    switch (input) {
      case 'logon':
        return this.#logon(way === 'with the other key' && this.#key === FIRST ? SECOND : FIRST);
      case 'request':
        return this.#request();
      case 'logout':
        return this.#leave('session.logout');
      case 'revoke':
        return this.#revoke(way);
      case 'close':
        return this.#close(way);
    }
  }

  async expectState(state: SessionState): Promise<void> {
    const answers = await this.#client.ask('session.status');
    if (state === 'closed') expect(answers).toEqual([]);
    else {
      expect([state, this.#key !== undefined]).toEqual([state, state === 'loggedOn']);
      const told = { apiKey: this.#key?.apiKey.reveal() ?? null, authorizedSince: this.#since };
      expect(answers).toMatchObject([{ status: 200, result: told }]);
    }
    expect(this.#client.connection.info().account).toBe(state === 'loggedOn' ? 'alice' : null);
    await this.#room.house.journal.append([{ stream: 'alice/spot', type: 'SOMETHING', body: '{"e":"SOMETHING"}' }]);
    expect(this.#client.take()).toHaveLength(this.#subscribed ? 1 : 0);
  }

  async #logon(key: ApiKeySpec): Promise<Seen> {
    const whole = { apiKey: key.apiKey.reveal(), timestamp: this.#room.clock.now() };
    const signature = signatureOf(key, Params.ofJson(whole).signedPayload());
    const seen = this.#seen(await this.#client.ask('session.logon', { ...whole, signature }));
    if (seen.error !== undefined) return seen;
    this.#key = key;
    this.#since = this.#room.clock.now();
    return seen;
  }

  async #request(): Promise<Seen> {
    const seen = this.#seen(await this.#client.ask('userDataStream.subscribe'));
    // The logon allowed it; that the stream is read already is another matter.
    if (seen.error === 'SUBSCRIPTION_ACTIVE' && this.#subscribed) return { told: seen.told };
    if (seen.error === undefined) this.#subscribed = true;
    return seen;
  }

  async #leave(method: string): Promise<Seen> {
    const frames = await this.#client.ask(method);
    expect(frames[0]).toContainKey('status');
    const seen = this.#seen(frames);
    this.#key = undefined;
    this.#since = null;
    this.#subscribed = false;
    return seen;
  }

  /** The key goes; the next request finds it out, and is not served. */
  async #revoke(way: string): Promise<Seen> {
    const { accounts } = this.#room.house;
    const loss = LOSSES[way];
    if (loss === undefined) throw new Error(`no loss is called ${way}`);
    const apiKeys = BOTH.apiKeys.flatMap((key) => (key === this.#key ? loss(key) : [key]));
    accounts.put({ ...BOTH, apiKeys });
    expect(this.#client.take()).toEqual([]);
    const seen = await this.#leave('time');
    accounts.put(BOTH);
    return seen;
  }

  async #close(way: string): Promise<Seen> {
    const { connection } = this.#client;
    if (way === 'by the client') connection.closed();
    else connection.end('endedByAdmin');
    this.#key = undefined;
    this.#subscribed = false;
    return { told: this.#told(this.#client.take()) };
  }

  #seen(frames: readonly Record<string, unknown>[]): Seen {
    return { error: outcomeOf(frames, this.#product).error, told: this.#told(frames) };
  }

  #told(frames: readonly Record<string, unknown>[]): string[] {
    return frames.flatMap(({ event }) => (event === undefined ? [] : [String((event as { e: unknown }).e)]));
  }
}

lifecycleWalks({
  lifecycle: SESSION_LIFECYCLE,
  variants: Object.keys(APIS),
  ways: {
    logon: ['with the one key', 'with the other key'],
    request: ['to subscribe'],
    logout: ['at once'],
    revoke: ['by its deletion', 'by its address', 'by its permission'],
    close: ['by the client', 'by the operator'],
  },
  begin: (variant) => {
    const product = APIS[variant];
    if (product === undefined) throw new Error(`no API at ${variant}`);
    return Promise.resolve(new SessionLife(variant, product));
  },
  held: ['anonymous', 'loggedOn', 'closed'],
  hidden: {
    'anonymous.close leads to anonymous': 'a connection that is gone asks nothing more',
    'anonymous.close leads to loggedOn': 'a connection that is gone asks nothing more',
    'loggedOn.close leads to anonymous': 'a connection that is gone asks nothing more',
    'anonymous.logout tells': 'without a logon there is no subscription of it',
  },
});
