import { expect, test } from 'bun:test';
import { makeTestAdmin, openTestStream, openTestToken } from '../testing/test-admin.ts';

test('sessions are listed with what they read', async () => {
  const admin = makeTestAdmin();
  await openTestStream(admin);
  const { json } = await admin.call('GET', '/admin/v1/sessions');
  const session = {
    id: 'c1',
    kind: 'stream',
    row: 'usdm',
    ip: '192.0.2.1',
    account: null,
    openedAt: '2026-07-01T00:00:00.000Z',
    subscriptions: ['alice/usdm'],
    grants: [{ stream: 'alice/usdm', grant: 'listenKey', expiresAt: '2026-07-01T01:00:00.000Z' }],
  };
  expect(json).toEqual({ sessions: [session] });
});

test('sessions are ended by their id', async () => {
  const admin = makeTestAdmin();
  const connection = await openTestStream(admin);
  expect((await admin.call('DELETE', '/admin/v1/sessions/c1')).json).toEqual({ ended: 'c1' });
  expect(connection.ended).toBe(true);
  expect(admin.ends).toEqual(['endedByAdmin']);
  expect((await admin.call('DELETE', '/admin/v1/sessions/c1')).status).toBe(404);
  expect((await admin.call('DELETE', '/admin/v1/sessions/7')).status).toBe(400);
});

test('sessions are paged', async () => {
  const admin = makeTestAdmin();
  for (let at = 0; at < 3; at++) await openTestStream(admin);
  const { json } = await admin.call('GET', '/admin/v1/sessions?limit=2');
  expect(json).toMatchObject({ sessions: [{ id: 'c1' }, { id: 'c2' }], next: 'c2' });
  expect((await admin.call('GET', '/admin/v1/sessions?after=c2')).json).toMatchObject({ sessions: [{ id: 'c3' }] });
});

test('a subscription that a token opened is ended alone, with its last word', async () => {
  const admin = makeTestAdmin();
  const { connection, frames } = await openTestToken(admin);
  const row = { id: 'c1.0', stream: 'alice/margin', grant: 'token', expiresAt: '2026-07-01T01:00:00.000Z' };
  const { json } = await admin.call('GET', '/admin/v1/sessions');
  expect(json).toMatchObject({ sessions: [{ id: 'c1', subscriptions: ['alice/margin'], grants: [row] }] });
  expect((await admin.call('DELETE', '/admin/v1/subscriptions/c1.0')).json).toEqual({ ended: 'c1.0' });
  expect(frames.at(-1)).toContain('"e":"eventStreamTerminated"');
  expect(connection.ended).toBe(false);
});

test('a subscription that is not there, or is its listenKey’s, is not ended', async () => {
  const admin = makeTestAdmin();
  await openTestStream(admin);
  const statusOf = async (id: string) => (await admin.call('DELETE', `/admin/v1/subscriptions/${id}`)).status;
  expect([await statusOf('c1.0'), await statusOf('c2.0'), await statusOf('c1'), await statusOf('1.0')]).toEqual([
    404, 404, 400, 400,
  ]);
});
