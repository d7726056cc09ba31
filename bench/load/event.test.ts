import { describe, expect, test } from 'bun:test';
import { checkEvent, eventRow } from '@listenpost/protocol';
import { Delivery, Line, sampleEvent } from './event.ts';

describe('the published event', () => {
  test('is a valid ORDER_TRADE_UPDATE of 650 bytes, whichever account it is of', () => {
    const row = eventRow('usdm', 'ORDER_TRADE_UPDATE');
    if (row === undefined) throw new Error('USDⓈ-M has no ORDER_TRADE_UPDATE');
    for (const account of [0, 7999]) {
      const event = sampleEvent(account);
      expect(event.length).toBe(650);
      expect(checkEvent(row, JSON.parse(event.toString()), 'strict')).toBeNull();
    }
  });

  test('its line names the account and counts up', () => {
    const line = new Line(12);
    const bytes = Buffer.alloc(2 * line.length);
    const end = line.write(bytes, line.write(bytes, 0, 1_000_000_123), 1_234_567_890);
    const [first, second] = bytes
      .toString('utf8', 0, end)
      .split('\n')
      .map((text) => (text === '' ? null : JSON.parse(text)));
    expect(first).toMatchObject({ account: 'a12', scope: 'usdm', event: { ts: 1_000_000_123, ac: 12, sq: 1 } });
    expect(second).toMatchObject({ account: 'a12', scope: 'usdm', event: { ts: 1_234_567_890, ac: 12, sq: 2 } });
  });

  test('is read back by its places', () => {
    const line = new Line(345);
    const bytes = Buffer.alloc(line.length);
    line.write(bytes, 0, 1_000_020_003);
    const start = bytes.indexOf('{"e":');
    const delivery = new Delivery();
    expect(delivery.read(bytes, start, bytes.length - 2)).toBe(true);
    expect(delivery).toEqual(Object.assign(new Delivery(), { stampUs: 1_000_020_003, account: 345, sequence: 1 }));
  });

  test('is read back when it was wrapped or written anew', () => {
    const event = JSON.parse(sampleEvent(7).toString());
    const delivery = new Delivery();
    for (const text of [JSON.stringify(event), JSON.stringify({ stream: 'key', data: event })]) {
      const bytes = Buffer.from(text);
      expect(delivery.read(bytes, 0, bytes.length)).toBe(true);
      expect(delivery).toMatchObject({ stampUs: event.ts, account: 7, sequence: 1 });
    }
  });

  test('is read back in place behind a listenKey, with or without a position', () => {
    const event = sampleEvent(7).toString();
    for (const closing of ['}', ',"position":"e:12"}']) {
      const bytes = Buffer.from(`{"stream":"${'k'.repeat(64)}","data":${event}${closing}`);
      const delivery = new Delivery();
      expect(delivery.read(bytes, 0, bytes.length)).toBe(true);
      expect(delivery).toMatchObject({ stampUs: JSON.parse(event).ts, account: 7, sequence: 1 });
    }
  });

  test('what is no such event is not read', () => {
    const bytes = Buffer.from('{"e":"listenKeyExpired","E":1,"listenKey":"k"}');
    expect(new Delivery().read(bytes, 0, bytes.length)).toBe(false);
  });
});
