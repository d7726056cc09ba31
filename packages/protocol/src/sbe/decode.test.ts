import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { exchangeInfo } from '../exchange-info.ts';
import { SYMBOLS } from '../symbols.ts';
import type { SbeMessage } from './decode.ts';
import { decodeMessage } from './decode.ts';
import { encodeEvent, encodeResponse } from './encode.ts';
import { eventForm, messageForm, responseForm } from './json-form.ts';
import { SbeError } from './sbe-error.ts';
import { SPOT_3_5 } from './spot-3-5.ts';

const frameOf = (...hex: string[]): Uint8Array =>
  Uint8Array.from(hex.join('').match(/[0-9a-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16));

const BALANCE = encodeEvent(5, { e: 'balanceUpdate', E: 1, T: 2, a: 'USDT', d: '-0.10' }, { subscriptionId: 4 });
const POSITION = encodeEvent(5, { e: 'outboundAccountPosition', E: 1, u: 2, B: [{ a: 'BTC', f: '1.5', l: '0.25' }] });
const LIST = encodeEvent(5, {
  e: 'listStatus',
  ...{ E: 1, T: 2, s: 'BTCUSDT', g: 7, c: 'OTO', l: 'UPDATED', L: 'ALL_DONE', r: 'NONE', C: 'L1' },
  O: [{ s: '币安', i: 1, c: 'a' }],
});
const LIMITS = [{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6000, count: 4 }];
const ERROR = encodeResponse(5, undefined, {
  id: 1,
  status: 400,
  error: { code: -2035, msg: 'no' },
  rateLimits: LIMITS,
});
const INFO = encodeResponse(5, 'exchangeInfo', {
  id: 1,
  status: 200,
  result: exchangeInfo('spot', SYMBOLS.slice(0, 2), 0),
});
const FRAMES = [BALANCE, POSITION, LIST, ERROR, INFO];

test('a message tells its header, its name and its fields by the schema’s names', () => {
  expect(decodeMessage(BALANCE)).toEqual({
    header: { blockLength: 27, templateId: 601, schemaId: 3, version: 5 },
    name: 'BalanceUpdateEvent',
    fields: {
      eventTime: 1000,
      clearTime: 2000,
      qtyExponent: -2,
      freeQtyDelta: { mantissa: -10, exponent: -2 },
      subscriptionId: 4,
      asset: 'USDT',
    },
  });
});

test('bytes inside a larger buffer are read within their bounds', () => {
  const larger = new Uint8Array(BALANCE.length + 20).fill(0xee);
  larger.set(BALANCE, 7);
  expect(decodeMessage(larger.subarray(7, 7 + BALANCE.length))).toEqual(decodeMessage(BALANCE));
});

describe('other versions', () => {
  test('fields that the version does not have are missing', () => {
    const { fields } = decodeMessage(frameOf('1900 5902 0300 0000', '00'.repeat(25), '01 41'));
    expect(fields).not.toHaveProperty('subscriptionId');
    expect(fields).toMatchObject({ asset: 'A' });
  });

  test('what a later version put into the block, and behind all we know, is passed over', () => {
    const later = frameOf('1d00 5902 0300 0900', '00'.repeat(25), '0400 eeee', '01 41', 'dead beef');
    expect(eventForm(decodeMessage(later))).toMatchObject({ subscriptionId: 4, event: { a: 'A', d: '0' } });
  });

  test('an enum value that only a later version has reads as NON_REPRESENTABLE', () => {
    const frame = LIST.slice();
    frame[8 + 24] = 77;
    expect(() => decodeMessage(frame)).toThrow('ListStatusEvent.contingencyType: 77 is no contingencyType');
    frame[6] = 9;
    expect(decodeMessage(frame).fields).toMatchObject({ contingencyType: 'NON_REPRESENTABLE' });
  });
});

describe('what is no message is told', () => {
  const FAULTS: readonly [name: string, frame: Uint8Array, sentence: string][] = [
    ['nothing', frameOf(), 'header: takes 8 bytes, 0 are there'],
    ['half a header', frameOf('1b00 5902'), 'header: takes 8 bytes, 4 are there'],
    ['another schema', frameOf('0000 5902 0100 0500'), 'header: schemaId 1 is not known'],
    ['an unknown template', frameOf('0000 6002 0300 0500'), 'header: templateId 608 is not known'],
    ['a block that is not there', frameOf('ffff 5902 0300 0500 00'), 'its block takes 65535 bytes, 1 are left'],
    [
      'a block too short',
      frameOf('0800 5902 0300 0500', '00'.repeat(9)),
      'BalanceUpdateEvent.clearTime: the block of 8 bytes',
    ],
    ['a text that is not there', BALANCE.slice(0, -1), 'BalanceUpdateEvent.asset takes 4 bytes, 3 are left'],
    ['a text that is no UTF-8', frameOf('1b00 5902 0300 0500', '00'.repeat(27), '02 c080'), 'asset: is not UTF-8'],
    ['bytes behind the end', Uint8Array.of(...BALANCE, 0), 'BalanceUpdateEvent: 1 bytes stand behind its end'],
    ['no size of a group', POSITION.slice(0, 28), 'OutboundAccountPositionEvent.balances: its size takes 6 bytes'],
    [
      'a flood of entries',
      frameOf('1200 5f02 0300 0500', '00'.repeat(18), '0000 ffffffff'),
      '4294967295 entries takes 4294967295 bytes',
    ],
    [
      'a boolean that is none',
      frameOf('0300 3200 0300 0500 02c800 1300 0000 00 00000000'),
      'sbeSchemaIdVersionDeprecated: 2 is neither 0 nor 1',
    ],
    [
      'a result that is none',
      frameOf('0300 3200 0300 0500 00c800 1300 0000 00 00000000'),
      'header: takes 8 bytes, 0 are there',
    ],
  ];

  for (const [name, frame, sentence] of FAULTS) {
    test(name, () => {
      expect(() => decodeMessage(frame)).toThrow(SbeError);
      expect(() => decodeMessage(frame)).toThrow(sentence);
    });
  }

  test('messages that hold each other as deep as the bytes last', () => {
    let frame = frameOf('0000 6500 0300 0500');
    for (let depth = 0; depth < 5000; depth++) {
      const head = frameOf('0300 3200 0300 0500 00c800 1300 0000 00');
      const holder = new Uint8Array(head.length + 4 + frame.length);
      holder.set(head);
      new DataView(holder.buffer).setUint32(head.length, frame.length, true);
      holder.set(frame, head.length + 4);
      frame = holder;
    }
    expect(() => decodeMessage(frame)).toThrow('messages inside messages: up to 4 deep');
  });
});

describe('hostile bytes', () => {
  /** Whatever the bytes, there is a message or an SbeError; and what was read can be shown. */
  function readAll(bytes: Uint8Array): void {
    let message: SbeMessage;
    try {
      message = decodeMessage(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(SbeError);
      return;
    }
    eventForm(message);
    responseForm(message);
    messageForm(message, 'MILLISECOND');
  }

  const templates = fc.constantFrom(...SPOT_3_5.messages.map(({ templateId }) => templateId));

  test('any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), readAll), { seed: 35, numRuns: 500 });
  });

  test('any bytes behind a header that fits', () => {
    const frames = fc
      .tuple(
        templates,
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 0, max: 7 }),
        fc.uint8Array({ maxLength: 600 }),
      )
      .map(([templateId, blockLength, version, rest]) => {
        const frame = new Uint8Array(8 + rest.length);
        frame.set(
          Uint8Array.of(blockLength & 0xff, blockLength >> 8, templateId & 0xff, templateId >> 8, 3, 0, version, 0),
        );
        frame.set(rest, 8);
        return frame;
      });
    fc.assert(fc.property(frames, readAll), { seed: 36, numRuns: 1000 });
  });

  test('frames of ours with bytes changed', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const property = fc.property(fc.constantFrom(...FRAMES), changes, (frame, edits) => {
      const changed = frame.slice();
      for (const [at, byte] of edits) changed[at % changed.length] = byte;
      readAll(changed);
    });
    fc.assert(property, { seed: 37, numRuns: 500 });
  });

  test('every beginning of our frames is told to be cut', () => {
    for (const frame of FRAMES.slice(0, 4)) {
      for (let length = 0; length < frame.length; length++) {
        expect(() => decodeMessage(frame.subarray(0, length))).toThrow(SbeError);
      }
    }
  });
});
