/** The emulator writes down what clients sent and got, for tests to ask about; it tells no secret. */
import { afterEach, describe, expect, test } from 'bun:test';
import { DEMO_HMAC_API_KEY, DEMO2_HMAC_API_KEY } from '../../packages/server/src/config/demo.ts';
import { endPrograms, Program, startServer } from './program.ts';
import { call, logon, SPOT_API, subscribeSigned } from './spot-requests.ts';
import { UnderTest } from './under-test.ts';

const KEY_PATH = '/fapi/v1/listenKey';

let services: UnderTest[] = [];
afterEach(async () => {
  await Promise.all(services.map((service) => service.close()));
  services = [];
  endPrograms();
});

async function frozenService(): Promise<UnderTest> {
  const service = await UnderTest.start();
  services.push(service);
  await service.freeze();
  return service;
}

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly connection?: string;
  readonly [member: string]: unknown;
}

async function journal(service: UnderTest, query = ''): Promise<{ entries: Entry[]; dropped: number; next?: string }> {
  const { status, body } = await service.admin('GET', `/admin/v1/journal${query}`);
  expect([status, body]).toEqual([200, expect.objectContaining({ entries: expect.any(Array) })]);
  return body as { entries: Entry[]; dropped: number; next?: string };
}

const MARK = expect.stringMatching(/^\[redacted:[0-9a-f]{6}\]$/);
const EVENT = { e: 'ACCOUNT_CONFIG_UPDATE', E: 1790000001005, T: 1790000001002, ac: { s: 'BTCUSDT', l: 20 } };

test('a run is written down in order: requests and answers, the handshake, frames both ways, the close', async () => {
  const service = await frozenService();
  const at = new Date(await service.now()).toISOString();
  const listenKey = await service.listenKey(KEY_PATH);
  const peer = await service.open(`/private/stream?streams=${listenKey}`);
  await peer.ask({ method: 'LIST_SUBSCRIPTIONS', id: 7 });
  await service.publish('usdm', EVENT);
  await peer.frame();
  await service.rest('DELETE', `${KEY_PATH}?listenKey=${listenKey}`);
  await peer.frame();
  peer.drop();
  await peer.closed();
  await service.rest('GET', '/fapi/v1/nothing?x=1');

  const { entries, dropped } = await journal(service);
  const demo = { at, account: 'demo', product: 'usdm' };
  const onStream = { ...demo, connection: 'c1' };
  expect(entries).toEqual([
    {
      id: 'j1',
      ...demo,
      kind: 'request',
      from: 'client',
      streams: [],
      method: 'POST',
      path: KEY_PATH,
      status: 200,
      answer: { listenKey: MARK },
    },
    {
      id: 'j2',
      ...onStream,
      kind: 'handshake',
      from: 'client',
      streams: ['demo/usdm'],
      method: 'GET',
      path: '/private/stream',
      query: expect.stringMatching(/^streams=\[redacted:[0-9a-f]{6}\]$/),
      status: 101,
    },
    {
      id: 'j3',
      ...onStream,
      kind: 'message',
      from: 'client',
      streams: ['demo/usdm'],
      method: 'LIST_SUBSCRIPTIONS',
      path: '/private/stream',
      frame: { method: 'LIST_SUBSCRIPTIONS', id: 7 },
      answer: { result: [MARK], id: 7 },
    },
    {
      id: 'j4',
      ...onStream,
      kind: 'push',
      from: 'server',
      streams: ['demo/usdm'],
      event: EVENT.e,
      path: '/private/stream',
      frame: { stream: MARK, data: EVENT },
    },
    {
      id: 'j5',
      ...demo,
      kind: 'request',
      from: 'client',
      streams: [],
      method: 'DELETE',
      path: KEY_PATH,
      query: expect.stringMatching(/^listenKey=\[redacted:[0-9a-f]{6}\]$/),
      status: 200,
      answer: {},
    },
    {
      id: 'j6',
      ...onStream,
      kind: 'push',
      from: 'server',
      streams: ['demo/usdm'],
      event: 'listenKeyExpired',
      path: '/private/stream',
      frame: { stream: MARK, data: expect.objectContaining({ e: 'listenKeyExpired', listenKey: MARK }) },
    },
    {
      id: 'j7',
      ...onStream,
      kind: 'close',
      from: 'client',
      streams: [],
      path: '/private/stream',
      code: expect.any(Number),
      reason: expect.any(String),
    },
    {
      id: 'j8',
      at,
      kind: 'request',
      from: 'client',
      account: 'demo',
      streams: [],
      method: 'GET',
      path: '/fapi/v1/nothing',
      query: 'x=1',
      status: 404,
      code: -5000,
      answer: expect.objectContaining({ code: -5000 }),
    },
  ] as never);
  expect(dropped).toBe(0);
});

test('the same secret has the same mark, and stands there where that is asked for', async () => {
  const service = await frozenService();
  const listenKey = await service.listenKey(KEY_PATH);
  await service.rest('PUT', `${KEY_PATH}?listenKey=${listenKey}`);
  const [started, extended] = (await journal(service)).entries as [Entry, Entry];
  const { listenKey: mark } = started['answer'] as { listenKey: string };
  expect(extended['query']).toBe(`listenKey=${mark}`);
  const [plain] = (await journal(service, '?redact=false')).entries as [Entry];
  expect(plain['answer']).toEqual({ listenKey });
});

test('requests of the WebSocket API stand with their answers, whose they are, and without what is secret', async () => {
  const service = await frozenService();
  const api = await service.open(SPOT_API);
  await api.ask(logon());
  await api.ask(subscribeSigned('demo2'));
  await api.ask('nonsense');
  await service.publish('spot', { e: 'balanceUpdate', E: 1, a: 'USDT', d: '1.00000000', T: 1 }, 'demo2');
  await api.frame();
  const { entries } = await journal(service, '?kind=message,push');
  expect(entries).toMatchObject([
    { kind: 'message', account: 'demo', product: 'spot', method: 'session.logon', path: SPOT_API, status: 200 },
    {
      kind: 'message',
      account: 'demo2',
      method: 'userDataStream.subscribe.signature',
      status: 200,
      answer: { result: { subscriptionId: 0 } },
    },
    { kind: 'message', status: 400, code: -1135, frame: 'nonsense' },
    { kind: 'push', streams: ['demo2/spot'], event: 'balanceUpdate' },
  ]);
  const text = JSON.stringify(entries);
  expect(text).toContain('"signature":"[redacted:');
  expect(text).not.toContain(DEMO_HMAC_API_KEY);
  expect(text).not.toContain(DEMO2_HMAC_API_KEY);
});

test('binary frames are told in the JSON form of the WebSocket API', async () => {
  const service = await frozenService();
  const api = await service.open(`${SPOT_API}?responseFormat=sbe&sbeSchemaId=3&sbeSchemaVersion=5`);
  api.send(call('time'));
  await api.bytes();
  const { entries } = await journal(service, '?kind=message');
  expect(entries).toMatchObject([{ method: 'time', status: 200, answer: { sbe: 'WebSocketResponse', status: 200 } }]);
});

describe('a query', () => {
  async function busyService(): Promise<UnderTest> {
    const service = await frozenService();
    await service.listenKey(KEY_PATH);
    await service.listenKey('/dapi/v1/listenKey', DEMO2_HMAC_API_KEY);
    await service.rest('PUT', KEY_PATH);
    await service.rest('PUT', '/eapi/v1/listenKey');
    return service;
  }

  test.each([
    ['?account=demo2', ['j2']],
    ['?product=usdm', ['j1', 'j3']],
    ['?method=PUT', ['j3', 'j4']],
    ['?path=/dapi', ['j2']],
    ['?status=400', ['j4']],
    ['?kind=push', []],
    ['?since=j2', ['j3', 'j4']],
    ['?method=PUT&account=demo&path=/fapi/v1/listenKey', ['j3']],
  ])('%s finds %j', async (query, ids) => {
    const { entries } = await journal(await busyService(), query);
    expect(entries.map(({ id }) => id)).toEqual(ids);
  });

  test('is answered page by page', async () => {
    const service = await busyService();
    const first = await journal(service, '?limit=3');
    expect([first.entries.length, first.next]).toEqual([3, 'j3']);
    const second = await journal(service, `?limit=3&since=${first.next}`);
    expect([second.entries.map(({ id }) => id), second.next]).toEqual([['j4'], undefined]);
  });

  test.each([
    ['?colour=red', 'colour: unknown; take one of account'],
    ['?kind=requests', 'kind: "requests" is none; take request, handshake'],
    ['?since=3', 'since: "3" is no id that this list gave'],
    ['?status=4xx', 'status: expected three digits'],
    ['?limit=0', 'limit: expected a whole number'],
    ['?redact=no', 'redact: expected true or false'],
  ])('%s is refused: %s', async (query, reason) => {
    const { status, body } = await (await frozenService()).admin('GET', `/admin/v1/journal${query}`);
    expect([status, body]).toEqual([400, { error: { reason: expect.stringContaining(reason) } }]);
  });
});

test('heartbeats are listed where they are asked for', async () => {
  const service = await frozenService();
  const peer = await service.openRaw(`/private/ws/${await service.listenKey(KEY_PATH)}`);
  await service.advance('3m');
  await peer.ping('x');
  expect((await journal(service)).entries.map(({ kind }) => kind)).toEqual(['request', 'handshake']);
  const beats = (await journal(service, '?kind=ping,pong')).entries;
  expect(beats.map(({ kind, from }) => `${kind} ${from}`)).toEqual(['ping server', 'pong client', 'ping client']);
});

test('what faults did stands beside what was on the wire, and nothing that was not', async () => {
  const service = await frozenService();
  const peer = await service.openRaw(`/private/ws/${await service.listenKey(KEY_PATH)}`);
  await service.admin('POST', '/admin/v1/faults', { fault: 'zombie' });
  await service.publish('usdm', EVENT);
  await service.admin('POST', '/admin/v1/faults', { fault: 'drop-keepalive', times: 1 });
  await service.rest('PUT', KEY_PATH, undefined, { keepalive: false }).catch(() => undefined);
  await service.admin('POST', '/admin/v1/faults', { fault: 'cut' });
  await peer.closed();
  const { entries } = await journal(service, '?since=j2');
  expect(entries).toMatchObject([
    {
      kind: 'fault',
      account: 'demo',
      connection: 'c1',
      fault: { id: 'f1', name: 'zombie', did: 'withheld' },
      frame: EVENT,
    },
    { kind: 'request', method: 'PUT' },
    { kind: 'fault', account: 'demo', fault: { id: 'f2', name: 'drop-keepalive', did: 'lost the request' } },
    { kind: 'fault', connection: 'c1', fault: { id: 'f3', name: 'cut', did: 'cut' } },
    { kind: 'close', from: 'server', account: 'demo', code: 1006 },
  ]);
  expect(entries[1]).not.toHaveProperty('status');
});

test('it can be cleared, so that a test sees its own alone', async () => {
  const service = await frozenService();
  await service.listenKey(KEY_PATH);
  expect((await service.admin('DELETE', '/admin/v1/journal')).body).toEqual({ removed: 1 });
  await service.rest('GET', '/fapi/v1/ping');
  expect((await journal(service)).entries).toMatchObject([{ id: 'j2', path: '/fapi/v1/ping' }]);
});

test('listenpost requests, faults and explain-signature are its commands', async () => {
  const { urls } = await startServer('dev');
  const run = (...args: string[]) => Program.run([...args, '--admin', urls.admin]);
  const set = await run('faults', 'add', 'http', '--status', '429', '--retry-after', '30s', '--times', '1');
  expect([set.code, JSON.parse(set.stdout)]).toMatchObject([
    0,
    { id: 'f1', fault: 'http', status: 429, retryAfter: 30_000, times: 1 },
  ]);
  const refused = await fetch(`${urls.http}${KEY_PATH}`, {
    method: 'POST',
    headers: { 'X-MBX-APIKEY': DEMO_HMAC_API_KEY },
  });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
  const rows = (await run('requests')).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows).toMatchObject([
    { kind: 'request', method: 'POST', path: KEY_PATH, status: 429 },
    { kind: 'fault', fault: { id: 'f1', did: 'answered 429' } },
  ]);
  expect(JSON.parse((await run('faults')).stdout)).toMatchObject({ id: 'f1', spent: true });
  expect((await run('faults', 'remove', 'f1')).stderr).toBe('f1 removed\n');
  expect((await run('faults', 'remove', 'f1')).stderr).toContain('no fault that is set has the id "f1"');
  expect((await run('requests', '--clear')).stderr).toBe('2 entries forgotten\n');
  const query = `timestamp=${Date.now()}&signature=${'0'.repeat(64)}`;
  await fetch(`${urls.http}${KEY_PATH}?${query}`, { method: 'POST', headers: { 'X-MBX-APIKEY': DEMO_HMAC_API_KEY } });
  expect(JSON.parse((await run('explain-signature')).stdout)).toMatchObject({
    account: 'demo',
    where: `POST ${KEY_PATH}`,
    count: 1,
  });
  const unknown = await run('faults', 'add', 'zombi');
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("unknown command 'zombi'")]);
}, 120_000);
