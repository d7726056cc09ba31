import { describe, expect, test } from 'bun:test';
import { AccountError, Redacted, RegistryStoreError } from '@listenpost/core';
import { PRODUCTS } from '@listenpost/protocol';
import { MemoryRegistry } from '../storage/memory-registry.ts';
import { makeTestHouse, testAccount, testApiKey, testSecret } from '../testing/test-house.ts';
import { AccountRegistry, PutManyError } from './account-registry.ts';

const alice = testAccount('alice', { scopes: ['usdm', 'isolated:BTCUSDT'] });
const bob = testAccount('bob');

/** What a promise rejects with; undefined when it does not. */
const thrownBy = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );

/** A house over `store`, as a process that has just started. */
async function started(store: MemoryRegistry, configAccounts = [alice]) {
  const { house, secrets } = makeTestHouse({ accounts: [], doors: { store } });
  const registry = new AccountRegistry({ house, secrets });
  await registry.restore(await store.load(), configAccounts);
  return { house, registry, ids: () => [...house.accounts.all()].map(({ id }) => id).sort() };
}

const numbersIn = ({ house }: { house: ReturnType<typeof makeTestHouse>['house'] }, id: string) => {
  const account = house.accounts.get(id);
  return [account?.number, ...(account?.apiKeys ?? []).map(({ number }) => number)];
};

describe('numbers', () => {
  test('of accounts and API keys come back, and are never given again', async () => {
    const store = new MemoryRegistry();
    const first = await started(store);
    await first.registry.put(bob);
    const before = [numbersIn(first, 'alice'), numbersIn(first, 'bob')];
    const second = await started(store);
    expect([numbersIn(second, 'alice'), numbersIn(second, 'bob')]).toEqual(before);
    await second.registry.delete('bob');
    const third = await started(store);
    await third.registry.put(bob);
    const all = [...before.flat(), ...numbersIn(third, 'bob')];
    expect(new Set(all).size).toBe(6);
  });

  test('are given to accounts that were sealed before there were any', async () => {
    const store = new MemoryRegistry();
    const { secrets } = makeTestHouse({ accounts: [] });
    const [key] = bob.apiKeys;
    const stored = {
      id: 'bob',
      apiKeys: [{ apiKey: key?.apiKey.reveal(), type: 'HMAC', material: testSecret('bob') }],
    };
    const sealed = secrets.seal(JSON.stringify(stored), 'account bob');
    await store.commit([{ kind: 'putAccount', id: 'bob', sealed }]);
    const numbers = numbersIn(await started(store, []), 'bob');
    expect(numbers).toEqual([1, 2]);
    expect(numbersIn(await started(store, []), 'bob')).toEqual(numbers);
  });
});

describe('restore', () => {
  test('the config’s accounts are the first ones', async () => {
    const store = new MemoryRegistry();
    expect((await started(store)).ids()).toEqual(['alice']);
    expect((await started(store, [])).ids()).toEqual(['alice']);
  });

  test('what was put in place of a config account stays', async () => {
    const store = new MemoryRegistry();
    const { registry } = await started(store);
    await registry.put({ ...alice, scopes: ['spot'] });
    const { house } = await started(store);
    expect(house.accounts.get('alice')?.spec.scopes).toEqual(['spot']);
  });

  test('a config account that was deleted stays deleted; one that is new to the config is taken over', async () => {
    const store = new MemoryRegistry();
    const { registry } = await started(store);
    await registry.delete('alice');
    expect((await started(store, [alice, bob])).ids()).toEqual(['bob']);
  });

  test('brings every part of an account back', async () => {
    const store = new MemoryRegistry();
    const full = {
      ...testAccount('full', { scopes: ['pm'] }),
      apiKeys: [
        {
          type: 'HMAC',
          apiKey: new Redacted('key-1'),
          secret: new Redacted('s'),
          permissions: ['enableFutures'],
          ipAllowList: ['10.0.0.0/8'],
        },
      ],
    } as const;
    const { registry } = await started(store, []);
    await registry.put(full);
    const { house } = await started(store, []);
    const spec = house.accounts.get('full')?.spec;
    expect(spec?.scopes).toEqual(['pm']);
    expect(spec?.apiKeys[0]).toMatchObject({
      type: 'HMAC',
      permissions: ['enableFutures'],
      ipAllowList: ['10.0.0.0/8'],
    });
    expect(house.accounts.apiKey('key-1')?.account.id).toBe('full');
  });
});

test('the store holds no secret that opens anything', async () => {
  const store = new MemoryRegistry();
  await started(store);
  const { accounts, settings } = await store.load();
  const text = JSON.stringify([[...accounts], [...settings]]);
  expect(text).not.toContain(testSecret('alice'));
  expect(text).not.toContain(testApiKey('alice'));
});

test('a sealed text moved to another row does not open', async () => {
  const store = new MemoryRegistry();
  await started(store);
  const sealed = (await store.load()).accounts.get('alice') ?? '';
  await store.commit([{ kind: 'putAccount', id: 'mallory', sealed }]);
  expect(String(await thrownBy(started(store)))).toContain('does not open');
});

describe('putMany', () => {
  const thief = { ...testAccount('thief'), apiKeys: alice.apiKeys };

  test.each([
    ['a key of another account', [bob, thief], 1, /belongs to account "alice"/],
    ['one key twice', [bob, { ...testAccount('carol'), apiKeys: bob.apiKeys }], 1, /account "bob" gives it too/],
    ['one key twice in an account', [{ ...bob, apiKeys: [...bob.apiKeys, ...bob.apiKeys] }], 0, /listed twice/],
    ['one id twice', [bob, testAccount('dave'), bob], 2, /"bob" is the id of an earlier/],
    ['a scope that is none', [testAccount('x', { scopes: ['futures'] })], 0, /"futures" is no scope/],
  ] as const)('puts none of them when there is %s', async (_what, specs, index, message) => {
    const { registry, ids } = await started(new MemoryRegistry());
    const fault = await thrownBy(registry.putMany(specs));
    expect(fault).toBeInstanceOf(PutManyError);
    expect(fault).toBeInstanceOf(AccountError);
    expect((fault as PutManyError).index).toBe(index);
    expect((fault as PutManyError).message).toMatch(message);
    expect(ids()).toEqual(['alice']);
  });

  test('changes nothing when it cannot be made durable', async () => {
    const store = new MemoryRegistry();
    const { registry, ids } = await started(store);
    await store.close();
    expect(await thrownBy(registry.put(bob))).toBeInstanceOf(RegistryStoreError);
    expect(await thrownBy(registry.delete('alice'))).toBeInstanceOf(RegistryStoreError);
    expect(ids()).toEqual(['alice']);
  });

  test('of two that claim one key at once the first has it, after a restart too', async () => {
    const store = new MemoryRegistry();
    const { registry, ids } = await started(store, []);
    const outcomes = await Promise.allSettled([registry.put(alice), registry.put(thief)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(ids()).toEqual(['alice']);
    expect((await started(store, [])).ids()).toEqual(['alice']);
  });
});

describe('delete', () => {
  test('ends the account’s listenKeys with it, durably', async () => {
    const store = new MemoryRegistry();
    const { house, registry } = await started(store, [alice, bob]);
    for (const account of house.accounts.all()) await house.listenKeys.start(account, PRODUCTS.usdm);
    expect(await registry.delete('alice')).toBe(true);
    expect([...house.listenKeys.all()].map(({ account }) => account)).toEqual(['bob']);
    expect((await store.load()).listenKeys).toHaveLength(1);
    expect(await registry.delete('alice')).toBe(false);
  });
});
