import { describe, expect, test } from 'bun:test';
import type { JournalRecord } from '../journal.ts';
import { Router } from './router.ts';
import type { Subscription } from './subscription.ts';

const record = (stream: string, sequence: number): JournalRecord => ({
  stream,
  sequence,
  type: 'TRADE_LITE',
  body: `{"n":${sequence}}`,
});

function subscriber(stream: string, onDelivery: () => void = () => undefined) {
  const got: string[] = [];
  const subscription: Subscription = {
    stream,
    product: 'usdm',
    grantName: 'key',
    deliver: (type, body) => {
      got.push(`${type} ${body}`);
      onDelivery();
    },
    grantEnded: () => undefined,
  };
  return { got, subscription };
}

describe('the router', () => {
  test('hands each record to every reader of its stream, in order, and to nobody else', () => {
    const router = new Router();
    const [one, two, other] = [subscriber('alice/usdm'), subscriber('alice/usdm'), subscriber('bob/usdm')];
    for (const { subscription } of [one, two, other]) router.attach(subscription);
    router.deliver([record('alice/usdm', 1), record('carol/usdm', 1), record('alice/usdm', 2)]);
    expect(one.got).toEqual(['TRADE_LITE {"n":1}', 'TRADE_LITE {"n":2}']);
    expect(two.got).toEqual(one.got);
    expect(other.got).toEqual([]);
    expect({ events: router.events, deliveries: router.deliveries }).toEqual({ events: 3, deliveries: 4 });
  });

  test('forgets who detached', () => {
    const router = new Router();
    const { got, subscription } = subscriber('alice/usdm');
    router.attach(subscription);
    router.detach(subscription);
    router.detach(subscription);
    router.deliver([record('alice/usdm', 1)]);
    expect(got).toEqual([]);
  });

  test('a reader that detaches while it is handed a record gets no further one, and the others go on', () => {
    const router = new Router();
    const leaving = subscriber('alice/usdm', () => router.detach(leaving.subscription));
    const staying = subscriber('alice/usdm');
    router.attach(leaving.subscription);
    router.attach(staying.subscription);
    router.deliver([record('alice/usdm', 1), record('alice/usdm', 2)]);
    expect(leaving.got).toHaveLength(1);
    expect(staying.got).toHaveLength(2);
  });

  test('shows every record to an onlooker, after its readers, until that one has seen enough', () => {
    const router = new Router();
    const { got, subscription } = subscriber('alice/usdm');
    router.attach(subscription);
    const seen: string[] = [];
    const leave = router.tap((records) => seen.push(...records.map(({ stream }) => `${stream} after ${got.length}`)));
    router.deliver([record('alice/usdm', 1), record('bob/usdm', 1)]);
    leave();
    router.deliver([record('alice/usdm', 2)]);
    expect(seen).toEqual(['alice/usdm after 1', 'bob/usdm after 1']);
    expect(router.deliveries).toBe(2);
  });
});
