import { expect, test } from 'bun:test';
import { seededRandom } from '../../../core/src/testing/seeded-random.ts';
import { MemoryJournal } from '../storage/memory-journal.ts';
import { makeTestAdmin, type TestAdmin, testLine } from '../testing/test-admin.ts';

const PATH = '/admin/v1/streams/alice/usdm/events';

interface Slice {
  readonly events: readonly { readonly position: string; readonly event: { readonly ac: { readonly l: number } } }[];
  readonly next?: string;
  readonly missed?: { readonly from: string; readonly to: string };
}

async function filled(count: number, admin: TestAdmin = makeTestAdmin()): Promise<TestAdmin> {
  const lines = Array.from({ length: count }, (_, at) => testLine('alice', at + 1));
  if (count > 0) await admin.call('POST', '/admin/v1/events', lines.join('\n'));
  return admin;
}

const epochOf = ({ house }: TestAdmin) => house.journal.head('alice/usdm')?.epoch ?? '';
const read = async (admin: TestAdmin, query = '') => (await admin.call('GET', `${PATH}${query}`)).json as Slice;

test('a stream is read to its end page by page', async () => {
  const admin = await filled(5);
  const epoch = epochOf(admin);
  const first = await read(admin, '?limit=3');
  expect(first.events.map(({ position }) => position)).toEqual([1, 2, 3].map((at) => `${epoch}:${at}`));
  expect(first.next).toBe(`${epoch}:4`);
  const rest = await read(admin, `?from=${first.next}`);
  expect(rest.events.map(({ event }) => event.ac.l)).toEqual([4, 5]);
  expect(rest).not.toHaveProperty('next');
});

test('an event is shown in its own text', async () => {
  const admin = makeTestAdmin({ settings: { validation: 'off' } });
  const event = '{ "e":"x", "big":12345678901234567890, "t":"\\u0041" }';
  await admin.call('POST', '/admin/v1/events', `{"account":"alice","scope":"usdm","event":${event}}`);
  expect((await admin.call('GET', PATH)).text).toContain(`"event":${event}}`);
});

test('past the end there is nothing, and no next', async () => {
  const admin = await filled(2);
  expect(await read(admin, `?from=${epochOf(admin)}:3`)).toEqual({ events: [] });
  expect(await read(admin, `?from=${epochOf(admin)}:900`)).toEqual({ events: [] });
});

test('a scope that no product has is refused', async () => {
  const { status, text } = await makeTestAdmin().call('GET', '/admin/v1/streams/alice/usdt/events');
  expect(status).toBe(400);
  expect(text).toContain('scope: \\"usdt\\" is none');
});

test('a stream without events is empty', async () => {
  expect(await read(await filled(0))).toEqual({ events: [] });
});

test('what retention dropped is named', async () => {
  const random = seededRandom(1);
  const journal = new MemoryJournal({ random, nowMs: () => 0, retention: { bytes: 700 } });
  const admin = await filled(5, makeTestAdmin({ doors: { journal } }));
  const epoch = epochOf(admin);
  const slice = await read(admin, `?from=${epoch}:1`);
  const shown = slice.events[0]?.position.split(':')[1];
  expect(Number(shown)).toBeGreaterThan(1);
  expect(slice.missed).toEqual({ from: `${epoch}:1`, to: `${epoch}:${Number(shown) - 1}` });
  expect(await read(admin)).not.toHaveProperty('missed');
});

test.each([
  ['?from=1', 400, /^from: "1" is no position/],
  ['?from=other:1', 400, /of the epoch "other", the stream alice\/usdm has the epoch/],
  ['?limit=0', 400, /^limit: /],
  ['?limit=1001', 400, /^limit: /],
  ['?limit=x', 400, /^limit: /],
])('refuses %s', async (query, status, reason) => {
  const answer = await (await filled(1)).call('GET', `${PATH}${query}`);
  expect([answer.status, answer.json]).toEqual([status, { error: { reason: expect.stringMatching(reason) } }]);
});

test('an unknown account has no streams', async () => {
  expect((await makeTestAdmin().call('GET', '/admin/v1/streams/carol/usdm/events')).status).toBe(404);
});

test('an isolated scope may be written either way', async () => {
  const admin = makeTestAdmin({ settings: { validation: 'off' } });
  await admin.call('POST', '/admin/v1/events', testLine('alice', 1, { scope: 'isolated:BTCUSDT' }));
  for (const scope of ['isolated:BTCUSDT', 'isolated%3ABTCUSDT']) {
    const { json } = await admin.call('GET', `/admin/v1/streams/alice/${scope}/events`);
    expect((json as Slice).events).toHaveLength(1);
  }
});
