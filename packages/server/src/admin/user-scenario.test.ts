import { describe, expect, test } from 'bun:test';
import { admitEvent } from '@listenpost/core';
import { Emulator } from '../emulator/index.ts';
import { makeTestAdmin, type TestAdmin, testEvent } from '../testing/test-admin.ts';
import { testAccount } from '../testing/test-house.ts';

type Json = Record<string, unknown>;

function withEmulator(): TestAdmin {
  const emulator = new Emulator({
    clock: { now: () => admin.clock.now() },
    random: { bytes: (length) => admin.random.bytes(length) },
    admit: async (account, events) => {
      await admin.house.journal.append(
        events.map(({ scope, event }) => admitEvent(admin.house, account, scope, JSON.stringify(event), event)),
      );
    },
    has: () => true,
  });
  const accounts = [testAccount('alice'), testAccount('bob', { scopes: ['usdm'] })];
  const admin: TestAdmin = makeTestAdmin({ accounts, deps: { emulator } });
  admin.clock.freeze();
  return admin;
}

const play = (admin: TestAdmin, steps: unknown, more: Json = {}) =>
  admin.call('POST', '/admin/v1/trigger', { scope: 'usdm', ...more, steps });

async function eventsOf(admin: TestAdmin, stream = 'alice/usdm'): Promise<Json[]> {
  const { json } = await admin.call('GET', `/admin/v1/streams/${stream}/events`);
  return (json as { events: { event: Json }[] }).events.map(({ event }) => event);
}

/** Lets what has become possible happen: nothing here waits for anything but the clock and the journal in memory. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the steps of a scenario', () => {
  test('are played in order, on the stream that the file or the step names', async () => {
    const admin = withEmulator();
    const { status, json } = await play(admin, [
      { scenario: 'order.new', qty: '0.020' },
      { scenario: 'order.canceled', orderId: 'last' },
      { scenario: 'transfer', account: 'bob', amount: 5 },
      { event: JSON.parse(testEvent(20)), account: 'bob' },
    ]);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      steps: [{ kind: 'scenario', events: 1 }, { kind: 'scenario', events: 1 }, { events: 1 }, { kind: 'event' }],
      events: 4,
    });
    const [placed, canceled] = (await eventsOf(admin)) as [{ o: Json }, { o: Json }];
    expect([placed.o['x'], canceled.o['x']]).toEqual(['NEW', 'CANCELED']);
    expect(canceled.o['i']).toBe(placed.o['i']);
    expect((await eventsOf(admin, 'bob/usdm')).map(({ e }) => e)).toEqual(['ACCOUNT_UPDATE', 'ACCOUNT_CONFIG_UPDATE']);
    expect(admin.reports).toEqual([]);
  });

  test('wait for the emulator’s time, and one advance finds each at its own instant', async () => {
    const admin = withEmulator();
    const start = admin.clock.now();
    const played = play(admin, [
      { scenario: 'transfer' },
      { wait: '30s' },
      { scenario: 'transfer' },
      { wait: '10m' },
      { scenario: 'transfer' },
    ]);
    await settled();
    expect(await eventsOf(admin)).toHaveLength(1);
    await admin.clock.advance(29_999);
    expect(await eventsOf(admin)).toHaveLength(1);
    await admin.clock.advance(3_600_000);
    expect((await eventsOf(admin)).map(({ E }) => Number(E) - start)).toEqual([0, 30_000, 630_000]);
    expect((await played).json).toMatchObject({ events: 3 });
    expect(admin.clock.now()).toBe(start + 3_629_999);
  });

  test('move the clock themselves, also after an advance woke them', async () => {
    const admin = withEmulator();
    const start = admin.clock.now();
    const played = play(admin, [
      { wait: '1s' },
      { clock: '61m' },
      { scenario: 'transfer' },
      { clock: { freeze: true } },
    ]);
    await settled();
    await admin.clock.advance(1000);
    expect((await played).json).toMatchObject({ steps: [{ kind: 'wait' }, { kind: 'clock' }, {}, {}] });
    expect((await eventsOf(admin)).map(({ E }) => Number(E) - start)).toEqual([3_661_000]);
    expect(admin.clockSaves()).toBe(2);
  });

  test('are played in parts, of which each judges the whole', async () => {
    const admin = withEmulator();
    const steps = [{ scenario: 'transfer' }, { wait: '1h' }, { scenario: 'transfer', amount: '-999999' }];
    const part = (query: string, story: unknown[] = steps) =>
      admin.call('POST', `/admin/v1/trigger${query}`, { scope: 'usdm', steps: story });
    expect((await part('?from=0&to=1')).json).toMatchObject({ steps: [{ events: 1 }], events: 1 });
    expect((await part('?from=1&to=1')).json).toEqual({ steps: [], events: 0 });
    const reason = async (query: string, story?: unknown[]) =>
      ((await part(query, story)).json as { error: Json }).error['reason'];
    expect(await reason('?from=2')).toMatch(/^steps\[2\]\.amount: would take the USDT balance/);
    expect(await reason('?to=0', [...steps, { wait: 'soon' }])).toMatch(/^steps\[3\]\.wait: got "soon"/);
    expect(await reason('?from=4')).toBe('from: got "4"; expected the number of a step, 0 to 3');
    expect(await reason('?from=2&to=1')).toBe('to: got "1"; expected the number of a step, 2 to 3');
    expect(await reason('?from=')).toBe('from: got ""; expected the number of a step, 0 to 3');
    expect(await eventsOf(admin)).toHaveLength(1);
  });

  test('end when the server stops, or the caller goes', async () => {
    const admin = withEmulator();
    const stopped = play(admin, [{ wait: '1h' }, { scenario: 'transfer' }]);
    await settled();
    admin.api.shutDown();
    expect(await stopped).toMatchObject({
      status: 503,
      json: { error: { reason: expect.stringMatching(/stopping/) } },
    });

    const caller = new AbortController();
    const body = JSON.stringify({ scope: 'usdm', steps: [{ wait: '1h' }, { scenario: 'transfer' }] });
    const headers = { host: '127.0.0.1:9011' };
    const request = new Request('http://127.0.0.1:9011/admin/v1/trigger', {
      ...{ method: 'POST', body, headers, signal: caller.signal },
    });
    const gone = admin.api.answer(request);
    await settled();
    caller.abort();
    expect((await gone).status).toBe(503);
    expect(await eventsOf(admin)).toEqual([]);
    expect(admin.clock.pending).toBe(0);
  });

  test('stop at the first that cannot be played, which is named', async () => {
    const admin = withEmulator();
    const { status, json } = await play(admin, [
      { scenario: 'transfer' },
      { scenario: 'transfer', amount: '-999999' },
      { scenario: 'transfer' },
    ]);
    expect(status).toBe(400);
    expect((json as { error: Json }).error['reason']).toMatch(/^steps\[1\]\.amount: would take the USDT balance/);
    expect(await eventsOf(admin)).toHaveLength(1);
  });
});

describe('a scenario that cannot be played is refused before it begins', () => {
  const fine = { scenario: 'transfer' };
  test.each([
    [{ steps: [] }, /^steps: expected at least one step/],
    [{}, /^steps: expected a list of steps/],
    [{ steps: [fine], story: 1 }, /^story: /],
    [{ steps: [fine, {}] }, /^steps\[1\]: got \{\}; expected an object with exactly one of "scenario", "wait"/],
    [{ steps: [{ wait: '1s', clock: '1s' }] }, /^steps\[0\]: got .*exactly one of/],
    [{ steps: [fine, { wait: 'soon' }] }, /^steps\[1\]\.wait: got "soon"; expected a duration such as/],
    [{ steps: [fine, { wait: '1s', scope: 'usdm' }] }, /^steps\[1\]\.scope: is no part of a wait step/],
    [{ steps: [{ scenario: 7 }] }, /^steps\[0\]\.scenario: expected the name of a scenario/],
    [{ steps: [fine, { scenario: 'order.eaten' }] }, /^steps\[1\]\.scenario: "order\.eaten" is not known; use one of/],
    [{ steps: [fine, { scenario: 'order.new', qty: 'x' }] }, /^steps\[1\]\.qty: must be a decimal above 0/],
    [{ steps: [fine, { scenario: 'order.new', size: 1 }] }, /^steps\[1\]\.size: is no parameter of order\.new on usdm/],
    [{ steps: [fine, { ...fine, account: 'carol' }] }, /^steps\[1\]\.account: there is no account "carol"/],
    [{ steps: [fine, { event: { e: 'TRADE_LITE' } }] }, /^steps\[1\]\.event\.E: /],
    [{ steps: [fine, { event: 'x' }] }, /^steps\[1\]\.event: expected an event, an object/],
    [{ steps: [fine, { clock: 'soon' }] }, /^steps\[1\]\.clock: expected milliseconds, or a duration/],
    [{ steps: [fine, { clock: {} }] }, /^steps\[1\]\.clock: expected one of/],
    [{ steps: [fine, { fault: 'cuts' }] }, /^steps\[1\]\.fault: got "cuts"; expected /],
    [{ steps: [fine, { fault: 'delay', bye: '2s' }] }, /^steps\[1\]\.by(e)?: /],
    [{ steps: Array(1001).fill(fine) }, /^steps: expected at most 1000 steps/],
  ])('%#', async (document, reason) => {
    const admin = withEmulator();
    const { status, json } = await admin.call('POST', '/admin/v1/trigger', { scope: 'usdm', ...document });
    expect({ status: status === 404 ? 400 : status, reason: (json as { error: Json }).error['reason'] }).toEqual({
      status: 400,
      reason: expect.stringMatching(reason),
    });
    expect(await eventsOf(admin)).toEqual([]);
  });

  test('and in a service there are none', async () => {
    const admin = makeTestAdmin({ deps: { mode: 'serve' } });
    expect((await admin.call('POST', '/admin/v1/trigger', { steps: [{ wait: '1s' }] })).status).toBe(403);
  });
});
