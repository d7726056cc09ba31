import { describe, expect, test } from 'bun:test';
import { STREAM_ERRORS, type StreamErrorName } from '@listenpost/protocol';
import fc from 'fast-check';
import { parseStreamRequest, StreamRequestError } from './stream-request.ts';

const KEY = 'T7mQ2xVb9LsE4kRw1HnZc8PyDf6GjUa3NoXi5BtKvMeCqWrSlYhOpJgFdAuTz0I2';

const read = (text: string, nullId = false) => parseStreamRequest(text, nullId);
const request = (members: Record<string, unknown>) => JSON.stringify({ id: 1, ...members });

function refusal(text: string, nullId = false): StreamRequestError {
  try {
    read(text, nullId);
  } catch (cause) {
    if (cause instanceof StreamRequestError) return cause;
    throw cause;
  }
  throw new Error(`${text} was not refused`);
}

describe('a control message', () => {
  test('subscribes and unsubscribes names', () => {
    const params = [KEY, `${KEY}@ORDER_TRADE_UPDATE`, 'btcusdt@aggTrade'];
    for (const method of ['SUBSCRIBE', 'UNSUBSCRIBE'] as const) {
      expect(read(request({ method, params }))).toEqual({ method, id: '1', names: params });
    }
  });

  test('may come without params', () => {
    expect(read(request({ method: 'SUBSCRIBE' }))).toEqual({ method: 'SUBSCRIBE', id: '1', names: [] });
    expect(read(request({ method: 'LIST_SUBSCRIPTIONS' }))).toEqual({ method: 'LIST_SUBSCRIPTIONS', id: '1' });
    expect(read(request({ method: 'LIST_SUBSCRIPTIONS', params: ['x'] }))).toMatchObject({ id: '1' });
  });

  test('sets and gets the one property', () => {
    expect(read(request({ method: 'SET_PROPERTY', params: ['combined', false] }))).toMatchObject({ value: false });
    expect(read(request({ method: 'SET_PROPERTY', params: ['combined', true] }))).toMatchObject({ value: true });
    expect(read(request({ method: 'GET_PROPERTY', params: ['combined'] }))).toEqual({
      method: 'GET_PROPERTY',
      id: '1',
    });
  });
});

describe('the id', () => {
  const withId = (id: string) => `{"method":"LIST_SUBSCRIPTIONS","id":${id}}`;

  test.each(['0', '1', '4294967295', '9007199254740993', '"d3df8a6198ea4fe08f4e0fcea5d418b0"', '"7"', '"a-b_C"'])(
    '%p is echoed as it came',
    (id) => {
      expect(read(withId(id)).id).toBe(id);
      expect(read(withId(id), true).id).toBe(id);
    },
  );

  test.each(['null', '-1', '-9007199254740993'])('%p is taken only where the product takes it', (id) => {
    expect(read(withId(id), true).id).toBe(id);
    expect(refusal(withId(id)).row).toBe('INVALID_ID');
  });

  test.each(['1.5', '1e300', '""', '"with blank"', `"${'x'.repeat(37)}"`, 'true', '[]', '[1]', '{}'])(
    '%p is refused',
    (id) => {
      for (const nullId of [false, true]) {
        const { row, id: echoed } = refusal(withId(id), nullId);
        expect({ row, echoed }).toEqual({ row: 'INVALID_ID', echoed: undefined });
      }
    },
  );

  test('must be there', () => {
    expect(refusal('{"method":"LIST_SUBSCRIPTIONS"}', true).row).toBe('INVALID_ID');
  });
});

/** Messages that meet each row. */
const ROWS: Readonly<Record<Exclude<StreamErrorName, 'TOO_MANY_STREAMS'>, readonly string[]>> = {
  UNKNOWN_PROPERTY: [
    request({ method: 'SET_PROPERTY', params: ['timeUnit', true] }),
    request({ method: 'GET_PROPERTY', params: ['Combined'] }),
  ],
  VALUE_NOT_BOOLEAN: [
    request({ method: 'SET_PROPERTY', params: ['combined'] }),
    request({ method: 'SET_PROPERTY', params: ['combined', 'true'] }),
    request({ method: 'SET_PROPERTY', params: ['combined', 1] }),
    request({ method: 'SET_PROPERTY', params: ['combined', null] }),
  ],
  PROPERTY_NOT_STRING: [
    request({ method: 'SET_PROPERTY', params: [true, 'combined'] }),
    request({ method: 'SET_PROPERTY' }),
    request({ method: 'GET_PROPERTY', params: [] }),
    request({ method: 'GET_PROPERTY', params: 'combined' }),
    request({ method: 'GET_PROPERTY', params: { 0: 'combined' } }),
  ],
  INVALID_ID: ['{"method":"LIST_SUBSCRIPTIONS","id":1.5}', '{}'],
  UNKNOWN_VARIANT: [
    request({ method: 'subscribe' }),
    request({ method: 'REQUEST', params: [`${KEY}@account`] }),
    request({ method: '' }),
    request({ method: 'constructor' }),
  ],
  TOO_MANY_PARAMETERS: [
    request({ method: 'SET_PROPERTY', params: ['combined', true, true] }),
    request({ method: 'GET_PROPERTY', params: ['combined', true] }),
  ],
  MISSING_METHOD: ['{"id":1}', '{"id":1,"method":null}', '{"id":1,"method":7}', '[]', '[{"id":1}]', 'null', '7', '5.0'],
  PARAMS_NOT_STRINGS: [
    request({ method: 'SUBSCRIBE', params: KEY }),
    request({ method: 'SUBSCRIBE', params: [1] }),
    request({ method: 'UNSUBSCRIBE', params: {} }),
    request({ method: 'UNSUBSCRIBE', params: [KEY, null] }),
  ],
  INVALID_STREAM: [
    request({ method: 'SUBSCRIBE', params: [''] }),
    request({ method: 'SUBSCRIBE', params: [KEY, 'a b'] }),
    request({ method: 'SUBSCRIBE', params: ['a/b'] }),
    request({ method: 'SUBSCRIBE', params: ['x'.repeat(129)] }),
    request({ method: 'UNSUBSCRIBE', params: ['\u0000'] }),
  ],
  INVALID_JSON: ['', ' ', '{', 'hello', '{"id":1', '\u0000', "{'id':1}", '['.repeat(100_000)],
};

describe('a refused message', () => {
  test.each(Object.entries(ROWS).flatMap(([row, texts]) => texts.map((text) => [row, text.slice(0, 80), text])))(
    'gets %s: %p',
    (row, _title, text) => {
      const refused = refusal(text as string);
      expect(refused.row).toBe(row as StreamErrorName);
      expect(refused.closes).toBe(row === 'INVALID_JSON');
      const { error } = JSON.parse(refused.frame());
      expect(error.code).toBe(STREAM_ERRORS[row as StreamErrorName].code);
      expect(error.msg).not.toContain('%s');
      expect(error.msg).not.toContain('undefined');
    },
  );

  test('is answered with the id where it could be read', () => {
    expect(refusal('{"method":"GET_PROPERTY","params":["x"],"id":"ab12"}').frame()).toBe(
      '{"error":{"code":0,"msg":"Unknown property"},"id":"ab12"}',
    );
    expect(refusal('{"method":"LIST_SUBSCRIPTIONS","id":null}').frame()).toBe(
      '{"error":{"code":2,"msg":"Invalid request: request ID must be an unsigned integer"}}',
    );
  });

  test('is told the variant that nobody knows and where it ends', () => {
    expect(JSON.parse(refusal('{"id":1,"method":"REQUEST"}').frame()).error.msg).toBe(
      'Invalid request: unknown variant `REQUEST`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, ' +
        '`SET_PROPERTY`, `GET_PROPERTY` at line 1 column 26',
    );
  });

  test('is not repeated at length', () => {
    expect(refusal(request({ method: 'x'.repeat(100_000) })).frame().length).toBeLessThan(400);
  });

  test('is told where it ends without a method', () => {
    expect(JSON.parse(refusal('{"id":1}').frame()).error.msg).toBe(
      'Invalid request: missing field `method` at line 1 column 8',
    );
  });
});

test('any text is read or refused by a row', () => {
  const members = fc.record(
    {
      method: fc.oneof(fc.constantFrom('SUBSCRIBE', 'SET_PROPERTY', 'GET_PROPERTY'), fc.jsonValue()),
      params: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
      id: fc.oneof(fc.integer(), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    members.map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(texts, fc.boolean(), (text, nullId) => {
      try {
        read(text, nullId);
      } catch (cause) {
        if (!(cause instanceof StreamRequestError)) throw cause;
        JSON.parse(cause.frame());
      }
    }),
    { seed: 20260701, numRuns: 2_000 },
  );
});
