/** One clock for everything: whatever is due happens in its order, at its instant, however far time is moved at once. */
import { afterEach, describe, expect, test } from 'bun:test';
import { call, SPOT_API, subscribeToken, tokenOf } from './spot-requests.ts';
import { UnderTest } from './under-test.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

let services: UnderTest[] = [];
afterEach(async () => {
  await Promise.all(services.map((service) => service.close()));
  services = [];
});

async function frozenService(): Promise<UnderTest> {
  const service = await UnderTest.start();
  services.push(service);
  await service.freeze();
  return service;
}

interface Happening {
  readonly at: string;
  readonly kind: string;
  readonly connection: string;
  readonly event?: string;
  readonly code?: number;
}

/** What the emulator did by itself, each with how long after `start` it came. */
async function happenings(service: UnderTest, start: number): Promise<readonly string[]> {
  const { body } = await service.admin('GET', '/admin/v1/journal?kind=push,close');
  const { entries } = body as { entries: readonly Happening[] };
  return entries.map(
    ({ at, connection, event, code }) => `${(Date.parse(at) - start) / SECOND}s ${connection} ${event ?? code}`,
  );
}

/** A key of each length of life, tokens of several, connections of both ages, and a fault that ends; then a day passes at once. */
async function dayOf(service: UnderTest, pass: (service: UnderTest) => Promise<void>): Promise<readonly string[]> {
  const start = await service.now();
  const coinm = await service.open(`/ws/${await service.listenKey('/dapi/v1/listenKey')}`);
  const api = await service.open(SPOT_API);
  for (const validity of [90 * MINUTE, 30 * MINUTE]) {
    const isIsolated = validity === 30 * MINUTE;
    const form = { validity: String(validity), ...(isIsolated ? { isIsolated: 'true', symbol: 'BTCUSDT' } : {}) };
    expect(await api.ask(subscribeToken((await tokenOf(service, form)).token))).toMatchObject({ status: 200 });
  }
  await service.advance('10m');
  const usdm = await service.open(`/private/ws/${await service.listenKey('/fapi/v1/listenKey')}`);
  await pass(service);
  await Promise.all([coinm.closed(), api.closed(), usdm.closed()]);
  return happenings(service, start);
}

const DAY = [
  '1800s c2 eventStreamTerminated',
  '3600s c1 listenKeyExpired',
  '4200s c3 listenKeyExpired',
  '5400s c2 eventStreamTerminated',
  '86400s c1 1001',
  '86400s c2 1000',
  '87000s c3 1001',
];

test('a day that passes at once happens in order, each thing at its instant', async () => {
  expect(await dayOf(await frozenService(), (service) => service.advance('25h'))).toEqual(DAY);
});

test('a day that passes in steps happens the same way', async () => {
  const inSteps = async (service: UnderTest) => {
    for (let step = 0; step < 25; step++) await service.advance('1h');
  };
  expect(await dayOf(await frozenService(), inSteps)).toEqual(DAY);
});

test('a day that is set happens the same way, and moves asked for at once come one after the other', async () => {
  const service = await frozenService();
  const set = async () => {
    const start = await service.now();
    await Promise.all([
      service.admin('POST', '/admin/v1/clock', { advance: '1h' }),
      service.admin('POST', '/admin/v1/clock', { set: new Date(start + 25 * HOUR).toISOString() }),
      service.admin('POST', '/admin/v1/clock', { advance: '1ms' }),
    ]);
    expect(await service.now()).toBeWithin(start + 25 * HOUR, start + 26 * HOUR + 2);
  };
  expect(await dayOf(service, set)).toEqual(DAY);
});

describe('the time that the server tells', () => {
  const TIMES = ['/fapi/v1/time', '/dapi/v1/time', '/eapi/v1/time', '/api/v3/time'];

  async function told(service: UnderTest): Promise<ReadonlySet<unknown>> {
    const api = await service.open(SPOT_API);
    const micro = await service.open(`${SPOT_API}?timeUnit=MICROSECOND`);
    const rest = await Promise.all(TIMES.map((path) => service.rest('GET', path)));
    const inMicroseconds = (await micro.ask(call('time')))['result'] as { serverTime: number };
    return new Set([
      ...rest.map(({ body }) => (body as { serverTime: number }).serverTime),
      ((await api.ask(call('time')))['result'] as { serverTime: number }).serverTime,
      inMicroseconds.serverTime / 1000,
    ]);
  }

  test('follows it frozen, advanced and set, over every door', async () => {
    const service = await frozenService();
    const start = await service.now();
    expect(await told(service)).toEqual(new Set([start]));
    await service.advance('61m');
    expect(await told(service)).toEqual(new Set([start + 61 * MINUTE]));
    const instant = start + 300 * 24 * HOUR;
    await service.admin('POST', '/admin/v1/clock', { set: instant });
    expect(await told(service)).toEqual(new Set([instant]));
  });

  test('flows with the machine once it is let go, from where it stood', async () => {
    const service = await frozenService();
    await service.advance('1d');
    const stood = await service.now();
    await service.resume();
    const machine = Date.now();
    const told = ((await service.rest('GET', '/api/v3/time')).body as { serverTime: number }).serverTime;
    expect(told - stood).toBeWithin(0, Date.now() - machine + 2000);
    let now = told;
    while (now <= told) now = await service.now();
    expect(now).toBeGreaterThan(told);
  });

  test('never goes back', async () => {
    const service = await frozenService();
    const now = await service.now();
    for (const body of [{ set: now - 1 }, { advance: '-1s' }]) {
      expect((await service.admin('POST', '/admin/v1/clock', body)).status).toBe(400);
    }
    expect(await service.now()).toBe(now);
  });
});
