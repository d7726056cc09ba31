/** What `listenpost record` writes of a stream, and what `replay` makes of it. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEMO_HMAC_API_KEY, DEMO_HMAC_SECRET } from '../../packages/server/src/config/demo.ts';
import { readRecording } from '../../packages/server/src/recording/format.ts';
import { Placeholders } from '../../packages/server/src/recording/placeholders.ts';
import { startEmulator } from '../../packages/testkit/src/index.ts';
import { endPrograms, Program, startServer } from './program.ts';
import { temporaryFolder } from './server-process.ts';
import { UnderTest } from './under-test.ts';

/** Several programs start in one test. */
setDefaultTimeout(30_000);

const folder = temporaryFolder();
let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start();
});
afterAll(async () => {
  endPrograms();
  await service.close();
  folder.remove();
});

const events = (text: readonly unknown[]) => text.map((each) => (each as { e: string }).e);

/** A recording made by the program itself: a filled order of four events, the REST before it, and the end. */
async function recorded(name: string, more: readonly string[] = [], scope = 'usdm'): Promise<string> {
  const file = join(folder.path, name);
  const product = scope.split(':')[0] ?? scope;
  const where = product === scope ? ['--product', product] : ['--product', 'margin', '--symbols', scope.slice(9)];
  const program = new Program(['record', '--url', service.running.urls.http, '--out', file, ...where, ...more]);
  await program.said('stderr', /^the stream is (live|quiet)/m);
  await service.admin('POST', '/admin/v1/trigger/order.filled', { account: 'demo', scope });
  await expectEvents(file, 4);
  program.kill('SIGINT');
  const { code, stdout } = await program.ended();
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${file}: 4 events\n` });
  return file;
}

/** The recorder has written so many events down. */
async function expectEvents(file: string, count: number): Promise<void> {
  const held = () => (readFileSync(file, 'utf8').match(/"kind":"receive"[^\n]*\\"e\\":/g) ?? []).length;
  for (const deadline = Date.now() + 5000; held() < count; ) {
    if (Date.now() > deadline) throw new Error(`${file} holds ${held()} events`);
    await Bun.sleep(10);
  }
}

describe('a recording', () => {
  test('holds what passed in both directions, and no secret', async () => {
    const file = await recorded('both.ndjson', ['--no-resume']);
    const text = readFileSync(file, 'utf8');
    const { header, lines } = readRecording(text);
    expect(header).toMatchObject({ recording: 1, product: 'usdm', scope: 'usdm' });
    const rest = lines.filter((line) => line.kind === 'rest');
    expect(rest[0]).toMatchObject({
      method: 'POST',
      path: '/fapi/v1/listenKey',
      status: 200,
      body: '{"listenKey":"{listenKey:1}"}',
    });
    const opened = lines.find((line) => line.kind === 'open');
    expect(`${opened?.path}?${opened?.query}`).toContain('{listenKey:1}');
    expect(lines.at(-1)).toMatchObject({ kind: 'end', reason: 'stopped' });
    for (const secret of [DEMO_HMAC_API_KEY, DEMO_HMAC_SECRET]) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/[A-Za-z0-9]{60,}/);
  });

  test.each([
    // By a listenToken, which is neither in the answer nor in what is sent with it; and by a signature.
    ['margin', /^POST \/sapi\/v1\/userListenToken/, '{"listenToken":"{listenToken:1}"'],
    ['isolated:BTCUSDT', /^POST \/sapi\/v1\/userListenToken/, '{"listenToken":"{listenToken:1}"'],
    ['spot', /^GET \/api\/v3\/account/, '"signature":"{signature:1}"'],
  ])('of %s holds frames of a WebSocket API, each event within its subscription', async (scope, asked, sent) => {
    const text = readFileSync(await recorded(`${scope.slice(0, 8)}.ndjson`, ['--no-resume'], scope), 'utf8');
    const { header, lines } = readRecording(text);
    expect(header.scope).toBe(scope);
    const rest = lines.filter((line) => line.kind === 'rest').map(({ method, path }) => `${method} ${path}`);
    expect(rest[0] ?? '').toMatch(asked);
    const sends = lines.filter((line) => line.kind === 'send').map(({ frame }) => frame);
    expect(sends.join()).toContain(sent);
    const received = lines.filter((line) => line.kind === 'receive').map(({ frame }) => JSON.parse(frame) as object);
    const subscribed = received.filter((frame) => 'event' in frame);
    expect(subscribed).toHaveLength(4);
    for (const frame of subscribed) expect(Object.keys(frame).sort()).toEqual(['event', 'subscriptionId']);
    for (const secret of [DEMO_HMAC_API_KEY, DEMO_HMAC_SECRET]) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/[A-Za-z0-9]{60,}/);
  });

  test('takes nobody’s file', async () => {
    const file = join(folder.path, 'taken');
    await Bun.write(file, 'mine');
    const { code, stderr } = await Program.run(['record', '--url', service.running.urls.http, '--out', file]);
    expect(code).toBe(2);
    expect(stderr).toContain(file);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('names the same secret the same, wherever it stands', () => {
    const { redacted } = new Placeholders({ apiKey: 'a'.repeat(64) });
    expect(redacted(`apiKey=${'a'.repeat(64)}&signature=ab%2Bcd%3D%3D&timestamp=1`)).toBe(
      'apiKey={apiKey:1}&signature={signature:1}&timestamp=1',
    );
    expect(redacted('{"listenKey":"short","e":"x"}')).toBe('{"listenKey":"{listenKey:1}","e":"x"}');
    expect(redacted('/private/ws/short')).toBe('/private/ws/{listenKey:1}');
    expect(redacted('{"token":"t1"} {"listenToken":"t1"}')).toBe(
      '{"token":"{listenToken:1}"} {"listenToken":"{listenToken:1}"}',
    );
    expect(redacted('ab+cd==')).toBe('{signature:1}');
    expect(redacted('x'.repeat(64))).toBe('{secret:1}');
    expect(redacted('{"c":"YA9PCLEMVMO63LXijjdfUI"}')).toBe('{"c":"YA9PCLEMVMO63LXijjdfUI"}');
  });
});

const HEADER =
  '{"recording":1,"product":"usdm","scope":"usdm","venue":"v","startedAt":"2026-07-01T12:00:00.000Z","by":"hand"}';

describe('a damaged recording', () => {
  test.each([
    ['', /^line 1: empty/],
    ['{"recording":2}', /^line 1: recording: expected 1/],
    [HEADER.replace('"scope":"usdm"', '"scope":"moon"'), /^line 1: scope: expected a scope/],
    [`${HEADER}\n{"at":1,"kind":"opened","connection":1}\n{"at":2,"kind":"rece`, /^line 3: no JSON; the file was cut/],
    [`${HEADER}\n{"at":1,"kind":"dance"}`, /^line 2: kind: expected a line of kind/],
    [
      `${HEADER}\n{"at":5,"kind":"opened","connection":1}\n{"at":4,"kind":"opened","connection":2}`,
      /^line 3: at: 4 is before 5/,
    ],
    [`${HEADER}\n{"at":1,"kind":"receive","connection":1,"frame":{}}`, /^line 2: frame: /],
    [`${HEADER}\n\n`, /^line 2: empty/],
  ])('is refused with its line: %#', (text, message) => {
    expect(() => readRecording(text)).toThrow(message);
  });

  test('is refused by the commands and by the admin API', async () => {
    const file = join(folder.path, 'damaged.ndjson');
    await Bun.write(file, `${HEADER}\n{`);
    const { code, stderr } = await Program.run(['replay', file]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `listenpost: ${file}: line 2: no JSON; the file was cut or altered\n`,
    });
    const answer = await service.admin('POST', '/admin/v1/replay', `${HEADER}\n{`);
    expect(answer).toMatchObject({ status: 400, body: { error: { line: 2 } } });
  });
});

/** Two events 10 s apart, a cut, what a second connection heard, and what the account said before and after. */
const order = (id: number) =>
  `{"e":"ACCOUNT_CONFIG_UPDATE","E":${id},"T":${id},"ac":{"s":"BTCUSDT","l":${id}},"venueId":9007199254740993}`;
const received = (at: number, connection: number, frame: string) =>
  JSON.stringify({ at, kind: 'receive', connection, frame });
const balance = (at: number, body: string) =>
  JSON.stringify({ at, kind: 'rest', method: 'GET', path: '/fapi/v3/balance', query: '', ms: 3, status: 200, body });
const BY_HAND = [
  HEADER,
  balance(0, '["before"]'),
  received(1000, 1, order(1)),
  received(11_000, 1, `{"stream":"{listenKey:1}","data":${order(2)}}`),
  received(11_001, 2, order(2)),
  received(11_500, 1, '{"e":"listenKeyExpired","E":1,"listenKey":"{listenKey:1}"}'),
  '{"at":12000,"kind":"close","connection":1,"code":1006,"reason":"","by":"venue"}',
  balance(20_000, '["after"]'),
  received(21_000, 2, order(3)),
  '{"at":21001,"kind":"close","connection":2,"code":1000,"reason":"","by":"client"}',
].join('\n');

/** The last four events of a stream. */
async function told(admin: string, stream: string): Promise<object[]> {
  const body = (await (await fetch(`${admin}/admin/v1/streams/${stream}/events`)).json()) as {
    events: { event: object }[];
  };
  return body.events.map(({ event }) => event).slice(-4);
}

describe('a replay', () => {
  test('plays each event once, in the recorder’s time, by the emulator’s clock', async () => {
    const emulator = await startEmulator({ frozen: true });
    await using _ = emulator;
    const { apiKey = '' } = emulator.accounts[0] ?? {};
    const journal = async () => {
      const answer = await fetch(`${emulator.urls.admin}/admin/v1/streams/alice/usdm/events`);
      return answer.text();
    };
    const rest = async () =>
      (await fetch(`${emulator.urls.http}/fapi/v3/balance`, { headers: { 'X-MBX-APIKEY': apiKey } })).json();
    const state = await emulator.replay(BY_HAND, { speed: '10x' });
    expect(state).toEqual({ account: 'alice', scope: 'usdm', moments: 4, played: 0, over: false });
    expect(await rest()).toEqual(['before']);
    await emulator.clock.advance('99ms');
    expect(await journal()).toBe('{"events":[]}');
    await emulator.clock.advance('1ms');
    expect(await journal()).toContain(order(1));
    await emulator.clock.advance('10s');
    const all = await journal();
    expect(JSON.parse(all).events.map(({ event }: { event: { E: number } }) => event.E)).toEqual([1, 2, 3]);
    expect(all).toContain('9007199254740993');
    expect(await rest()).toEqual(['after']);
  });

  test('cuts connections where the venue cut them', async () => {
    const emulator = await startEmulator({ frozen: true });
    await using _ = emulator;
    const { apiKey = '' } = emulator.accounts[0] ?? {};
    const answer = await fetch(`${emulator.urls.http}/fapi/v1/listenKey`, {
      method: 'POST',
      headers: { 'X-MBX-APIKEY': apiKey },
    });
    const { listenKey } = (await answer.json()) as { listenKey: string };
    const socket = new WebSocket(`${emulator.urls.ws}/private/ws/${listenKey}`);
    const heard: string[] = [];
    socket.onmessage = ({ data }) => heard.push(String(data));
    const closed = new Promise<number>((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    });
    await new Promise((resolve) => {
      socket.onopen = resolve;
    });
    await emulator.replay(BY_HAND, { speed: '1x' });
    await emulator.clock.advance('30s');
    expect(await closed).toBe(1008);
    expect(heard).toEqual([order(1), order(2)]);
  });

  test('of what was recorded gives the same events, at once', async () => {
    const file = await recorded('again.ndjson');
    const emulator = await startEmulator({ accounts: ['bob'] });
    await using _ = emulator;
    expect(await emulator.replay(file)).toMatchObject({ account: 'bob', moments: 4, played: 4, over: true });
    const again = await told(emulator.urls.admin, 'bob/usdm');
    expect(again).toEqual(await told(service.running.urls.admin, 'demo/usdm'));
    expect(events(again)).toEqual(['ORDER_TRADE_UPDATE', 'TRADE_LITE', 'ACCOUNT_UPDATE', 'ORDER_TRADE_UPDATE']);
  });

  test.each(['spot', 'margin', 'isolated:BTCUSDT'])(
    'of %s gives the events without what stood around them',
    async (scope) => {
      const file = await recorded(`again-${scope.slice(0, 8)}.ndjson`, [], scope);
      const emulator = await startEmulator({ accounts: ['bob'] });
      await using _ = emulator;
      const state = await emulator.replay(file);
      expect(state).toMatchObject({ account: 'bob', scope, moments: 4, played: 4, over: true });
      const again = await told(emulator.urls.admin, `bob/${scope}`);
      expect(again).toEqual(await told(service.running.urls.admin, `demo/${scope}`));
      expect(events(again)).toEqual([
        ...['executionReport', 'outboundAccountPosition', 'executionReport', 'outboundAccountPosition'],
      ]);
    },
  );

  test('is served to a client that knows nothing of it, from the moment it listens', async () => {
    const file = await recorded('served.ndjson');
    const { program, urls } = await startServer('replay' as 'dev', [file, '--speed', 'max']);
    const listener = new Program(['listen', '--url', urls.http]);
    await listener.said('stdout', /"X":"FILLED"/);
    await program.said('stderr', /the replay to demo\/usdm ended: 4 of 4 moments were played/);
    listener.kill('SIGTERM');
    program.kill('SIGTERM');
    expect(await program.ended()).toMatchObject({ code: 0 });
  });

  test('is of a stream that the account has', async () => {
    const other = BY_HAND.replace('"scope":"usdm"', '"scope":"isolated:NOSUCH"');
    const answer = await service.admin('POST', '/admin/v1/replay?account=demo', other);
    expect(answer).toMatchObject({ status: 400 });
    expect(JSON.stringify(answer.body)).toContain('has no stream isolated:NOSUCH');
    expect(await service.admin('POST', '/admin/v1/replay?speed=fast', BY_HAND)).toMatchObject({ status: 400 });
  });
});
