import { describe, expect, test } from 'bun:test';
import { makeTestAdmin } from '../testing/test-admin.ts';
import { testAccount, testApiKey } from '../testing/test-house.ts';

const hmac = (apiKey: string) => ({ apiKey, type: 'HMAC', secret: `the secret of ${apiKey}` });

interface Page {
  readonly accounts: readonly { readonly id: string }[];
  readonly next?: string;
}

test('GET shows accounts without their secrets', async () => {
  const admin = makeTestAdmin({ accounts: [testAccount('alice', { scopes: ['usdm'] })] });
  const { json, text } = await admin.call('GET', '/admin/v1/accounts');
  const beginning = `${testApiKey('alice').slice(0, 4)}…`;
  expect(json).toEqual({
    accounts: [{ id: 'alice', apiKeys: [{ apiKey: beginning, type: 'HMAC' }], scopes: ['usdm'] }],
  });
  expect(text).not.toContain('secret');
  expect(text).not.toContain(testApiKey('alice').slice(0, 6));
});

test('GET goes through them page by page', async () => {
  const admin = makeTestAdmin({ accounts: ['c', 'a', 'b'].map((id) => testAccount(id)) });
  const first = (await admin.call('GET', '/admin/v1/accounts?limit=2')).json as Page;
  expect([first.accounts.map(({ id }) => id), first.next]).toEqual([['a', 'b'], 'b']);
  const rest = (await admin.call('GET', '/admin/v1/accounts?limit=2&after=b')).json as Page;
  expect(rest.accounts.map(({ id }) => id)).toEqual(['c']);
});

describe('PUT', () => {
  test('adds, then replaces', async () => {
    const admin = makeTestAdmin();
    const put = (apiKey: string) => admin.call('PUT', '/admin/v1/accounts/bob', { apiKeys: [hmac(apiKey)] });
    const [added, replaced] = [await put('key-one'), await put('key-two')];
    expect([added.status, replaced.status]).toEqual([201, 200]);
    expect(replaced.json).toEqual({ id: 'bob', apiKeys: [{ apiKey: 'k…', type: 'HMAC' }] });
    expect(admin.house.accounts.apiKey('key-one')).toBeUndefined();
    expect(admin.house.accounts.apiKey('key-two')?.account.id).toBe('bob');
    expect((await admin.house.store.load()).accounts.has('bob')).toBe(true);
  });

  test.each([
    ['bob', { id: 'carol', apiKeys: [] }, /^id: the path says "bob"/],
    ['a%20b', { apiKeys: [] }, /^id: /],
    ['bob', { apiKeys: [{ ...hmac('k'), type: 'MD5' }] }, /^apiKeys\[0\]\.type: /],
    ['bob', { apiKeys: [{ apiKey: 'k', type: 'HMAC' }] }, /^apiKeys\[0\]\.secret: /],
    ['bob', { apiKeys: [{ ...hmac('k'), secret: { file: '/etc/passwd' } }] }, /^apiKeys\[0\]\.secret: /],
    ['bob', { apiKeys: [], scope: ['spot'] }, /^scope: unknown key/],
    ['bob', { apiKeys: [], scopes: ['futures'] }, /^scopes\[0\]: /],
    ['bob', { apiKeys: [hmac(testApiKey('alice'))] }, /belongs to account "alice"/],
    ['bob', [], /^expected a JSON object/],
    ['bob', '{', /^not JSON/],
  ])('refuses for %s %j', async (id, body, reason) => {
    const admin = makeTestAdmin();
    const { status, json, text } = await admin.call('PUT', `/admin/v1/accounts/${id}`, body);
    expect([status, json]).toEqual([400, { error: { reason: expect.stringMatching(reason) } }]);
    expect(text).not.toContain('the secret of');
    expect(admin.house.accounts.size).toBe(1);
  });
});

describe('POST', () => {
  const line = (id: string) => JSON.stringify({ id, apiKeys: [hmac(`key-of-${id}`)] });

  test('puts many', async () => {
    const admin = makeTestAdmin();
    const body = Array.from({ length: 250 }, (_, at) => line(`a${at}`)).join('\n');
    expect((await admin.call('POST', '/admin/v1/accounts', body)).json).toEqual({ accepted: 250 });
    expect(admin.house.accounts.size).toBe(251);
  });

  test.each([
    [`${line('a')}\n\n{"id":"b"}`, 3, /^apiKeys: /],
    [`${line('a')}\n${line('b')}\n${line('a')}`, 3, /"a" is the id of an earlier account/],
    [`${line('a')}\n{`, 2, /^not JSON/],
    ['', 1, /^empty/],
  ])('puts none of %j', async (body, at, reason) => {
    const admin = makeTestAdmin();
    const { status, json } = await admin.call('POST', '/admin/v1/accounts', body);
    expect([status, json]).toEqual([400, { error: { line: at, reason: expect.stringMatching(reason) } }]);
    expect(admin.house.accounts.size).toBe(1);
  });
});

describe('DELETE', () => {
  test('deletes an account', async () => {
    const admin = makeTestAdmin();
    expect((await admin.call('DELETE', '/admin/v1/accounts/alice')).json).toEqual({ ended: 'alice' });
    expect((await admin.call('DELETE', '/admin/v1/accounts/alice')).status).toBe(404);
  });

  test('says so when the registry cannot store it', async () => {
    const admin = makeTestAdmin();
    await admin.house.store.close();
    const answer = await admin.call('DELETE', '/admin/v1/accounts/alice');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(answer.json).toEqual({ error: { reason: 'registry: the registry is closed' } });
  });
});
