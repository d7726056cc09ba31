import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import './bun.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Emulator, type EmulatorOptions, startEmulator, type UserScenario } from './index.ts';

const opened: Emulator[] = [];
afterAll(() => Promise.all(opened.map((emulator) => emulator.close())));

async function emulatorWith(options?: EmulatorOptions): Promise<Emulator> {
  const emulator = await startEmulator(options);
  opened.push(emulator);
  return emulator;
}

const NOON = '2026-07-01T12:00:00Z';

async function keyCall(emulator: Emulator, method: string, at = 0): Promise<{ listenKey: string; code?: number }> {
  const headers = { 'X-MBX-APIKEY': emulator.accounts[at]?.apiKey ?? '' };
  const response = await fetch(`${emulator.urls.http}/fapi/v1/listenKey`, { method, headers });
  return (await response.json()) as { listenKey: string };
}

/** What signed REST says of the demo account's USDⓈ-M positions, and its last order. */
async function signed(emulator: Emulator, path: string, parameters = ''): Promise<unknown> {
  const { apiKey = '', secret = '' } = emulator.accounts[0] ?? {};
  const query = `${parameters}timestamp=${await emulator.clock.now()}`;
  const signature = createHmac('sha256', secret).update(query).digest('hex');
  const response = await fetch(`${emulator.urls.http}${path}?${query}&signature=${signature}`, {
    headers: { 'X-MBX-APIKEY': apiKey },
  });
  return response.json();
}

const events = async (emulator: Emulator, scope = 'usdm') => {
  const response = await fetch(`${emulator.urls.admin}/admin/v1/streams/${emulator.accounts[0]?.id}/${scope}/events`);
  return ((await response.json()) as { events: { position: string; event: object }[] }).events;
};

describe('an emulator', () => {
  test('is a stranger to the one beside it', async () => {
    const [one, other] = await Promise.all([emulatorWith(), emulatorWith()]);
    expect(one.accounts[0]?.apiKey).not.toBe(other.accounts[0]?.apiKey);
    await one.trigger('order.filled');
    await one.clock.advance('2h');
    expect(await events(other)).toEqual([]);
    expect((await one.clock.now()) - (await other.clock.now())).toBeGreaterThan(7_000_000);
    const stranger = await fetch(`${other.urls.http}/fapi/v1/listenKey`, {
      method: 'POST',
      headers: { 'X-MBX-APIKEY': one.accounts[0]?.apiKey ?? '' },
    });
    expect(await stranger.json()).toMatchObject({ code: -2015 });
  });

  test('has the accounts that were asked for, with keys of both kinds', async () => {
    const emulator = await emulatorWith({ accounts: ['bob', { id: 'carol', scopes: ['spot'] }] });
    expect(emulator.accounts.map(({ id }) => id)).toEqual(['bob', 'carol']);
    expect((await keyCall(emulator, 'POST')).listenKey).toHaveLength(64);
    expect(await keyCall(emulator, 'POST', 1)).toMatchObject({ code: -2015 });
    expect(emulator.accounts[0]?.privateKey).toStartWith('-----BEGIN PRIVATE KEY-----');
  });

  test('tells what is wrong with its options', async () => {
    const told = await startEmulator({ accounts: ['no good'] }).then(String, String);
    expect(told).toContain('accounts[0].id');
    expect(await startEmulator({ asOf: '1999-01-01' }).then(String, String)).toContain('--as-of');
  });

  test('follows its clock, and only forward', async () => {
    const emulator = await emulatorWith({ now: NOON, frozen: true });
    expect(await emulator.clock.now()).toBe(Date.parse(NOON));
    await emulator.clock.advance('61m');
    await emulator.clock.set('2026-07-01T14:00:00Z');
    expect(await emulator.clock.now()).toBe(Date.parse('2026-07-01T14:00:00Z'));
    const time = (await (await fetch(`${emulator.urls.http}/fapi/v1/time`)).json()) as { serverTime: number };
    expect(time.serverTime).toBe(Date.parse('2026-07-01T14:00:00Z'));
    expect(await emulator.clock.set(NOON).then(String, String)).toContain('never goes back');
  });

  test('publishes what it is given, and takes faults away again', async () => {
    const emulator = await emulatorWith();
    await emulator.trigger('order.new', { symbol: 'ETHUSDT' });
    const [order] = await events(emulator);
    await emulator.publish('usdm', order?.event ?? {});
    expect((await events(emulator)).map(({ event }) => event)).toEqual([order?.event ?? {}, order?.event ?? {}]);
    const fault = await emulator.faults.add({ fault: 'http', status: 503, path: '/fapi/v1/listenKey' });
    expect(await emulator.faults.list()).toMatchObject([{ id: fault.id, fault: 'http' }]);
    await emulator.faults.remove(fault);
    expect(await emulator.faults.list()).toEqual([]);
  });
});

describe('timers that follow', () => {
  test('run when the clock has come so far, in order, and end with the emulator', async () => {
    const emulator = await emulatorWith({ now: NOON, frozen: true, followTimers: true });
    const ran: string[] = [];
    const told = (what: string) => () => ran.push(`${what} ${new Date().toISOString().slice(11, 16)}`);
    const every = setInterval(told('keepalive'), 30 * 60_000);
    const once = setTimeout(told('never'), 45 * 60_000);
    setTimeout(told('an hour'), 60 * 60_000);
    const ticks = performance.now();
    clearTimeout(once);
    await emulator.clock.advance('29m');
    expect(ran).toEqual([]);
    await emulator.clock.advance('32m');
    expect(ran).toEqual(['keepalive 12:30', 'keepalive 13:00', 'an hour 13:00']);
    expect(performance.now() - ticks).toBeGreaterThanOrEqual(61 * 60_000);
    expect(await emulator.clock.now()).toBe(Date.parse('2026-07-01T13:01:00Z'));
    clearInterval(every);
    await emulator.close();
    expect(Math.abs(Date.now() - Date.parse(NOON))).toBeGreaterThan(3_600_000);
    expect(performance.now() - ticks).toBeGreaterThanOrEqual(61 * 60_000);
  });

  test('follow one emulator at a time', async () => {
    const emulator = await emulatorWith({ followTimers: true });
    expect(await startEmulator({ followTimers: true }).then(String, String)).toContain(
      'follow another emulator already',
    );
    await emulator.close();
  });
});

describe('a scenario of the user’s own', () => {
  const STORY = {
    steps: [
      { scenario: 'order.partially-filled', qty: '0.030', fills: 2 },
      { fault: 'drop-keepalive' },
      { clock: '61m' },
      { scenario: 'order.filled', orderId: 'last' },
    ],
  } satisfies UserScenario;
  const TOLD = [{ scenario: 'order.partially-filled', events: 7 }, { kind: 'fault' }, { kind: 'clock' }, { events: 3 }];

  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'listenpost-play-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is an object, a file of JSON, or a module, named by its path or its URL', async () => {
    const json = join(folder, 'story.json');
    writeFileSync(json, JSON.stringify(STORY));
    const module = join(folder, 'story.ts');
    writeFileSync(module, `const story: object = ${JSON.stringify(STORY)};\nexport default story;\n`);
    for (const story of [STORY, json, module, pathToFileURL(module)]) {
      const emulator = await emulatorWith({ now: NOON, frozen: true });
      const { steps, events } = await emulator.play(story);
      expect(steps).toMatchObject(TOLD);
      expect(events).toBe(10);
      expect(await emulator.clock.now()).toBe(Date.parse('2026-07-01T13:01:00Z'));
      await emulator.close();
    }
  });

  test('is played to whom it says, or else to whom the call says', async () => {
    const emulator = await emulatorWith({ accounts: ['alice', 'bob'] });
    const steps = [{ scenario: 'order.filled' }];
    await emulator.play({ steps }, { account: 'bob', product: 'coinm' });
    await emulator.play({ account: 'bob', scope: 'spot', steps }, { account: 'alice', product: 'coinm' });
    const count = async (stream: string) => {
      const answer = await fetch(`${emulator.urls.admin}/admin/v1/streams/${stream}/events`);
      return ((await answer.json()) as { events: object[] }).events.length;
    };
    expect(await Promise.all(['alice/coinm', 'bob/coinm', 'bob/spot'].map(count))).toEqual([
      0,
      expect.any(Number),
      expect.any(Number),
    ]);
    expect(await count('bob/coinm')).toBeGreaterThan(0);
    expect(await count('bob/spot')).toBeGreaterThan(0);
  });

  test('moves the timers that follow with its clock', async () => {
    const emulator = await emulatorWith({ now: NOON, frozen: true, followTimers: true });
    const ran: string[] = [];
    const timer = setInterval(() => ran.push(new Date().toISOString().slice(11, 16)), 30 * 60_000);
    const { steps, events } = await emulator.play(STORY);
    expect(steps).toMatchObject(TOLD);
    expect(events).toBe(10);
    expect(ran).toEqual(['12:30', '13:00']);
    const more = [
      { clock: { advance: 60_000 } },
      { clock: { set: '2026-07-01T14:05:00Z' } },
      { clock: { freeze: true } },
    ] as const;
    expect((await emulator.play({ steps: more })).steps.map((step) => 'now' in step && step.now)).toEqual([
      Date.parse('2026-07-01T13:02:00Z'),
      Date.parse('2026-07-01T14:05:00Z'),
      Date.parse('2026-07-01T14:05:00Z'),
    ]);
    expect(ran).toHaveLength(4);
    clearInterval(timer);
    await emulator.close();
  });

  test('waits for a clock that is advanced meanwhile, at its own instants', async () => {
    const emulator = await emulatorWith({ now: NOON, frozen: true, followTimers: true });
    const transfer = { scenario: 'transfer', scope: 'usdm' };
    const played = emulator.play({
      steps: [transfer, { wait: '10m' }, transfer, { clock: '1h' }, transfer, { wait: '5s' }, transfer],
    });
    const times = async () =>
      (await events(emulator)).map(({ event }) => new Date((event as { E: number }).E).toISOString().slice(11, 19));
    while ((await times()).length < 1) await Bun.sleep(5);
    await emulator.clock.advance('20m');
    while ((await times()).length < 3) await Bun.sleep(5);
    await emulator.clock.advance('1m');
    expect((await played).events).toBe(4);
    expect(await times()).toEqual(['12:00:00', '12:10:00', '13:20:00', '13:20:05']);
    await emulator.close();
  });

  test('that is wrong is told by the place, and emits nothing', async () => {
    for (const followTimers of [false, true]) {
      const emulator = await emulatorWith({ followTimers });
      const told = (story: unknown) => emulator.play(story as UserScenario).then(String, String);
      const fine = { scenario: 'order.new' };
      expect(await told({ steps: [fine, { clock: '1m' }, { scenario: 'order.new', qty: 'x' }] })).toContain(
        'steps[2].qty',
      );
      expect(await told({ steps: [fine, { clock: 'soon' }] })).toContain('steps[1].clock');
      expect(await told({ steps: 'none' })).toContain('steps: expected a list of steps');
      expect(await told(join(folder, 'none.json'))).toContain('none.json cannot be read: ');
      const failed = await told({ steps: [{ clock: '1m' }, fine, { scenario: 'transfer', amount: '-999999' }] });
      expect(failed).toContain('steps[2].amount: would take');
      await emulator.close();
    }
  });
});

describe('a seed', () => {
  const lived = async () => {
    const emulator = await emulatorWith({ seed: 42, now: NOON, frozen: true });
    const { listenKey } = await keyCall(emulator, 'POST');
    await emulator.trigger('order.partially-filled', { fills: 2 });
    await emulator.clock.advance('10m');
    await emulator.trigger('oco.filled', { product: 'spot' });
    return [emulator.accounts, listenKey, await events(emulator), await events(emulator, 'spot')];
  };

  test('gives the same keys, ids, times and positions again', async () => {
    expect(await lived()).toEqual(await lived());
  });

  test('is told where none was given', async () => {
    const emulator = await emulatorWith();
    const again = await emulatorWith({ seed: emulator.seed });
    expect(again.accounts).toEqual(emulator.accounts);
    expect(await keyCall(again, 'POST')).toEqual(await keyCall(emulator, 'POST'));
  });
});

describe('a snapshot', () => {
  test('brings back the clock, keys, events and books, and what comes next is the same each time', async () => {
    const emulator = await emulatorWith({ seed: 7, now: NOON, frozen: true });
    const { listenKey } = await keyCall(emulator, 'POST');
    const { orderId } = await emulator.trigger('order.partially-filled', { fills: 2 });
    const before = await events(emulator);
    const positions = await signed(emulator, '/fapi/v3/positionRisk');
    const snapshot = JSON.parse(JSON.stringify(await emulator.snapshot()));

    const next = async () => {
      await emulator.clock.advance('59m');
      expect(await keyCall(emulator, 'PUT')).toEqual({ listenKey });
      await emulator.trigger('order.filled', { orderId });
      return events(emulator);
    };
    const first = await next();
    await emulator.clock.advance('61m');
    expect(await keyCall(emulator, 'PUT')).toMatchObject({ code: -1125 });
    await emulator.restore(snapshot);

    expect(await emulator.clock.now()).toBe(Date.parse(NOON));
    expect(await events(emulator)).toEqual(before);
    expect(await signed(emulator, '/fapi/v3/positionRisk')).toEqual(positions);
    expect(await next()).toEqual(first);
  });

  test('may be begun from, elsewhere', async () => {
    const emulator = await emulatorWith({ accounts: ['dora'] });
    await emulator.trigger('order.new');
    await emulator.clock.advance('3h');
    const other = await emulatorWith({ from: await emulator.snapshot() });
    expect(other.accounts).toEqual(emulator.accounts);
    expect(await events(other)).toEqual(await events(emulator));
    expect(Math.abs((await other.clock.now()) - (await emulator.clock.now()))).toBeLessThan(60_000);
    expect(await signed(other, '/fapi/v1/openOrders')).toEqual(await signed(emulator, '/fapi/v1/openOrders'));
  });

  test('that is none is refused, naming what is wrong', async () => {
    const emulator = await emulatorWith();
    const snapshot = await emulator.snapshot();
    const damaged = { ...snapshot, state: { ...(snapshot.state as object), clock: { now: 'noon', frozen: false } } };
    expect(await emulator.restore(damaged).then(String, String)).toContain('clock.now');
    expect(await emulator.clock.now()).toBeGreaterThan(0);
  });
});

describe('the journal', () => {
  test('says whether a keepalive came in time', async () => {
    const emulator = await emulatorWith({ now: NOON, frozen: true });
    await keyCall(emulator, 'POST');
    await emulator.clock.advance('30m');
    await keyCall(emulator, 'PUT');
    const put = { method: 'PUT', path: '/fapi/v1/listenKey' };
    await expect(emulator).toHaveReceived({ ...put, before: '55m', times: 1 });
    await expect(emulator).not.toHaveReceived({ ...put, after: '31m' });
    await emulator.assertReceived({ ...put, status: 200, where: ({ at }) => at === '2026-07-01T12:30:00.000Z' });
    await emulator.assertNotReceived({ method: 'DELETE' });
  });

  test('shows what came instead', async () => {
    const emulator = await emulatorWith();
    await keyCall(emulator, 'POST');
    const put = { method: 'PUT', path: '/fapi/v1/listenKey', withinMs: 0 };
    const missing = await emulator.assertReceived(put).then(String, String);
    expect(missing).toMatch(
      /AssertionError: did not receive .*"PUT"[\s\S]*client request POST \/fapi\/v1\/listenKey → 200/,
    );
    const unwanted = await emulator.assertNotReceived({ method: 'POST' }).then(String, String);
    expect(unwanted).toContain('AssertionError: received {"method":"POST"');
  });

  test('waits for what is on its way', async () => {
    const emulator = await emulatorWith();
    const [entry] = await Promise.all([
      emulator.journal.next({ method: 'POST', path: /listenKey$/, parameters: { recvWindow: '5000' } }),
      fetch(`${emulator.urls.http}/fapi/v1/listenKey?recvWindow=5000`, {
        method: 'POST',
        headers: { 'X-MBX-APIKEY': emulator.accounts[0]?.apiKey ?? '' },
      }),
    ]);
    expect(entry).toMatchObject({ account: 'alice', product: 'usdm', status: 200 });
    await emulator.journal.clear();
    expect(await emulator.journal.entries()).toEqual([]);
  });
});
