import { describe, expect, test } from 'bun:test';
import { PRODUCTS } from '@listenpost/protocol';
import { makeTestAdmin } from '../testing/test-admin.ts';
import { TEST_START_MS } from '../testing/test-house.ts';

const MINUTE = 60_000;

describe('POST /admin/v1/clock', () => {
  test.each([
    ['"61m"', 61 * MINUTE],
    ['"1d12h"', 36 * 60 * MINUTE],
    ['"1.5s"', 1500],
    ['"250ms"', 250],
    ['5', 5],
    ['0', 0],
  ])('advances by %s', async (advance, ms) => {
    const admin = makeTestAdmin();
    const { status, json } = await admin.call('POST', '/admin/v1/clock', `{"advance":${advance}}`);
    const now = TEST_START_MS + ms;
    expect([status, json]).toEqual([200, { now, iso: new Date(now).toISOString(), frozen: false }]);
    expect(admin.clockSaves()).toBe(1);
  });

  test.each([
    ['"2026-07-01T01:00:00Z"', 60 * MINUTE],
    ['"2026-07-01T03:00+02:00"', 60 * MINUTE],
    [String(TEST_START_MS + 7), 7],
  ])('is set to %s', async (instant, ms) => {
    const { json } = await makeTestAdmin().call('POST', '/admin/v1/clock', `{"set":${instant}}`);
    expect(json).toMatchObject({ now: TEST_START_MS + ms });
  });

  test('stands still until it is resumed', async () => {
    const admin = makeTestAdmin();
    expect((await admin.call('POST', '/admin/v1/clock', { freeze: true })).json).toMatchObject({ frozen: true });
    admin.machine.pass(1000);
    expect((await admin.call('GET', '/admin/v1/clock')).json).toMatchObject({ now: TEST_START_MS, frozen: true });
    await admin.call('POST', '/admin/v1/clock', { resume: true });
    admin.machine.pass(5);
    expect((await admin.call('GET', '/admin/v1/clock')).json).toMatchObject({ now: TEST_START_MS + 5, frozen: false });
  });

  test('answers once what fell due has happened', async () => {
    const admin = makeTestAdmin();
    const account = admin.house.accounts.get('alice');
    if (account === undefined) throw new Error('the test house has alice');
    await admin.house.listenKeys.start(account, PRODUCTS.usdm);
    await admin.call('POST', '/admin/v1/clock', { advance: '59m' });
    expect(admin.house.listenKeys.size).toBe(1);
    await admin.call('POST', '/admin/v1/clock', { advance: '1m' });
    expect(admin.house.listenKeys.size).toBe(0);
  });

  test.each([
    ['{"advance":-1}', /^advance: time never goes back/],
    ['{"advance":"-5s"}', /^advance: time never goes back/],
    ['{"set":1}', /^set: time never goes back/],
    ['{"set":"2026-07-01"}', /^set: expected milliseconds/],
    ['{"set":"9999-12-31T23:59:59.999-01:00"}', /^set: expected/],
    ['{"advance":253402300799999}', /year 9999/],
    ['{"advance":"61 minutes"}', /^advance: expected milliseconds, or a duration/],
    ['{"advance":null}', /^advance: /],
    ['{"freeze":false}', /^freeze: expected true/],
    ['{"advance":1,"set":2}', /^expected one of/],
    ['{}', /^expected one of/],
    ['{"forward":1}', /expected one of/],
    ['7', /expected one of/],
    ['', /^not JSON/],
  ])('refuses %s', async (body, reason) => {
    const admin = makeTestAdmin();
    const { status, json } = await admin.call('POST', '/admin/v1/clock', body);
    expect([status, json]).toEqual([400, { error: { reason: expect.stringMatching(reason) } }]);
    expect(admin.clock.now()).toBe(TEST_START_MS);
    expect(admin.clockSaves()).toBe(0);
  });

  test('is for the emulator alone', async () => {
    const admin = makeTestAdmin({ deps: { mode: 'serve' } });
    const { status, json } = await admin.call('POST', '/admin/v1/clock', { advance: 1 });
    expect([status, json]).toEqual([403, { error: { reason: expect.stringContaining('listenpost dev') } }]);
    expect((await admin.call('GET', '/admin/v1/clock')).status).toBe(200);
  });
});
