/** Account streams on the Spot WebSocket API (spot-margin §1, §2.5, §3), over real sockets. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  DEMO_ED25519_API_KEY,
  DEMO_HMAC_API_KEY,
  DEMO_HMAC_SECRET,
  DEMO2_HMAC_API_KEY,
} from '../../packages/server/src/config/demo.ts';
import { fixtureEvent } from './fixtures.ts';
import { RefusedHandshake } from './raw-peer.ts';
import { ed25519, hmac, keyPair, signedParams } from './signing.ts';
import { call, logon, SPOT_API, subscribeSigned, subscribeToken, tokenOf } from './spot-requests.ts';
import { UnderTest } from './under-test.ts';

const TERMINATED = { e: 'eventStreamTerminated', E: expect.any(Number) };
const ACTIVE = { status: 400, error: { code: -2035, msg: 'User Data Stream subscription already active.' } };
const INACTIVE = { status: 400, error: { code: -2036, msg: 'User Data Stream subscription not active.' } };
const REJECTED = { status: 401, error: { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' } };

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start();
});
afterAll(() => service.close());

const subscribe = () => call('userDataStream.subscribe');
const unsubscribe = (subscriptionId?: unknown) =>
  call('userDataStream.unsubscribe', subscriptionId === undefined ? {} : { subscriptionId });

async function loggedOn(query = '') {
  const peer = await service.open(SPOT_API + query);
  expect(await peer.ask(logon())).toMatchObject({ status: 200 });
  return peer;
}

const transfer = fixtureEvent('spot', 'balanceUpdate');

describe('a subscription of the logon', () => {
  test('is refused before the logon, and reads the account after it', async () => {
    const peer = await service.open(SPOT_API);
    expect(await peer.ask(subscribe())).toMatchObject(REJECTED);
    const session = (await peer.ask(logon())).result;
    expect(session).toEqual({
      apiKey: DEMO_ED25519_API_KEY,
      authorizedSince: expect.any(Number),
      connectedSince: expect.any(Number),
      returnRateLimits: true,
      serverTime: expect.any(Number),
      userDataStream: false,
    });
    const request = subscribe();
    expect(await peer.ask(request)).toEqual({
      id: request.id,
      status: 200,
      result: { subscriptionId: 0 },
      rateLimits: [expect.objectContaining({ rateLimitType: 'REQUEST_WEIGHT', limit: 6000 })],
    });
    expect((await peer.ask(call('session.status'))).result).toMatchObject({ userDataStream: true });
    await service.publish('spot', transfer);
    expect(await peer.text()).toBe(`{"subscriptionId":0,"event":${JSON.stringify(transfer)}}`);
  });

  test('costs 2', async () => {
    await service.startMinute();
    const peer = await loggedOn();
    expect(await peer.ask(subscribe())).toMatchObject({ rateLimits: [{ count: 6 }] });
    expect(await peer.ask(call('session.subscriptions'))).toMatchObject({ rateLimits: [{ count: 8 }] });
    expect(await peer.ask(unsubscribe())).toMatchObject({ rateLimits: [{ count: 10 }] });
  });

  test('takes no parameter, and says how many came', async () => {
    const peer = await service.open(SPOT_API);
    expect(await peer.ask(call('userDataStream.subscribe', { apiKey: DEMO_HMAC_API_KEY }))).toMatchObject({
      status: 400,
      error: {
        code: -1104,
        msg: "Not all sent parameters were read; read '0' parameter(s) but was sent '1'.",
      },
    });
    await peer.ask(logon());
    expect(await peer.ask(call('userDataStream.subscribe', { returnRateLimits: false }))).toEqual({
      id: expect.any(Number),
      status: 200,
      result: { subscriptionId: 0 },
    });
  });

  test('is one per account and connection', async () => {
    const [peer, other] = [await loggedOn(), await loggedOn()];
    await peer.ask(subscribe());
    expect(await peer.ask(subscribe())).toMatchObject(ACTIVE);
    expect(await peer.ask(subscribeSigned())).toMatchObject(ACTIVE);
    expect(await other.ask(subscribe())).toMatchObject({ result: { subscriptionId: 0 } });
  });

  test('ends with the logon: the answer, the last word, and silence', async () => {
    const peer = await loggedOn();
    await peer.ask(subscribe());
    await peer.ask(subscribeSigned('demo2'));
    expect((await peer.ask(call('session.logout'))).result).toMatchObject({ apiKey: null, userDataStream: true });
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: TERMINATED });
    await service.publish('spot', transfer);
    await service.publish('spot', transfer, 'demo2');
    expect(await peer.frame()).toEqual({ subscriptionId: 1, event: transfer });
    expect((await peer.ask(call('session.subscriptions'))).result).toEqual([{ subscriptionId: 1 }]);
  });

  test('of an earlier logon goes on under a later one, until the logout', async () => {
    const keys = keyPair('ed25519');
    const apiKey = 'relogon'.padEnd(64, 'x');
    await service.admin('PUT', '/admin/v1/accounts/relogon', {
      apiKeys: [{ apiKey, type: 'ED25519', publicKey: keys.publicKey }],
    });
    const peer = await loggedOn();
    await peer.ask(subscribe());
    const params = signedParams({ apiKey, timestamp: Date.now() }, ed25519(keys.privateKey));
    await peer.ask(call('session.logon', params));
    expect(await peer.ask(subscribe())).toMatchObject({ result: { subscriptionId: 1 } });
    await service.publish('spot', transfer);
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: transfer });
    await peer.ask(call('session.logout'));
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: TERMINATED });
    expect(await peer.frame()).toEqual({ subscriptionId: 1, event: TERMINATED });
  });

  test('ends with the revocation of its key, at the next request', async () => {
    const keys = keyPair('ed25519');
    const apiKey = 'revoked'.padEnd(64, 'x');
    const account = { apiKeys: [{ apiKey, type: 'ED25519', publicKey: keys.publicKey }] };
    await service.admin('PUT', '/admin/v1/accounts/revoked', account);
    const peer = await service.open(SPOT_API);
    await peer.ask(call('session.logon', signedParams({ apiKey, timestamp: Date.now() }, ed25519(keys.privateKey))));
    await peer.ask(subscribe());
    await service.admin('PUT', '/admin/v1/accounts/revoked', { apiKeys: [] });
    await service.publish('spot', transfer, 'revoked');
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: transfer });
    expect(await peer.ask(call('session.status'))).toEqual({ id: null, ...REJECTED });
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: TERMINATED });
  });

  test('ends at once when its account goes, and an account of the same name is another', async () => {
    const keys = keyPair('ed25519');
    const apiKey = 'gone'.padEnd(64, 'x');
    const account = { apiKeys: [{ apiKey, type: 'ED25519', publicKey: keys.publicKey }] };
    await service.admin('PUT', '/admin/v1/accounts/gone', account);
    const peer = await service.open(SPOT_API);
    await peer.ask(call('session.logon', signedParams({ apiKey, timestamp: Date.now() }, ed25519(keys.privateKey))));
    await peer.ask(subscribe());
    await service.admin('DELETE', '/admin/v1/accounts/gone');
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: TERMINATED });
    await service.admin('PUT', '/admin/v1/accounts/gone', account);
    await service.publish('spot', transfer, 'gone');
    expect(await peer.unread(() => peer.ping())).toEqual([]);
  });
});

describe('a subscription by signature', () => {
  test('needs no logon and makes none', async () => {
    const peer = await service.open(SPOT_API);
    expect(await peer.ask(subscribeSigned('demo', { recvWindow: 5000 }))).toMatchObject({
      status: 200,
      result: { subscriptionId: 0 },
    });
    expect((await peer.ask(call('session.status'))).result).toMatchObject({ apiKey: null, userDataStream: true });
    expect(await peer.ask(subscribe())).toMatchObject(REJECTED);
  });

  test('reads several accounts on one socket, each under its id', async () => {
    const peer = await service.open(SPOT_API);
    await peer.ask(subscribeSigned('demo'));
    await peer.ask(subscribeSigned('demo2'));
    await service.publish('spot', transfer, 'demo2');
    expect(await peer.frame()).toMatchObject({ subscriptionId: 1 });
    await service.publish('spot', transfer, 'demo');
    expect(await peer.frame()).toMatchObject({ subscriptionId: 0 });
  });

  test('on a session that is logged on needs its timestamp alone', async () => {
    const peer = await loggedOn();
    const method = 'userDataStream.subscribe.signature';
    expect(await peer.ask(call(method))).toMatchObject({
      status: 400,
      error: { code: -1102, msg: "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed." },
    });
    expect(await peer.ask(call(method, { timestamp: Date.now() - 60_000 }))).toMatchObject({ error: { code: -1021 } });
    expect(await peer.ask(call(method, { timestamp: Date.now() }))).toMatchObject({ result: { subscriptionId: 0 } });
    await peer.ask(call('session.logout'));
    await service.publish('spot', transfer);
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: transfer });
  });

  const sign = hmac(DEMO_HMAC_SECRET);
  const apiKey = DEMO_HMAC_API_KEY;
  const now = () => Date.now();
  test.each([
    ['no API key', () => ({ timestamp: now(), signature: 'x' }), -1102, 400, 'apiKey'],
    ['no timestamp', () => ({ apiKey, signature: 'x' }), -1102, 400, 'timestamp'],
    ['no signature', () => ({ apiKey, timestamp: now() }), -1102, 400, 'signature'],
    ['a malformed API key', () => signedParams({ apiKey: 'u', timestamp: now() }, sign), -2014, 401, ''],
    ['an unknown API key', () => signedParams({ apiKey: 'u'.repeat(64), timestamp: now() }, sign), -2015, 401, ''],
    ['an old timestamp', () => signedParams({ apiKey, timestamp: now() - 6000 }, sign), -1021, 400, 'outside'],
    ['a timestamp ahead', () => signedParams({ apiKey, timestamp: now() + 60_000 }, sign), -1021, 400, 'ahead'],
    [
      'too long a recvWindow',
      () => signedParams({ apiKey, timestamp: now(), recvWindow: 60_001 }, sign),
      -1102,
      400,
      '60000',
    ],
    [
      'too fine a recvWindow',
      () => signedParams({ apiKey, timestamp: now(), recvWindow: 1.0001 }, sign),
      -1111,
      400,
      '',
    ],
    ['a wrong signature', () => ({ apiKey, timestamp: now(), signature: 'ab'.repeat(32) }), -1022, 400, ''],
    [
      'a parameter too many',
      () => signedParams({ apiKey, timestamp: now(), symbol: 'X' }, sign),
      -1104,
      400,
      "read '3'",
    ],
  ] as const)('is refused with %s', async (_what, params, code, status, words) => {
    const peer = await service.open(SPOT_API);
    const answer = await peer.ask(call('userDataStream.subscribe.signature', params()));
    expect(answer).toMatchObject({ status, error: { code } });
    expect((answer.error as { msg: string }).msg).toContain(words);
  });

  test('ends at once when its key is revoked', async () => {
    const secret = 'a secret of the short-lived';
    const key = 'shortlived'.padEnd(64, 'x');
    await service.admin('PUT', '/admin/v1/accounts/shortlived', { apiKeys: [{ apiKey: key, type: 'HMAC', secret }] });
    const peer = await service.open(SPOT_API);
    const params = signedParams({ apiKey: key, timestamp: Date.now() }, hmac(secret));
    await peer.ask(call('userDataStream.subscribe.signature', params));
    await service.admin('PUT', '/admin/v1/accounts/shortlived', { apiKeys: [] });
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: TERMINATED });
    await service.publish('spot', transfer, 'shortlived');
    expect(await peer.unread(() => peer.ping())).toEqual([]);
  });
});

describe('unsubscribe', () => {
  test('ends the one it names, with the answer first', async () => {
    const peer = await service.open(SPOT_API);
    await peer.ask(subscribeSigned('demo'));
    await peer.ask(subscribeSigned('demo2'));
    const request = unsubscribe('0');
    expect(await peer.ask(request)).toMatchObject({ id: request.id, status: 200, result: {} });
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: TERMINATED });
    await service.publish('spot', transfer);
    await service.publish('spot', transfer, 'demo2');
    expect(await peer.frame()).toEqual({ subscriptionId: 1, event: transfer });
  });

  test('without a name ends all', async () => {
    const peer = await service.open(SPOT_API);
    await peer.ask(subscribeSigned('demo'));
    await peer.ask(subscribeSigned('demo2'));
    expect(await peer.ask(unsubscribe())).toMatchObject({ status: 200, result: {} });
    expect(await peer.frame()).toEqual({ subscriptionId: 0, event: TERMINATED });
    expect(await peer.frame()).toEqual({ subscriptionId: 1, event: TERMINATED });
    expect((await peer.ask(call('session.subscriptions'))).result).toEqual([]);
  });

  test('of nothing is told so', async () => {
    const peer = await service.open(SPOT_API);
    expect(await peer.ask(unsubscribe())).toMatchObject(INACTIVE);
    await peer.ask(subscribeSigned());
    expect(await peer.ask(unsubscribe(7))).toMatchObject(INACTIVE);
    for (const bad of ['x', -1, 1.5, [0]]) {
      expect(await peer.ask(unsubscribe(bad))).toMatchObject({ status: 400, error: { code: -1130 } });
    }
  });

  test('and a new subscription gets a new id', async () => {
    const peer = await service.open(SPOT_API);
    await peer.ask(subscribeSigned());
    await peer.ask(unsubscribe(0));
    await peer.frame();
    expect(await peer.ask(subscribeSigned())).toMatchObject({ result: { subscriptionId: 1 } });
  });

  test('and subscribe keep the order when they come in one burst', async () => {
    const peer = await service.open(SPOT_API);
    const [opens, ends, opensAgain] = [subscribeSigned(), unsubscribe(), subscribeSigned()];
    for (const request of [opens, ends, opensAgain]) peer.send(request);
    const kinds = [];
    for (let nth = 0; nth < 4; nth++) kinds.push((await peer.frame()).id ?? 'event');
    expect(kinds).toEqual([opens.id, ends.id, 'event', opensAgain.id]);
  });
});

/** Members of an answer that are instants. */
type Times = Readonly<Record<string, number>>;

describe('timeUnit', () => {
  test.each(['MICROSECOND', 'microsecond'])('%s is the unit of answers and events', async (unit) => {
    const peer = await loggedOn(`?timeUnit=${unit}`);
    const { authorizedSince, connectedSince, serverTime } = (await peer.ask(call('session.status'))).result as Times;
    for (const time of [authorizedSince, connectedSince, serverTime]) expect(String(time)).toMatch(/^\d{13}000$/);
    const time = (await peer.ask(call('time'))).result as { serverTime: number };
    expect(String(time.serverTime)).toMatch(/^\d{13}000$/);
    const { expirationTime, token } = await tokenOf(service);
    expect((await peer.ask(subscribeToken(token))).result).toEqual({
      subscriptionId: 0,
      expirationTime: expirationTime * 1000,
    });
    await peer.ask(subscribe());
    const event = { ...transfer, E: 1_767_225_600_123, T: 1_767_225_600_120 };
    await service.publish('spot', event);
    expect(await peer.frame()).toEqual({
      subscriptionId: 1,
      event: { ...event, E: 1_767_225_600_123_000, T: 1_767_225_600_120_000 },
    });
    await peer.ask(unsubscribe(0));
    const last = (await peer.frame()).event as { E: number };
    expect(String(last.E)).toMatch(/^\d{13}000$/);
  });

  test('leaves everything but the times of the row as it was published', async () => {
    const [micro, milli] = [await loggedOn('?timeUnit=MICROSECOND'), await loggedOn('?timeUnit=millisecond')];
    await micro.ask(subscribe());
    await milli.ask(subscribe());
    const text =
      '{"e":"balanceUpdate", "E" : 1767225600123,"a":"币","d":"1.50","zz":{"T":5,"E":[1767225600123]},"T":0}';
    await service.admin('POST', '/admin/v1/events', `{"account":"demo","scope":"spot","event":${text}}`);
    expect(await milli.text()).toBe(`{"subscriptionId":0,"event":${text}}`);
    expect(await micro.text()).toBe(
      `{"subscriptionId":0,"event":${text.replace('"E" : 1767225600123', '"E" : 1767225600123000')}}`,
    );
  });

  test.each(['Microsecond', 'ms', '', 'NANOSECOND'])('%p is refused at the handshake', async (unit) => {
    const refused = await service.openRaw(`${SPOT_API}?timeUnit=${unit}`).catch((cause: unknown) => cause);
    expect(refused).toBeInstanceOf(RefusedHandshake);
    expect(refused).toMatchObject({
      status: 400,
      body: { code: -1194, msg: 'Invalid value for time unit; expected either MICROSECOND or MILLISECOND.' },
    });
  });

  test('is the unit of 429 too', async () => {
    await service.startMinute();
    const peer = await service.open(`${SPOT_API}?timeUnit=MICROSECOND`);
    for (let nth = 0; nth < 299; nth++) peer.send(call('exchangeInfo', { returnRateLimits: false }));
    for (let nth = 0; nth < 299; nth++) await peer.text();
    const answer = await peer.ask(call('exchangeInfo'));
    expect(answer).toMatchObject({ status: 429, error: { code: -1003 } });
    const { data } = answer.error as { data: Times };
    for (const time of [data.serverTime, data.retryAfter]) expect(String(time)).toMatch(/^\d{13}000$/);
    await service.advance('1m');
  });
});

test('a connection holds 1,000 active subscriptions and one more is refused', async () => {
  const symbols = Array.from({ length: 1000 }, (_, nth) => `S${nth}USDT`);
  const crowded = await UnderTest.start({ document: { symbols, limits: 'off' } });
  try {
    const peer = await crowded.open(SPOT_API);
    for (const symbol of symbols) {
      const { token } = await tokenOf(crowded, { isIsolated: 'true', symbol });
      peer.send(subscribeToken(token));
    }
    for (let nth = 0; nth < symbols.length; nth++) expect(await peer.frame()).toMatchObject({ status: 200 });
    expect(await peer.ask(subscribeSigned())).toMatchObject({
      status: 400,
      error: {
        code: -1191,
        msg: "Too many subscriptions. Connection may create up to '1000' subscriptions at a time.",
      },
    });
    await crowded.publish('isolated:S999USDT', fixtureEvent('isolated', 'balanceUpdate'));
    expect(await peer.frame()).toMatchObject({ subscriptionId: 999 });
    await peer.ask(unsubscribe(0));
    await peer.frame();
    expect(await peer.ask(subscribeSigned())).toMatchObject({ result: { subscriptionId: 1000 } });
  } finally {
    await crowded.close();
  }
});

test('a planned stop is told once, without a subscription, in the unit of the connection', async () => {
  const stopping = await UnderTest.start();
  const peer = await stopping.open(`${SPOT_API}?timeUnit=MICROSECOND`);
  await peer.ask(subscribeSigned());
  const stopped = stopping.running.close(2);
  const { event, ...rest } = (await peer.frame()) as { event: { e: string; E: number } };
  expect(rest).toEqual({});
  expect(event.e).toBe('serverShutdown');
  expect(String(event.E)).toMatch(/^\d{13}000$/);
  await stopped;
});

test('an operator sees what a session reads', async () => {
  const peer = await service.open(SPOT_API);
  await peer.ask(subscribeSigned('demo2'));
  const { body } = await service.admin('GET', '/admin/v1/sessions');
  const { sessions } = body as { sessions: { subscriptions: string[] }[] };
  expect(sessions.at(-1)?.subscriptions).toEqual(['demo2/spot']);
});

test('methods of account streams are none of the futures APIs', async () => {
  const peer = await service.open('/ws-fapi/v1');
  for (const request of [subscribe(), subscribeSigned(), unsubscribe(), call('session.subscriptions')]) {
    expect(await peer.ask(request)).toMatchObject({ status: 400, error: { code: -1020 } });
  }
  expect(await service.rest('POST', '/sapi/v1/userListenToken', DEMO2_HMAC_API_KEY)).toMatchObject({ status: 200 });
});
