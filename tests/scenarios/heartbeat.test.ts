/**
 * Ping, pong and lifetime over real sockets (derivatives §3.5, spot-margin §1.3). Each story has its own service, because
 * an advance moves every socket of it, and waits for each that is silent.
 */
import { afterAll, describe, expect, test } from 'bun:test';
import { PRODUCTS } from '@listenpost/protocol';
import type { Peer } from './peer.ts';
import type { RawPeer } from './raw-peer.ts';
import { UnderTest } from './under-test.ts';

const MINUTE = 60_000;
/** What a busy machine may be late by. */
const LATE_MS = 1500;
const DISCONNECTED = { code: 1008, reason: 'disconnected' };

const services: UnderTest[] = [];
afterAll(() => Promise.all(services.map((service) => service.close())));

/** A service whose time stands still until it is moved. */
async function frozenService(): Promise<UnderTest> {
  const service = await UnderTest.start();
  services.push(service);
  await service.freeze();
  return service;
}

/** Lets time flow until the peer's next ping, and holds it again. */
async function untilPing(service: UnderTest, ...peers: readonly RawPeer[]): Promise<void> {
  const counts = peers.map((peer) => peer.pings.length);
  await service.resume();
  await Promise.all(peers.map((peer, index) => peer.pinged((counts[index] ?? 0) + 1)));
  await service.freeze();
}

const silent = () => {};

/** The instant of the last ping: its payload. */
const lastPing = (peer: RawPeer) => Number(peer.pings.at(-1));

describe('a derivatives stream', () => {
  test('is pinged every 3 minutes, with the instant for a payload', async () => {
    const service = await frozenService();
    const openedAt = await service.now();
    const peer = await service.openRaw('/private/ws');
    for (let nth = 1; nth <= 3; nth++) {
      await service.advance(`${(await due(nth)) - 1 - (await service.now())}ms`);
      await peer.proveOpen();
      expect(peer.pings).toHaveLength(nth - 1);
      await untilPing(service, peer);
      expect(lastPing(peer)).toBeWithin(await due(nth), (await due(nth)) + LATE_MS);
    }

    /** The clock flows for a few ms around each ping, and the next counts from there. */
    async function due(nth: number): Promise<number> {
      return (nth === 1 ? openedAt : Number(peer.pings[nth - 2])) + 3 * MINUTE;
    }
  });

  test('answers each ping of a client at once, with the same payload', async () => {
    const service = await frozenService();
    const peer = await service.openRaw('/private/ws');
    for (const payload of ['', 'x', '1790000000000', 'b'.repeat(125)]) {
      expect(await peer.ping(payload)).toBe(payload);
    }
  });
});

describe('the risk stream', () => {
  test('on a shared path begins to be pinged like one once its key is known', async () => {
    const service = await frozenService();
    const peer = await service.openRaw('/ws');
    await service.advance('1m');
    expect(peer.pings).toEqual([]);
    const key = await service.listenKey('/sapi/v1/margin/listen-key');
    await peer.ask({ method: 'SUBSCRIBE', params: [key], id: 1 });
    await service.advance('20s');
    expect(peer.pings).toHaveLength(1);
  });
});

/** Side by side, because each costs its advance the whole wait for pongs. */
describe.concurrent('a silent peer', () => {
  test('of a derivatives stream is dropped 10 minutes after a ping, and not a millisecond before', async () => {
    const { pingEveryMs, pongWithinMs } = PRODUCTS.usdm.connection;
    const service = await frozenService();
    const [mute, unsolicited, late, twice] = (await Promise.all(
      Array.from({ length: 4 }, () => service.openRaw('/private/ws')),
    )) as [RawPeer, RawPeer, RawPeer, RawPeer];
    mute.onPing = silent;
    unsolicited.onPing = silent;
    late.onPing = silent;
    twice.onPing = (payload) => {
      twice.write('pong', payload);
      twice.write('pong');
    };
    const pongNobodyAskedFor = async () => {
      unsolicited.write('pong');
      unsolicited.write('pong', 'hello');
      await unsolicited.proveOpen();
    };
    await pongNobodyAskedFor();

    await service.advance(`${pingEveryMs - 1}ms`);
    await untilPing(service, mute, unsolicited, late, twice);
    await pongNobodyAskedFor();
    const pingedAt = Math.min(lastPing(mute), lastPing(unsolicited));
    await service.advance(`${pingedAt + pongWithinMs - 1 - (await service.now())}ms`);
    for (const peer of [mute, unsolicited, late, twice]) await peer.proveOpen();

    late.write('pong', late.pings[0]);
    await late.proveOpen();
    await service.resume();
    expect(await mute.closed()).toEqual(DISCONNECTED);
    expect(await unsolicited.closed()).toEqual(DISCONNECTED);
    await late.proveOpen();
    await twice.proveOpen();
    expect(pongWithinMs).toBe(10 * MINUTE);
  });

  const TWENTY_SECONDS = [
    ['the risk stream', async (service: UnderTest) => `/ws/${await service.listenKey('/sapi/v1/margin/listen-key')}`],
    ['the Spot WebSocket API', async () => '/ws-api/v3'],
    ['the Spot WebSocket API in SBE', async () => '/ws-api/v3?responseFormat=sbe&sbeSchemaId=3&sbeSchemaVersion=5'],
  ] as const;
  test.each(TWENTY_SECONDS)('of %s is pinged after 20 seconds and dropped a minute later', async (_what, pathOn) => {
    const { pingEveryMs, pongWithinMs } = PRODUCTS.risk.connection;
    const service = await frozenService();
    const openedAt = await service.now();
    const path = await pathOn(service);
    const [healthy, mute] = [await service.openRaw(path), await service.openRaw(path)];
    mute.onPing = silent;
    await service.advance(`${pingEveryMs - 1}ms`);
    expect(mute.pings).toEqual([]);
    await untilPing(service, healthy, mute);
    expect(lastPing(mute)).toBeWithin(openedAt + 20_000, openedAt + 20_000 + LATE_MS);
    await service.advance(`${lastPing(mute) + pongWithinMs - 1 - (await service.now())}ms`);
    await mute.proveOpen();
    await service.resume();
    expect(await mute.closed()).toEqual(DISCONNECTED);
    await healthy.proveOpen();
    expect([pingEveryMs, pongWithinMs]).toEqual([20_000, MINUTE]);
  });

  test('is dropped by an advance of a day, which waits 2 s for all of them together; others stay', async () => {
    const service = await frozenService();
    const mute = await Promise.all(Array.from({ length: 3 }, () => service.openRaw('/private/ws')));
    for (const peer of mute) peer.onPing = silent;
    const healthy = await service.openRaw('/private/ws');
    const startedAt = performance.now();
    await service.advance('23h59m');
    expect(performance.now() - startedAt).toBeLessThan(2000 + LATE_MS);
    for (const peer of mute) expect(await peer.closed()).toEqual(DISCONNECTED);
    await healthy.proveOpen();
  });

  test('takes none with it, however many other things fall due on the way', async () => {
    const service = await frozenService();
    const key = await service.listenKey('/fapi/v1/listenKey');
    await service.advance('59m');
    const risk = await service.listenKey('/sapi/v1/margin/listen-key');
    const mute = await service.openRaw(`/ws/${risk}`);
    mute.onPing = silent;
    // Its first ping is due after the key's end, when the wait for the silent one is over.
    const healthy = await service.openRaw(`/private/ws/${key}`);
    await service.advance('20h');
    expect(await healthy.json()).toMatchObject({ e: 'listenKeyExpired' });
    await healthy.proveOpen();
    expect(await mute.closed()).toEqual(DISCONNECTED);
  });
});

describe('an advance of 24 hours', () => {
  test('keeps a healthy socket until its lifetime ends, and tells in order what befell it', async () => {
    const service = await frozenService();
    const key = await service.listenKey('/fapi/v1/listenKey');
    const peers: readonly Peer[] = await Promise.all([
      service.open(`/private/ws/${key}`),
      service.open(`/private/stream?streams=${key}`),
    ]);
    const handmade = await service.openRaw(`/private/ws/${key}`);
    const openedAt = await service.now();
    await service.advance('23h59m');
    for (const peer of peers) await peer.ping();
    await handmade.proveOpen();
    await service.advance('1m');
    const expired = { e: 'listenKeyExpired', E: openedAt + 60 * MINUTE, listenKey: key };
    expect(await peers[0]?.frame()).toEqual(expired);
    expect(await peers[1]?.frame()).toEqual({ stream: key, data: expired });
    for (const peer of peers) {
      expect(await peer.closed()).toEqual({ code: 1001, reason: 'connection lifetime reached' });
    }
    expect((await handmade.closed()).code).toBe(1001);
    // One ping proves a socket between two other due events, however many hours lie between them.
    expect(handmade.pings.length).toBeLessThanOrEqual(4);
  });

  test('ends a socket in one step too: the key, then the close', async () => {
    const service = await frozenService();
    const key = await service.listenKey('/dapi/v1/listenKey');
    const peer = await service.openRaw(`/ws/${key}`);
    await service.advance('24h');
    expect(await peer.json()).toMatchObject({ e: 'listenKeyExpired', listenKey: key });
    expect(await peer.closed()).toEqual({ code: 1001, reason: 'connection lifetime reached' });
    expect(peer.unread.map(({ kind }) => kind)).toEqual(['close']);
  });

  test('counts the pongs it asked for against no message limit', async () => {
    const service = await UnderTest.start();
    services.push(service);
    const peer = await service.openRaw('/private/ws');
    for (let hours = 0; hours < 20; hours++) await service.advance('1h');
    await peer.proveOpen();
    expect(peer.pings.length).toBeGreaterThanOrEqual(20);
  });
});
