import { afterEach, expect, test } from 'bun:test';
import { makeTestAdmin, type TestAdmin, testEvent, testLine } from '../testing/test-admin.ts';
import { testAccount } from '../testing/test-house.ts';

const twoAccounts = () => makeTestAdmin({ accounts: [testAccount('alice'), testAccount('bob')] });

const open: AbortController[] = [];
afterEach(() => {
  for (const controller of open.splice(0)) controller.abort();
});

/** The tail of a test admin; `lines` resolves with the next so many that are not empty. */
async function tail(admin: TestAdmin, query = '') {
  const controller = new AbortController();
  open.push(controller);
  const request = new Request(`http://127.0.0.1:9011/admin/v1/tail${query}`, {
    headers: { host: '127.0.0.1:9011' },
    signal: controller.signal,
  });
  const response = await admin.api.answer(request);
  const reader = response.body?.pipeThrough(new TextDecoderStream() as never).getReader();
  let text = '';
  const take = async (): Promise<boolean> => {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    text += value ?? '';
    return !done;
  };
  const lines = async (count: number): Promise<Record<string, unknown>[]> => {
    while (text.split('\n').filter(Boolean).length < count && (await take()));
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  return { response, lines, raw: () => text, leave: () => controller.abort() };
}

const publish = (admin: TestAdmin, lines: readonly string[]) =>
  admin.call('POST', '/admin/v1/events', lines.join('\n'), { 'content-type': 'application/x-ndjson' });

test('each event comes as a line, in its own text, with where and when it became durable', async () => {
  const admin = twoAccounts();
  const { response, lines, raw } = await tail(admin);
  expect(response.headers.get('content-type')).toStartWith('application/x-ndjson');
  await publish(admin, [testLine('alice', 1), testLine('bob', 2), testLine('alice', 3)]);
  const got = await lines(3);
  expect(got.map(({ account, scope, type }) => [account, scope, type])).toEqual([
    ['alice', 'usdm', 'ACCOUNT_CONFIG_UPDATE'],
    ['bob', 'usdm', 'ACCOUNT_CONFIG_UPDATE'],
    ['alice', 'usdm', 'ACCOUNT_CONFIG_UPDATE'],
  ]);
  expect(got[2]).toMatchObject({
    position: `${admin.house.journal.head('alice/usdm')?.epoch}:2`,
    at: admin.clock.now(),
  });
  expect(raw()).toContain(`"event":${testEvent(3)}}\n`);
});

test.each([
  ['?account=bob', [2]],
  ['?account=bob,alice&scope=coinm', [4]],
  ['?account=bob&account=alice', [1, 2, 3, 4]],
  ['?type=ACCOUNT_CONFIG_UPDATE&text=%22L%22:3', [3]],
  ['?type=TRADE_LITE,ACCOUNT_CONFIG_UPDATE', [1, 2, 3, 4]],
] as const)('%s lets through what it names', async (query, marks) => {
  const admin = twoAccounts();
  const { lines } = await tail(admin, query);
  const sent = [
    testLine('alice', 1),
    testLine('bob', 2),
    testLine('alice', 3),
    testLine('alice', 4, { scope: 'coinm' }),
  ];
  await publish(admin, sent);
  const got = await lines(marks.length);
  expect(got.map(({ event }) => (event as { ac: { l: number } }).ac.l)).toEqual([...marks]);
});

test('an event that was published over several lines is one line', async () => {
  const admin = makeTestAdmin();
  const { lines, raw } = await tail(admin);
  const event = testEvent(1).replaceAll(',', ',\r\n');
  await admin.call('POST', '/admin/v1/events', `{"account":"alice","scope":"usdm","event":${event}}`);
  expect((await lines(1))[0]).toMatchObject({ event: JSON.parse(event) });
  expect(raw().trim().split('\n')).toHaveLength(1);
});

test('a filter that nobody knows is refused', async () => {
  const { status, json } = await makeTestAdmin().call('GET', '/admin/v1/tail?acount=alice');
  expect([status, json]).toEqual([
    400,
    { error: { reason: 'acount: unknown; take one of account, scope, type, text' } },
  ]);
});

test('one that does not read is told so and let go, and holds up nobody', async () => {
  const admin = makeTestAdmin();
  const request = new Request('http://127.0.0.1:9011/admin/v1/tail', { headers: { host: '127.0.0.1:9011' } });
  const { body } = await admin.api.answer(request);
  const event = testEvent(1).replace('{', `{"filler":"${'x'.repeat(60_000)}",`);
  for (let times = 0; times < 100; times++) {
    await admin.call('POST', '/admin/v1/events', `{"account":"alice","scope":"usdm","event":${event}}`);
  }
  expect(admin.house.journal.head('alice/usdm')?.sequence).toBe(100);
  const lines = (await new Response(body).text()).trim().split('\n');
  expect(lines.length).toBeLessThan(100);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ end: { name: 'tooSlow' } });
});

test('the server’s stop is the last line, and the tail is over', async () => {
  const admin = makeTestAdmin();
  const { lines } = await tail(admin);
  admin.api.shutDown();
  expect(await lines(2)).toEqual([{ end: { name: 'shutdown', reason: 'the server is stopping' } }]);
});

test('so many, and no more; one that leaves makes room', async () => {
  const admin = makeTestAdmin();
  const tails = [];
  for (let count = 0; count < 16; count++) tails.push(await tail(admin));
  const refused = await admin.call('GET', '/admin/v1/tail');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  tails[3]?.leave();
  expect((await tail(admin)).response.status).toBe(200);
});
