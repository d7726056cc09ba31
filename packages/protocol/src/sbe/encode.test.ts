import { describe, expect, test } from 'bun:test';
import { exchangeInfo } from '../exchange-info.ts';
import { SYMBOLS } from '../symbols.ts';
import { decodeMessage } from './decode.ts';
import type { SbeResponse } from './encode.ts';
import { encodeEvent, encodeResponse, nonRepresentable, stampSubscriptionId, subscriptionIdOffset } from './encode.ts';
import { eventForm, responseForm } from './json-form.ts';
import { SbeError } from './sbe-error.ts';

const UPDATE = { e: 'balanceUpdate', E: 1767225600123, a: 'USDT', d: '-0.1', T: 1767225600120 };

/** `readonly` fields of the decoded root block. */
const fieldsOf = (event: string | object): object => decodeMessage(encodeEvent(5, event)).fields;

describe('integers', () => {
  const order = (i: string): string =>
    `{"e":"listStatus","E":1,"T":2,"s":"BTCUSDT","g":${i},"c":"OCO","l":"RESPONSE","L":"EXECUTING","r":"NONE","C":"x","O":[]}`;

  test('keep every digit of the JSON text up to int64', () => {
    for (const i of [
      '9007199254740993',
      '-9007199254740993',
      '9223372036854775807',
      '-9223372036854775807',
      '0',
      '-1',
    ]) {
      expect(String((fieldsOf(order(i)) as { orderListId: unknown }).orderListId)).toBe(i);
    }
  });

  test('are read from bigints and digits in strings too', () => {
    const event = JSON.parse(order('1'));
    for (const g of [2n ** 60n + 1n, String(2n ** 60n + 1n)]) {
      expect(fieldsOf({ ...event, g })).toMatchObject({ orderListId: 2n ** 60n + 1n });
    }
  });

  test('that a number has lost digits of already are refused', () => {
    expect(() => encodeEvent(5, JSON.parse(order('9007199254740993')))).toThrow(
      'listStatus.g: expected the JSON text or a bigint, for an integer beyond 2^53, got a number',
    );
  });

  test('beyond int64, or its null, are refused', () => {
    for (const i of ['9223372036854775808', '-9223372036854775808', '123456789012345678901']) {
      expect(() => encodeEvent(5, order(i))).toThrow(
        'listStatus.g: int64 holds -9223372036854775807 to 9223372036854775807',
      );
    }
  });

  test('digits inside strings are no integers', () => {
    const text = JSON.stringify({ ...UPDATE, a: 'A "12345678901234567890" 12345678901234567890\\' });
    expect(fieldsOf(text)).toMatchObject({ asset: JSON.parse(text).a });
  });
});

describe('times', () => {
  test('are milliseconds unless told, and microseconds in the frame', () => {
    expect(fieldsOf(UPDATE)).toMatchObject({ eventTime: 1767225600123000 });
    const micro = encodeEvent(5, { ...UPDATE, E: 1767225600123456 }, { timeUnit: 'MICROSECOND' });
    expect(decodeMessage(micro).fields).toMatchObject({ eventTime: 1767225600123456 });
  });

  test('below 1 are none, in either unit', () => {
    const frame = encodeEvent(5, { ...UPDATE, E: 0, T: -1 });
    expect(decodeMessage(frame).fields).toMatchObject({ eventTime: 0, clearTime: -1 });
    for (const unit of ['MILLISECOND', 'MICROSECOND'] as const) {
      expect(eventForm(decodeMessage(frame), unit)).toMatchObject({ event: { E: 0, T: -1 } });
    }
  });

  test('far off are exact', () => {
    expect(fieldsOf({ ...UPDATE, E: 9_007_199_254_740_991 })).toMatchObject({ eventTime: 9_007_199_254_740_991_000n });
  });
});

describe('faults name the field and what it should be', () => {
  const FAULTS: readonly [name: string, event: unknown, sentence: string][] = [
    ['a missing member', { ...UPDATE, d: undefined }, 'balanceUpdate.d: is missing'],
    ['a missing text', { ...UPDATE, a: undefined }, 'balanceUpdate.a: is missing'],
    [
      'a decimal that is none',
      { ...UPDATE, d: '1,5' },
      'balanceUpdate.d: expected a decimal in a string, got a string',
    ],
    [
      'a decimal that is a number',
      { ...UPDATE, d: 1.5 },
      'balanceUpdate.d: expected a decimal in a string, got a number',
    ],
    ['a decimal too large', { ...UPDATE, d: '9223372036854775808' }, 'too many digits together for int64'],
    ['a decimal of a million digits', { ...UPDATE, d: '1'.repeat(1e6) }, 'balanceUpdate.d: expected a decimal'],
    ['an exponent out of reach', { ...UPDATE, d: '1e999' }, 'too many digits together for int64'],
    ['a fraction as a time', { ...UPDATE, E: 1.5 }, 'balanceUpdate.E: expected an integer, got a number'],
    ['a text too long', { ...UPDATE, a: 'x'.repeat(255) }, 'balanceUpdate.a: holds up to 254 bytes'],
    ['a text too long in UTF-8', { ...UPDATE, a: '币'.repeat(85) }, 'balanceUpdate.a: holds up to 254 bytes, got 255'],
    ['a text that is a number', { ...UPDATE, a: 5 }, 'balanceUpdate.a: expected a string, got a number'],
    [
      'no array',
      { e: 'outboundAccountPosition', E: 1, u: 1, B: {} },
      'outboundAccountPosition.B: expected an array, got an object',
    ],
    [
      'an item that is none',
      { e: 'outboundAccountPosition', E: 1, u: 1, B: [5] },
      'outboundAccountPosition.B[]: expected an object, got a number',
    ],
    [
      'a fault in an item',
      { e: 'outboundAccountPosition', E: 1, u: 1, B: [{ a: 'X', f: '1', l: null }] },
      'outboundAccountPosition.B[].l: expected a decimal in a string, got null',
    ],
    ['text that is no JSON', '{"e":', 'the text is not JSON'],
    ['a long integer where JSON has none', '{1234567890123456789: 1}', 'the text is not JSON'],
    ['strings that never end', '"'.repeat(60_001) + '1'.repeat(16), 'the text is not JSON'],
    ['JSON that is no object', '7', 'event: expected an object, got a number'],
  ];

  for (const [name, event, sentence] of FAULTS) {
    test(name, () => {
      const encode = (): Uint8Array => encodeEvent(5, event as object);
      expect(encode).toThrow(SbeError);
      expect(encode).toThrow(sentence);
    });
  }

  test('a version that no table has', () => {
    for (const version of [6, -1, 1.5, Number.NaN]) expect(() => encodeEvent(version, UPDATE)).toThrow('from 0 to 5');
  });

  test('a fault leaves nothing behind for the next message', () => {
    const before = encodeEvent(5, UPDATE);
    expect(() => encodeEvent(5, { ...UPDATE, a: 5 })).toThrow(SbeError);
    expect(encodeEvent(5, UPDATE)).toEqual(before);
  });
});

describe('subscriptions', () => {
  test('the body has none until it is stamped, and the stamp goes into a copy', () => {
    const body = encodeEvent(5, UPDATE);
    expect(eventForm(decodeMessage(body))).not.toHaveProperty('subscriptionId');
    for (const id of [0, 1, 255, 256, 65_534]) {
      const frame = stampSubscriptionId(body, id);
      expect(eventForm(decodeMessage(frame))?.subscriptionId).toBe(id);
      expect(frame).toEqual(encodeEvent(5, UPDATE, { subscriptionId: id }));
    }
    expect(eventForm(decodeMessage(body))).not.toHaveProperty('subscriptionId');
  });

  test('65535 is null, so that it is no id', () => {
    const body = encodeEvent(5, UPDATE);
    for (const id of [65_535, -1, 0.5, Number.NaN])
      expect(() => stampSubscriptionId(body, id)).toThrow('from 0 to 65534');
  });

  test('a message without the field is shared as it is', () => {
    for (const frame of [encodeEvent(5, { e: 'serverShutdown', E: 1 }), nonRepresentable(5), encodeEvent(0, UPDATE)]) {
      expect(stampSubscriptionId(frame, 3)).toBe(frame);
      expect(subscriptionIdOffset(frame)).toBe(-1);
    }
  });
});

describe('responses', () => {
  const read = (method: string | undefined, response: SbeResponse, deprecated = false): unknown => {
    const { name: _, ...form } =
      responseForm(decodeMessage(encodeResponse(5, method, response, { deprecated })), 'MILLISECOND') ?? {};
    return form;
  };
  const OK = { id: 'a-1', status: 200 };
  const told = { sbeSchemaIdVersionDeprecated: false };

  const SESSION = {
    authorizedSince: 1767225600123,
    connectedSince: 1767225590001,
    returnRateLimits: true,
    serverTime: 1767225600160,
    userDataStream: false,
    apiKey: 'TESTkey1',
  };
  const NOBODY = { ...SESSION, authorizedSince: null, userDataStream: null, apiKey: null };

  const RESULTS: readonly [method: string, result: unknown][] = [
    ['session.logon', SESSION],
    ['session.status', SESSION],
    ['session.status', NOBODY],
    ['session.logout', NOBODY],
    ['session.subscriptions', []],
    ['session.subscriptions', [{ subscriptionId: 0 }, { subscriptionId: 1, expirationTime: 1767225600123 }]],
    ['ping', {}],
    ['time', { serverTime: 1767225600123 }],
    ['userDataStream.start', { listenKey: 'pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1' }],
    ['userDataStream.ping', {}],
    ['userDataStream.stop', {}],
    ['userDataStream.subscribe', { subscriptionId: 0 }],
    ['userDataStream.subscribe.signature', { subscriptionId: 65_534 }],
    ['userDataStream.subscribe.listenToken', { subscriptionId: 1, expirationTime: 1767225600123 }],
    ['userDataStream.unsubscribe', {}],
  ];

  for (const [method, result] of RESULTS) {
    test(`${method}: ${JSON.stringify(result).slice(0, 60)}`, () => {
      expect(read(method, { ...OK, result })).toEqual({ ...OK, ...told, result });
    });
  }

  test('exchangeInfo in value, but for what the schema leaves out', () => {
    const info = exchangeInfo('spot', SYMBOLS, 1767225600123);
    const { result } = read('exchangeInfo', { ...OK, result: info }) as { readonly result: unknown };
    expect(inValue(result)).toEqual(inValue(info));
  });

  const LEFT_OUT: readonly string[] = ['timezone', 'serverTime', 'quotePrecision', 'opoAllowed', 'permissions'];

  /** Sets have no order, and decimals that share an exponent end in other zeros. */
  const SETS: readonly string[] = ['orderTypes', 'allowedSelfTradePreventionModes'];

  function inValue(info: unknown): unknown {
    return JSON.parse(JSON.stringify(info), (name, value) => {
      if (LEFT_OUT.includes(name)) return undefined;
      if (SETS.includes(name)) return value.toSorted();
      return typeof value === 'string' && /^\d+\.\d+$/.test(value) ? value.replace(/\.?0+$/, '') : value;
    });
  }

  test('a filter that the schema does not have is told as such', () => {
    const symbol = {
      ...(exchangeInfo('spot', SYMBOLS, 0) as { readonly symbols: readonly object[] }).symbols[0],
      filters: [{ filterType: 'NEW_FILTER', limit: 1 }],
    };
    const frame = encodeResponse(5, 'exchangeInfo', {
      ...OK,
      result: { rateLimits: [], exchangeFilters: [], symbols: [symbol] },
    });
    expect(JSON.stringify(decodeMessage(frame))).toContain('NonRepresentableMessage');
  });

  test('ids: digits for numbers, nothing for null', () => {
    const idOf = (id: SbeResponse['id']): unknown => (read('ping', { ...OK, id }) as { readonly id: string }).id;
    expect([null, 0, -7, 2n ** 62n, 'x_-9'].map(idOf)).toEqual(['', '0', '-7', String(2n ** 62n), 'x_-9']);
  });

  test('a deprecated version is told in every response', () => {
    expect(read('ping', { ...OK, result: {} }, true)).toEqual({
      ...OK,
      sbeSchemaIdVersionDeprecated: true,
      result: {},
    });
  });

  test('errors carry their times', () => {
    const error = {
      code: -1003,
      msg: 'Way too much request weight used.',
      data: { serverTime: 1767225600123, retryAfter: 1767229200000 },
    };
    expect(read(undefined, { id: null, status: 418, error })).toEqual({ id: '', status: 418, ...told, error });
  });

  test('a method without a message answers that it has none', () => {
    const message = decodeMessage(encodeResponse(5, 'order.place', { ...OK, result: { orderId: 1 } }));
    expect(responseForm(message)).toMatchObject({ name: 'NonRepresentableMessage' });
    expect(
      responseForm(decodeMessage(encodeResponse(0, 'session.subscriptions', { ...OK, result: [] }))),
    ).toMatchObject({ name: 'NonRepresentableMessage' });
  });

  test('a result that is not shaped as the method’s is refused', () => {
    expect(() => encodeResponse(5, 'time', { ...OK, result: {} })).toThrow('ServerTimeResponse.serverTime: is missing');
    expect(() => encodeResponse(5, 'time', OK)).toThrow('ServerTimeResponse: expected an object, got nothing');
    expect(() => encodeResponse(5, 'session.subscriptions', { ...OK, result: {} })).toThrow('expected an array');
  });
});
