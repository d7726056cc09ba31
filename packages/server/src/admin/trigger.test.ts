import { describe, expect, test } from 'bun:test';
import { admitEvent } from '@listenpost/core';
import { Emulator } from '../emulator/index.ts';
import { makeTestAdmin, type TestAdmin } from '../testing/test-admin.ts';
import { makeTestHouse, testAccount } from '../testing/test-house.ts';

const accounts = [testAccount('alice', { scopes: ['coinm', 'usdm'] }), testAccount('bob', { scopes: ['risk'] })];

function withEmulator(): TestAdmin & { readonly streams: string[] } {
  const { clock, random } = makeTestHouse();
  const streams: string[] = [];
  const emulator = new Emulator({
    clock,
    random,
    async admit(account, events) {
      const admitted = events.map(({ scope, event }) =>
        admitEvent(admin.house, account, scope, JSON.stringify(event), event),
      );
      await admin.house.journal.append(admitted);
      streams.push(...new Set(events.map(({ scope }) => `${account}/${scope}`)));
    },
    has: () => true,
  });
  const admin: TestAdmin = makeTestAdmin({ accounts, deps: { emulator } });
  return { ...admin, streams };
}

describe('POST /admin/v1/trigger', () => {
  test.each([
    ['', undefined, 'alice/usdm'],
    ['?scope=coinm', undefined, 'alice/coinm'],
    ['?product=coinm', undefined, 'alice/coinm'],
    ['', { product: 'coinm', qty: 1 }, 'alice/coinm'],
    ['?account=bob&scope=usdm', { account: 'alice' }, 'alice/usdm'],
  ])('emits on the stream that %s %j names', async (query, body, stream) => {
    const admin = withEmulator();
    const { status, json } = await admin.call('POST', `/admin/v1/trigger/order.filled${query}`, body);
    expect(status).toBe(200);
    expect(json).toMatchObject({ scenario: 'order.filled' });
    expect(admin.streams).toEqual([stream]);
    expect((json as { events: number }).events).toBe(admin.house.journal.head(stream)?.sequence ?? 0);
  });

  test.each([
    ['order.eaten', undefined, 404, /^scenario: "order\.eaten" is not known; use one of .*order\.filled/],
    ['order.filled?scope=futures', undefined, 400, /^scope: /],
    ['order.filled?scope=usdm&qty=x', undefined, 400, /^qty: /],
    ['order.filled?scope=usdm&size=1', undefined, 400, /^size: is no parameter/],
    ['order.filled?account=carol', undefined, 400, /^account: there is no account "carol"/],
    ['order.filled?account=bob', undefined, 400, /^scope: account "bob" has no plain scope/],
    ['order.filled?account=bob&scope=usdm', undefined, 400, /^scope: account "bob" has no scope "usdm"/],
    ['order.filled', { account: 7 }, 400, /^account: expected an account's id/],
    ['order.filled', '[]', 400, /^expected a JSON object of parameters/],
  ])('refuses %s %j', async (path, body, status, reason) => {
    const admin = withEmulator();
    const answer = await admin.call('POST', `/admin/v1/trigger/${path}`, body);
    expect([answer.status, answer.json]).toEqual([status, { error: { reason: expect.stringMatching(reason) } }]);
    expect(admin.streams).toEqual([]);
    expect(admin.reports).toEqual([]);
  });

  test('is for the emulator alone', async () => {
    const admin = makeTestAdmin({ deps: { mode: 'serve' } });
    for (const method of ['GET', 'POST']) {
      const path = method === 'GET' ? '/admin/v1/trigger' : '/admin/v1/trigger/order.filled';
      expect((await admin.call(method, path)).status).toBe(403);
    }
  });
});

test('GET /admin/v1/trigger lists what there is', async () => {
  const { json } = await withEmulator().call('GET', '/admin/v1/trigger');
  const names = (json as { scenarios: { name: string }[] }).scenarios.map(({ name }) => name);
  expect(names).toContain('order.filled');
});
