/** The frames of spot-margin appendix B, byte for byte, in both directions. */
import { describe, expect, test } from 'bun:test';
import { decodeMessage } from './decode.ts';
import { encodeEvent, encodeResponse, stampSubscriptionId, subscriptionIdOffset } from './encode.ts';
import { eventForm, responseForm } from './json-form.ts';

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const bytes = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

const E = 1767225600123456;
const T = 1767225600120000;

interface GoldenEvent {
  readonly name: string;
  readonly subscriptionId?: number;
  readonly event: Readonly<Record<string, unknown>>;
  readonly frame: string;
}

const EVENTS: readonly GoldenEvent[] = [
  {
    name: 'eventStreamTerminated',
    subscriptionId: 0,
    event: { e: 'eventStreamTerminated', E },
    frame: '0a005a020300050040222246484706000000',
  },
  {
    name: 'balanceUpdate, a negative delta',
    subscriptionId: 0,
    event: { e: 'balanceUpdate', E, T, d: '-0.10000000', a: 'USDT' },
    frame: '1b005902030005004022224648470600c014224648470600f8806967ffffffffff00000455534454',
  },
  {
    name: 'outboundAccountPosition',
    subscriptionId: 0,
    event: { e: 'outboundAccountPosition', E, u: T, B: [{ f: '1.50000000', l: '0.25000000', a: 'BTC' }] },
    frame: '12005f02030005004022224648470600c0142246484706000000110001000000f880d1f0080000000040787d010000000003425443',
  },
  {
    name: 'listStatus',
    subscriptionId: 0,
    event: {
      e: 'listStatus',
      E,
      T,
      g: 77,
      c: 'OCO',
      l: 'EXEC_STARTED',
      L: 'EXECUTING',
      O: [
        { i: 4242, s: 'BTCUSDT', c: 'a' },
        { i: 4243, s: 'BTCUSDT', c: 'b' },
      ],
      s: 'BTCUSDT',
      C: 'L1',
      r: 'NONE',
    },
    frame:
      '1d005e02030005004022224648470600c0142246484706004d000000000000000101010000080002009210000000000000074254435553445401619310000000000000074254435553445401620742544355534454024c31044e4f4e45',
  },
  {
    name: 'executionReport',
    subscriptionId: 0,
    event: {
      e: 'executionReport',
      E,
      T,
      O: T,
      W: T,
      i: 4242,
      g: -1,
      q: '1.00000000',
      p: '50000.00000000',
      Q: '0.00000000',
      F: '0.00000000',
      P: '0.00000000',
      o: 'LIMIT',
      S: 'BUY',
      f: 'GTC',
      x: 'NEW',
      X: 'NEW',
      t: -1,
      I: 9001,
      z: '0.00000000',
      Z: '0.00000000',
      l: '0.00000000',
      L: '0.00000000',
      Y: '0.00000000',
      n: '0',
      w: true,
      m: false,
      M: false,
      V: 'NONE',
      s: 'BTCUSDT',
      c: 'c1',
      C: '',
      N: null,
      r: 'NONE',
    },
    frame:
      '1a015b02030005004022224648470600c014224648470600f8f8f8c014224648470600c0142246484706009210000000000000000000000000008000e1f50500000000005039278c04000000000000000000000000000000000000000000000000000001000000000000000000000080292300000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001000001010101000000000000000080ffffffffffffffff0000000000000080000000000000008000000000000000000000000000000080000000000000008000000000000000800000000000000080000000000000008000000080000000000000008000000000000000800000ffffff0000000000000080ff07425443555344540263310000044e4f4e4500',
  },
  {
    name: 'serverShutdown has no subscriptionId',
    event: { e: 'serverShutdown', E },
    frame: '08006202030005004022224648470600',
  },
];

describe('events of appendix B', () => {
  for (const { name, subscriptionId, event, frame } of EVENTS) {
    const subscribed = subscriptionId === undefined ? {} : { subscriptionId };

    test(`${name}: encoded`, () => {
      expect(hex(encodeEvent(5, event, { timeUnit: 'MICROSECOND', ...subscribed }))).toBe(frame);
    });

    test(`${name}: encoded from its JSON text, whose times are too long for plain parsing`, () => {
      expect(hex(encodeEvent(5, JSON.stringify(event), { timeUnit: 'MICROSECOND', ...subscribed }))).toBe(frame);
    });

    test(`${name}: decoded`, () => {
      expect(eventForm(decodeMessage(bytes(frame)))).toEqual({ ...subscribed, event });
    });

    test(`${name}: a body made once is stamped for a subscription`, () => {
      const body = encodeEvent(5, event, { timeUnit: 'MICROSECOND' });
      const before = hex(body);
      expect(hex(stampSubscriptionId(body, subscriptionId ?? 7))).toBe(frame);
      expect(hex(body)).toBe(before);
    });
  }

  test('the subscriptionId stands where the schema says, whatever the event holds', () => {
    const offsets = EVENTS.map(({ event }) => [event['e'], subscriptionIdOffset(encodeEvent(5, event))]);
    expect(Object.fromEntries(offsets)).toEqual({
      eventStreamTerminated: 8 + 8,
      balanceUpdate: 8 + 25,
      outboundAccountPosition: 8 + 16,
      listStatus: 8 + 27,
      executionReport: 8 + 268,
      serverShutdown: -1,
    });
  });
});

const REQUEST_WEIGHT = { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6000, count: 4 };

describe('responses of appendix B', () => {
  test('subscribed, with a rate limit', () => {
    const frame =
      '030032000300050000c800130001000201017017000000000000040000000000000001370a0000000200f701030005000000';
    const response = { id: 7, status: 200, result: { subscriptionId: 0 }, rateLimits: [REQUEST_WEIGHT] };
    expect(hex(encodeResponse(5, 'userDataStream.subscribe', response))).toBe(frame);
    expect(responseForm(decodeMessage(bytes(frame)))).toEqual({
      ...response,
      id: '7',
      sbeSchemaIdVersionDeprecated: false,
      name: 'UserDataStreamSubscribeResponse',
    });
  });

  test('an error, rate limits hidden', () => {
    const frame =
      '03003200030005000090011300000001384d00000012006400030005000df8000000000000008000000000000000802d005573657220446174612053747265616d20737562736372697074696f6e20616c7265616479206163746976652e00000000';
    const response = {
      id: 8,
      status: 400,
      error: { code: -2035, msg: 'User Data Stream subscription already active.' },
    };
    expect(hex(encodeResponse(5, 'userDataStream.subscribe', response))).toBe(frame);
    expect(responseForm(decodeMessage(bytes(frame)))).toEqual({
      ...response,
      id: '8',
      sbeSchemaIdVersionDeprecated: false,
      name: 'ErrorResponse',
    });
  });

  test('a token subscription, to a request without id', () => {
    const frame = '030032000300050000c8001300000000120000000a00f9010300050001007880f9635c470600';
    const response = { id: null, status: 200, result: { subscriptionId: 1, expirationTime: 1767312000123 } };
    expect(hex(encodeResponse(5, 'userDataStream.subscribe.listenToken', response))).toBe(frame);
    expect(responseForm(decodeMessage(bytes(frame)), 'MILLISECOND')).toEqual({
      ...response,
      id: '',
      sbeSchemaIdVersionDeprecated: false,
      name: 'UserDataStreamSubscribeListenTokenResponse',
    });
  });
});
