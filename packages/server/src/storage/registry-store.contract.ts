/**
 * What every registry store promises (`RegistryStore` in core), as one suite. `open` gives a store on what earlier stores of
 * this test left; the suite closes each one.
 */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type RegistryChange, type RegistryStore, RegistryStoreError, type StoredListenKey } from '@listenpost/core';
import { seededRandom } from '../../../core/src/testing/seeded-random.ts';
import { applyTo, changesWithin, listenKey } from './testing/random-changes.ts';

export interface StoreUnderTest {
  /** A store on this test's own place. */
  open(): Promise<RegistryStore>;
  /** Removes that place. */
  remove(): Promise<void>;
}

const put = (key: StoredListenKey): RegistryChange => ({ kind: 'putListenKey', key });
const extend = (id: number, deadline: number): RegistryChange => ({ kind: 'extendListenKey', id, deadline });
const drop = (id: number): RegistryChange => ({ kind: 'dropListenKey', id });

/** Contents as plain values, keys by id. */
export async function contentsOf(store: RegistryStore) {
  const { listenKeys, accounts, settings } = await store.load();
  return {
    listenKeys: [...listenKeys].sort((left, right) => left.id - right.id),
    accounts: Object.fromEntries(accounts),
    settings: Object.fromEntries(settings),
  };
}

export function describeRegistryStore(name: string, place: () => StoreUnderTest): void {
  describe(`registry store: ${name}`, () => {
    let here: StoreUnderTest;
    let store: RegistryStore;
    beforeEach(async () => {
      here = place();
      store = await here.open();
    });
    afterEach(async () => {
      await store.close();
      await here.remove();
    });

    /** What a new process would find. */
    const reopened = async () => {
      await store.close();
      store = await here.open();
      return contentsOf(store);
    };

    test('starts empty and without a fault', async () => {
      expect(await contentsOf(store)).toEqual({ listenKeys: [], accounts: {}, settings: {} });
      expect(store.fault).toBeUndefined();
    });

    test('gives back keys, accounts and settings letter for letter', async () => {
      const chinese = listenKey(7, { stream: 'a.b-c_1/isolated:币安人生USDT', salt: '', secretId: 'k2' });
      await store.commit([
        put(listenKey(1)),
        put(chinese),
        { kind: 'putAccount', id: 'alice', sealed: 's1.k1.币安\u0000"' },
        { kind: 'putSetting', name: 'clock', value: '{"offsetMs":1}' },
      ]);
      expect(await reopened()).toEqual({
        listenKeys: [listenKey(1), chinese],
        accounts: { alice: 's1.k1.币安\u0000"' },
        settings: { clock: '{"offsetMs":1}' },
      });
    });

    test('an extension moves the deadline of its key and of no other', async () => {
      await store.commit([put(listenKey(1)), put(listenKey(2))]);
      await store.commit([extend(1, 1_767_229_200_000)]);
      expect((await reopened()).listenKeys).toEqual([listenKey(1, { deadline: 1_767_229_200_000 }), listenKey(2)]);
    });

    test('an extension may shorten, because the clock of dev may be set', async () => {
      await store.commit([put(listenKey(1)), extend(1, 5)]);
      expect((await reopened()).listenKeys).toEqual([listenKey(1, { deadline: 5 })]);
    });

    test('an extension of a key that is not there does nothing, also when the id comes later', async () => {
      await store.commit([extend(1, 5)]);
      await store.commit([put(listenKey(1))]);
      expect((await reopened()).listenKeys).toEqual([listenKey(1)]);
    });

    test('changes of one commit take effect in their order', async () => {
      await store.commit([put(listenKey(1)), extend(1, 5), extend(1, 6), put(listenKey(2)), drop(2), extend(2, 9)]);
      await store.commit([drop(1), put(listenKey(1, { deadline: 8 })), put(listenKey(3)), drop(3), put(listenKey(3))]);
      await store.commit([
        { kind: 'putAccount', id: 'a', sealed: '1' },
        { kind: 'dropAccount', id: 'a' },
        { kind: 'putAccount', id: 'b', sealed: '1' },
        { kind: 'putAccount', id: 'b', sealed: '2' },
        { kind: 'dropAccount', id: 'never' },
      ]);
      expect(await reopened()).toEqual({
        listenKeys: [listenKey(1, { deadline: 8 }), listenKey(3)],
        accounts: { b: '2' },
        settings: {},
      });
    });

    test('commits that were not waited for take effect in the order of the calls', async () => {
      const commits = [store.commit([put(listenKey(1))])];
      for (let deadline = 1; deadline <= 100; deadline += 1) commits.push(store.commit([extend(1, deadline)]));
      commits.push(store.commit([drop(1)]), store.commit([put(listenKey(1, { deadline: 7 }))]));
      await Promise.all(commits);
      expect((await reopened()).listenKeys).toEqual([listenKey(1, { deadline: 7 })]);
    });

    test('what resolved is what load gives at once, on the same store', async () => {
      await store.commit([put(listenKey(1))]);
      expect((await contentsOf(store)).listenKeys).toEqual([listenKey(1)]);
    });

    test('close waits for the commits before it', async () => {
      const commits = [store.commit([put(listenKey(1))]), store.commit([put(listenKey(2))])];
      expect((await reopened()).listenKeys.map(({ id }) => id)).toEqual([1, 2]);
      await Promise.all(commits);
    });

    test('a closed store rejects, and may be closed again', async () => {
      await store.close();
      await store.close();
      const refused = await store.commit([put(listenKey(1))]).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(RegistryStoreError);
    });

    test('an empty commit resolves', async () => {
      await store.commit([]);
      expect((await reopened()).listenKeys).toEqual([]);
    });

    test.each([1, 2, 3])('any history gives what a plain map holds (seed %d)', async (seed) => {
      const random = seededRandom(seed);
      const model = new Map<number, StoredListenKey>();
      for (let round = 0; round < 4; round += 1) {
        const commits: Promise<void>[] = [];
        for (let commit = 0; commit < 60; commit += 1) {
          const changes = changesWithin(random, 0, 5);
          applyTo(model, changes);
          commits.push(store.commit(changes));
        }
        await Promise.all(commits);
        const expected = [...model.values()].sort((left, right) => left.id - right.id);
        expect((await reopened()).listenKeys).toEqual(expected);
      }
    });
  });
}
