/** The unit of times where a client chooses it: `X-MBX-TIME-UNIT` over REST, `timeUnit` in a stream's URL (spot-margin §1.2). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { fixtureEvent, SCOPE_EVENTS } from './fixtures.ts';
import { TOKEN_PATH } from './spot-requests.ts';
import { UnderTest } from './under-test.ts';

const MILLISECONDS = /^\d{13}$/;
const MICROSECONDS = /^\d{13}000$/;
const REFUSED = {
  status: 400,
  body: { code: -1194, msg: 'Invalid value for time unit; expected either MICROSECOND or MILLISECOND.' },
};
const RISK_PATH = '/sapi/v1/margin/listen-key';
const LEVEL = { ...fixtureEvent('risk', 'MARGIN_LEVEL_STATUS_CHANGE'), E: 1_767_225_600_123 };

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start({ document: { limits: 'off' } });
});
afterAll(() => service.close());

describe('X-MBX-TIME-UNIT', () => {
  const ask = (method: string, path: string, unit: string) =>
    service.rest(method, path, undefined, { headers: { 'X-MBX-TIME-UNIT': unit } });

  const CALLS = [
    ['GET', '/api/v3/time', 'serverTime'],
    ['GET', '/api/v3/exchangeInfo', 'serverTime'],
    ['POST', TOKEN_PATH, 'expirationTime'],
  ] as const;

  describe.each(CALLS)('%s %s', (method, path, member) => {
    test.each([
      ['MICROSECOND', MICROSECONDS],
      ['microsecond', MICROSECONDS],
      ['MILLISECOND', MILLISECONDS],
      ['millisecond', MILLISECONDS],
    ])('%s', async (unit, digits) => {
      const { status, body } = await ask(method, path, unit);
      expect(status).toBe(200);
      expect(String((body as Record<string, unknown>)[member])).toMatch(digits);
    });

    test.each(['Microsecond', 'MICROSECONDS', 'ns', ''])('%p is refused', async (unit) => {
      expect(await ask(method, path, unit)).toMatchObject(REFUSED);
    });
  });

  test('means the same instant in both', async () => {
    await service.freeze();
    const now = await service.now();
    expect((await ask('GET', '/api/v3/time', 'MICROSECOND')).body).toEqual({ serverTime: now * 1000 });
    expect((await service.rest('GET', '/api/v3/time')).body).toEqual({ serverTime: now });
    await service.resume();
  });

  test('is let be by the derivatives', async () => {
    for (const unit of ['MICROSECOND', 'ns']) {
      const { status, body } = await ask('GET', '/fapi/v1/time', unit);
      expect([status, Object.keys(body as object)]).toEqual([200, ['serverTime']]);
      expect(String((body as { serverTime: number }).serverTime)).toMatch(MILLISECONDS);
    }
  });

  test('that is refused has cost its weight', async () => {
    await service.startMinute();
    for (const [nth, unit] of ['ns', 'MILLISECOND'].entries()) {
      const { headers } = await ask('GET', '/api/v3/ping', unit);
      expect(headers.get('x-mbx-used-weight')).toBe(String(nth + 1));
    }
  });
});

describe('timeUnit in a stream’s URL', () => {
  test.each(['MICROSECOND', 'microsecond'])('%s is the unit of the risk stream, raw and combined', async (unit) => {
    const key = await service.listenKey(RISK_PATH);
    const raw = await service.open(`/ws/${key}?timeUnit=${unit}`);
    const combined = await service.open(`/stream?streams=${key}&timeUnit=${unit}`);
    const plain = await service.open(`/ws/${key}`);
    await service.publish('risk', LEVEL);
    const inMicroseconds = { ...LEVEL, E: 1_767_225_600_123_000 };
    expect(await raw.frame()).toEqual(inMicroseconds);
    expect(await combined.frame()).toEqual({ stream: key, data: inMicroseconds });
    expect(await plain.frame()).toEqual(LEVEL);
  });

  test('is the unit of what is resumed and of what follows', async () => {
    const key = await service.listenKey(RISK_PATH);
    const first = await service.open(`/stream?streams=${key}&resume=latest`);
    const { resume } = (await first.frame()) as { resume: { position: string } };
    await service.publish('risk', LEVEL);
    const peer = await service.open(`/stream?streams=${key}&resume=${resume.position}&timeUnit=MICROSECOND`);
    expect(await peer.frame()).toMatchObject({ resume: { recovered: true } });
    await service.publish('risk', LEVEL);
    for (let nth = 0; nth < 2; nth++) {
      expect(await peer.frame()).toMatchObject({ stream: key, data: { E: 1_767_225_600_123_000 } });
    }
  });

  test('holds for keys that are subscribed later, and not for those of derivatives beside them', async () => {
    const [risk, coinm] = [await service.listenKey(RISK_PATH), await service.listenKey('/dapi/v1/listenKey')];
    const peer = await service.open('/ws?timeUnit=MICROSECOND');
    expect(await peer.ask({ method: 'SUBSCRIBE', params: [coinm, risk], id: 1 })).toEqual({ result: null, id: 1 });
    await service.publish('risk', LEVEL);
    await service.publish('coinm', SCOPE_EVENTS.coinm);
    expect(await peer.frame()).toMatchObject({ E: 1_767_225_600_123_000 });
    expect(await peer.frame()).toEqual(SCOPE_EVENTS.coinm);
  });

  test('is the unit of the key’s end', async () => {
    const key = await service.listenKey(RISK_PATH);
    const peer = await service.open(`/ws/${key}?timeUnit=MICROSECOND`);
    await service.advance('60m');
    const { e, E } = await peer.frame();
    expect([e, String(E)]).toEqual(['listenKeyExpired', expect.stringMatching(MICROSECONDS)]);
  });

  test('is that of Spot’s keys, while there were some', async () => {
    const before = await UnderTest.start({ document: { asOf: '2026-02-19' } });
    try {
      const key = await before.listenKey('/api/v3/userDataStream');
      const peer = await before.open(`/ws/${key}?timeUnit=MICROSECOND`);
      const event = { ...fixtureEvent('spot', 'balanceUpdate'), E: 1_767_225_600_123, T: 1_767_225_600_120 };
      await before.publish('spot', event);
      expect(await peer.frame()).toEqual({ ...event, E: 1_767_225_600_123_000, T: 1_767_225_600_120_000 });
    } finally {
      await before.close();
    }
  });

  test('in another spelling is refused where the key is of such a product, and let be where it is not', async () => {
    const refusal = (path: string) => service.openRaw(path).catch((cause: unknown) => cause);
    const risk = await service.listenKey(RISK_PATH);
    for (const path of [`/ws/${risk}?timeUnit=ns`, `/stream?streams=${risk}&timeUnit=Microsecond`]) {
      expect(await refusal(path)).toMatchObject(REFUSED);
    }
    for (const unit of ['MICROSECOND', 'ns']) {
      const usdm = await service.open(`/private/ws/${await service.listenKey('/fapi/v1/listenKey')}?timeUnit=${unit}`);
      await service.publish('usdm', SCOPE_EVENTS.usdm);
      expect(await usdm.frame()).toEqual(SCOPE_EVENTS.usdm);
    }
  });

  test('is the unit of a planned stop', async () => {
    const stopping = await UnderTest.start();
    const key = await stopping.listenKey(RISK_PATH);
    const peer = await stopping.open(`/ws/${key}?timeUnit=MICROSECOND`);
    await stopping.running.close(2);
    const { e, E } = await peer.frame();
    expect([e, String(E)]).toEqual(['serverShutdown', expect.stringMatching(MICROSECONDS)]);
  });
});
