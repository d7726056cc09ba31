import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type EventScope, SCOPE_EVENTS } from './fixtures.ts';
import type { Peer } from './peer.ts';
import { UnderTest } from './under-test.ts';

let service: UnderTest;
const keys: Record<string, string> = {};

beforeAll(async () => {
  service = await UnderTest.start();
  for (const [scope, path] of [
    ['usdm', '/fapi/v1/listenKey'],
    ['coinm', '/dapi/v1/listenKey'],
    ['options', '/eapi/v1/listenKey'],
    ['pm', '/papi/v1/listenKey'],
    ['risk', '/sapi/v1/margin/listen-key'],
  ] as const) {
    keys[scope] = ((await service.rest('POST', path)).body as { listenKey: string }).listenKey;
  }
});
afterAll(() => service.close());

/** Publishes one event of each scope and gives back what the peer saw of them. */
async function seenBy(peer: Peer): Promise<unknown[]> {
  for (const scope of Object.keys(SCOPE_EVENTS) as EventScope[]) {
    expect((await service.publish(scope, SCOPE_EVENTS[scope])).status).toBe(200);
  }
  const frames = await peer.unread(() => peer.ping());
  return frames.map((frame) => JSON.parse(frame));
}

describe('raw streams carry the event as it was published', () => {
  test.each([
    ['usdm', '/private/ws/{usdm}'],
    ['options', '/private/ws/{options}'],
    ['coinm', '/ws/{coinm}'],
    ['risk', '/ws/{risk}'],
    ['pm', '/pm/ws/{pm}'],
    ['pmpro', '/pm-classic/ws/{usdm}'],
    ['usdm', '/private/ws?listenKey={usdm}'],
    ['usdm', '/private/ws?listenKey={usdm}&events=ORDER_TRADE_UPDATE/TRADE_LITE'],
  ] as const)('%s on %s', async (scope, template) => {
    const peer = await service.open(pathOf(template));
    expect(await seenBy(peer)).toEqual([SCOPE_EVENTS[scope]]);
  });
});

describe('wrapped streams name the stream beside the event', () => {
  test.each([
    ['usdm', '/private/stream?streams={usdm}', '{usdm}'],
    ['coinm', '/stream?streams={coinm}', '{coinm}'],
    ['pm', '/pm/stream?streams={pm}', '{pm}'],
    ['pmpro', '/pm-classic/stream?streams={usdm}', '{usdm}'],
    ['usdm', '/private/stream?streams={usdm}@ORDER_TRADE_UPDATE', '{usdm}@ORDER_TRADE_UPDATE'],
    ['usdm', '/private/stream?listenKey={usdm}', '{usdm}'],
    ['usdm', '/private/stream?listenKey={usdm}&events=ORDER_TRADE_UPDATE', '{usdm}@ORDER_TRADE_UPDATE'],
  ] as const)('%s on %s', async (scope, template, name) => {
    const peer = await service.open(pathOf(template));
    expect(await seenBy(peer)).toEqual([{ stream: pathOf(name), data: SCOPE_EVENTS[scope] }]);
  });

  test('several keys on one connection, each with its own events', async () => {
    const peer = await service.open(
      pathOf('/private/stream?listenKey={usdm}&events=TRADE_LITE&listenKey={options}&events=ORDER_TRADE_UPDATE'),
    );
    expect(await seenBy(peer)).toEqual([
      { stream: pathOf('{options}@ORDER_TRADE_UPDATE'), data: SCOPE_EVENTS.options },
    ]);
  });
});

describe('silence', () => {
  test.each([
    ['a USDⓈ-M key on an unrouted path, as since 2026-04-23', '/ws/{usdm}'],
    ['a COIN-M key under /private', '/private/ws/{coinm}'],
    ['a bogus key', `/private/ws/${'b'.repeat(64)}`],
    ['a filter that names no event of the stream', '/private/ws?listenKey={usdm}&events=Nonsense'],
    ['a market path', '/market/stream?streams={usdm}'],
    ['a public path', '/public/ws/{usdm}'],
  ])('%s: accepted, listed, silent', async (_what, template) => {
    const peer = await service.open(pathOf(template));
    expect(await seenBy(peer)).toEqual([]);
    const { result } = await peer.ask({ method: 'LIST_SUBSCRIPTIONS', id: 1 });
    expect(result).toHaveLength(1);
  });
});

describe('control messages', () => {
  test('SUBSCRIBE on an empty /stream, as official connectors do, with ids of hex and of numbers', async () => {
    const peer = await service.open('/private/stream?streams=');
    const id = 'ab'.repeat(16);
    expect(await peer.ask({ method: 'SUBSCRIBE', params: [keys.usdm], id })).toEqual({ result: null, id });
    expect(await seenBy(peer)).toEqual([{ stream: keys.usdm, data: SCOPE_EVENTS.usdm }]);
    expect(await peer.ask({ method: 'UNSUBSCRIBE', params: [keys.usdm], id: 2 })).toEqual({ result: null, id: 2 });
    expect(await seenBy(peer)).toEqual([]);
    expect(await peer.ask({ method: 'LIST_SUBSCRIPTIONS', id: 3 })).toEqual({ result: [], id: 3 });
  });

  test('SET_PROPERTY combined switches the wrapping on and off', async () => {
    const peer = await service.open(pathOf('/private/ws/{usdm}'));
    expect(await peer.ask({ method: 'GET_PROPERTY', params: ['combined'], id: 1 })).toEqual({ result: false, id: 1 });
    expect(await peer.ask({ method: 'SET_PROPERTY', params: ['combined', true], id: 2 })).toEqual({
      result: null,
      id: 2,
    });
    expect(await seenBy(peer)).toEqual([{ stream: keys.usdm, data: SCOPE_EVENTS.usdm }]);
    await peer.ask({ method: 'SET_PROPERTY', params: ['combined', false], id: 3 });
    expect(await seenBy(peer)).toEqual([SCOPE_EVENTS.usdm]);
  });

  test('a message that is no JSON is answered, and the connection closed', async () => {
    const peer = await service.open('/private/ws');
    expect(await peer.ask('nope')).toMatchObject({ error: { code: 3 } });
    expect(await peer.closed()).toMatchObject({ code: 1008 });
  });
});

describe('refused handshakes', () => {
  test.each([
    ['a trailing slash', '/private/ws/'],
    ['a name after ? without listenKey=', `/private/ws?${'k'.repeat(64)}`],
    ['a comma for a separator', '/private/stream?streams=a,b'],
    ['a foreign segment before /ws', '/nowhere/ws/abc'],
  ])('%s', async (_what, path) => {
    expect(service.open(path)).rejects.toThrow('refused');
  });
});

function pathOf(template: string): string {
  return template.replace(/\{(\w+)\}/g, (_all, scope: string) => keys[scope] ?? '');
}
