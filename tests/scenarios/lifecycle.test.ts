/** How streams begin, end and go on: legacy paths, listenKeyExpired, and the stop of the server (derivatives §3.6, §8). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Logger, pino } from 'pino';
import { fixtureEvent } from './fixtures.ts';
import type { Peer } from './peer.ts';
import { endPrograms, startServer } from './program.ts';
import { RawPeer, RefusedHandshake } from './raw-peer.ts';
import { UnderTest } from './under-test.ts';

const MINUTE = 60_000;

const services: UnderTest[] = [];
afterAll(async () => {
  await Promise.all(services.map((service) => service.close()));
  endPrograms();
});

async function started(document: object = {}, log?: Logger): Promise<UnderTest> {
  const service = await UnderTest.start({ document: { ...document }, ...(log === undefined ? {} : { log }) });
  services.push(service);
  return service;
}

const TRADE = fixtureEvent('usdm', 'TRADE_LITE');

/** What the peer gets of one published event. */
async function seenOf(service: UnderTest, peer: Peer, scope = 'usdm', event: object = TRADE): Promise<unknown[]> {
  expect((await service.publish(scope, event)).status).toBe(200);
  return (await peer.unread(() => peer.ping())).map((text) => JSON.parse(text));
}

describe('a USDⓈ-M or options key on an unrouted path', () => {
  const LEGACY = ['/ws/{key}', '/stream?streams={key}', '/stream?streams={key}@TRADE_LITE'];
  const at = (template: string, key: string) => template.replace('{key}', key);

  test('is silent by default, and the operator is told once for each product', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    const service = await started({}, log);
    const key = await service.listenKey('/fapi/v1/listenKey');
    for (const path of [...LEGACY, ...LEGACY])
      expect(await seenOf(service, await service.open(at(path, key)))).toEqual([]);
    const peer = await service.open('/stream');
    expect(await peer.ask({ method: 'SUBSCRIBE', params: [key], id: 1 })).toEqual({ result: null, id: 1 });
    expect(await seenOf(service, peer)).toEqual([]);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 40,
      msg: expect.stringMatching(/USDⓈ-M Futures.*\/private.*"legacyPaths": "deliver"/),
    });
    await service.open(`/ws/${await service.listenKey('/eapi/v1/listenKey')}`);
    await service.open(`/ws/${await service.listenKey('/eapi/v1/listenKey')}`);
    expect(lines).toHaveLength(2);
    await service.open(`/ws/${await service.listenKey('/dapi/v1/listenKey')}`);
    expect(lines).toHaveLength(2);
  });

  test('is silent about its expiry too', async () => {
    const service = await started();
    const peer = await service.open(`/ws/${await service.listenKey('/fapi/v1/listenKey')}`);
    await service.advance('61m');
    expect(await peer.unread(() => peer.ping())).toEqual([]);
  });

  test('delivers where legacyPaths says so, and nobody is told', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    const service = await started({ legacyPaths: 'deliver' }, log);
    const key = await service.listenKey('/fapi/v1/listenKey');
    expect(await seenOf(service, await service.open(`/ws/${key}`))).toEqual([TRADE]);
    expect(await seenOf(service, await service.open(`/stream?streams=${key}`))).toEqual([{ stream: key, data: TRADE }]);
    expect(lines).toEqual([]);
  });

  test('is refused with 404 where legacyPaths says so; other keys and names are not', async () => {
    const service = await started({ legacyPaths: '404' });
    const key = await service.listenKey('/fapi/v1/listenKey');
    for (const path of LEGACY) {
      const refused = await service.openRaw(at(path, key)).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(RefusedHandshake);
      expect((refused as RefusedHandshake).status).toBe(404);
      expect((refused as RefusedHandshake).body).toEqual({
        code: -5000,
        msg: 'This path carries no USDⓈ-M Futures user data; use /private.',
      });
    }
    await service.openRaw(`/ws/${'b'.repeat(64)}`);
    const coinm = fixtureEvent('coinm', 'ORDER_TRADE_UPDATE');
    const peer = await service.open(`/ws/${await service.listenKey('/dapi/v1/listenKey')}`);
    expect(await seenOf(service, peer, 'coinm', coinm)).toEqual([coinm]);
    const late = await service.open('/ws');
    expect(await late.ask({ method: 'SUBSCRIBE', params: [key], id: 1 })).toEqual({ result: null, id: 1 });
    expect(await seenOf(service, late)).toEqual([]);
  });
});

const PRODUCTS = [
  { scope: 'usdm', path: '/fapi/v1/listenKey', base: '/private', E: (at: number) => at, named: true },
  { scope: 'coinm', path: '/dapi/v1/listenKey', base: '', E: (at: number) => at, named: true },
  { scope: 'options', path: '/eapi/v1/listenKey', base: '/private', E: (at: number) => String(at), named: true },
  { scope: 'pm', path: '/papi/v1/listenKey', base: '/pm', E: (at: number) => at, named: false },
  { scope: 'pmpro', path: '/fapi/v1/listenKey', base: '/pm-classic', E: (at: number) => at, named: true },
  { scope: 'risk', path: '/sapi/v1/margin/listen-key', base: '', E: (at: number) => at, named: true },
] as const;

const EVENTS = {
  usdm: TRADE,
  coinm: fixtureEvent('coinm', 'ORDER_TRADE_UPDATE'),
  options: fixtureEvent('options', 'ORDER_TRADE_UPDATE'),
  pm: fixtureEvent('pm', 'ORDER_TRADE_UPDATE'),
  pmpro: fixtureEvent('pmpro', 'PM_PRO_ACCOUNT_UPDATE'),
  risk: fixtureEvent('risk', 'USER_LIABILITY_CHANGE'),
} as const;

describe.each(PRODUCTS)('the expiry of a key of $scope', ({ scope, path, base, E, named }) => {
  let service: UnderTest;
  beforeAll(async () => {
    service = await started({ limits: 'off' });
  });

  const shape = (at: number, key: string) => ({
    e: 'listenKeyExpired',
    E: E(at),
    ...(named ? { listenKey: key } : {}),
  });

  /** A key, with time standing at the instant of its making. */
  async function freshKey(): Promise<{ key: string; deadline: number }> {
    await service.rest('DELETE', path);
    await service.freeze();
    const key = await service.listenKey(path);
    return { key, deadline: (await service.now()) + 60 * MINUTE };
  }

  test('reaches raw and combined sockets in its own shape, wrapped like any event', async () => {
    const { key, deadline } = await freshKey();
    const raw = await service.open(`${base}/ws/${key}`);
    const combined = await service.open(`${base}/stream?streams=${key}`);
    await service.advance('60m');
    await service.resume();
    expect(await raw.text()).toBe(JSON.stringify(shape(deadline, key)));
    expect(await combined.text()).toBe(JSON.stringify({ stream: key, data: shape(deadline, key) }));
  });

  test('reaches a filtered socket only where the filter names it', async () => {
    const { key, deadline } = await freshKey();
    const wanted = await service.open(`${base}/stream?streams=${key}@listenKeyExpired/${key}@${EVENTS[scope]['e']}`);
    const unwanted = await service.open(`${base}/stream?streams=${key}@${EVENTS[scope]['e']}`);
    await service.advance('60m');
    await service.resume();
    expect(await wanted.frame()).toEqual({ stream: `${key}@listenKeyExpired`, data: shape(deadline, key) });
    expect(await wanted.unread(() => wanted.ping())).toEqual([]);
    expect(await unwanted.unread(() => unwanted.ping())).toEqual([]);
    for (const peer of [wanted, unwanted]) expect(await seenOf(service, peer, scope, EVENTS[scope])).toEqual([]);
  });

  test('comes once; then silence, the name still listed, until a new key is subscribed on the same socket', async () => {
    const { key } = await freshKey();
    const peer = await service.open(`${base}/ws/${key}`);
    await service.advance('60m');
    await service.resume();
    expect(await peer.frame()).toMatchObject({ e: 'listenKeyExpired' });
    expect(await seenOf(service, peer, scope, EVENTS[scope])).toEqual([]);
    expect(await peer.ask({ method: 'LIST_SUBSCRIPTIONS', id: 1 })).toEqual({ result: [key], id: 1 });

    const next = await service.listenKey(path);
    expect(next).not.toBe(key);
    expect(await seenOf(service, peer, scope, EVENTS[scope])).toEqual([]);
    expect(await peer.ask({ method: 'SUBSCRIBE', params: [next], id: 2 })).toEqual({ result: null, id: 2 });
    expect(await seenOf(service, peer, scope, EVENTS[scope])).toEqual([EVENTS[scope]]);
    expect(await peer.ask({ method: 'LIST_SUBSCRIPTIONS', id: 3 })).toEqual({ result: [key, next], id: 3 });
  });

  test('does not come while the key is kept alive, whoever does it', async () => {
    const { key } = await freshKey();
    await service.resume();
    const peer = await service.open(`${base}/ws/${key}`);
    for (let hours = 0; hours < 3; hours++) {
      await service.advance('59m');
      expect((await service.rest('PUT', `${path}?listenKey=${key}`)).status).toBe(200);
      await service.advance('30m');
      expect(await service.listenKey(path)).toBe(key);
    }
    expect(await seenOf(service, peer, scope, EVENTS[scope])).toEqual([EVENTS[scope]]);
  });

  test('reaches every socket of the key, each of which got every event before', async () => {
    const { key } = await freshKey();
    const peers = [await service.open(`${base}/ws/${key}`), await service.open(`${base}/ws/${key}`)];
    await service.resume();
    expect((await service.publish(scope, EVENTS[scope])).status).toBe(200);
    for (const peer of peers) expect(await peer.frame()).toEqual(EVENTS[scope]);
    await service.advance('60m');
    for (const peer of peers) expect(await peer.frame()).toMatchObject({ e: 'listenKeyExpired' });
    for (const peer of peers) expect(await peer.unread(() => peer.ping())).toEqual([]);
  });

  test('by DELETE is announced on derivatives and silent on the risk stream; the socket stays', async () => {
    const { key } = await freshKey();
    await service.resume();
    const peer = await service.open(`${base}/ws/${key}`);
    await service.rest('DELETE', path);
    const frames = (await peer.unread(() => peer.ping())).map((text) => JSON.parse(text));
    expect(frames).toEqual(scope === 'risk' ? [] : [{ ...shape(0, key), E: expect.anything() }]);
    expect(await seenOf(service, peer, scope, EVENTS[scope])).toEqual([]);
    await service.advance('2h');
    expect(await peer.unread(() => peer.ping())).toEqual([]);
  });

  test('by the operator is told like a close by the client', async () => {
    const { key } = await freshKey();
    await service.resume();
    const peer = await service.open(`${base}/ws/${key}`);
    const issuer = scope === 'pmpro' ? 'usdm' : scope;
    const { keys } = (await service.admin('GET', '/admin/v1/keys?account=demo')).body as {
      keys: { id: string; scope: string }[];
    };
    const id = keys.find((row) => row.scope === issuer)?.id;
    expect((await service.admin('DELETE', `/admin/v1/keys/${id}`)).status).toBe(200);
    expect(await peer.unread(() => peer.ping())).toHaveLength(scope === 'risk' ? 0 : 1);
    expect((await service.rest('PUT', `${path}?listenKey=${key}`)).body).toMatchObject({ code: -1125 });
  });
});

describe('one socket with the keys of two products', () => {
  test('loses them one by one', async () => {
    const service = await started();
    const [coinm, risk] = [
      await service.listenKey('/dapi/v1/listenKey'),
      await service.listenKey('/sapi/v1/margin/listen-key'),
    ];
    const peer = await service.open(`/stream?streams=${coinm}/${risk}`);
    await service.rest('DELETE', '/dapi/v1/listenKey');
    expect(await peer.frame()).toMatchObject({ stream: coinm, data: { e: 'listenKeyExpired', listenKey: coinm } });
    expect(await seenOf(service, peer, 'risk', EVENTS.risk)).toEqual([{ stream: risk, data: EVENTS.risk }]);
    await service.advance('61m');
    expect(await peer.frame()).toMatchObject({ stream: risk, data: { e: 'listenKeyExpired', listenKey: risk } });
  });
});

describe('a session that the operator ends', () => {
  test('is closed by name, and its key lives on', async () => {
    const service = await started();
    const key = await service.listenKey('/fapi/v1/listenKey');
    const peer = await service.open(`/private/ws/${key}`);
    const { sessions } = (await service.admin('GET', '/admin/v1/sessions')).body as { sessions: { id: string }[] };
    expect((await service.admin('DELETE', `/admin/v1/sessions/${sessions[0]?.id}`)).status).toBe(200);
    expect(await peer.closed()).toEqual({ code: 1008, reason: 'disconnected' });
    expect(await service.listenKey('/fapi/v1/listenKey')).toBe(key);
  });
});

describe('SIGTERM', () => {
  const SHUTDOWN = { code: 1001, reason: 'server shutdown' };

  test('refuses what is new, announces where the product does, closes all 1001, and exits 0 within the drain', async () => {
    const { program, urls } = await startServer('dev', ['--drain', '1']);
    const outside = new UnderTest({ urls, caFile: null, reloadCertificates: async () => {}, close: async () => {} });
    const [usdm, coinm, risk] = [
      await outside.listenKey('/fapi/v1/listenKey'),
      await outside.listenKey('/dapi/v1/listenKey'),
      await outside.listenKey('/sapi/v1/margin/listen-key'),
    ];
    const silent = await Promise.all(
      [`/private/ws/${usdm}`, `/ws/${coinm}`, '/ws-fapi/v1', '/market/stream'].map((path) => outside.openRaw(path)),
    );
    const raw = await outside.openRaw(`/ws/${risk}`);
    const combined = await outside.openRaw(`/stream?streams=${risk}`);
    const api = await outside.openRaw('/ws-api/v3');
    const startedAt = performance.now();
    program.kill('SIGTERM');

    const said = { e: 'serverShutdown', E: expect.any(Number) };
    expect(await raw.json()).toEqual(said);
    expect(await combined.json()).toEqual({ stream: '!serverShutdown', data: said });
    expect(await api.json()).toEqual({ event: said });
    const refused = await RawPeer.open(urls.http, '/private/ws').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Error);
    expect(refused).not.toBeInstanceOf(RefusedHandshake);

    for (const peer of [...silent, raw, combined, api]) expect(await peer.closed()).toEqual(SHUTDOWN);
    for (const peer of silent) expect(peer.unread.map(({ kind }) => kind)).toEqual(['close']);
    const { code } = await program.ended();
    expect(code).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });

  test('waits no longer than it must when all have gone by themselves', async () => {
    const service = await UnderTest.start();
    const peer = await service.openRaw(`/ws/${await service.listenKey('/sapi/v1/margin/listen-key')}`);
    const startedAt = performance.now();
    const closing = service.running.close(10);
    expect(await peer.json()).toMatchObject({ e: 'serverShutdown' });
    peer.write('close', new Uint8Array([3, 232]));
    await peer.closed();
    await closing;
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });

  test('is not held up by a client that reads nothing', async () => {
    const service = await UnderTest.start();
    const peer = await service.openRaw(`/private/ws/${await service.listenKey('/fapi/v1/listenKey')}`);
    peer.pause();
    const startedAt = performance.now();
    await service.running.close(1);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    peer.drop();
  });
});
