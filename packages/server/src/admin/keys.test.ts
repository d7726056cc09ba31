import { expect, test } from 'bun:test';
import { PRODUCTS } from '@listenpost/protocol';
import { makeTestAdmin, type TestAdmin } from '../testing/test-admin.ts';
import { TEST_START_MS, testAccount } from '../testing/test-house.ts';

interface Page {
  readonly keys: readonly { readonly id: string; readonly account: string; readonly scope: string }[];
  readonly next?: string;
}

async function withKeys(...ids: string[]): Promise<TestAdmin> {
  const admin = makeTestAdmin({ accounts: ids.map((id) => testAccount(id)) });
  for (const account of admin.house.accounts.all()) {
    await admin.house.listenKeys.start(account, PRODUCTS.usdm);
    await admin.house.listenKeys.start(account, PRODUCTS.pm);
  }
  return admin;
}

const list = async (admin: TestAdmin, query = '') => (await admin.call('GET', `/admin/v1/keys${query}`)).json as Page;

test('lists who holds what, and never the key', async () => {
  const admin = await withKeys('alice');
  const { text, json } = await admin.call('GET', '/admin/v1/keys');
  const expiresAt = new Date(TEST_START_MS + 3_600_000).toISOString();
  expect(json).toEqual({
    keys: [
      { id: 'k1', account: 'alice', scope: 'usdm', expiresAt, subscriptions: 0 },
      { id: 'k2', account: 'alice', scope: 'pm', expiresAt, subscriptions: 0 },
    ],
  });
  for (const { key, salt, lookup } of admin.house.listenKeys.all()) {
    for (const secret of [key, salt, lookup]) expect(text).not.toContain(secret ?? 'unknown');
  }
});

test('goes through all of them page by page', async () => {
  const admin = await withKeys('a', 'b', 'c');
  const first = await list(admin, '?limit=4');
  expect(first.keys.map(({ id }) => id)).toEqual(['k1', 'k2', 'k3', 'k4']);
  const rest = await list(admin, `?limit=4&after=${first.next}`);
  expect(rest.keys.map(({ id }) => id)).toEqual(['k5', 'k6']);
  expect(rest).not.toHaveProperty('next');
});

test('narrows to one account', async () => {
  const { keys } = await list(await withKeys('a', 'b'), '?account=b');
  expect(keys.map(({ account }) => account)).toEqual(['b', 'b']);
});

test('ends one by its id', async () => {
  const admin = await withKeys('alice');
  expect((await admin.call('DELETE', '/admin/v1/keys/k1')).json).toEqual({ ended: 'k1' });
  expect((await list(admin)).keys.map(({ id }) => id)).toEqual(['k2']);
  expect((await admin.call('DELETE', '/admin/v1/keys/k1')).status).toBe(404);
  expect((await admin.house.store.load()).listenKeys).toHaveLength(1);
});

test.each(['/admin/v1/keys/1', '/admin/v1/keys/kx', '/admin/v1/keys/c1'])('%s is no id', async (path) => {
  expect((await makeTestAdmin().call('DELETE', path)).status).toBe(400);
});

test('refuses an after that no list gave', async () => {
  expect((await makeTestAdmin().call('GET', '/admin/v1/keys?after=7')).status).toBe(400);
});
