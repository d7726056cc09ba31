/**
 * Nobody sees a stranger's events: random sequences of starts, closes, sockets, subscriptions and publishes over five
 * accounts and every product with a stream, each socket checked frame by frame against what it should have seen.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import fc from 'fast-check';
import { DEMO_HMAC_API_KEY } from '../../packages/server/src/config/demo.ts';
import { type EventScope, SCOPE_EVENTS } from './fixtures.ts';
import type { Peer } from './peer.ts';
import { UnderTest } from './under-test.ts';

const SEED = 20_261_120;
const ACCOUNTS = ['a0', 'a1', 'a2', 'a3', 'a4'] as const;

/** Keys: who issues them, and whether their close is announced, and how (derivatives §4.1, spot-margin §6.7). */
const ISSUERS = {
  usdm: { path: '/fapi/v1/listenKey', announced: true },
  coinm: { path: '/dapi/v1/listenKey', announced: true },
  options: { path: '/eapi/v1/listenKey', announced: true },
  pm: { path: '/papi/v1/listenKey', announced: true },
  risk: { path: '/sapi/v1/margin/listen-key', announced: false },
} as const;
type Issuer = keyof typeof ISSUERS;

/** What a key reads on each base; nothing where it is missing. */
const READS: Readonly<Record<string, { readonly [I in Issuer]?: EventScope }>> = {
  '': { coinm: 'coinm', risk: 'risk' },
  '/private': { usdm: 'usdm', options: 'options' },
  '/pm': { pm: 'pm' },
  '/pm-classic': { usdm: 'pmpro' },
  '/market': {},
};

let service: UnderTest;
const apiKeyOf = (account: string) => account.padEnd(64, 'x');

beforeAll(async () => {
  const accounts = ACCOUNTS.map((id) => ({
    id,
    apiKeys: [{ apiKey: apiKeyOf(id), type: 'HMAC', secret: `${id}-secret` }],
  }));
  service = await UnderTest.start({ document: { accounts, limits: 'off' } });
});
afterAll(() => service.close());

interface LiveKey {
  readonly key: string;
  readonly account: string;
  readonly issuer: Issuer;
}

/** A socket and what it should have seen, in order. */
interface Watched {
  readonly peer: Peer;
  readonly base: string;
  readonly combined: boolean;
  /** Stream and key by the name they were subscribed under. */
  readonly listens: Map<string, { readonly stream: string; readonly key: string }>;
  readonly expected: string[];
}

class Model {
  readonly #keys = new Map<string, LiveKey>();
  readonly #watched: Watched[] = [];
  #marks = 0;

  async start(account: string, issuer: Issuer): Promise<LiveKey> {
    const key = await service.listenKey(ISSUERS[issuer].path, apiKeyOf(account));
    const known = this.#keys.get(`${account}/${issuer}`);
    if (known !== undefined) expect(key).toBe(known.key);
    const live = { key, account, issuer };
    this.#keys.set(`${account}/${issuer}`, live);
    return live;
  }

  async stop(account: string, issuer: Issuer): Promise<void> {
    const live = this.#keys.get(`${account}/${issuer}`);
    const { status } = await service.rest('DELETE', ISSUERS[issuer].path, apiKeyOf(account));
    expect(status).toBe(live === undefined ? 400 : 200);
    if (live === undefined) return;
    this.#keys.delete(`${account}/${issuer}`);
    for (const { listens, expected, combined } of this.#watched) {
      if (!listens.delete(live.key) || !ISSUERS[issuer].announced) continue;
      expected.push(label(combined ? live.key : undefined, 'expired', issuer === 'pm' ? undefined : live.key));
    }
  }

  async open(base: string, combined: boolean, account: string, issuer: Issuer): Promise<void> {
    const live = await this.start(account, issuer);
    const path = combined ? `${base}/stream?streams=${live.key}` : `${base}/ws/${live.key}`;
    const watched: Watched = { peer: await service.open(path), base, combined, listens: new Map(), expected: [] };
    this.#listen(watched, live);
    this.#watched.push(watched);
  }

  async subscribe(nth: number, account: string, issuer: Issuer): Promise<void> {
    const watched = this.#watched[nth % Math.max(1, this.#watched.length)];
    if (watched === undefined) return;
    const live = await this.start(account, issuer);
    watched.peer.send({ method: 'SUBSCRIBE', params: [live.key], id: this.#answered(watched) });
    await watched.peer.ping();
    this.#listen(watched, live);
  }

  async unsubscribe(nth: number, account: string, issuer: Issuer): Promise<void> {
    const watched = this.#watched[nth % Math.max(1, this.#watched.length)];
    const live = this.#keys.get(`${account}/${issuer}`);
    if (watched === undefined || live === undefined) return;
    watched.peer.send({ method: 'UNSUBSCRIBE', params: [live.key], id: this.#answered(watched) });
    await watched.peer.ping();
    watched.listens.delete(live.key);
  }

  /** One request with an event for each of these streams. */
  async publish(streams: readonly (readonly [string, EventScope])[]): Promise<void> {
    const lines = streams.map(([account, scope]) => {
      const mark = `${account}/${scope}#${++this.#marks}`;
      for (const { listens, expected, combined } of this.#watched) {
        for (const [name, { stream }] of listens) {
          if (stream === `${account}/${scope}`) expected.push(label(combined ? name : undefined, mark));
        }
      }
      return JSON.stringify({ account, scope, event: { ...SCOPE_EVENTS[scope], mark } });
    });
    const response = await fetch(`${service.running.urls.admin}/admin/v1/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 200,
      body: { accepted: lines.length },
    });
  }

  /** Every frame of every socket is one that it should have seen, in that order, and none is missing. */
  async check(): Promise<void> {
    for (const { peer, expected } of this.#watched) {
      const frames = await peer.unread(() => peer.ping());
      expect(frames.map(seen)).toEqual(expected);
      peer.drop();
    }
    for (const { account, issuer } of [...this.#keys.values()]) {
      await service.rest('DELETE', ISSUERS[issuer].path, apiKeyOf(account));
    }
  }

  #listen({ base, listens }: Watched, { key, account, issuer }: LiveKey): void {
    const scope = READS[base]?.[issuer];
    if (scope !== undefined) listens.set(key, { stream: `${account}/${scope}`, key });
  }

  #answered({ expected }: Watched): number {
    const id = ++this.#marks;
    expected.push(`answer ${id}`);
    return id;
  }
}

const label = (...parts: readonly (string | undefined)[]) => parts.map((part) => part ?? '-').join(' ');

/** A frame as the model words it. */
function seen(text: string): string {
  const frame = JSON.parse(text) as Record<string, unknown>;
  if ('id' in frame) return frame['result'] === null ? `answer ${frame['id']}` : text;
  const name = 'stream' in frame ? String(frame['stream']) : undefined;
  const event = ('data' in frame ? frame['data'] : frame) as Record<string, unknown>;
  if (event['e'] === 'listenKeyExpired') return label(name, 'expired', event['listenKey'] as string | undefined);
  return label(name, String(event['mark']));
}

const account = fc.constantFrom(...ACCOUNTS);
const issuer = fc.constantFrom(...(Object.keys(ISSUERS) as Issuer[]));
const scope = fc.constantFrom(...(Object.keys(SCOPE_EVENTS) as EventScope[]));
const base = fc.constantFrom(...Object.keys(READS));
const nth = fc.nat(20);

type Step = (model: Model) => Promise<unknown>;

/** Says in a failure's counterexample what it did. */
const named = (words: readonly unknown[], step: Step): Step =>
  Object.assign(step, { [fc.toStringMethod]: () => words.flat(2).join(' ') });

const start = fc.tuple(account, issuer).map((at) => named(['start', at], (model) => model.start(...at)));
const stop = fc.tuple(account, issuer).map((at) => named(['stop', at], (model) => model.stop(...at)));
const open = fc
  .tuple(base, fc.boolean(), account, issuer)
  .map((at) => named(['open', at], (model) => model.open(...at)));
const subscribe = fc
  .tuple(nth, account, issuer)
  .map((at) => named(['subscribe', at], (model) => model.subscribe(...at)));
const unsubscribe = fc
  .tuple(nth, account, issuer)
  .map((at) => named(['unsubscribe', at], (model) => model.unsubscribe(...at)));
const publish = fc
  .array(fc.tuple(account, scope), { minLength: 1, maxLength: 20 })
  .map((streams) => named(['publish', streams], (model) => model.publish(streams)));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: start },
  { weight: 2, arbitrary: stop },
  { weight: 4, arbitrary: open },
  { weight: 3, arbitrary: subscribe },
  { weight: 1, arbitrary: unsubscribe },
  { weight: 5, arbitrary: publish },
);

test(`every frame on a socket belongs to the keys it used (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 80 }), async (steps) => {
      const model = new Model();
      for (const take of steps) await take(model);
      await model.check();
    }),
    { seed: SEED, numRuns: 40, endOnFailure: true },
  );
});

test('an account’s key means nothing in another’s calls', async () => {
  const [mine = '', theirs = ''] = ACCOUNTS;
  const key = await service.listenKey('/sapi/v1/margin/listen-key', apiKeyOf(mine));
  await service.listenKey('/sapi/v1/margin/listen-key', apiKeyOf(theirs));
  for (const method of ['PUT', 'DELETE']) {
    const path = `/sapi/v1/margin/listen-key?listenKey=${key}`;
    expect(await service.rest(method, path, apiKeyOf(theirs))).toMatchObject({ status: 400, body: { code: -1125 } });
  }
  expect(await service.listenKey('/sapi/v1/margin/listen-key', apiKeyOf(mine))).toBe(key);
  expect((await service.rest('POST', '/fapi/v1/listenKey', DEMO_HMAC_API_KEY)).status).toBe(401);
});
