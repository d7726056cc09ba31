import { describe, expect, test } from 'bun:test';
import { decodeMessage, encodeEvent, eventForm } from '@listenpost/protocol';
import { SbeFrames } from './sbe-frames.ts';

const transfer = (amount: string) =>
  `{"e":"balanceUpdate","E":1767225600123,"a":"USDT","d":"${amount}","T":1767225600120}`;

const idOf = (frame: Uint8Array) => eventForm(decodeMessage(frame))?.subscriptionId;

describe('SBE frames of a record', () => {
  test('are what the encoder makes, in microseconds', () => {
    const frame = new SbeFrames().of(5, 0, transfer('1.5'));
    expect(frame).toEqual(encodeEvent(5, transfer('1.5'), { subscriptionId: 0 }));
    expect(eventForm(decodeMessage(frame))?.event).toEqual({
      e: 'balanceUpdate',
      E: 1767225600123000,
      a: 'USDT',
      d: '1.5',
      T: 1767225600120000,
    });
  });

  test('are the very same bytes for all who read it under one id', () => {
    const frames = new SbeFrames();
    const first = frames.of(5, 0, transfer('1'));
    expect(frames.of(5, 7, transfer('1'))).not.toBe(first);
    expect(frames.of(5, 0, transfer('1'))).toBe(first);
    expect(frames.of(5, 7, transfer('1'))).toBe(frames.of(5, 7, transfer('1')));
  });

  test('keep to each id and version, however they come', () => {
    const frames = new SbeFrames();
    for (const id of [0, 1, 65_534, 1, 0]) {
      for (const version of [3, 5, 4, 5]) {
        const frame = frames.of(version, id, transfer('1'));
        expect([idOf(frame), decodeMessage(frame).header.version]).toEqual([id, version]);
      }
    }
  });

  test('are those of the record at hand, not of the one before', () => {
    const frames = new SbeFrames();
    const amountOf = (amount: string) => eventForm(decodeMessage(frames.of(5, 0, transfer(amount))))?.event['d'];
    expect(['1', '2', '2', '1'].map(amountOf)).toEqual(['1', '2', '2', '1']);
  });

  test('are right for more ids than are kept', () => {
    const frames = new SbeFrames();
    for (let round = 0; round < 2; round++) {
      for (let id = 0; id < 200; id++) expect(idOf(frames.of(5, id, transfer('1')))).toBe(id);
    }
  });

  test.each([
    '{"e":"novelty","E":1}',
    '{"e":"balanceUpdate"}',
    '{}',
    '[]',
    '{"e":"balanceUpdate","E":1,"a":"A","d":"1e400","T":1}',
    `{"e":"balanceUpdate","E":1,"a":"${'A'.repeat(300)}","d":"1","T":1}`,
  ])('say that %p cannot be carried', (body) => {
    const frames = new SbeFrames();
    for (const id of [0, 1]) expect(decodeMessage(frames.of(5, id, body)).name).toBe('NonRepresentableMessage');
    expect(idOf(frames.of(5, 1, transfer('1')))).toBe(1);
  });
});
