/**
 * The four lives over real sockets: the same tables, the same walks as in tests/lifecycles, with everything real but the
 * passing of time. What a socket cannot show there, such as timers that come late, is walked in memory alone.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import {
  CONNECTION_LIFECYCLE,
  type ConnectionInput,
  type ConnectionState,
  ENDS,
  LISTEN_KEY_LIFECYCLE,
  LISTEN_TOKEN_LIFECYCLE,
  type ListenKeyInput,
  type ListenKeyState,
  type ListenTokenInput,
  type ListenTokenState,
  type ProductId,
  SESSION_LIFECYCLE,
  type SessionInput,
  type SessionState,
} from '@listenpost/protocol';
import { rowOf } from '../lifecycles/outcome.ts';
import { type Life, lifecycleWalks, type Seen } from '../lifecycles/walks.ts';
import { fixtureEvent } from './fixtures.ts';
import type { Peer } from './peer.ts';
import { ed25519, keyPair, signedParams } from './signing.ts';
import { call, SPOT_API, subscribeToken, TOKEN_PATH } from './spot-requests.ts';
import { UnderTest } from './under-test.ts';

const EXTENT = { runs: 15, whole: false };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KEY_PATH = '/fapi/v1/listenKey';
const EVENTS = {
  usdm: fixtureEvent('usdm', 'ORDER_TRADE_UPDATE'),
  margin: fixtureEvent('margin', 'balanceUpdate'),
  spot: fixtureEvent('spot', 'balanceUpdate'),
} as const;
const PAIR = keyPair('ed25519');

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start({ document: { accounts: [], symbols: ['BTCUSDT'], limits: 'off' } });
  await service.freeze();
});
afterAll(() => service.close());

type Json = Record<string, unknown>;

let lastAccount = 0;

/** What every life has: an account of its own, and sockets that go with it. */
abstract class SocketLife {
  readonly reports = [];
  protected readonly account = `walker${++lastAccount}`;
  /** The x ends the number: filled up with zeros, 1 and 10 would be one key. */
  protected readonly apiKey = `${this.account}x`.padEnd(64, '0');
  readonly #peers: Peer[] = [];

  /** Its account with the one API key, of the one generation of key material; or with none. */
  async putAccount(...apiKeys: readonly object[]): Promise<void> {
    const { status } = await service.admin('PUT', `/admin/v1/accounts/${this.account}`, { apiKeys });
    expect([200, 201]).toContain(status);
  }

  get spec() {
    return { apiKey: this.apiKey, type: 'ED25519', publicKey: PAIR.publicKey };
  }

  async release(): Promise<void> {
    for (const peer of this.#peers) peer.drop();
    await service.admin('DELETE', `/admin/v1/accounts/${this.account}`);
  }

  protected async open(path: string): Promise<Peer> {
    const peer = await service.open(path);
    this.#peers.push(peer);
    return peer;
  }

  protected async publish(scope: keyof typeof EVENTS): Promise<void> {
    expect((await service.publish(scope, EVENTS[scope], this.account)).status).toBe(200);
  }

  protected rest(method: string, path: string, init: RequestInit = {}) {
    return service.rest(method, path, this.apiKey, init);
  }

  /** Everything that has come and was not read. */
  protected async unread(peer: Peer): Promise<Json[]> {
    return (await peer.unread(() => peer.ping())).map((text) => JSON.parse(text) as Json);
  }

  /** The answer of a request, and the frames after it. */
  protected async ask(peer: Peer, request: object): Promise<{ answer: Json; after: Json[] }> {
    const answer = await peer.ask(request);
    return { answer, after: await this.unread(peer) };
  }
}

const errorOf = (answer: Json, product: ProductId) =>
  answer.error === undefined ? undefined : rowOf(answer.error as { code: number; msg: string }, product);

const typesOf = (frames: readonly Json[]) => frames.map((frame) => String(((frame.event ?? frame) as Json).e));

// --- listenKey ----------------------------------------------------------------------------------------------------------

class KeyLife extends SocketLife implements Life<ListenKeyState, ListenKeyInput> {
  #key: string | undefined;
  #readers: Peer[] = [];
  #deadline: number | undefined;

  listeners(): number {
    return this.#deadline === undefined ? 0 : this.#readers.length;
  }

  /** The column of USDⓈ-M. */
  column(): boolean {
    return true;
  }

  async take(input: ListenKeyInput, way: string): Promise<Seen> {
    await this.#keepReading();
    switch (input) {
      case 'start':
        return this.#call('POST', way);
      case 'keepalive':
        return this.#call('PUT', way);
      case 'close':
        return way === 'by the operator' && this.#deadline !== undefined ? this.#end() : this.#call('DELETE', way);
      case 'deadline':
        return this.#reachDeadline(way);
    }
  }

  async expectState(state: ListenKeyState): Promise<void> {
    const live = state === 'live';
    await this.publish('usdm');
    for (const reader of this.#readers) expect(await this.unread(reader)).toEqual(live ? [EVENTS.usdm] : []);
    if (this.#key === undefined) return;
    const late = await this.open(`/private/stream?streams=${this.#key}`);
    await this.publish('usdm');
    expect(await this.unread(late)).toEqual(live ? [{ stream: this.#key, data: EVENTS.usdm }] : []);
    late.drop();
    for (const reader of this.#readers) await this.unread(reader);
  }

  async #call(method: 'POST' | 'PUT' | 'DELETE', way: string): Promise<Seen> {
    const wasLive = this.#deadline !== undefined;
    if (way === 'in the last millisecond' && this.#deadline !== undefined) {
      await service.advance(`${this.#deadline - 1 - (await service.now())}ms`);
      await this.expectState('live');
    }
    const { status, body } = await this.rest(method, KEY_PATH);
    const told = await this.#told();
    if (status !== 200) return { error: rowOf(body as { code: number; msg: string }, 'usdm'), told };
    if (method === 'DELETE') this.#deadline = undefined;
    else await this.#lives(wasLive, (body as { listenKey: string }).listenKey);
    return { told };
  }

  async #lives(wasLive: boolean, key: string): Promise<void> {
    expect(key === this.#key).toBe(wasLive);
    this.#key = key;
    this.#deadline = (await service.now()) + HOUR;
    if (wasLive) return;
    const path = `/private/ws/${key}`;
    this.#readers = [await this.open(path), await this.open(path)];
  }

  async #end(): Promise<Seen> {
    const { body } = await service.admin('GET', `/admin/v1/keys?account=${this.account}`);
    const [row] = (body as { keys: { id: string }[] }).keys;
    expect((await service.admin('DELETE', `/admin/v1/keys/${row?.id}`)).status).toBe(200);
    this.#deadline = undefined;
    return { told: await this.#told() };
  }

  async #reachDeadline(way: string): Promise<Seen> {
    await service.advance(`${(this.#deadline ?? 0) - 1 - (await service.now())}ms`);
    await this.expectState('live');
    await service.advance(way === 'a millisecond late' ? '2ms' : '1ms');
    this.#deadline = undefined;
    return { told: await this.#told() };
  }

  async #told(): Promise<string[]> {
    return (await Promise.all(this.#readers.map((reader) => this.unread(reader)))).flatMap(typesOf);
  }

  /** A long walk outlives a connection of 24 hours. */
  async #keepReading(): Promise<void> {
    const path = `/private/ws/${this.#key}`;
    for (const [at, reader] of this.#readers.entries()) {
      if (!reader.isOpen) this.#readers[at] = await this.open(path);
    }
  }
}

lifecycleWalks(
  {
    lifecycle: LISTEN_KEY_LIFECYCLE,
    variants: ['usdm'],
    ways: {
      start: ['at once', 'in the last millisecond'],
      keepalive: ['at once', 'in the last millisecond'],
      close: ['by a client', 'by the operator', 'in the last millisecond'],
      deadline: ['at its instant', 'a millisecond late'],
    },
    begin: async () => {
      const life = new KeyLife();
      await life.putAccount(life.spec);
      return life;
    },
    held: [],
  },
  EXTENT,
);

// --- listenToken --------------------------------------------------------------------------------------------------------

class TokenLife extends SocketLife implements Life<ListenTokenState, ListenTokenInput> {
  #peer: Peer;
  #nextId = 0;
  #live: { readonly id: number; readonly deadline: number } | undefined;

  constructor(peer: Peer) {
    super();
    this.#peer = peer;
  }

  listeners(): number {
    return this.#live === undefined ? 0 : 1;
  }

  async take(input: ListenTokenInput, way: string): Promise<Seen> {
    if (!this.#peer.isOpen) await this.#reconnect();
    switch (input) {
      case 'subscribe':
        return this.#subscribe(way);
      case 'subscribeDead':
        return this.#seen(await this.ask(this.#peer, subscribeToken(await this.#deadToken(way))));
      case 'unsubscribe':
        return this.#unsubscribe();
      case 'deadline':
        return this.#reachDeadline(way);
      case 'revoke':
        await this.#replaceKey();
        this.#live = undefined;
        return { told: typesOf(await this.unread(this.#peer)) };
    }
  }

  async expectState(state: ListenTokenState): Promise<void> {
    const live = state === 'live';
    expect(this.#live !== undefined).toBe(live);
    await this.publish('margin');
    const event = { subscriptionId: this.#live?.id, event: EVENTS.margin };
    expect(await this.unread(this.#peer)).toEqual(live ? [event] : []);
    const listed = live ? [{ subscriptionId: this.#live?.id, expirationTime: this.#live?.deadline }] : [];
    expect((await this.#peer.ask(call('session.subscriptions'))).result).toEqual(listed);
  }

  override async release(): Promise<void> {
    this.#peer.drop();
    await super.release();
  }

  async #subscribe(way: string): Promise<Seen> {
    const { token, expirationTime } = await this.#token(way === 'by a token that ends earlier' ? HOUR : DAY / 4);
    const { answer, after } = await this.ask(this.#peer, subscribeToken(token));
    const id = this.#live?.id ?? this.#nextId++;
    expect(answer.result).toEqual({ subscriptionId: id, expirationTime });
    this.#live = { id, deadline: expirationTime };
    return this.#seen({ answer, after });
  }

  async #deadToken(way: string): Promise<string> {
    if (way === 'a malformed one') return 'x'.repeat(70);
    const { token } = await this.#token(1);
    await service.advance('1ms');
    return token;
  }

  async #unsubscribe(): Promise<Seen> {
    const seen = this.#seen(await this.ask(this.#peer, call('userDataStream.unsubscribe')));
    this.#live = undefined;
    return seen;
  }

  async #reachDeadline(way: string): Promise<Seen> {
    await service.advance(`${(this.#live?.deadline ?? 0) - 1 - (await service.now())}ms`);
    await this.expectState('live');
    await service.advance(way === 'a millisecond late' ? '2ms' : '1ms');
    this.#live = undefined;
    return { told: typesOf(await this.unread(this.#peer)) };
  }

  async #replaceKey(): Promise<void> {
    await this.putAccount();
    await this.putAccount(this.spec);
  }

  async #reconnect(): Promise<void> {
    this.#peer = await this.open(SPOT_API);
    this.#nextId = 0;
    const live = this.#live;
    this.#live = undefined;
    if (live !== undefined) await this.#subscribe('at once');
  }

  #seen({ answer, after }: { answer: Json; after: Json[] }): Seen {
    return { error: errorOf(answer, 'spot'), told: typesOf(after) };
  }

  async #token(validityMs: number): Promise<{ token: string; expirationTime: number }> {
    const { status, body } = await this.rest('POST', TOKEN_PATH, {
      body: new URLSearchParams({ validity: String(validityMs) }),
    });
    expect(status).toBe(200);
    return body as { token: string; expirationTime: number };
  }
}

lifecycleWalks(
  {
    lifecycle: LISTEN_TOKEN_LIFECYCLE,
    variants: ['cross margin'],
    ways: {
      subscribe: ['at once', 'by a token that ends earlier'],
      subscribeDead: ['a malformed one', 'an expired one'],
      unsubscribe: ['all'],
      deadline: ['at its instant', 'a millisecond late'],
      revoke: ['with its API key'],
    },
    begin: async () => {
      const life = new TokenLife(await service.open(SPOT_API));
      await life.putAccount(life.spec);
      return life;
    },
    held: [],
  },
  EXTENT,
);

// --- session ------------------------------------------------------------------------------------------------------------

class SessionLife extends SocketLife implements Life<SessionState, SessionInput> {
  readonly #peer: Peer;
  #since: number | null = null;
  #subscribed = false;

  constructor(peer: Peer) {
    super();
    this.#peer = peer;
  }

  listeners(): number {
    return this.#subscribed ? 1 : 0;
  }

  async take(input: SessionInput): Promise<Seen> {
    await service.advance('1ms');
    switch (input) {
      case 'logon':
        return this.#logon();
      case 'request':
        return this.#request();
      case 'logout':
        return this.#leave('session.logout');
      case 'revoke':
        return this.#revoke();
      case 'close':
        this.#peer.drop();
        await this.#peer.closed();
        this.#subscribed = false;
        return { told: [] };
    }
  }

  async expectState(state: SessionState): Promise<void> {
    expect(this.#peer.isOpen).toBe(state !== 'closed');
    if (state === 'closed') return;
    const { result } = await this.#peer.ask(call('session.status'));
    const apiKey = state === 'loggedOn' ? this.apiKey : null;
    expect(result).toMatchObject({ apiKey, authorizedSince: this.#since, userDataStream: this.#subscribed });
    await this.publish('spot');
    expect(await this.unread(this.#peer)).toHaveLength(this.#subscribed ? 1 : 0);
  }

  override async release(): Promise<void> {
    this.#peer.drop();
    await super.release();
  }

  async #logon(): Promise<Seen> {
    const timestamp = await service.now();
    const params = signedParams({ apiKey: this.apiKey, timestamp }, ed25519(PAIR.privateKey));
    const seen = this.#seen(await this.ask(this.#peer, call('session.logon', params)));
    if (seen.error === undefined) this.#since = timestamp;
    return seen;
  }

  async #request(): Promise<Seen> {
    const seen = this.#seen(await this.ask(this.#peer, call('userDataStream.subscribe')));
    if (seen.error === 'SUBSCRIPTION_ACTIVE' && this.#subscribed) return { told: seen.told };
    if (seen.error === undefined) this.#subscribed = true;
    return seen;
  }

  async #leave(method: string): Promise<Seen> {
    const seen = this.#seen(await this.ask(this.#peer, call(method)));
    this.#since = null;
    this.#subscribed = false;
    return seen;
  }

  async #revoke(): Promise<Seen> {
    await this.putAccount();
    expect(await this.unread(this.#peer)).toEqual([]);
    const seen = await this.#leave('time');
    await this.putAccount(this.spec);
    return seen;
  }

  #seen({ answer, after }: { answer: Json; after: Json[] }): Seen {
    return { error: errorOf(answer, 'spot'), told: typesOf(after) };
  }
}

lifecycleWalks(
  {
    lifecycle: SESSION_LIFECYCLE,
    variants: ['spot'],
    ways: {
      logon: ['at once'],
      request: ['to subscribe'],
      logout: ['at once'],
      revoke: ['deleted'],
      close: ['at once'],
    },
    begin: async () => {
      const life = new SessionLife(await service.open(SPOT_API));
      await life.putAccount(life.spec);
      return life;
    },
    held: [],
  },
  EXTENT,
);

// --- connection ---------------------------------------------------------------------------------------------------------

/** `serverShutdown` is the server's own end, and is told in lifecycle.test.ts. */
class ConnectionLife extends SocketLife implements Life<ConnectionState, ConnectionInput> {
  #peer: Peer | undefined;
  #id: string | undefined;
  #closing: { readonly code: number; readonly reason: string } | undefined;

  listeners(): number {
    return 0;
  }

  can(input: ConnectionInput): boolean {
    return input === 'opened' ? this.#peer === undefined : input !== 'shutdownAnnounced' && this.#id !== undefined;
  }

  async take(input: ConnectionInput, way: string): Promise<Seen> {
    if (input === 'opened') await this.#opened();
    if (input === 'closed') {
      this.#peer?.drop();
      await this.#peer?.closed();
      this.#id = undefined;
    }
    if (input === 'ended') await this.#ended(way);
    return { told: [] };
  }

  async expectState(state: ConnectionState): Promise<void> {
    if (this.#peer === undefined) {
      expect(state).toBe('connecting');
      return;
    }
    await this.publish('usdm');
    if (state === 'open') {
      expect(await this.unread(this.#peer)).toEqual([EVENTS.usdm]);
      return;
    }
    expect([state, this.#peer.isOpen]).toEqual(['closed', false]);
    if (this.#closing !== undefined) expect(await this.#peer.closed()).toEqual(this.#closing);
    expect(await this.#peer.unread(() => Promise.resolve())).toEqual([]);
    expect(await this.#sessions()).toEqual([]);
  }

  async #opened(): Promise<void> {
    const { body } = await this.rest('POST', KEY_PATH);
    this.#peer = await this.open(`/private/ws/${(body as { listenKey: string }).listenKey}`);
    [this.#id] = await this.#sessions();
    expect(this.#id).toBeDefined();
  }

  async #ended(way: string): Promise<void> {
    if (way === 'by its age') await service.advance('24h');
    if (way === 'by what is no JSON') this.#peer?.send('{');
    if (way === 'by the operator') await service.admin('DELETE', `/admin/v1/sessions/${this.#id}`);
    const name = way === 'by its age' ? 'lifetime' : way === 'by the operator' ? 'endedByAdmin' : 'invalidJson';
    this.#closing = { ...ENDS[name] };
    this.#id = undefined;
    await this.#peer?.closed();
    const said = (await this.#peer?.unread(() => Promise.resolve())) ?? [];
    // A day is longer than a key: its end is told before that of the connection.
    expect(said).toHaveLength(way === 'by the operator' ? 0 : 1);
  }

  /** Ids of those that read this account. */
  async #sessions(): Promise<string[]> {
    const { body } = await service.admin('GET', '/admin/v1/sessions?limit=1000');
    const { sessions } = body as { sessions: { id: string; subscriptions: string[] }[] };
    return sessions.flatMap(({ id, subscriptions }) => (subscriptions.includes(`${this.account}/usdm`) ? [id] : []));
  }
}

lifecycleWalks(
  {
    lifecycle: CONNECTION_LIFECYCLE,
    variants: ['a stream'],
    ways: {
      opened: ['at once'],
      shutdownAnnounced: ['at once'],
      ended: ['by the operator', 'by its age', 'by what is no JSON'],
      closed: ['at once'],
    },
    begin: async () => {
      const life = new ConnectionLife();
      await life.putAccount(life.spec);
      return life;
    },
    held: [],
  },
  EXTENT,
);
