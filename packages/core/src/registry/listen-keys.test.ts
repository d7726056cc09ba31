import { describe, expect, test } from 'bun:test';
import { PRODUCTS, type ProductId } from '@listenpost/protocol';
import type { Subscription } from '../data/subscription.ts';
import {
  accountOf,
  HOUR,
  MapStore,
  MINUTE,
  OpenSecretBox,
  refusalOfPromise,
  START,
  scopeOf,
  startKey,
  type TestHouse,
  testHouse,
  textOf,
} from '../testing/memory-doors.ts';
import type { ListenKey } from './listen-keys.ts';

const KEYED = Object.values(PRODUCTS).flatMap(({ id, listenKey }) => (listenKey === undefined ? [] : [id]));

/** Follows the key under this name and keeps what it is told. */
function follow(key: ListenKey, product: ProductId = key.product.id): string[] {
  const told: string[] = [];
  const subscription: Subscription = {
    stream: `alice/${product}`,
    product,
    grantName: textOf(key),
    deliver: (type, body) => told.push(`${type} ${body}`),
    grantEnded: () => {
      told.push('ended');
      key.detach(subscription);
    },
  };
  key.attach(subscription);
  return told;
}

const start = ({ house }: TestHouse, product: ProductId = 'usdm') =>
  house.listenKeys.start(accountOf(house, 'alice'), PRODUCTS[product], scopeOf(product));
const keepalive = ({ house }: TestHouse, product: ProductId = 'usdm', named?: string) =>
  house.listenKeys.keepalive(accountOf(house, 'alice'), PRODUCTS[product], named, scopeOf(product));
const close = ({ house }: TestHouse, product: ProductId = 'usdm', named?: string) =>
  house.listenKeys.close(accountOf(house, 'alice'), PRODUCTS[product], named, scopeOf(product));

describe('start', () => {
  test.each(KEYED)('%p: a key of the row’s length and alphabet', async (product) => {
    const { house } = testHouse();
    const text = await startKey(house, product);
    expect(text).toMatch(new RegExp(`^[A-Za-z0-9]{${PRODUCTS[product].listenKey?.length}}$`));
    expect(house.listenKeys.find(text)?.product.id).toBe(product);
  });

  test('returns the live key and extends it, whoever of the account asks', async () => {
    const room = testHouse();
    const first = await start(room);
    room.machine.pass(30 * MINUTE);
    const second = await start(room);
    expect(textOf(second)).toBe(textOf(first));
    expect(second.deadline).toBe(START + 90 * MINUTE);
    expect(room.house.listenKeys.size).toBe(1);
  });

  test('keys differ by account and by product', async () => {
    const { house } = testHouse();
    const keys = await Promise.all([
      ...KEYED.map((product) => startKey(house, product)),
      ...KEYED.map((product) => startKey(house, product, 'bob')),
    ]);
    expect(new Set(keys).size).toBe(KEYED.length * 2);
  });

  test('a new key follows a dead one', async () => {
    const room = testHouse();
    const first = textOf(await start(room));
    room.machine.pass(HOUR);
    const second = textOf(await start(room));
    expect(second).not.toBe(first);
    await close(room);
    expect(new Set([first, second, textOf(await start(room))]).size).toBe(3);
  });

  test('a product without keys has none to start', async () => {
    expect(await refusalOfPromise(start(testHouse(), 'pmpro'))).toBe('UNSUPPORTED_OPERATION');
  });

  test('two at once get the same key', async () => {
    const room = testHouse();
    const [first, second] = await Promise.all([start(room), start(room)]);
    expect(second).toBe(first);
    expect([...room.store.keys.values()]).toEqual([first.row]);
  });
});

describe('the hour', () => {
  test('a key lives at 59:59.999', async () => {
    const room = testHouse();
    const key = await start(room);
    const told = follow(key);
    room.machine.pass(HOUR - 1);
    expect(room.house.listenKeys.find(textOf(key))).toBe(key);
    expect((await keepalive(room)).deadline).toBe(START + 2 * HOUR - 1);
    expect(told).toEqual([]);
  });

  test.each([0, 1])('a key is dead %p ms after 60:00.000', async (later) => {
    const room = testHouse();
    const key = await start(room);
    room.machine.pass(HOUR + later);
    expect(room.house.listenKeys.find(textOf(key))).toBeUndefined();
    expect(await refusalOfPromise(keepalive(room))).toBe('INVALID_LISTEN_KEY');
    expect(room.house.listenKeys.size).toBe(0);
  });

  test('is over also before its timer has run', async () => {
    const room = testHouse();
    const key = await start(room);
    const told = follow(key);
    room.clock.freeze();
    const advanced = room.clock.advance(HOUR);
    await advanced;
    expect(room.house.listenKeys.find(textOf(key))).toBeUndefined();
    expect(told.at(-1)).toBe('ended');
  });

  test('counts from the call of the keepalive, not from the old deadline', async () => {
    const room = testHouse();
    const key = await start(room);
    room.machine.pass(10 * MINUTE);
    await keepalive(room);
    room.machine.pass(HOUR - 1);
    expect(room.house.listenKeys.find(textOf(key))).toBe(key);
    room.machine.pass(1);
    expect(room.house.listenKeys.find(textOf(key))).toBeUndefined();
  });

  test('its end is told at the deadline and leaves nothing behind', async () => {
    const room = testHouse();
    const told = follow(await start(room));
    room.machine.pass(3 * HOUR);
    expect(told).toHaveLength(2);
    expect(JSON.parse(told[0]?.replace('listenKeyExpired ', '') ?? '').E).toBe(START + HOUR);
    expect(told[1]).toBe('ended');
    expect(room.clock.pending).toBe(0);
    expect(room.store.keys.size).toBe(0);
  });
});

describe('keepalive', () => {
  test('without a live key is refused', async () => {
    expect(await refusalOfPromise(keepalive(testHouse()))).toBe('INVALID_LISTEN_KEY');
  });

  test.each(KEYED.filter((id) => !PRODUCTS[id].listenKey?.keepaliveNamesKey))(
    '%p: extends the live key whatever is named',
    async (product) => {
      const room = testHouse();
      const key = await start(room, product);
      room.machine.pass(MINUTE);
      for (const named of [undefined, textOf(key), 'another']) {
        expect(await keepalive(room, product, named)).toBe(key);
      }
      expect(key.deadline).toBe(START + HOUR + MINUTE);
    },
  );

  test('of the risk stream must name its key', async () => {
    const room = testHouse();
    expect(await refusalOfPromise(keepalive(room, 'risk'))).toBe('MANDATORY_PARAM');
    const key = await start(room, 'risk');
    room.machine.pass(MINUTE);
    expect(await refusalOfPromise(keepalive(room, 'risk'))).toBe('MANDATORY_PARAM');
    expect(await refusalOfPromise(keepalive(room, 'risk', 'another'))).toBe('INVALID_LISTEN_KEY');
    expect(key.deadline).toBe(START + HOUR);
    expect((await keepalive(room, 'risk', textOf(key))).deadline).toBe(START + HOUR + MINUTE);
  });
});

describe('close', () => {
  test('ends the key at once and frees all it held', async () => {
    const room = testHouse();
    const key = await start(room);
    await close(room);
    expect(room.house.listenKeys.find(textOf(key))).toBeUndefined();
    expect(room.store.keys.size).toBe(0);
    expect(room.clock.pending).toBe(0);
    expect(await refusalOfPromise(close(room))).toBe('INVALID_LISTEN_KEY');
  });

  test('naming the live key ends it, naming another closes nothing', async () => {
    const room = testHouse();
    const dead = textOf(await start(room));
    await close(room, 'usdm', dead);
    const fresh = await start(room);
    expect(await refusalOfPromise(close(room, 'usdm', dead))).toBe('INVALID_LISTEN_KEY');
    expect(room.house.listenKeys.find(textOf(fresh))).toBe(fresh);
  });

  test('of an account that goes ends all of its keys and nobody else’s', async () => {
    const { house } = testHouse();
    const mine = await Promise.all([startKey(house, 'usdm'), startKey(house, 'coinm')]);
    const bobs = await startKey(house, 'usdm', 'bob');
    await house.listenKeys.endAll('alice');
    for (const text of mine) expect(house.listenKeys.find(text)).toBeUndefined();
    expect(house.listenKeys.find(bobs)?.account).toBe('bob');
  });

  test('of a key that is dead already does not touch the next one', async () => {
    const room = testHouse();
    const dead = await start(room);
    await close(room);
    const fresh = await start(room);
    await room.house.listenKeys.end(dead);
    expect(room.house.listenKeys.find(textOf(fresh))).toBe(fresh);
  });
});

describe('who follows a key', () => {
  const SHAPES: Readonly<Partial<Record<ProductId, (key: string) => string>>> = {
    usdm: (key) => `{"e":"listenKeyExpired","E":${START},"listenKey":"${key}"}`,
    coinm: (key) => `{"e":"listenKeyExpired","E":${START},"listenKey":"${key}"}`,
    options: (key) => `{"e":"listenKeyExpired","E":"${START}","listenKey":"${key}"}`,
    pm: () => `{"e":"listenKeyExpired","E":${START}}`,
  };

  test.each(Object.entries(SHAPES))('%p is told of the close in its own shape', async (product, shape) => {
    const room = testHouse();
    const key = await start(room, product as ProductId);
    const told = follow(key);
    await close(room, product as ProductId);
    expect(told).toEqual([`listenKeyExpired ${shape(textOf(key))}`, 'ended']);
  });

  test('on the risk stream a close is silent, an expiry is not', async () => {
    const room = testHouse();
    const closed = follow(await start(room, 'risk'));
    await close(room, 'risk');
    expect(closed).toEqual(['ended']);
    const expired = follow(await start(room, 'risk'));
    room.machine.pass(HOUR);
    expect(expired).toHaveLength(2);
  });

  test('is told in the shape of the scope that is read, not of the key’s', async () => {
    const room = testHouse();
    const told = follow(await start(room, 'usdm'), 'pmpro');
    await close(room);
    expect(told[0]).toStartWith('listenKeyExpired {"e":"listenKeyExpired","E":');
  });

  test('each is told once', async () => {
    const room = testHouse();
    const key = await start(room);
    const first = follow(key);
    const second = follow(key);
    await close(room);
    expect([first.length, second.length]).toEqual([2, 2]);
  });
});

describe('after a restart', () => {
  const restarted = async (before: TestHouse, secrets = new OpenSecretBox()) => {
    const room = testHouse({ store: before.store, secrets, doors: { clock: before.clock } });
    await room.house.listenKeys.restore([...before.store.keys.values()]);
    return { ...room, machine: before.machine, clock: before.clock };
  };

  test('keys and their deadlines are there, and none was derived', async () => {
    const before = testHouse();
    const key = textOf(await start(before));
    before.machine.pass(10 * MINUTE);
    const room = await restarted(before);
    expect(room.house.listenKeys.find(key)?.deadline).toBe(START + HOUR);
    expect(room.secrets.derived).toBe(0);
    expect(textOf(await start(room))).toBe(key);
  });

  test('start tells a key that nobody has presented yet', async () => {
    const before = testHouse();
    const key = textOf(await start(before));
    expect(textOf(await start(await restarted(before)))).toBe(key);
  });

  test('keys that expired meanwhile are gone, also from the store', async () => {
    const before = testHouse();
    const key = await start(before);
    const { row } = key;
    before.machine.pass(HOUR);
    before.store.keys.set(row.id, row);
    const room = await restarted(before);
    expect(room.house.listenKeys.find(textOf(key))).toBeUndefined();
    expect(room.store.keys.size).toBe(0);
  });

  test('keys expire on time', async () => {
    const before = testHouse();
    await start(before);
    const room = await restarted(before);
    before.machine.pass(HOUR - 1);
    expect(room.house.listenKeys.size).toBe(1);
    before.machine.pass(1);
    expect(room.house.listenKeys.size).toBe(0);
  });

  test('new keys do not take the numbers of old ones', async () => {
    const before = testHouse();
    await start(before);
    const room = await restarted(before);
    await start(room, 'coinm');
    expect([...room.store.keys.keys()]).toEqual([1, 2]);
  });

  test('of two keys of one stream the later is the live one', async () => {
    const before = testHouse();
    const old = await start(before);
    const oldRow = old.row;
    await close(before);
    const fresh = await start(before);
    before.store.keys.clear();
    for (const row of [fresh.row, oldRow]) before.store.keys.set(row.id, row);
    const room = await restarted(before);
    expect(room.house.listenKeys.find(textOf(old))).toBeUndefined();
    expect(room.house.listenKeys.find(textOf(fresh))?.id).toBe(fresh.id);
    expect([...room.store.keys.keys()]).toEqual([fresh.id]);
  });

  test('keys under a previous secret live on', async () => {
    const before = testHouse();
    const key = textOf(await start(before));
    const room = await restarted(before, new OpenSecretBox('k2', 'k1'));
    expect(room.house.listenKeys.find(key)?.account).toBe('alice');
    expect(textOf(await start(room))).toBe(key);
    await close(room);
    expect((await start(room)).secretId).toBe('k2');
  });

  test('keys under a secret that is not configured wait in the store, and their stream gets a new one', async () => {
    const before = testHouse();
    const key = textOf(await start(before));
    const room = await restarted(before, new OpenSecretBox('k2'));
    expect(room.house.listenKeys.size).toBe(0);
    expect(room.store.keys.size).toBe(1);
    expect(textOf(await start(room))).not.toBe(key);
  });
});

describe('when the store refuses', () => {
  const refusing = async (room: TestHouse, act: () => Promise<unknown>) => {
    room.store.fault = 'the disk is full';
    expect(await act().catch(String)).toBe('RegistryStoreError: the disk is full');
    room.store.fault = undefined;
  };

  test('start answers the error, and a later one still works', async () => {
    const room = testHouse();
    await refusing(room, () => start(room));
    expect(room.store.keys.size).toBe(0);
    const key = await start(room);
    expect([...room.store.keys.values()]).toEqual([key.row]);
  });

  test('a keepalive answers the error, and a later one still works', async () => {
    const room = testHouse();
    const key = await start(room);
    room.machine.pass(MINUTE);
    await refusing(room, () => keepalive(room));
    await keepalive(room);
    expect(room.store.keys.get(key.id)?.deadline).toBe(START + HOUR + MINUTE);
  });

  test('a close answers the error, the key is dead, and the next commit takes it along', async () => {
    const room = testHouse();
    const closed = await start(room);
    await refusing(room, () => close(room));
    expect(room.house.listenKeys.find(textOf(closed))).toBeUndefined();
    expect(room.store.keys.size).toBe(1);
    const fresh = await start(room);
    expect([...room.store.keys.keys()]).toEqual([fresh.id]);
    await keepalive(room);
    expect(room.store.commits.at(-1)).toHaveLength(1);
  });

  test('an expiry is told all the same', async () => {
    const room = testHouse();
    const told = follow(await start(room));
    room.store.fault = 'the disk is full';
    room.machine.pass(HOUR);
    expect(told.at(-1)).toBe('ended');
    expect(room.reports).toEqual([]);
  });
});

test('what is stored does not open a stream', async () => {
  const store = new MapStore();
  const { house } = testHouse({ store });
  const text = await startKey(house, 'usdm');
  const [row] = [...store.keys.values()];
  expect(JSON.stringify({ ...row, lookup: '' })).not.toContain(text);
  expect(row?.salt).toMatch(/^[A-Za-z0-9_-]{16}$/);
});

test('a key is found by its number for the operator', async () => {
  const room = testHouse();
  const key = await start(room);
  expect(room.house.listenKeys.byId(key.id)).toBe(key);
  expect(room.house.listenKeys.byId(99)).toBeUndefined();
  expect([...room.house.listenKeys.all()]).toEqual([key]);
});
