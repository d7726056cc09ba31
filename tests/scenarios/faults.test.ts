/** Each fault of design §5, as a client sees it on the wire. The clock stands still but where it is moved. */
import { afterEach, describe, expect, test } from 'bun:test';
import { decodeMessage, eventForm, responseForm } from '@listenpost/protocol';
import { DEMO2_HMAC_API_KEY } from '../../packages/server/src/config/demo.ts';
import { RefusedHandshake } from './raw-peer.ts';
import { call, SPOT_API, subscribeSigned, subscribeToken, tokenOf } from './spot-requests.ts';
import { type RestAnswer, UnderTest } from './under-test.ts';

const KEY_PATH = '/fapi/v1/listenKey';

let services: UnderTest[] = [];
afterEach(async () => {
  await Promise.all(services.map((service) => service.close()));
  services = [];
});

async function frozenService(): Promise<UnderTest> {
  const service = await UnderTest.start();
  services.push(service);
  await service.freeze();
  return service;
}

interface FaultRow {
  readonly id: string;
  readonly acted: number;
  readonly seed?: number;
  readonly spent: boolean;
}

async function add(service: UnderTest, fault: string, more: object = {}): Promise<FaultRow> {
  const { status, body } = await service.admin('POST', '/admin/v1/faults', { fault, ...more });
  expect([status, body]).toEqual([200, expect.objectContaining({ fault })]);
  return body as FaultRow;
}

const remove = (service: UnderTest, { id }: FaultRow): Promise<RestAnswer> =>
  service.admin('DELETE', `/admin/v1/faults/${id}`);

const listed = async (service: UnderTest): Promise<readonly FaultRow[]> =>
  ((await service.admin('GET', '/admin/v1/faults')).body as { faults: FaultRow[] }).faults;

/** One event of the demo account, told apart by its leverage. */
const leverage = (l: number) => ({
  e: 'ACCOUNT_CONFIG_UPDATE',
  E: 1790000001005,
  T: 1790000001002,
  ac: { s: 'BTCUSDT', l },
});

async function publish(service: UnderTest, ...marks: readonly number[]): Promise<void> {
  for (const mark of marks) {
    const { status } = await service.publish('usdm', leverage(mark));
    expect(status).toBe(200);
  }
}

const markOf = (frame: Record<string, unknown>) => (frame as unknown as ReturnType<typeof leverage>).ac.l;

const openStream = async (service: UnderTest) => service.openRaw(`/private/ws/${await service.listenKey(KEY_PATH)}`);

const marks = async (peer: { json(): Promise<Record<string, unknown>> }, count: number) => {
  const got: number[] = [];
  for (let at = 0; at < count; at++) got.push(markOf(await peer.json()));
  return got;
};

const BALANCE = { e: 'balanceUpdate', E: 1790000001005, a: 'USDT', d: '-12.50000000', T: 1790000001002 };

describe('zombie', () => {
  test('answers pings and sends nothing, until it is removed', async () => {
    const service = await frozenService();
    const peer = await openStream(service);
    const zombie = await add(service, 'zombie');
    await publish(service, 1, 2);
    peer.write('text', '{"method":"LIST_SUBSCRIPTIONS","id":1}');
    await peer.proveOpen();
    expect(peer.unread).toEqual([]);
    await remove(service, zombie);
    await publish(service, 3);
    expect(await marks(peer, 1)).toEqual([3]);
  });

  test('may go on answering requests', async () => {
    const service = await frozenService();
    const peer = await openStream(service);
    await add(service, 'zombie', { withholds: 'events' });
    await publish(service, 1);
    expect(await peer.ask({ method: 'GET_PROPERTY', params: ['combined'], id: 1 })).toEqual({ result: false, id: 1 });
    expect(peer.unread).toEqual([]);
  });

  test('leaves those that open later alone, unless it has an end', async () => {
    const service = await frozenService();
    const first = await openStream(service);
    await add(service, 'zombie');
    const second = await openStream(service);
    await publish(service, 1);
    expect(await marks(second, 1)).toEqual([1]);
    await first.proveOpen();
    expect(first.unread).toEqual([]);

    await add(service, 'zombie', { for: '30s' });
    const third = await openStream(service);
    await publish(service, 2);
    await third.proveOpen();
    expect(third.unread).toEqual([]);
    await service.advance('30s');
    await publish(service, 3);
    expect(await marks(third, 1)).toEqual([3]);
  });

  test('of one account withholds nothing of another on the same connection', async () => {
    const service = await frozenService();
    const peer = await service.open(SPOT_API);
    for (const account of ['demo', 'demo2'] as const)
      expect(await peer.ask(subscribeSigned(account))).toMatchObject({ status: 200 });
    await add(service, 'zombie', { account: 'demo2', withholds: 'events' });
    await service.publish('spot', BALANCE, 'demo2');
    await service.publish('spot', BALANCE, 'demo');
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: BALANCE });
    expect(await peer.unread(() => peer.ping())).toEqual([]);
  });
});

describe('cut', () => {
  test('is an end without a close frame, at once, and lets the client back in', async () => {
    const service = await frozenService();
    const peer = await openStream(service);
    await add(service, 'cut');
    expect(await peer.closed()).toEqual({ code: null, reason: '' });
    const again = await openStream(service);
    await publish(service, 1);
    expect(await marks(again, 1)).toEqual([1]);
    expect(await listed(service)).toEqual([]);
  });

  test('comes in the middle of a sequence', async () => {
    const service = await frozenService();
    const peer = await openStream(service);
    await add(service, 'cut', { after: 2, times: 1 });
    await publish(service, 1, 2);
    expect(await marks(peer, 2)).toEqual([1, 2]);
    await publish(service, 3);
    expect(await peer.closed()).toEqual({ code: null, reason: '' });
    expect(peer.unread).toEqual([]);
    const again = await openStream(service);
    await publish(service, 4);
    expect(await marks(again, 1)).toEqual([4]);
  });

  test('with an end cuts those that open meanwhile too', async () => {
    const service = await frozenService();
    await add(service, 'cut', { times: 2 });
    for (let time = 0; time < 2; time++) {
      expect(await (await openStream(service)).closed()).toEqual({ code: null, reason: '' });
    }
    await (await openStream(service)).proveOpen();
    expect(await listed(service)).toMatchObject([{ acted: 2, spent: true }]);
  });
});

describe('half-open', () => {
  test('carries nothing, not even pongs; removed, all that waited arrives in order', async () => {
    const service = await frozenService();
    const peer = await openStream(service);
    const halfOpen = await add(service, 'half-open');
    await publish(service, 1, 2);
    peer.write('ping', 'are you there?');
    peer.write('text', '{"method":"GET_PROPERTY","params":["combined"],"id":1}');
    // A second connection has had its pong: the first one's would have come.
    const other = await openStream(service);
    await other.proveOpen();
    await publish(service, 3);
    expect(await marks(other, 1)).toEqual([3]);
    expect([peer.unread, peer.pongs]).toEqual([[], []]);

    await remove(service, halfOpen);
    expect(await marks(peer, 3)).toEqual([1, 2, 3]);
    expect(await peer.json()).toEqual({ result: false, id: 1 });
    expect(peer.pongs).toEqual(['are you there?']);
  });

  test('is given up by the server when its pings go unanswered, and the client is not told', async () => {
    const service = await frozenService();
    const peer = await openStream(service);
    await add(service, 'half-open');
    await service.advance('3m');
    await service.advance('10m');
    expect((await service.admin('GET', '/admin/v1/sessions')).body).toEqual({ sessions: [] });
    const other = await openStream(service);
    await other.proveOpen();
    expect([peer.unread, peer.pings]).toEqual([[], []]);
    await service.admin('DELETE', '/admin/v1/faults');
    expect(await peer.closed()).toEqual({ code: 1008, reason: 'disconnected' });
  });
});

test('delay holds frames back by virtual time, in order', async () => {
  const service = await frozenService();
  const peer = await openStream(service);
  await add(service, 'delay', { by: '2s', times: 1 });
  await publish(service, 1, 2);
  await peer.proveOpen();
  expect(peer.unread).toEqual([]);
  await service.advance('1999ms');
  await peer.proveOpen();
  expect(peer.unread).toEqual([]);
  await service.advance('1ms');
  expect(await marks(peer, 2)).toEqual([1, 2]);
  await publish(service, 3);
  expect(await marks(peer, 1)).toEqual([3]);
});

test('delay holds the answers of REST back, and what was asked is done at once', async () => {
  const service = await frozenService();
  await add(service, 'delay', { by: '2s', of: 'requests', product: 'usdm', times: 1 });
  let answered = false;
  const started = service.rest('POST', KEY_PATH).then((answer) => {
    answered = true;
    return answer;
  });
  while (!JSON.stringify((await service.admin('GET', '/admin/v1/keys')).body).includes('"k1"'))
    await service.rest('GET', '/dapi/v1/ping');
  expect(answered).toBe(false);
  await service.advance('2s');
  expect((await started).status).toBe(200);
});

test('duplicate sends an event twice, and an answer once', async () => {
  const service = await frozenService();
  const peer = await openStream(service);
  await add(service, 'duplicate', { times: 2 });
  expect(await peer.ask({ method: 'GET_PROPERTY', params: ['combined'], id: 1 })).toEqual({ result: false, id: 1 });
  await publish(service, 1, 2, 3);
  expect(await marks(peer, 5)).toEqual([1, 1, 2, 2, 3]);
});

test('swap has an event and the next change places; one that stays alone comes late', async () => {
  const service = await frozenService();
  const peer = await openStream(service);
  await add(service, 'swap', { times: 2, within: '5s' });
  await publish(service, 1, 2, 3);
  expect(await marks(peer, 2)).toEqual([2, 1]);
  await peer.proveOpen();
  expect(peer.unread).toEqual([]);
  await service.advance('5s');
  expect(await marks(peer, 1)).toEqual([3]);
});

describe('drop-keepalive', () => {
  const keepalive = (service: UnderTest) =>
    // On a connection of its own: the runtime sends a request again by itself where a kept one breaks.
    service.rest('PUT', KEY_PATH, undefined, { keepalive: false }).then(
      ({ status }) => status,
      () => 'no answer',
    );

  test('loses the request, so that the key runs out', async () => {
    const service = await frozenService();
    const peer = await openStream(service);
    await add(service, 'drop-keepalive', { account: 'demo' });
    await service.advance('30m');
    expect(await keepalive(service)).toBe('no answer');
    await service.advance('30m');
    expect(await peer.json()).toMatchObject({ e: 'listenKeyExpired' });
  });

  test('may lose the answer alone: the key lives, and the client does not know', async () => {
    const service = await frozenService();
    const peer = await openStream(service);
    await add(service, 'drop-keepalive', { loses: 'answer', times: 1 });
    await service.advance('30m');
    expect(await keepalive(service)).toBe('no answer');
    await service.advance('59m');
    await publish(service, 1);
    expect(await marks(peer, 1)).toEqual([1]);
    expect(await keepalive(service)).toBe(200);
  });

  test.each(['request', 'answer'])(
    'over the WebSocket API the %s is lost, and the connection goes on',
    async (loses) => {
      const service = await frozenService();
      const listenKey = await service.listenKey(KEY_PATH);
      const api = await service.open('/ws-fapi/v1');
      await add(service, 'drop-keepalive', { loses, times: 1 });
      await service.advance('30m');
      const params = { apiKey: 'demoHmacKey0'.repeat(6).slice(0, 64) };
      api.send({ id: 'lost', method: 'userDataStream.ping', params });
      expect(await api.ask({ id: 2, method: 'session.status' })).toMatchObject({ id: 2, status: 200 });
      await service.advance('31m');
      const alive = await api.ask({ id: 3, method: 'userDataStream.ping', params });
      if (loses === 'request') expect(alive).toMatchObject({ id: 3, error: { code: -1125 } });
      else expect(alive).toMatchObject({ id: 3, result: { listenKey } });
    },
  );
});

describe('http', () => {
  const EXPECTED = [
    [429, -1003, '60'],
    [418, -1003, '60'],
    [500, -1000, null],
    [503, -1001, null],
  ] as const;

  test.each(EXPECTED)('answers %i as the exchange does, and looks at nothing', async (status, code, retryAfter) => {
    const service = await frozenService();
    await add(service, 'http', { status, times: 1 });
    const refused = await service.rest('POST', KEY_PATH);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([status, retryAfter]);
    expect(refused.body).toEqual({ code, msg: expect.any(String) });
    expect((await service.admin('GET', '/admin/v1/keys')).body).toEqual({ keys: [] });
    expect((await service.rest('POST', KEY_PATH)).status).toBe(200);
  });

  test.each([502, 504])('answers %i as the gateway does', async (status) => {
    const service = await frozenService();
    await add(service, 'http', { status, retryAfter: '5s' });
    const refused = await service.rest('POST', KEY_PATH);
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('content-type')]).toEqual([
      status,
      '5',
      'text/html',
    ]);
    expect(refused.body).toContain('<center><h1>50');
  });

  test('answers in words of your own, and where you say', async () => {
    const service = await frozenService();
    await add(service, 'http', {
      status: 503,
      code: -1008,
      msg: 'Server is currently overloaded',
      path: KEY_PATH,
      method: 'PUT',
      account: 'demo',
    });
    expect((await service.rest('POST', KEY_PATH)).status).toBe(200);
    expect((await service.rest('PUT', '/dapi/v1/listenKey')).status).toBe(400);
    expect((await service.rest('PUT', KEY_PATH, DEMO2_HMAC_API_KEY)).status).toBe(400);
    const { status, body } = await service.rest('PUT', KEY_PATH);
    expect([status, body]).toEqual([503, { code: -1008, msg: 'Server is currently overloaded' }]);
  });

  test('refuses handshakes', async () => {
    const service = await frozenService();
    await add(service, 'http', { status: 429, path: '/private', times: 1 });
    const refused = (await service.openRaw('/private/ws').catch((cause: unknown) => cause)) as RefusedHandshake;
    expect(refused).toBeInstanceOf(RefusedHandshake);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    await (await service.openRaw('/private/ws')).proveOpen();
  });

  test('answers calls of the WebSocket API, in JSON and in SBE', async () => {
    const service = await frozenService();
    const now = await service.now();
    const json = await service.open(SPOT_API);
    const sbe = await service.open(`${SPOT_API}?responseFormat=sbe&sbeSchemaId=3&sbeSchemaVersion=5`);
    await add(service, 'http', { status: 429, method: 'time', retryAfter: '10s' });
    const data = { serverTime: now, retryAfter: now + 10_000 };
    expect(await json.ask(call('time'))).toMatchObject({ status: 429, error: { code: -1003, data } });
    expect(await json.ask(call('ping'))).toMatchObject({ status: 200 });
    sbe.send(call('time'));
    expect(responseForm(decodeMessage(await sbe.bytes()))).toMatchObject({ status: 429, error: { code: -1003 } });
  });
});

describe('expire-now', () => {
  test('ends a listenKey as its deadline does', async () => {
    const service = await frozenService();
    const peer = await openStream(service);
    expect(await add(service, 'expire-now', { account: 'demo', product: 'usdm' })).toMatchObject({ acted: 1 });
    expect(await peer.json()).toMatchObject({ e: 'listenKeyExpired' });
    expect((await service.rest('PUT', KEY_PATH)).body).toMatchObject({ code: -1125 });
    expect(await listed(service)).toEqual([]);
  });

  test('ends what a listenToken opened, and the token with it', async () => {
    const service = await frozenService();
    const peer = await service.open(SPOT_API);
    const { token } = await tokenOf(service);
    expect(await peer.ask(subscribeToken(token))).toMatchObject({ status: 200 });
    expect(await add(service, 'expire-now', { product: 'margin' })).toMatchObject({ acted: 1 });
    expect(await peer.frame()).toMatchObject({ subscriptionId: 0, event: { e: 'eventStreamTerminated' } });
    expect(await peer.ask(subscribeToken(token))).toMatchObject({ error: { code: -1209 } });
    await service.advance('1ms');
    const { token: fresh } = await tokenOf(service);
    expect(await peer.ask(subscribeToken(fresh))).toMatchObject({ status: 200, result: { subscriptionId: 1 } });
  });

  test('says so when there is nothing to expire', async () => {
    const service = await frozenService();
    const { status, body } = await service.admin('POST', '/admin/v1/faults', { fault: 'expire-now' });
    expect([status, body]).toEqual([400, { error: { reason: 'expire-now: it meets nothing that lives just now' } }]);
  });
});

describe('shutdown', () => {
  test('is announced where the product says so, then closes, and the server lives on', async () => {
    const service = await frozenService();
    const peer = await service.open(SPOT_API);
    await add(service, 'shutdown', { grace: '10s' });
    expect(await peer.frame()).toEqual({ event: { e: 'serverShutdown', E: await service.now() } });
    expect(await peer.ask(call('ping'))).toMatchObject({ status: 200 });
    await service.advance('10s');
    expect(await peer.closed()).toEqual({ code: 1001, reason: 'server shutdown' });
    expect(await (await service.open(SPOT_API)).ask(call('ping'))).toMatchObject({ status: 200 });
    expect(await listed(service)).toEqual([]);
  });

  test('removed in time, it closes nothing', async () => {
    const service = await frozenService();
    const peer = await openStream(service);
    const shutdown = await add(service, 'shutdown', { connection: 'c1' });
    await remove(service, shutdown);
    await service.advance('1m');
    await peer.proveOpen();
  });
});

describe('clock-skew', () => {
  const signedAt = (service: UnderTest, timestamp: number) =>
    service.open(SPOT_API).then((api) => api.ask(subscribeSigned('demo', { timestamp })));

  test('checks timestamps strictly, by a clock that is off, and tells its time', async () => {
    const service = await frozenService();
    await service.advance('1h');
    const now = await service.now();
    expect(await signedAt(service, Date.now())).toMatchObject({ status: 200 });
    await add(service, 'clock-skew', { by: '-30s' });
    expect(await signedAt(service, Date.now())).toMatchObject({ error: { code: -1021 } });
    expect(await signedAt(service, now)).toMatchObject({ error: { code: -1021 } });
    for (const path of ['/api/v3/time', '/fapi/v1/time', '/dapi/v1/time', '/eapi/v1/time']) {
      expect((await service.rest('GET', path)).body).toEqual({ serverTime: now - 30_000 });
    }
    expect(await (await service.open(SPOT_API)).ask(call('time'))).toMatchObject({
      result: { serverTime: now - 30_000 },
    });
    expect(await signedAt(service, now - 30_000)).toMatchObject({ status: 200 });
  });

  test('without a figure is the strict rule alone', async () => {
    const service = await frozenService();
    await service.advance('1h');
    await add(service, 'clock-skew', { account: 'demo' });
    expect(await signedAt(service, Date.now())).toMatchObject({ error: { code: -1021 } });
    expect(await signedAt(service, await service.now())).toMatchObject({ status: 200 });
  });
});

describe('faults', () => {
  test('stack in the order in which they were set', async () => {
    const service = await frozenService();
    const peer = await openStream(service);
    await add(service, 'duplicate', { times: 1 });
    await add(service, 'swap', { times: 1 });
    await publish(service, 1, 2);
    expect(await marks(peer, 3)).toEqual([1, 1, 2]);
    expect(await listed(service)).toMatchObject([
      { fault: 'duplicate', acted: 1 },
      { fault: 'swap', acted: 1 },
    ]);
    expect((await service.admin('DELETE', '/admin/v1/faults')).body).toEqual({ removed: 2 });
    await publish(service, 3);
    expect(await marks(peer, 1)).toEqual([3]);
  });

  test.each([
    ['zombie', {}],
    ['delay', { by: '1m' }],
    ['duplicate', {}],
    ['cut', { times: 1 }],
    ['half-open', {}],
  ] as const)('aimed at one connection spare another of the same key: %s', async (fault, settings) => {
    const service = await frozenService();
    const key = await service.listenKey(KEY_PATH);
    const [met, spared] = [
      await service.openRaw(`/private/ws/${key}`),
      await service.openRaw(`/private/ws/${key}`),
    ] as const;
    const { sessions } = (await service.admin('GET', '/admin/v1/sessions')).body as { sessions: { id: string }[] };
    const [connection] = sessions.map(({ id }) => id).sort();
    await add(service, fault, { connection, ...settings });
    await publish(service, 1, 2);
    expect(await marks(spared, 2)).toEqual([1, 2]);
    await spared.proveOpen();
    expect(spared.unread).toEqual([]);
    if (fault === 'duplicate') expect(await marks(met, 4)).toEqual([1, 1, 2, 2]);
    else expect(met.unread).toEqual([]);
  });

  test('throw dice that a seed replays', async () => {
    const heard: (readonly number[])[] = [];
    for (const seed of [7, 7, 8]) {
      const service = await frozenService();
      const peer = await openStream(service);
      await add(service, 'duplicate', { probability: 0.5, seed });
      await publish(service, 1, 2, 3, 4, 5, 6, 7, 8);
      await peer.proveOpen();
      heard.push(peer.unread.map(({ payload }) => markOf(JSON.parse(payload.toString()))));
    }
    expect(heard[0]).toEqual(heard[1] as number[]);
    expect(heard[0]).not.toEqual(heard[2] as number[]);
    expect([...new Set(heard[0])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('reach SBE frames like all others', async () => {
    const service = await frozenService();
    const peer = await service.open(`${SPOT_API}?responseFormat=sbe&sbeSchemaId=3&sbeSchemaVersion=5`);
    peer.send(subscribeSigned());
    await peer.bytes();
    await add(service, 'duplicate', { account: 'demo', times: 1 });
    await service.publish('spot', BALANCE);
    for (let copy = 0; copy < 2; copy++) {
      expect(eventForm(decodeMessage(await peer.bytes()))).toMatchObject({
        subscriptionId: 0,
        event: { e: 'balanceUpdate' },
      });
    }
  });

  test('drawn without a seed, they tell the one that they drew', async () => {
    const service = await frozenService();
    const { seed } = await add(service, 'duplicate', { probability: 0.5 });
    expect(seed).toBeWithin(0, 2 ** 32);
  });

  test.each([
    [{ fault: 'zombi' }, 'fault: got "zombi"; expected "zombie"'],
    [{}, 'fault: missing; expected "zombie"'],
    [{ fault: 'delay' }, 'by: missing; expected a duration'],
    [{ fault: 'delay', by: 'soon' }, 'by: got "soon"; expected a duration such as'],
    [{ fault: 'zombie', after: 3 }, 'after: unknown key'],
    [{ fault: 'http', status: 404 }, 'status: got 404; expected "429"'],
    [{ fault: 'duplicate', probability: 2 }, 'probability: got 2; expected a number above 0 and up to 1'],
    [{ fault: 'duplicate', seed: 2 }, 'seed: is of the dice; give "probability" with it'],
    [{ fault: 'duplicate', times: 0 }, 'times: got 0; expected a whole number from 1'],
    [{ fault: 'cut', account: 'nobody' }, 'account: there is no account "nobody"'],
    [{ fault: 'cut', product: 'usdn' }, 'product: got "usdn"; expected "usdm"'],
    [{ fault: 'cut', connection: 'c99' }, 'connection: no open connection has the id "c99"'],
    [{ fault: 'cut' }, 'no open connection is met; give "times" or "for"'],
  ])('%j is refused: %s', async (body, reason) => {
    const service = await frozenService();
    const answer = await service.admin('POST', '/admin/v1/faults', body);
    expect([answer.status, answer.body]).toEqual([400, { error: { reason: expect.stringContaining(reason) } }]);
    expect(await listed(service)).toEqual([]);
  });

  test('are not of the service', async () => {
    const service = await UnderTest.start({ command: 'serve' });
    services.push(service);
    for (const [method, path] of [
      ['GET', 'faults'],
      ['POST', 'faults'],
      ['GET', 'journal'],
      ['GET', 'explain-signature'],
    ] as const) {
      const { status, body } = await service.admin(
        method,
        `/admin/v1/${path}`,
        method === 'GET' ? undefined : { fault: 'cut' },
      );
      expect([status, JSON.stringify(body)]).toEqual([403, expect.stringContaining('listenpost dev')]);
    }
  });

  test('that hold something back do not hold up a stop', async () => {
    const service = await frozenService();
    const peer = await openStream(service);
    await add(service, 'half-open');
    await add(service, 'delay', { by: '1h' });
    await publish(service, 1);
    const startedAt = performance.now();
    await service.running.close(10);
    expect(performance.now() - startedAt).toBeLessThan(8000);
    await peer.closed();
    services = [];
  });
});
