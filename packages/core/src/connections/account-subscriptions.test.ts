import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { BINANCE_LIMITS } from '../control/rate-limits.ts';
import {
  ALICE,
  accountOf,
  HOUR,
  RecordingSocket,
  SECOND,
  START,
  type TestHouse,
  testHouse,
} from '../testing/memory-doors.ts';
import { handshake, isRefusal } from './handshake.ts';

const OFF = { limits: { ...BINANCE_LIMITS, enforced: false } };

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

function connect({ house }: TestHouse, query = '') {
  const connection = handshake(house, '/ws-api/v3', query, '203.0.113.1');
  if (connection === null || isRefusal(connection)) throw new Error('the handshake was refused');
  const socket = new RecordingSocket();
  socket.pong = (payload) => connection.ponged(payload);
  connection.opened(socket);
  const ask = async (method: string, params: unknown = {}) => {
    connection.message(JSON.stringify({ id: 1, method, params }));
    await settled();
    return socket.take() as Record<string, unknown>[];
  };
  return { connection, socket, ask };
}

function tokenOf({ house }: TestHouse, validityMs = HOUR, symbol?: string): string {
  const [apiKey] = accountOf(house, 'alice').apiKeys;
  if (apiKey === undefined) throw new Error('alice has no API key');
  return house.listenTokens.issue(apiKey, symbol, validityMs).token;
}

const subscribe = 'userDataStream.subscribe.listenToken';

const publish = ({ house }: TestHouse, body: string) =>
  house.journal.append([{ stream: 'alice/margin', type: 'balanceUpdate', body }]);

describe('a connection that goes', () => {
  test('leaves no timer, no reader and no grant behind', async () => {
    const room = testHouse({ settings: OFF });
    const before = room.clock.pending;
    const { connection, socket, ask } = connect(room);
    await ask(subscribe, { listenToken: tokenOf(room) });
    await ask(subscribe, { listenToken: tokenOf(room, HOUR, 'BTCUSDT') });
    connection.closed();
    expect(room.clock.pending).toBe(before);
    await publish(room, '{"e":"balanceUpdate"}');
    room.house.accounts.drop('alice');
    room.machine.pass(2 * HOUR);
    expect(room.house.router.deliveries).toBe(0);
    expect(socket.take()).toEqual([]);
  });

  test('by a peer that does not read, takes nobody else with it', async () => {
    const room = testHouse({ settings: OFF });
    const [slow, healthy] = [connect(room), connect(room)];
    for (const { ask } of [slow, healthy]) await ask(subscribe, { listenToken: tokenOf(room) });
    slow.socket.room = 0;
    await publish(room, '{"e":"balanceUpdate","E":1}');
    await publish(room, '{"e":"balanceUpdate","E":2}');
    expect(slow.socket.ends).toEqual(['terminated']);
    expect(healthy.socket.take()).toHaveLength(2);
  });
});

describe('a token’s end', () => {
  test('holds also where the machine’s timer comes late', async () => {
    const room = testHouse({ settings: OFF });
    const { socket, ask } = connect(room);
    await ask(subscribe, { listenToken: tokenOf(room, SECOND) });
    room.clock.freeze();
    await publish(room, '{"e":"balanceUpdate","E":1}');
    expect(socket.take()).toHaveLength(1);
    room.clock.resume();
    // Time goes on without a turn of the timers.
    const { now } = room.machine;
    room.machine.now = () => now.call(room.machine) + SECOND;
    await publish(room, '{"e":"balanceUpdate","E":2}');
    expect(socket.take()).toEqual([{ subscriptionId: 0, event: { e: 'eventStreamTerminated', E: START + SECOND } }]);
  });

  test('that was put off by another API key’s token is no matter of the first key', async () => {
    const room = testHouse({ settings: OFF });
    const { socket, ask } = connect(room);
    await ask(subscribe, { listenToken: tokenOf(room, SECOND) });
    const second = accountOf(room.house, 'alice').apiKeys[1];
    if (second === undefined) throw new Error('alice has one API key');
    const later = room.house.listenTokens.issue(second, undefined, HOUR);
    expect(await ask(subscribe, { listenToken: later.token })).toMatchObject([{ result: { subscriptionId: 0 } }]);
    room.house.accounts.put({ ...ALICE, apiKeys: ALICE.apiKeys.slice(1) });
    room.machine.pass(10 * SECOND);
    expect(socket.take()).toEqual([]);
    room.house.accounts.put({ ...ALICE, apiKeys: [] });
    expect(socket.take()).toMatchObject([{ subscriptionId: 0, event: { e: 'eventStreamTerminated' } }]);
  });
});

test('whatever is asked of subscriptions, the answer comes first and nothing is unexpected', async () => {
  const room = testHouse({ settings: OFF });
  const token = tokenOf(room);
  const methods = [subscribe, 'userDataStream.subscribe', 'userDataStream.subscribe.signature'];
  const request = fc.record({
    method: fc.constantFrom(...methods, 'userDataStream.unsubscribe', 'session.subscriptions', 'session.logout'),
    params: fc.dictionary(
      fc.constantFrom(
        'listenToken',
        'subscriptionId',
        'apiKey',
        'timestamp',
        'signature',
        'returnRateLimits',
        '__proto__',
      ),
      fc.oneof(fc.constant(token), fc.nat(3), fc.jsonValue()),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 12 }), async (requests) => {
      const { connection, ask } = connect(room);
      for (const { method, params } of requests) {
        const [answer, ...rest] = await ask(method, params);
        expect(answer).toContainKeys(['id', 'status']);
        for (const frame of rest) expect(frame).toContainAllKeys(['subscriptionId', 'event']);
      }
      connection.closed();
    }),
    { seed: 20260703, numRuns: 150 },
  );
  expect(room.reports).toEqual([]);
});
