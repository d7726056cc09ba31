/**
 * Each frame on each socket belongs to a grant that is valid at that instant: random sequences of logons, signatures, tokens,
 * renewals, expiries, revocations and publishes over several accounts and sockets of JSON and of SBE, each socket checked
 * frame by frame against a model. Time stands still and is moved by command, to the edges of deadlines too.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { decodeMessage, eventForm, responseForm } from '@listenpost/protocol';
import { type SeededRandom, seededRandom } from '../../packages/core/src/testing/seeded-random.ts';
import { fixtureEvent } from './fixtures.ts';
import type { Peer } from './peer.ts';
import { seedOf } from './seed.ts';
import { ed25519, hmac, type KeyPair, keyPair, signedParams } from './signing.ts';
import { SPOT_API, TOKEN_PATH } from './spot-requests.ts';
import { UnderTest } from './under-test.ts';

const SEED = seedOf(20_261_121);
const STEPS = 3000;
const ACCOUNTS = ['a0', 'a1', 'a2'] as const;
const SCOPES = ['spot', 'margin', 'isolated:BTCUSDT', 'isolated:ETHUSDT'] as const;
const TRANSFER = fixtureEvent('spot', 'balanceUpdate');
/** An account's Ed25519 key is changed to the next of them, and round again. */
const PAIRS = Array.from({ length: 4 }, () => keyPair('ed25519'));
const URLS = [
  SPOT_API,
  `${SPOT_API}?timeUnit=MICROSECOND`,
  `${SPOT_API}?responseFormat=sbe&sbeSchemaId=3&sbeSchemaVersion=5`,
];

type Account = (typeof ACCOUNTS)[number];

/** What a socket should read under one id. */
interface Reading {
  readonly id: number;
  readonly account: Account;
  readonly stream: string;
  readonly kind: 'logon' | 'signature' | 'token';
  /** Of the session that opened it; undefined where it was no session. */
  readonly session: Socket['session'];
  deadline: number;
  /** Timers of one instant fire in the order they were set. */
  order: number;
}

interface Token {
  readonly text: string;
  readonly account: Account;
  readonly stream: string;
  readonly deadline: number;
  /** How often the account's key had been changed when it was made. */
  readonly age: number;
}

interface Socket {
  readonly peer: Peer;
  readonly readings: Map<number, Reading>;
  nextId: number;
  /** Who is logged on, and how often that account's Ed25519 key had been changed. */
  session: { readonly account: Account; readonly age: number } | undefined;
  readonly expected: string[];
}

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start({ document: { accounts: [], symbols: ['BTCUSDT', 'ETHUSDT'], limits: 'off' } });
  await service.freeze();
});
afterAll(() => service.close());

class Model {
  readonly #random: SeededRandom;
  readonly #sockets: Socket[] = [];
  readonly #tokens: Token[] = [];
  /** How often an account's HMAC key was changed: its secret tells. */
  readonly #ages = new Map<Account, number>();
  readonly #edAges = new Map<Account, number>();
  #now = 0;
  #orders = 0;
  #marks = 0;
  #requests = 0;
  delivered = 0;
  ended = 0;
  revoked = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  async start(): Promise<void> {
    this.#now = await service.now();
    for (const account of ACCOUNTS) await this.#put(account);
    await this.#open();
  }

  async step(): Promise<void> {
    const acts: readonly (readonly [number, () => Promise<void>])[] = [
      [2, () => this.#open()],
      [1, () => this.#drop()],
      [8, () => this.#issue()],
      [14, () => this.#subscribeToken()],
      [8, () => this.#subscribeSigned()],
      [10, () => this.#logon()],
      [10, () => this.#subscribe()],
      [1, () => this.#logout()],
      [2, () => this.#unsubscribe()],
      [1, () => this.#rekey()],
      [3, () => this.#rekeyLogons()],
      [16, () => this.#advance()],
      [30, () => this.#publish()],
    ];
    let left = this.#random.below(acts.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, act] of acts) {
      if (left < weight) {
        await act();
        break;
      }
      left -= weight;
    }
    await this.#check();
  }

  async #check(): Promise<void> {
    for (const { peer, expected } of this.#sockets) {
      const frames = await peer.unreadFrames(() => peer.ping());
      expect(frames.map(labelOf)).toEqual(expected.splice(0));
    }
  }

  async #open(): Promise<void> {
    if (this.#sockets.length >= 5) return;
    const peer = await service.open(this.#random.pick(URLS));
    this.#sockets.push({ peer, readings: new Map(), nextId: 0, session: undefined, expected: [] });
  }

  async #drop(): Promise<void> {
    if (this.#sockets.length < 2) return;
    const [socket] = this.#sockets.splice(this.#random.below(this.#sockets.length), 1);
    socket?.peer.drop();
    await socket?.peer.closed();
  }

  async #issue(): Promise<void> {
    const account = this.#random.pick(ACCOUNTS);
    const scope = this.#random.pick(SCOPES.slice(1));
    const symbol = scope.split(':')[1];
    const validityMs = 1 + this.#random.below(60_000);
    const body = new URLSearchParams({
      validity: String(validityMs),
      ...(symbol === undefined ? {} : { isIsolated: 'true', symbol }),
    });
    const answer = await service.rest('POST', TOKEN_PATH, hmacKeyOf(account), { body });
    const deadline = this.#now + validityMs;
    expect(answer).toMatchObject({ status: 200, body: { expirationTime: deadline } });
    const { token } = answer.body as { token: string };
    this.#tokens.push({ text: token, account, stream: `${account}/${scope}`, deadline, age: this.#age(account) });
  }

  async #subscribeToken(): Promise<void> {
    const token = this.#tokens[this.#tokens.length - 1 - this.#random.below(Math.min(6, this.#tokens.length || 1))];
    if (token === undefined) return;
    const socket = this.#random.pick(this.#sockets);
    const forged = this.#random.below(10) === 0;
    const listenToken = forged ? forge(token.text, this.#random) : token.text;
    const id = this.#send(socket, 'userDataStream.subscribe.listenToken', { listenToken });
    if (id === undefined) return;
    if (forged || token.deadline <= this.#now || token.age !== this.#age(token.account)) {
      socket.expected.push(`${id} -1209`);
      return;
    }
    const { account, stream, deadline } = token;
    const active = [...socket.readings.values()].find((reading) => reading.stream === stream);
    if (active !== undefined) {
      active.deadline = deadline;
      active.order = ++this.#orders;
      socket.expected.push(`${id} ${active.id}`);
    } else this.#reads(socket, id, { account, stream, kind: 'token', session: undefined, deadline });
  }

  async #subscribeSigned(): Promise<void> {
    const [socket, account] = [this.#random.pick(this.#sockets), this.#random.pick(ACCOUNTS)];
    const wrong = this.#random.below(8) === 0;
    const sign = hmac(wrong ? 'not its secret' : this.#secretOf(account));
    const params = signedParams({ apiKey: hmacKeyOf(account), timestamp: Date.now() }, sign);
    const id = this.#send(socket, 'userDataStream.subscribe.signature', params);
    if (id === undefined) return;
    const stream = `${account}/spot`;
    if (wrong) socket.expected.push(`${id} -1022`);
    else if (isRead(socket, stream)) socket.expected.push(`${id} -2035`);
    else
      this.#reads(socket, id, {
        account,
        stream,
        kind: 'signature',
        session: undefined,
        deadline: Number.POSITIVE_INFINITY,
      });
  }

  async #logon(): Promise<void> {
    const [socket, account] = [this.#random.pick(this.#sockets), this.#random.pick(ACCOUNTS)];
    const wrong = this.#random.below(8) === 0;
    const pair = this.#pairOf(account, wrong ? 1 : 0);
    const params = signedParams({ apiKey: edKeyOf(account), timestamp: Date.now() }, ed25519(pair.privateKey));
    const id = this.#send(socket, 'session.logon', params);
    if (id === undefined) return;
    socket.expected.push(wrong ? `${id} -1022` : `${id} ok`);
    if (!wrong) socket.session = { account, age: this.#edAge(account) };
  }

  async #subscribe(): Promise<void> {
    const socket = this.#random.pick(this.#sockets);
    const id = this.#send(socket, 'userDataStream.subscribe');
    if (id === undefined) return;
    const account = socket.session?.account;
    if (account === undefined) socket.expected.push(`${id} -2015`);
    else if (isRead(socket, `${account}/spot`)) socket.expected.push(`${id} -2035`);
    else {
      const stream = `${account}/spot`;
      this.#reads(socket, id, {
        account,
        stream,
        kind: 'logon',
        session: socket.session,
        deadline: Number.POSITIVE_INFINITY,
      });
    }
  }

  async #logout(): Promise<void> {
    const socket = this.#random.pick(this.#sockets);
    const id = this.#send(socket, 'session.logout');
    if (id === undefined) return;
    socket.expected.push(`${id} ok`);
    socket.session = undefined;
    this.#end(socket, ({ kind }) => kind === 'logon');
  }

  async #unsubscribe(): Promise<void> {
    const socket = this.#random.pick(this.#sockets);
    const all = this.#random.below(4) === 0;
    const named = this.#random.below(socket.nextId + 1);
    const id = this.#send(socket, 'userDataStream.unsubscribe', all ? {} : { subscriptionId: named });
    if (id === undefined) return;
    const hit = all ? socket.readings.size > 0 : socket.readings.has(named);
    socket.expected.push(hit ? `${id} ok` : `${id} -2036`);
    if (hit) this.#end(socket, (reading) => all || reading.id === named);
  }

  /** The account's HMAC key gets another secret: what it opened by signature and token ends, its logons go on. */
  async #rekey(): Promise<void> {
    const account = this.#random.pick(ACCOUNTS);
    this.#ages.set(account, this.#age(account) + 1);
    await this.#put(account);
    for (const socket of this.#sockets) {
      this.#end(socket, (reading) => reading.account === account && reading.kind !== 'logon');
    }
  }

  /**
   * The account's Ed25519 key becomes another. A session that is logged on with the old one learns it at its next request;
   * what an earlier logon opened, on a session that has another key by now, ends at once.
   */
  async #rekeyLogons(): Promise<void> {
    const account = this.#random.pick(ACCOUNTS);
    this.#edAges.set(account, this.#edAge(account) + 1);
    await this.#put(account);
    for (const socket of this.#sockets) {
      const still = socket.session?.account === account ? socket.session.age : undefined;
      this.#end(socket, ({ session }) => session?.account === account && session.age !== still);
    }
  }

  /** Often to the edge of a deadline: to the last millisecond before it, to it, or to the first behind it. */
  async #advance(): Promise<void> {
    const deadlines = this.#sockets.flatMap(({ readings }) => [...readings.values()].map(({ deadline }) => deadline));
    const next = Math.min(...deadlines);
    const edge = next - this.#now + this.#random.below(3) - 1;
    const ms = Number.isFinite(edge) && edge >= 0 && this.#random.below(2) === 0 ? edge : this.#random.below(8000);
    await service.advance(`${ms}ms`);
    this.#now += ms;
    for (const socket of this.#sockets) {
      const due = [...socket.readings.values()].filter(({ deadline }) => deadline <= this.#now);
      due.sort((a, b) => a.deadline - b.deadline || a.order - b.order);
      for (const { id } of due) this.#end(socket, (reading) => reading.id === id);
    }
  }

  async #publish(): Promise<void> {
    const [account, scope] = [this.#random.pick(ACCOUNTS), this.#random.pick(SCOPES)];
    const mark = `m${++this.#marks}`;
    expect(await service.publish(scope, { ...TRANSFER, a: mark }, account)).toMatchObject({ status: 200 });
    for (const socket of this.#sockets) {
      for (const reading of socket.readings.values()) {
        if (reading.stream !== `${account}/${scope}`) continue;
        socket.expected.push(`@${reading.id} ${mark}`);
        this.delivered++;
      }
    }
  }

  #reads(socket: Socket, requestId: number, reading: Omit<Reading, 'id' | 'order'>): void {
    const id = socket.nextId++;
    socket.readings.set(id, { ...reading, id, order: ++this.#orders });
    socket.expected.push(`${requestId} ${id}`);
  }

  #end(socket: Socket, which: (reading: Reading) => boolean): void {
    for (const reading of [...socket.readings.values()].filter(which)) {
      socket.readings.delete(reading.id);
      socket.expected.push(`@${reading.id} end`);
      this.ended++;
    }
  }

  /** Undefined where the session's key is gone: then the request is answered with that and nothing else. */
  #send(socket: Socket, method: string, params: object = {}): number | undefined {
    const id = ++this.#requests;
    socket.peer.send({ id, method, params });
    const { session } = socket;
    if (session === undefined || session.age === this.#edAge(session.account)) return id;
    socket.session = undefined;
    socket.expected.push('null -2015');
    this.#end(socket, ({ kind }) => kind === 'logon');
    this.revoked++;
    return undefined;
  }

  #age(account: Account): number {
    return this.#ages.get(account) ?? 0;
  }

  #edAge(account: Account): number {
    return this.#edAges.get(account) ?? 0;
  }

  /** Its Ed25519 key, or one that it had or will have. */
  #pairOf(account: Account, changesLater = 0): KeyPair {
    return PAIRS[(this.#edAge(account) + changesLater) % PAIRS.length] as KeyPair;
  }

  #secretOf(account: Account): string {
    return `the secret of ${account} no. ${this.#age(account)}`;
  }

  async #put(account: Account): Promise<void> {
    const { status } = await service.admin('PUT', `/admin/v1/accounts/${account}`, {
      apiKeys: [
        { apiKey: hmacKeyOf(account), type: 'HMAC', secret: this.#secretOf(account) },
        { apiKey: edKeyOf(account), type: 'ED25519', publicKey: this.#pairOf(account).publicKey },
      ],
    });
    expect(status).toBeLessThan(300);
  }
}

const hmacKeyOf = (account: Account) => `${account}Hmac`.padEnd(64, 'x');
const edKeyOf = (account: Account) => `${account}Ed`.padEnd(64, 'x');

const isRead = ({ readings }: Socket, stream: string) => [...readings.values()].some((each) => each.stream === stream);

/** The token with one character changed. */
function forge(token: string, random: SeededRandom): string {
  const at = random.below(69);
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
}

/** A frame in short: `7 0` answers request 7 with subscription 0; `@0 m3` is its event, `@0 end` its last. */
function labelOf(received: string | Uint8Array): string {
  const frame = (typeof received === 'string' ? JSON.parse(received) : formOf(received)) as {
    id?: number | string | null;
    result?: { subscriptionId?: number };
    error?: { code: number };
    subscriptionId?: number;
    event?: { e: string; a?: string };
  };
  if (frame.event !== undefined) {
    return `@${frame.subscriptionId} ${frame.event.e === 'eventStreamTerminated' ? 'end' : frame.event.a}`;
  }
  // SBE has no null: its id is the empty text then.
  return `${frame.id === '' ? null : frame.id} ${frame.error?.code ?? frame.result?.subscriptionId ?? 'ok'}`;
}

const formOf = (bytes: Uint8Array) => {
  const message = decodeMessage(bytes);
  return eventForm(message) ?? responseForm(message);
};

test(`each frame belongs to a grant that is valid at its instant (seed ${SEED})`, async () => {
  const model = new Model(SEED);
  await model.start();
  for (let nth = 0; nth < STEPS; nth++) await model.step();
  expect(model.delivered).toBeGreaterThan(STEPS / 20);
  expect(model.ended).toBeGreaterThan(STEPS / 40);
  expect(model.revoked).toBeGreaterThan(2);
}, 120_000);
