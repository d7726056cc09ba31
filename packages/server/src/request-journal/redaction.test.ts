import { expect, test } from 'bun:test';
import { Redaction } from './redaction.ts';

const KEY = 'pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1';
const TOKEN = '6xXxePXwZRjVSHKhzUCCGnmN3fkvMTXru+pYJS8RwijXk9Vcyr3rkwfVOTcP2OkONqciYA';
const SIGNATURE = 'HMOchcfii9ZRZnhjp2XjGXhsOBd6msAhKz9joQaWwZ7arcJTlD2hGPHQj1lGdTjR5eTYb4CeDDGQSk3bYIxyDA==';

const { of } = new Redaction();
const mark = of(KEY);

test('a mark says nothing but which secret it stands for', () => {
  expect(mark).toMatch(/^\[redacted:[0-9a-f]{6}\]$/);
  expect(of(`${KEY.slice(0, -1)}2`)).not.toBe(mark);
  expect(new Redaction().of(KEY)).not.toBe(mark);
});

test.each([
  [`/private/ws/${KEY}`, `/private/ws/${mark}`],
  [`streams=${KEY}&resume=latest`, `streams=${mark}&resume=latest`],
  [
    `listenKey=${KEY}&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE`,
    `listenKey=${mark}&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE`,
  ],
  [
    `{"method":"SUBSCRIBE","params":["${KEY}@ORDER_TRADE_UPDATE"],"id":1}`,
    `{"method":"SUBSCRIBE","params":["${mark}@ORDER_TRADE_UPDATE"],"id":1}`,
  ],
  [`{"stream":"${KEY}","data":{"e":"x"}}`, `{"stream":"${mark}","data":{"e":"x"}}`],
])('%s keeps what is no secret', (text, expected) => {
  expect(of(text)).toBe(expected);
});

test.each([
  `timestamp=1&signature=${encodeURIComponent(SIGNATURE)}`,
  `{"params":{"apiKey":"${KEY}","signature":"${SIGNATURE}"}}`,
  'signature=abc123',
  '{"signature": "abc123"}',
  'apiSecret=abc123&x=1',
  `{"token":"${TOKEN}","expirationTime":1}`,
  `{"listenToken":"${TOKEN}"}`,
  `anything ${TOKEN} anywhere`,
  `anything ${SIGNATURE} anywhere`,
  `{"escaped \\" ":"x","secret":"abc\\"123"}`,
])('%s loses its secret', (text) => {
  const shown = of(text);
  expect(shown).toContain('[redacted:');
  for (const secret of ['abc', '123', KEY, TOKEN.slice(40), SIGNATURE.slice(0, 30)])
    expect(shown.replace(/\[redacted:\w+\]/g, '')).not.toContain(secret);
});

test.each([
  '{"e":"ORDER_TRADE_UPDATE","o":{"c":"x-d93jf83jf83jfu3849fj3849fj38f9","i":8886774123456789012,"q":"0.00000001"}}',
  'events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE/ACCOUNT_CONFIG_UPDATE/MARGIN_CALL/TRADE_LITE/ALGO_UPDATE',
  'events=listenKeyExpired/balanceUpdate/executionReport/outboundAccountPosition/externalLockUpdate',
  '/sapi/v1/margin/listen-key',
])('%s has none, and stays', (text) => {
  expect(of(text)).toBe(text);
});
