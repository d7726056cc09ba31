import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { decodeJson, json } from './event-frame.ts';

const KEY = 'pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1';
const ORDER = { e: 'ORDER_TRADE_UPDATE', E: 1790000009012, T: 1790000009009, o: { i: 7, q: '0.10' } };
const EVENT = {
  kind: 'event',
  event: ORDER,
  stream: undefined,
  subscriptionId: undefined,
  position: undefined,
} as const;

const decode = (frame: object) => decodeJson(JSON.stringify(frame));

describe('events', () => {
  test('raw', () => {
    expect(decode(ORDER)).toEqual({ ...EVENT });
  });

  test('combined, with and without a position', () => {
    expect(decode({ stream: KEY, data: ORDER })).toEqual({ ...EVENT, stream: KEY });
    expect(decode({ stream: `${KEY}@ORDER_TRADE_UPDATE`, data: ORDER, position: 'k3:17' })).toEqual({
      ...EVENT,
      stream: `${KEY}@ORDER_TRADE_UPDATE`,
      position: 'k3:17',
    });
  });

  test('on the WebSocket API, with and without a position', () => {
    expect(decode({ subscriptionId: 0, event: ORDER })).toEqual({ ...EVENT, subscriptionId: 0 });
    expect(decode({ subscriptionId: 3, event: ORDER, position: 'k3:17' })).toEqual({
      ...EVENT,
      subscriptionId: 3,
      position: 'k3:17',
    });
  });

  test('of the connection itself, in each envelope', () => {
    const event = { e: 'serverShutdown', E: 1767225600123 };
    expect(decode({ event })).toEqual({ ...EVENT, event });
    expect(decode(event)).toEqual({ ...EVENT, event });
    expect(decode({ stream: '!serverShutdown', data: event })).toEqual({ ...EVENT, event, stream: '!serverShutdown' });
  });

  test('keep unknown types and members, digits and decimals', () => {
    const text = `{"stream":"${KEY}","data":{"e":"brandNew","E":1,"i":4611869636869226999,"q":"1.50000000","zz":[{"a":null}]}}`;
    expect(decodeJson(text)).toMatchObject({
      event: { e: 'brandNew', E: 1, i: 4611869636869226999n, q: '1.50000000', zz: [{ a: null }] },
    });
  });

  test('whose members are called like an envelope’s', () => {
    const event = { e: 'X', event: { e: 'Y' }, stream: 's', data: { e: 'Z' }, id: 1, error: {}, position: '1:2' };
    expect(decode(event)).toMatchObject({ kind: 'event', event });
    expect(decode({ subscriptionId: 1, event })).toMatchObject({ kind: 'event', event, subscriptionId: 1 });
  });
});

describe('resume', () => {
  test('recovered', () => {
    expect(decode({ stream: KEY, resume: { position: 'k3:17', recovered: true } })).toEqual({
      kind: 'resume',
      stream: KEY,
      position: 'k3:17',
      recovered: true,
      missed: undefined,
    });
  });

  test('missed', () => {
    const missed = { from: 'k3:4', to: 'k3:17' };
    expect(decode({ stream: KEY, resume: { position: 'k3:17', recovered: false, missed } })).toEqual({
      kind: 'resume',
      stream: KEY,
      position: 'k3:17',
      recovered: false,
      missed,
    });
  });

  test('from the latest, where there is nothing to recover', () => {
    const frame = decode({ stream: KEY, resume: { position: 'k3:0' } });
    expect(frame).toMatchObject({ kind: 'resume', position: 'k3:0', recovered: undefined });
  });

  test('of a name that reads nothing', () => {
    const frame = decode({ stream: KEY, resume: { position: null, recovered: false } });
    expect(frame).toMatchObject({ kind: 'resume', position: null, recovered: false });
  });

  test('without a position is unreadable', () => {
    expect(decode({ stream: KEY, resume: { recovered: true } })).toMatchObject({ kind: 'unreadable' });
  });
});

describe('answers', () => {
  const NOTHING = { kind: 'answer', result: undefined, error: undefined, rateLimits: undefined } as const;
  const rateLimits = [{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6000, count: 12 }];

  test('of the WebSocket API', () => {
    const result = { subscriptionId: 0 };
    expect(decode({ id: 's1', status: 200, result, rateLimits })).toEqual({
      ...NOTHING,
      id: 's1',
      status: 200,
      result,
      rateLimits,
    });
    const error = { code: -2035, msg: 'User Data Stream subscription already active.' };
    expect(decode({ id: 7, status: 400, error })).toEqual({ ...NOTHING, id: 7, status: 400, error });
  });

  test('that revoke the session', () => {
    const error = { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' };
    expect(decode({ id: null, status: 401, error })).toEqual({ ...NOTHING, id: null, status: 401, error });
  });

  test('that ban, with their times', () => {
    const data = { serverTime: 1767225600123, retryAfter: 1767229200000 };
    const error = { code: -1003, msg: 'Way too much request weight used; …', data };
    expect(decode({ id: null, status: 418, error, rateLimits })).toEqual({
      ...NOTHING,
      id: null,
      status: 418,
      error,
      rateLimits,
    });
  });

  test('of stream connections', () => {
    expect(decode({ result: null, id: 1 })).toEqual({ ...NOTHING, id: 1, status: 200, result: null });
    const error = { code: 2, msg: 'Invalid request: invalid stream' };
    expect(decode({ error, id: 1 })).toEqual({ ...NOTHING, id: 1, status: 400, error });
    expect(decode({ error })).toEqual({ ...NOTHING, id: null, status: 400, error });
    expect(decode({ ...error, id: 1 })).toEqual({ ...NOTHING, id: 1, status: 400, error });
  });

  test('whose error has no known shape are errors all the same', () => {
    for (const error of ['no', {}, null, [], 7]) expect(decode({ id: 1, error })).toMatchObject({ status: 400 });
  });
});

describe('unreadable', () => {
  test.each(['', '{', 'null', '7', '"e"', '[]', '{}', '{"e":7}', '{"stream":"a","data":[]}', '{"event":{}}'])(
    '%s',
    (text) => {
      expect(decodeJson(text)).toMatchObject({ kind: 'unreadable' });
    },
  );

  test('a binary frame', () => {
    expect(decodeJson(new TextEncoder().encode(JSON.stringify(ORDER)))).toMatchObject({ kind: 'unreadable' });
  });

  test('says nothing of what it was', () => {
    for (const text of [`{"stream":"${KEY}"}`, `"${KEY}"`, `${KEY}`])
      expect(JSON.stringify(decodeJson(text))).not.toContain(KEY);
  });
});

test('nothing throws, whatever comes', () => {
  const member = fc.constantFrom('e', 'event', 'data', 'stream', 'resume', 'id', 'error', 'status', 'position', 'code');
  const frame = fc.record(
    {
      stream: fc.constant(KEY),
      resume: fc.record({ position: fc.constantFrom('k3:1', 7) }),
      status: fc.nat(),
      e: fc.string(),
    },
    { requiredKeys: [] },
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, true, 7, 'text', '', []),
      fc.dictionary(member, tie('value'), { maxKeys: 5 }),
    ),
  }));
  const kinds = new Set<string>();
  const property = fc.property(
    fc.oneof(
      fc.oneof(value, frame).map((any) => JSON.stringify(any)),
      fc.string(),
    ),
    (text) => {
      kinds.add(decodeJson(text).kind);
    },
  );
  fc.assert(property, { seed: 20_261_130, numRuns: 3000 });
  expect([...kinds].sort()).toEqual(['answer', 'event', 'resume', 'unreadable']);
});

test('microseconds are asked for in the URL, milliseconds need not be', () => {
  expect(json().query).toBe('');
  expect(json({ timeUnit: 'MICROSECOND' }).query).toBe('timeUnit=MICROSECOND');
});
