import { describe, expect, test } from 'bun:test';
import { START, testHouse } from '../testing/memory-doors.ts';
import { handshake, isRefusal } from './handshake.ts';

const IP = '203.0.113.1';

test.each(['/', '/fapi/v1/listenKey', '/ws-fapi/v2', '/ws-api/v3/', '/foo/ws'])('nothing listens on %p', (path) => {
  expect(handshake(testHouse().house, path, '', IP)).toBeNull();
});

test.each([
  ['/ws/', '', 'a trailing slash'],
  ['/ws', 'btcusdt@trade', 'a stream name after ? needs listenKey= or /ws/<name>'],
  ['/stream', 'streams=a,b', 'malformed streams=; names are separated by /'],
])('%p?%p is refused in a sentence', (path, query, reason) => {
  expect(handshake(testHouse().house, path, query, IP)).toEqual({
    status: 400,
    code: -1100,
    msg: `Illegal stream path: ${reason}.`,
    retryAt: undefined,
  });
});

describe('a WebSocket API', () => {
  test.each([
    ['/ws-fapi/v1', 'usdmWsApi', 5],
    ['/ws-dapi/v1', 'futures', 5],
    ['/ws-api/v3', 'spot', 2],
  ] as const)('%p charges its pool %p with %p', (path, pool, weight) => {
    const { house } = testHouse();
    const connection = handshake(house, path, '', IP);
    expect(connection !== null && !isRefusal(connection)).toBe(true);
    expect(house.limits.usageOf(pool, path, IP).count).toBe(weight);
  });

  test('is refused with 429 over the limit, then with 418', () => {
    const { house } = testHouse();
    for (let nth = 0; nth < 480; nth++) handshake(house, '/ws-fapi/v1', '', IP);
    expect(handshake(house, '/ws-fapi/v1', '', IP)).toMatchObject({
      status: 429,
      code: -1003,
      retryAt: START + 60_000,
    });
    for (let nth = 0; nth < 480; nth++) handshake(house, '/ws-fapi/v1', '', IP);
    expect(handshake(house, '/ws-fapi/v1', '', IP)).toMatchObject({
      status: 418,
      code: -1003,
      retryAt: START + 120_000,
    });
  });

  test('on spot is bounded in attempts', () => {
    const { house } = testHouse();
    for (let nth = 0; nth < 300; nth++) handshake(house, '/ws-api/v3', '', IP);
    expect(handshake(house, '/ws-api/v3', '', IP)).toMatchObject({ status: 429, code: -1034 });
  });
});
