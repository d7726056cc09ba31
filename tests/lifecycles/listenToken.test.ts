import { expect } from 'bun:test';
import { LISTEN_TOKEN_LIFECYCLE, type ListenTokenInput, type ListenTokenState } from '@listenpost/protocol';
import { ALICE, accountOf, HOUR, SECOND, type TestHouse } from '../../packages/core/src/testing/memory-doors.ts';
import { type Client, call, connected, freshHouse, outcomeOf } from './house.ts';
import { type Life, lifecycleWalks, type Seen } from './walks.ts';

const PATH = '/ws-api/v3';
const BODY = '{"e":"SOMETHING"}';
const SUBSCRIBE = 'userDataStream.subscribe.listenToken';

/** What the token is for: the form of the request that makes it, and the stream. */
const STREAMS: Readonly<Record<string, { readonly form: Readonly<Record<string, string>>; readonly stream: string }>> =
  {
    'cross margin': { form: {}, stream: 'alice/margin' },
    'isolated margin': { form: { isIsolated: 'TRUE', symbol: 'BTCUSDT' }, stream: 'alice/isolated:BTCUSDT' },
  };

class TokenLife implements Life<ListenTokenState, ListenTokenInput> {
  readonly #room: TestHouse = freshHouse();
  readonly #form: Readonly<Record<string, string>>;
  readonly #stream: string;
  #client: Client;
  /** Ids are counted up on one connection and never given again. */
  #nextId = 0;
  #live: { readonly id: number; readonly deadline: number } | undefined;

  constructor({ form, stream }: (typeof STREAMS)[string] & {}) {
    this.#form = form;
    this.#stream = stream;
    this.#client = connected(this.#room, PATH);
  }

  get reports() {
    return this.#room.reports;
  }

  listeners(): number {
    return this.#live === undefined ? 0 : 1;
  }

  async take(input: ListenTokenInput, way: string): Promise<Seen> {
    await this.#keepConnected();
    switch (input) {
      case 'subscribe':
        return this.#subscribe(way);
      case 'subscribeDead':
        return this.#subscribeDead(way);
      case 'unsubscribe':
        return this.#unsubscribe(way);
      case 'deadline':
        return this.#reachDeadline(way);
      case 'revoke':
        return this.#revoke(way);
    }
  }

  async expectState(state: ListenTokenState): Promise<void> {
    const live = state === 'live';
    expect(this.#live !== undefined).toBe(live);
    expect(this.#client.take()).toEqual([]);
    await this.#publish();
    const event = { subscriptionId: this.#live?.id, event: JSON.parse(BODY) };
    expect(this.#client.take()).toEqual(live ? [event] : []);
    const listed = live ? [{ subscriptionId: this.#live?.id, expirationTime: this.#live?.deadline }] : [];
    expect(await this.#client.ask('session.subscriptions')).toMatchObject([{ result: listed }]);
  }

  async #subscribe(way: string): Promise<Seen> {
    const { clock, machine } = this.#room;
    if (way === 'in the last millisecond' && this.#live !== undefined) {
      machine.pass(this.#live.deadline - 1 - clock.now());
      await this.expectState('live');
    }
    const validity = way === 'by a token that ends earlier' ? SECOND : HOUR;
    const { token, deadline } = await this.#token(validity);
    const frames = await this.#client.ask(SUBSCRIBE, { listenToken: token });
    const { result, error } = outcomeOf(frames, 'spot');
    if (error !== undefined) return { error, told: told(frames) };
    const id = this.#live?.id ?? this.#nextId++;
    expect(result).toEqual({ subscriptionId: id, expirationTime: deadline });
    this.#live = { id, deadline };
    return { told: told(frames) };
  }

  async #subscribeDead(way: string): Promise<Seen> {
    const frames = await this.#client.ask(SUBSCRIBE, { listenToken: await this.#deadToken(way) });
    return { error: outcomeOf(frames, 'spot').error, told: told(frames) };
  }

  async #deadToken(way: string): Promise<string> {
    if (way === 'a malformed one') return 'no token at all';
    const { token } = await this.#token(way === 'an expired one' ? 1 : HOUR, way === 'a revoked one' ? 'Ed' : 'Hmac');
    if (way === 'an expired one') this.#room.machine.pass(1);
    else this.#replaceKey('aliceEd');
    return token;
  }

  async #unsubscribe(way: string): Promise<Seen> {
    const params = way === 'all' ? {} : { subscriptionId: this.#live?.id ?? Math.max(0, this.#nextId - 1) };
    const frames = await this.#client.ask('userDataStream.unsubscribe', params);
    const { error } = outcomeOf(frames, 'spot');
    // The answer comes before the last word (spot-margin §3.7).
    expect(frames[0]).toContainKey('status');
    if (error === undefined) this.#live = undefined;
    return { error, told: told(frames) };
  }

  async #reachDeadline(way: string): Promise<Seen> {
    const { clock, machine } = this.#room;
    machine.pass((this.#live?.deadline ?? 0) - clock.now() - 1);
    await this.expectState('live');
    if (way === 'unseen until the next event') {
      machine.stall(1);
      await this.#publish();
    }
    if (way === 'unseen until the next subscribe') {
      machine.stall(1);
      const { token } = await this.#token(HOUR);
      const frames = await this.#client.ask(SUBSCRIBE, { listenToken: token });
      // The old one says its last word, and the new one is another.
      expect(outcomeOf(frames, 'spot').result).toMatchObject({ subscriptionId: this.#nextId });
      const ended = told(frames);
      const again = await this.#client.ask('userDataStream.unsubscribe', { subscriptionId: this.#nextId++ });
      expect(told(again)).toEqual(['eventStreamTerminated']);
      this.#live = undefined;
      return { told: ended };
    }
    machine.pass(way === 'a millisecond late' ? 2 : way === 'at its instant' ? 1 : 0);
    this.#live = undefined;
    return { told: told(this.#client.take()) };
  }

  async #revoke(way: string): Promise<Seen> {
    const { accounts } = this.#room.house;
    if (way === 'with its API key') this.#replaceKey('aliceHmac');
    if (way === 'with its permission') {
      accounts.put({ ...ALICE, apiKeys: ALICE.apiKeys.map((key) => ({ ...key, permissions: ['enableReading'] })) });
    }
    if (way === 'with its margin account') accounts.put({ ...ALICE, scopes: ['spot'] });
    if (way === 'with its account') accounts.drop('alice');
    accounts.put(ALICE);
    this.#live = undefined;
    return { told: told(this.#client.take()) };
  }

  /** The API key goes and comes back as another of the same text: what rested on it is gone for good. */
  #replaceKey(name: string): void {
    const { accounts } = this.#room.house;
    accounts.put({ ...ALICE, apiKeys: ALICE.apiKeys.filter(({ apiKey }) => !apiKey.reveal().startsWith(name)) });
    accounts.put(ALICE);
  }

  async #token(validityMs: number, key: 'Hmac' | 'Ed' = 'Hmac'): Promise<{ token: string; deadline: number }> {
    const [hmac, ed] = accountOf(this.#room.house, 'alice').apiKeys;
    const apiKey = (key === 'Hmac' ? hmac : ed)?.spec.apiKey.reveal() ?? '';
    const form = { ...this.#form, validity: String(validityMs) };
    const { result } = await call(this.#room, 'POST', '/sapi/v1/userListenToken', apiKey, form);
    return { token: String(result?.token), deadline: Number(result?.expirationTime) };
  }

  /** A long walk outlives a connection of 24 hours; its subscription then lives on another one. */
  async #keepConnected(): Promise<void> {
    if (!this.#client.connection.ended) return;
    this.#client = connected(this.#room, PATH);
    this.#nextId = 0;
    const live = this.#live;
    this.#live = undefined;
    if (live !== undefined) await this.#subscribe('at once');
  }

  #publish() {
    return this.#room.house.journal.append([{ stream: this.#stream, type: 'SOMETHING', body: BODY }]);
  }
}

const told = (frames: readonly Record<string, unknown>[]): string[] =>
  frames.flatMap(({ event }) => (event === undefined ? [] : [String((event as { e: unknown }).e)]));

lifecycleWalks({
  lifecycle: LISTEN_TOKEN_LIFECYCLE,
  variants: Object.keys(STREAMS),
  ways: {
    subscribe: ['at once', 'in the last millisecond', 'by a token that ends earlier'],
    subscribeDead: ['a malformed one', 'an expired one', 'a revoked one'],
    unsubscribe: ['that one', 'all'],
    deadline: [
      'at its instant',
      'a millisecond late',
      'unseen until the next event',
      'unseen until the next subscribe',
    ],
    revoke: ['with its API key', 'with its permission', 'with its margin account', 'with its account'],
  },
  begin: (variant) => {
    const stream = STREAMS[variant];
    if (stream === undefined) throw new Error(`no stream is called ${variant}`);
    return Promise.resolve(new TokenLife(stream));
  },
  held: ['absent', 'live'],
  unread: { 'live.subscribeDead': 'of a dead token nobody can tell whose it was: the server reads the first state' },
  untried: { 'live.deadline leads to live': 'the timer of a deadline that has passed would fire for ever' },
});
