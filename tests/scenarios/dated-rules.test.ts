/** The protocol as it stood on another day: `--as-of` at a start, and the admin call while clients are connected. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { DEMO_HMAC_API_KEY } from '../../packages/server/src/config/demo.ts';
import { fixtureEvent } from './fixtures.ts';
import type { Peer } from './peer.ts';
import { UnderTest } from './under-test.ts';

/** The last millisecond of the listenKeys of Spot and margin, and the first one without. */
const WITH_SPOT_KEYS = '2026-02-20T06:59:59.999Z';
const WITHOUT_SPOT_KEYS = '2026-02-20T07:00:00Z';

const NO_KEY = { code: -1125, msg: 'This listenKey does not exist.' };
const missing = (name: string) => ({
  code: -1102,
  msg: `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`,
});

const SPOT = {
  scope: 'spot',
  path: '/api/v3/userDataStream',
  query: '',
  used: { header: 'x-mbx-used-weight-1m', start: 2, stop: 2 },
  event: fixtureEvent('spot', 'balanceUpdate'),
};
const MARGIN = {
  scope: 'margin',
  path: '/sapi/v1/userDataStream',
  query: '',
  used: { header: 'x-sapi-used-uid-weight-1m', start: 1, stop: 3000 },
  event: fixtureEvent('margin', 'balanceUpdate'),
};
const ISOLATED = {
  scope: 'isolated:BTCUSDT',
  path: '/sapi/v1/userDataStream/isolated',
  query: 'symbol=BTCUSDT',
  used: MARGIN.used,
  event: fixtureEvent('isolated', 'balanceUpdate'),
};
const DOORS = [SPOT, MARGIN, ISOLATED] as const;
type Door = (typeof DOORS)[number];

const asOf = (instant: string): Promise<UnderTest> => UnderTest.start({ flags: { asOf: instant } });

const target = ({ path, query }: Door, more = ''): string =>
  `${path}?${[query, more].filter((part) => part).join('&')}`;

const frames = async (peer: Peer): Promise<unknown[]> =>
  (await peer.unread(() => peer.ping())).map((frame) => JSON.parse(frame));

const wsCall = (method: string, params: object) => ({ id: 1, method, params });

describe(`as of ${WITH_SPOT_KEYS}`, () => {
  let service: UnderTest;
  beforeAll(async () => {
    service = await asOf(WITH_SPOT_KEYS);
  });
  afterAll(() => service.close());

  const used = async (door: Door, method: string, query: string) => {
    const { headers } = await service.rest(method, target(door, query));
    return Number(headers.get(door.used.header));
  };

  describe.each(DOORS)('$path', (door) => {
    test('start, keepalive and close answer and weigh as they did', async () => {
      await service.startMinute();
      const key = await service.listenKey(target(door));
      expect(key).toMatch(/^[A-Za-z0-9]{64}$/);
      expect(await service.rest('POST', target(door))).toMatchObject({ status: 200, body: { listenKey: key } });
      expect(await service.rest('PUT', target(door, `listenKey=${key}`))).toMatchObject({ status: 200, body: {} });
      const before = await used(door, 'POST', '');
      expect((await used(door, 'POST', '')) - before).toBe(door.used.start);
      expect(await service.rest('DELETE', target(door, `listenkey=${key}`))).toMatchObject({ status: 200, body: {} });
      expect(await service.rest('PUT', target(door, `listenKey=${key}`))).toMatchObject({ status: 400, body: NO_KEY });
      await service.startMinute();
      expect(await used(door, 'DELETE', `listenKey=${key}`)).toBe(door.used.stop);
    });

    test('keepalive and close must name the key', async () => {
      await service.listenKey(target(door));
      for (const method of ['PUT', 'DELETE']) {
        expect(await service.rest(method, target(door))).toMatchObject({ status: 400, body: missing('listenKey') });
        const wrong = await service.rest(method, target(door, `listenKey=${'x'.repeat(64)}`));
        expect(wrong).toMatchObject({ status: 400, body: NO_KEY });
      }
    });

    test('its stream opens on the bare paths and carries its own events alone', async () => {
      const key = await service.listenKey(target(door));
      const raw = await service.open(`/ws/${key}`);
      const wrapped = await service.open(`/stream?streams=${key}`);
      for (const { scope, event } of DOORS) await service.publish(scope, event);
      expect(await frames(raw)).toEqual([door.event]);
      expect(await frames(wrapped)).toEqual([{ stream: key, data: door.event }]);
    });

    test('its end is announced when its time is over, and not when it is closed', async () => {
      const closed = await service.listenKey(target(door));
      const peer = await service.open(`/ws/${closed}`);
      await service.rest('DELETE', target(door, `listenKey=${closed}`));
      expect(await frames(peer)).toEqual([]);

      await service.freeze();
      const key = await service.listenKey(target(door));
      const next = await service.open(`/stream?streams=${key}`);
      await service.advance('3599999ms');
      expect(await frames(next)).toEqual([]);
      await service.advance('1ms');
      const data = { e: 'listenKeyExpired', E: await service.now(), listenKey: key };
      expect(await frames(next)).toEqual([{ stream: key, data }]);
      await service.publish(door.scope, door.event);
      expect(await frames(next)).toEqual([]);
      await service.resume();
    });
  });

  test('a socket of such a key has the heartbeat of Spot', async () => {
    await service.open(`/ws/${await service.listenKey(SPOT.path)}`);
    const { body } = await service.admin('GET', '/admin/v1/sessions');
    expect(JSON.stringify(body)).toContain('"row":"spot"');
  });

  test('isolated margin names its symbol, and each has a key of its own', async () => {
    expect(await service.rest('POST', ISOLATED.path)).toMatchObject({ status: 400, body: missing('symbol') });
    const unknown = await service.rest('POST', `${ISOLATED.path}?symbol=NOPE`);
    expect(unknown).toMatchObject({ status: 400, body: { code: -1121 } });
    const keys = await Promise.all(
      [...DOORS.map((door) => target(door)), `${ISOLATED.path}?symbol=ETHUSDT`].map((path) => service.listenKey(path)),
    );
    expect(new Set(keys).size).toBe(4);
  });

  test('the Spot WebSocket API has start, ping and stop, each weighing 2', async () => {
    await service.startMinute();
    const peer = await service.open('/ws-api/v3');
    const apiKey = DEMO_HMAC_API_KEY;
    const { result, rateLimits } = await peer.ask(wsCall('userDataStream.start', { apiKey }));
    const { listenKey } = result as { listenKey: string };
    expect(listenKey).toBe(await service.listenKey(SPOT.path));
    expect(rateLimits).toMatchObject([{ count: 4 }]);
    const pinged = await peer.ask(wsCall('userDataStream.ping', { apiKey, listenKey }));
    expect(pinged).toMatchObject({ status: 200, result: {}, rateLimits: [{ count: 8 }] });
    expect(await peer.ask(wsCall('userDataStream.ping', { apiKey }))).toMatchObject({ error: missing('listenKey') });
    expect(await peer.ask(wsCall('userDataStream.start', {}))).toMatchObject({ error: missing('apiKey') });
    expect(await peer.ask(wsCall('userDataStream.stop', { apiKey, listenKey }))).toMatchObject({ result: {} });
    const again = await peer.ask(wsCall('userDataStream.stop', { apiKey, listenKey }));
    expect(again).toMatchObject({ status: 400, error: NO_KEY });
  });

  test('the clock does not move the rules', async () => {
    await service.advance('60d');
    expect((await service.admin('GET', '/admin/v1/rules')).body).toEqual({ asOf: WITH_SPOT_KEYS });
    expect((await service.rest('POST', SPOT.path)).status).toBe(200);
  });
});

describe.each([WITHOUT_SPOT_KEYS, '2026-02-20', 'latest'])('as of %s', (instant) => {
  test('the listenKeys of Spot and margin are gone at both doors', async () => {
    const service = await asOf(instant);
    for (const { path } of DOORS) {
      for (const method of ['POST', 'PUT', 'DELETE', 'GET']) {
        const { status, headers, body } = await service.rest(method, `${path}?listenKey=x`);
        expect([status, headers.get('content-type'), headers.get('content-length')]).toEqual([410, 'text/html', '136']);
        expect(body).toContain('<center><h1>410 Gone</h1></center>');
      }
    }
    const peer = await service.open('/ws-api/v3');
    for (const name of ['start', 'ping', 'stop']) {
      const answer = await peer.ask(wsCall(`userDataStream.${name}`, { apiKey: DEMO_HMAC_API_KEY }));
      expect(answer).toMatchObject({ status: 400, error: { code: -1020, msg: 'This operation is not supported.' } });
    }
    const futures = await service.open('/ws-fapi/v1');
    const started = await futures.ask(wsCall('userDataStream.start', { apiKey: DEMO_HMAC_API_KEY }));
    expect(started).toMatchObject({ status: 200 });
    await service.close();
  });
});

describe('rules replaced while clients are connected', () => {
  let service: UnderTest;
  beforeAll(async () => {
    service = await asOf('2026-04-22');
  });
  afterAll(() => service.close());

  const replace = async (instant: string) => {
    const { status, body } = await service.admin('POST', '/admin/v1/rules', { asOf: instant });
    expect(status).toBe(200);
    return body;
  };

  test.each([
    { scope: 'usdm', path: '/fapi/v1/listenKey' },
    { scope: 'options', path: '/eapi/v1/listenKey' },
  ])('the unrouted path of $scope delivers, falls silent, and speaks again', async ({ scope, path }) => {
    const event = fixtureEvent(scope, 'ORDER_TRADE_UPDATE');
    const key = await service.listenKey(path);
    const unrouted = await service.open(`/ws/${key}`);
    const routed = await service.open(`/private/ws/${key}`);
    const seen = async (instant: string) => {
      await replace(instant);
      await service.publish(scope, event);
      return [await frames(unrouted), await frames(routed)];
    };
    expect(await seen('2026-04-22T23:59:59.999Z')).toEqual([[event], [event]]);
    expect(await seen('2026-04-23T00:00:00.000Z')).toEqual([[], [event]]);
    expect((await unrouted.ask({ method: 'LIST_SUBSCRIPTIONS', id: 1 })).result).toEqual([key]);
    expect(await seen('2026-04-22')).toEqual([[event], [event]]);
  });

  test('a key of Spot outlives its endpoint, until its time is over', async () => {
    await replace(WITH_SPOT_KEYS);
    const key = await service.listenKey(SPOT.path);
    const peer = await service.open(`/ws/${key}`);
    const api = await service.open('/ws-api/v3');
    expect(await replace(WITHOUT_SPOT_KEYS)).toEqual({ asOf: '2026-02-20T07:00:00.000Z' });
    await service.publish('spot', SPOT.event);
    expect(await frames(peer)).toEqual([SPOT.event]);
    const pinged = await api.ask(wsCall('userDataStream.ping', { apiKey: DEMO_HMAC_API_KEY, listenKey: key }));
    expect(pinged).toMatchObject({ error: { code: -1020 } });
    await service.advance('60m');
    expect(await frames(peer)).toMatchObject([{ e: 'listenKeyExpired', listenKey: key }]);
  });

  test('options: `expiration` comes with December 2025', async () => {
    const members = async () => Object.keys((await service.rest('POST', '/eapi/v1/listenKey')).body as object);
    await replace('2025-11-30T23:59:59.999Z');
    expect(await members()).toEqual(['listenKey']);
    await replace('2025-12-01T00:00:00Z');
    expect(await members()).toEqual(['listenKey', 'expiration']);
  });

  test('COIN-M: keepalive names the key from 2026-01-13 on, at both doors', async () => {
    const listenKey = await service.listenKey('/dapi/v1/listenKey');
    const peer = await service.open('/ws-dapi/v1');
    const answers = async () => {
      const { result } = await peer.ask(wsCall('userDataStream.ping', { apiKey: DEMO_HMAC_API_KEY }));
      return [(await service.rest('PUT', '/dapi/v1/listenKey')).body, result];
    };
    await replace('2026-01-12');
    expect(await answers()).toEqual([{}, {}]);
    await replace('2026-01-13');
    expect(await answers()).toEqual([{ listenKey }, { listenKey }]);
  });

  test('what was published is read from the journal as it was, whatever the rules', async () => {
    const stored = () => service.admin('GET', '/admin/v1/streams/demo/spot/events').then(({ body }) => body);
    const before = await stored();
    await replace('2025-10-06');
    expect(await stored()).toEqual(before);
    expect(await replace('latest')).toEqual({ asOf: 'latest' });
  });

  test.each([
    [{ asOf: '2020-01-01' }, 'asOf: 2020-01-01T23:59:59.999Z is before the first date.*the nearest is 2025-10-06'],
    [{ asOf: '2031-01-01' }, 'asOf: 2031-01-01T23:59:59.999Z is after the last date.*the nearest is 2026-10-29'],
    [{ asOf: '2026-02-30' }, 'asOf: got "2026-02-30"; expected "latest", a date such as'],
    [{ asOf: '2026-02-20T07:00:00' }, 'expected .*or an instant such as "2026-02-20T06:59:59Z"'],
    [{ asOf: 1771570800000 }, 'asOf: got 1771570800000; expected "latest"'],
    [{}, 'asOf: '],
    ['latest', 'not JSON'],
  ])('%j is refused in a sentence, and changes nothing', async (command, reason) => {
    await replace('2026-04-22');
    const { status, body } = await service.admin('POST', '/admin/v1/rules', command);
    expect([status, body]).toEqual([400, { error: { reason: expect.stringMatching(new RegExp(reason)) } }]);
    expect((await service.admin('GET', '/admin/v1/rules')).body).toEqual({ asOf: '2026-04-22T23:59:59.999Z' });
  });
});

test('serve takes --as-of too, and no command to change it', async () => {
  const service = await UnderTest.start({
    command: 'serve',
    document: { journal: { commit: 'memory' }, accounts: [] },
    flags: { asOf: '2026-02-19' },
  });
  expect((await service.admin('GET', '/admin/v1/rules')).body).toEqual({ asOf: '2026-02-19T23:59:59.999Z' });
  const { status, body } = await service.admin('POST', '/admin/v1/rules', { asOf: 'latest' });
  expect([status, body]).toEqual([403, { error: { reason: expect.stringContaining('listenpost dev') } }]);
  expect((await service.rest('POST', SPOT.path)).status).toBe(401);
  await service.close();
});

test.each([
  [
    '2025-10-05',
    'the command line: --as-of: 2025-10-05T23:59:59.999Z is before the first date.*the nearest is 2025-10-06',
  ],
  ['2027-01-01', '--as-of: .* is after the last date whose rules are known; the nearest is 2026-10-29'],
  ['yesterday', '--as-of: got "yesterday"; expected "latest", a date such as "2026-02-19"'],
])('a start as of %s is refused in a sentence', async (instant, sentence) => {
  expect(asOf(instant)).rejects.toThrow(new RegExp(sentence));
});
