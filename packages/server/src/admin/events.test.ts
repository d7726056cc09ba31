import { describe, expect, test } from 'bun:test';
import { type Journal, JournalError } from '@listenpost/core';
import { makeTestAdmin, type TestAdmin, testEvent, testLine } from '../testing/test-admin.ts';
import { testAccount } from '../testing/test-house.ts';

const accounts = [testAccount('alice'), testAccount('bob', { scopes: ['usdm'] })];

async function bodies({ house }: TestAdmin, stream = 'alice/usdm'): Promise<string[]> {
  const slice = await house.journal.read(stream, 1, 1000);
  return slice?.records.map(({ body }) => body) ?? [];
}

describe('POST /admin/v1/events', () => {
  test('answers one object with the position of its stream', async () => {
    const admin = makeTestAdmin({ accounts });
    const { status, json } = await admin.call('POST', '/admin/v1/events', testLine('alice', 1));
    const epoch = admin.house.journal.head('alice/usdm')?.epoch;
    expect(status).toBe(200);
    expect(json).toEqual({ accepted: 1, last: { 'alice/usdm': `${epoch}:1` } });
    expect(await bodies(admin)).toEqual([testEvent(1)]);
  });

  test('answers NDJSON lines with the last position of each stream', async () => {
    const admin = makeTestAdmin({ accounts });
    const text = `${testLine('alice', 1)}\n${testLine('bob', 2)}\r\n\n${testLine('alice', 3)}\n`;
    const { json } = await admin.call('POST', '/admin/v1/events', text, { 'content-type': 'application/x-ndjson' });
    const { accepted, last } = json as { accepted: number; last: Record<string, string> };
    expect(accepted).toBe(3);
    expect(Object.values(last).map((position) => position.split(':')[1])).toEqual(['2', '1']);
    expect(await bodies(admin)).toEqual([testEvent(1), testEvent(3)]);
  });

  test('tells NDJSON from one object by the body, not by its content type', async () => {
    const admin = makeTestAdmin({ accounts });
    const json = { 'content-type': 'application/json' };
    const lines = await admin.call(
      'POST',
      '/admin/v1/events',
      `${testLine('alice', 1)}\n${testLine('alice', 2)}`,
      json,
    );
    expect(lines.json).toMatchObject({ accepted: 2 });
    const spread = `{\n  "account": "alice",\n  "scope": "usdm",\n  "event": ${testEvent(3)}\n}\n`;
    expect((await admin.call('POST', '/admin/v1/events', spread, json)).json).toMatchObject({ accepted: 1 });
    expect(await bodies(admin)).toEqual([testEvent(1), testEvent(2), testEvent(3)]);
  });

  test('refuses a spread object where lines were announced', async () => {
    const admin = makeTestAdmin({ accounts });
    const spread = `{\n"account":"alice","scope":"usdm","event":${testEvent(3)}}`;
    const answer = await admin.call('POST', '/admin/v1/events', spread, { 'content-type': 'application/x-ndjson' });
    expect(answer.json).toMatchObject({ error: { line: 1, reason: expect.stringContaining('not JSON') } });
  });

  test.each([
    ['{"account":"alice"', /not JSON/],
    ['[]', /JSON object/],
    [testLine('carol', 1), /no account "carol"/],
    [testLine('alice', 1, { scope: 'futures' }), /^scope: "futures" is none/],
    [testLine('bob', 1, { scope: 'spot' }), /has no scope "spot"/],
    [testLine('alice', 1).replace('ACCOUNT_CONFIG_UPDATE', 'listenKeyExpired'), /system's own event/],
    [testLine('alice', 1).replace('"l":1', '"l":"x"'), /^event\.ac\.l: expected an integer/],
    [testLine('alice', 1, { n: 1 }), /^n: only a named producer/],
  ])('refuses %s, names its line, and appends nothing of the request', async (line, reason) => {
    const admin = makeTestAdmin({ accounts });
    const text = `${testLine('alice', 1)}\n\n${line}\n${testLine('alice', 2)}`;
    const { status, json } = await admin.call('POST', '/admin/v1/events', text);
    expect(status).toBe(400);
    expect(json).toEqual({ error: { line: 3, reason: expect.stringMatching(reason) } });
    expect(await bodies(admin)).toEqual([]);
    expect(admin.reports).toEqual([]);
  });

  test.each(['', '\n \n'])('refuses an empty body %j', async (text) => {
    const { status, json } = await makeTestAdmin().call('POST', '/admin/v1/events', text);
    expect([status, json]).toEqual([400, { error: { line: 1, reason: expect.stringContaining('empty') } }]);
  });

  test('refuses what is no UTF-8', async () => {
    const admin = makeTestAdmin({ accounts });
    const bytes = Buffer.from(testLine('alice', 1).replace('BTCUSDT', 'BTC\u00e9'), 'latin1');
    const { status, json } = await admin.call('POST', '/admin/v1/events', new Uint8Array(bytes));
    expect([status, json]).toEqual([400, { error: { reason: expect.stringContaining('UTF-8') } }]);
    expect(await bodies(admin)).toEqual([]);
  });

  test('an Idempotency-Key sent again appends nothing and answers as the first time', async () => {
    const admin = makeTestAdmin({ accounts });
    const send = (key: string) =>
      admin.call('POST', '/admin/v1/events', testLine('alice', 1), { 'idempotency-key': key });
    const [first, again, other] = [await send('order 7'), await send('order 7'), await send('order 8')];
    expect(again.text).toBe(first.text);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(other.json).not.toEqual(first.json);
    expect(await bodies(admin)).toHaveLength(2);
  });

  test.each([
    ['?producer=p', { 'idempotency-key': 'k' }, /not together/],
    ['?producer=', {}, /^producer: /],
    ['?producer=a%20b', {}, /^producer: /],
    ['', { 'idempotency-key': 'x'.repeat(256) }, /^Idempotency-Key: /],
  ])('refuses %s with %j', async (query, headers: Record<string, string>, reason) => {
    const admin = makeTestAdmin({ accounts });
    const answer = await admin.call('POST', `/admin/v1/events${query}`, testLine('alice', 1), headers);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({ error: { reason: expect.stringMatching(reason) } });
  });

  test.each([
    ['overloaded', '1'],
    ['failed', '5'],
  ] as const)('a journal that has %s answers 503 and when to come back', async (fault, seconds) => {
    const admin = makeTestAdmin({ accounts });
    admin.house.journal.append = () => Promise.reject(new JournalError(fault, 'The disk is full.'));
    const answer = await admin.call('POST', '/admin/v1/events', testLine('alice', 1));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe(seconds);
    expect(answer.json).toEqual({ error: { reason: 'journal: The disk is full.' } });
    expect(admin.reports).toEqual([]);
  });

  test('refuses a body beyond the bound, whether or not it says its length', async () => {
    const admin = makeTestAdmin({ accounts });
    const told = await admin.call('POST', '/admin/v1/events', 'x', { 'content-length': String(17 * 2 ** 20) });
    expect(told.status).toBe(413);
    const chunk = new Uint8Array(2 ** 20).fill(32);
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    const request = new Request('http://127.0.0.1:9011/admin/v1/events', {
      method: 'POST',
      headers: { host: '127.0.0.1:9011' },
      body,
    });
    expect((await admin.api.answer(request)).status).toBe(413);
  });
});

describe('a named producer', () => {
  const publish = (admin: TestAdmin, ...counts: number[]) =>
    admin.call('POST', '/admin/v1/events?producer=p', counts.map((n) => testLine('alice', n, { n })).join('\n'));

  test('has its lines appended once, however often it sends them', async () => {
    const admin = makeTestAdmin({ accounts });
    await publish(admin, 1, 2);
    expect((await publish(admin, 1, 2)).json).toEqual({ accepted: 2, duplicates: 2, last: {} });
    expect((await publish(admin, 2, 3, 5)).json).toMatchObject({ accepted: 3, duplicates: 1 });
    expect(await bodies(admin)).toEqual([1, 2, 3, 5].map(testEvent));
    expect(admin.house.journal.producerMark('p')).toBe(5);
  });

  test('is not heard twice while the first time is still being written', async () => {
    const admin = makeTestAdmin({ accounts });
    const answers = await Promise.all([publish(admin, 1, 2), publish(admin, 1, 2, 3), publish(admin, 3)]);
    expect(answers.map(({ json }) => (json as { duplicates?: number }).duplicates)).toEqual([undefined, 2, 1]);
    expect(await bodies(admin)).toEqual([1, 2, 3].map(testEvent));
  });

  test('is told of the failure of lines it repeated while they were being written, and may send them again', async () => {
    const admin = makeTestAdmin({ accounts });
    const { journal } = admin.house;
    const append = journal.append.bind(journal);
    const { promise, reject } = Promise.withResolvers<Awaited<ReturnType<Journal['append']>>>();
    journal.append = () => promise;
    const [first, second] = [publish(admin, 1, 2), publish(admin, 1, 2)];
    setImmediate(() => reject(new JournalError('failed', 'The disk is full.')));
    expect((await first).status).toBe(503);
    expect((await second).status).toBe(503);
    journal.append = append;
    expect((await publish(admin, 1, 2)).json).not.toHaveProperty('duplicates');
    expect(await bodies(admin)).toEqual([1, 2].map(testEvent));
  });

  test('may not let its count fall back within a body', async () => {
    const admin = makeTestAdmin({ accounts });
    const { status, json } = await publish(admin, 2, 1);
    expect([status, json]).toEqual([
      400,
      { error: { line: 2, reason: expect.stringMatching(/^n: expected more than 2/) } },
    ]);
    expect((await publish(admin, 3, 3)).status).toBe(400);
    expect(await bodies(admin)).toEqual([]);
  });

  test('may leave the count out; such a line is appended each time', async () => {
    const admin = makeTestAdmin({ accounts });
    for (let time = 0; time < 2; time++) {
      await admin.call('POST', '/admin/v1/events?producer=p', testLine('alice', 9));
    }
    expect(await bodies(admin)).toHaveLength(2);
    expect(admin.house.journal.producerMark('p')).toBe(0);
  });

  test('counts apart from other producers', async () => {
    const admin = makeTestAdmin({ accounts });
    await publish(admin, 7);
    const other = await admin.call('POST', '/admin/v1/events?producer=q', testLine('alice', 1, { n: 1 }));
    expect(other.json).not.toHaveProperty('duplicates');
    expect(await bodies(admin)).toHaveLength(2);
  });
});
