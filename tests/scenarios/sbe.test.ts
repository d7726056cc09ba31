/** SBE on the Spot WebSocket API (spot-margin §7), over real sockets and always beside a JSON connection. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeMessage,
  type EventRow,
  eventForm,
  eventRow,
  type ProductId,
  responseForm,
  type SbeMessage,
} from '@listenpost/protocol';
import { inValue } from '../../packages/protocol/src/testing/in-value.ts';
import { fixtureEvent } from './fixtures.ts';
import type { Peer } from './peer.ts';
import { RefusedHandshake } from './raw-peer.ts';
import { call, logon, SPOT_API, subscribeSigned, subscribeToken, tokenOf } from './spot-requests.ts';
import { UnderTest } from './under-test.ts';

const sbe = (version: number | string) => `responseFormat=sbe&sbeSchemaId=3&sbeSchemaVersion=${version}`;
const SBE_API = `${SPOT_API}?${sbe(5)}`;

const services: UnderTest[] = [];
afterAll(() => Promise.all(services.map((service) => service.close())));

async function started(document: object = {}): Promise<UnderTest> {
  const service = await UnderTest.start({ document: { ...document } });
  services.push(service);
  return service;
}

let service: UnderTest;
beforeAll(async () => {
  service = await started({ limits: 'off' });
});

const messageOf = async (peer: Peer): Promise<SbeMessage> => decodeMessage(await peer.bytes());

async function askSbe(peer: Peer, request: unknown): Promise<SbeMessage> {
  peer.send(request);
  return messageOf(peer);
}

/** The JSON form of the answer, in microseconds. */
async function answerOf(peer: Peer, request: unknown) {
  const form = responseForm(await askSbe(peer, request));
  if (form === undefined) throw new Error('the frame is no WebSocketResponse');
  return form;
}

async function eventOf(peer: Peer) {
  const form = eventForm(await messageOf(peer));
  if (form === undefined) throw new Error('the frame is no event');
  return form;
}

/** A JSON connection in microseconds and one of SBE that was asked for the other unit. */
async function openBoth(on: UnderTest = service, more = ''): Promise<{ json: Peer; binary: Peer }> {
  const json = await on.open(`${SPOT_API}?timeUnit=MICROSECOND${more}`);
  return { json, binary: await on.open(`${SBE_API}&timeUnit=millisecond${more}`) };
}

describe('the handshake', () => {
  const refusalOf = (on: UnderTest, query: string): Promise<unknown> =>
    on.openRaw(`${SPOT_API}?${query}`).then(
      () => undefined,
      (cause: unknown) => cause,
    );

  const missing = (name: string) => `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`;
  const MALFORMED = 'Invalid SBE message header.';
  const UNSUPPORTED = 'Invalid SBE schema ID or version specified.';
  const FORMAT = "Data sent for parameter 'responseFormat' is not valid.";

  test.each([
    ['responseFormat=sbe', -1102, missing('sbeSchemaId')],
    ['responseFormat=sbe&sbeSchemaVersion=5', -1102, missing('sbeSchemaId')],
    ['responseFormat=sbe&sbeSchemaId=&sbeSchemaVersion=5', -1102, missing('sbeSchemaId')],
    ['responseFormat=sbe&sbeSchemaId=3', -1102, missing('sbeSchemaVersion')],
    [sbe(''), -1102, missing('sbeSchemaVersion')],
    [sbe('text'), -1152, MALFORMED],
    [sbe('5.0'), -1152, MALFORMED],
    [sbe('0x5'), -1152, MALFORMED],
    [sbe('+5'), -1152, MALFORMED],
    [sbe('%205'), -1152, MALFORMED],
    [sbe('5%00'), -1152, MALFORMED],
    [sbe('9'.repeat(400)), -1152, MALFORMED],
    [`${sbe(5)}&sbeSchemaVersion=4`, -1152, MALFORMED],
    ['responseFormat=sbe&sbeSchemaId=three&sbeSchemaVersion=5', -1152, MALFORMED],
    [sbe(0), -1153, UNSUPPORTED],
    [sbe(1), -1153, UNSUPPORTED],
    [sbe(6), -1153, UNSUPPORTED],
    [sbe(-1), -1153, UNSUPPORTED],
    [sbe(65_536), -1153, UNSUPPORTED],
    [sbe(65_541), -1153, UNSUPPORTED],
    ['responseFormat=sbe&sbeSchemaId=2&sbeSchemaVersion=1', -1153, UNSUPPORTED],
    ['responseFormat=sbe&sbeSchemaId=65539&sbeSchemaVersion=5', -1153, UNSUPPORTED],
    [`${sbe(5)}&responseFormat=json`, -1130, FORMAT],
    [`responseFormat=json&${sbe(5)}`, -1130, FORMAT],
    ['responseFormat=SBE&sbeSchemaId=3&sbeSchemaVersion=5', -1130, FORMAT],
    ['responseFormat=', -1130, FORMAT],
    [`${sbe(5)}&timeUnit=ns`, -1194, 'Invalid value for time unit; expected either MICROSECOND or MILLISECOND.'],
  ])('%p is refused with %p, in JSON', async (query, code, msg) => {
    const refused = await refusalOf(service, query);
    expect(refused).toBeInstanceOf(RefusedHandshake);
    expect(refused).toMatchObject({ status: 400, body: { code, msg } });
    expect((refused as RefusedHandshake).headers.get('content-type')).toBe('application/json;charset=UTF-8');
  });

  test.each(['responseFormat=json', 'sbeSchemaId=x&sbeSchemaVersion=65536', 'responseFormat=json&sbeSchemaVersion=0'])(
    '%p speaks JSON',
    async (query) => {
      const peer = await service.open(`${SPOT_API}?${query}`);
      expect(await peer.ask(call('ping'))).toMatchObject({ status: 200, result: {} });
    },
  );

  test('a futures API has no such parameter', async () => {
    const peer = await service.open('/ws-fapi/v1?responseFormat=sbe');
    expect(await peer.ask(call('session.status'))).toMatchObject({ status: 200 });
  });

  test('where SBE is off it is refused, and JSON goes on', async () => {
    const off = await started({ sbe: 'off' });
    const body = { code: -1155, msg: 'SBE is not enabled.' };
    expect(await refusalOf(off, sbe(5))).toMatchObject({ status: 400, body });
    expect(await refusalOf(off, 'responseFormat=sbe')).toMatchObject({ status: 400, body });
    expect(await (await off.open(`${SPOT_API}?responseFormat=json`)).ask(call('ping'))).toMatchObject({ status: 200 });
  });

  test.each([2, 3, 4, 5])('3:%p is taken, answered in 3:5, and said to be deprecated below it', async (version) => {
    const peer = await service.open(`${SPOT_API}?${sbe(version)}`);
    const { header, fields } = await askSbe(peer, call('ping'));
    expect(header).toMatchObject({ schemaId: 3, version: 5, templateId: 50 });
    expect(fields).toMatchObject({ sbeSchemaIdVersionDeprecated: version < 5, status: 200 });
  });

  test('as of another day it has the schemas of that day', async () => {
    const before = await started({ asOf: '2026-05-07' });
    for (const version of [0, 4, 5]) expect(await refusalOf(before, sbe(version))).toMatchObject({ status: 400 });
    for (const version of [1, 2, 3]) {
      const peer = await before.open(`${SPOT_API}?${sbe(version)}`);
      const { header, fields } = await askSbe(peer, call('ping'));
      expect(header.version).toBe(3);
      expect(fields).toMatchObject({ sbeSchemaIdVersionDeprecated: version < 3 });
    }
  });
});

describe('answers', () => {
  /** Asks both connections and expects the same of both, apart from how SBE writes an id. */
  async function same({ json, binary }: { json: Peer; binary: Peer }, request: () => { id: unknown }, name: string) {
    const text = await json.ask(request());
    const sent = request();
    const form = await answerOf(binary, sent);
    expect(form).toEqual({ ...text, id: String(sent.id), name, sbeSchemaIdVersionDeprecated: false } as never);
    return form;
  }

  test('of every method are those of a JSON connection', async () => {
    await service.freeze();
    try {
      const both = await openBoth(service, '&returnRateLimits=false');
      const { token } = await tokenOf(service);
      await same(both, () => call('ping'), 'PingResponse');
      await same(both, () => call('time'), 'ServerTimeResponse');
      await same(both, () => call('session.status'), 'WebSocketSessionStatusResponse');
      await same(both, logon, 'WebSocketSessionLogonResponse');
      await same(both, () => call('session.status'), 'WebSocketSessionStatusResponse');
      await same(both, () => call('userDataStream.subscribe'), 'UserDataStreamSubscribeResponse');
      await same(both, () => subscribeSigned('demo2'), 'UserDataStreamSubscribeResponse');
      await same(both, () => subscribeToken(token), 'UserDataStreamSubscribeListenTokenResponse');
      const listed = await same(both, () => call('session.subscriptions'), 'WebSocketSessionSubscriptionsResponse');
      expect(listed.result).toHaveLength(3);
      const ending = () => call('userDataStream.unsubscribe', { subscriptionId: 2 });
      await same(both, ending, 'UserDataStreamUnsubscribeResponse');
      expect(await eventOf(both.binary)).toEqual((await both.json.frame()) as never);
      await same(both, () => call('session.logout'), 'WebSocketSessionLogoutResponse');
      expect(await eventOf(both.binary)).toEqual((await both.json.frame()) as never);
    } finally {
      await service.resume();
    }
  });

  test('of the listenKey methods are those of a JSON connection, while there are some', async () => {
    const before = await started({ asOf: '2026-02-19' });
    const apiKey = logon().params;
    const keyed = { apiKey: (apiKey as { apiKey: string }).apiKey };
    const json = await before.open(`${SPOT_API}?returnRateLimits=false`);
    const binary = await before.open(`${SPOT_API}?${sbe(2)}&returnRateLimits=false`);
    const { result } = await json.ask(call('userDataStream.start', keyed));
    expect(await answerOf(binary, call('userDataStream.start', keyed))).toMatchObject({ status: 200, result } as never);
    for (const method of ['userDataStream.ping', 'userDataStream.stop']) {
      const answer = await answerOf(binary, call(method, { ...keyed, ...(result as object) }));
      expect(answer).toMatchObject({ status: 200, result: {}, sbeSchemaIdVersionDeprecated: false });
    }
  });

  test('exchangeInfo has the rate limits and symbols of a JSON connection', async () => {
    const { json, binary } = await openBoth();
    const text = (await json.ask(call('exchangeInfo'))).result as Members;
    const { name, result } = await answerOf(binary, call('exchangeInfo'));
    expect(name).toBe('ExchangeInfoResponse');
    const form = result as Members;
    expect(form['rateLimits']).toEqual(text['rateLimits'] as never);
    expect(namesOf(form)).toEqual(namesOf(text));
  });

  test('show the rate limits where JSON does', async () => {
    const counted = await started();
    const { json, binary } = await openBoth(counted);
    const [{ count, ...limit }] = (await json.ask(call('ping')))['rateLimits'] as [{ count: number }];
    expect((await answerOf(binary, call('ping'))).rateLimits).toEqual([{ ...limit, count: count + 1 }]);
    expect(await answerOf(binary, call('ping', { returnRateLimits: false }))).not.toHaveProperty('rateLimits');
  });

  test.each([
    ['7', '7'],
    ['-1', '-1'],
    ['9007199254740993', '9007199254740993'],
    ['1e3', '1000'],
    ['null', ''],
    ['"a-b_9"', 'a-b_9'],
    ['"007"', '007'],
  ])('have the id %p as %p', async (id, text) => {
    const peer = await service.open(SBE_API);
    expect((await answerOf(peer, `{"id":${id},"method":"ping"}`)).id).toBe(text);
  });

  test.each([
    ['no.such', {}],
    ['userDataStream.subscribe', {}],
    ['userDataStream.subscribe', { symbol: 'X' }],
    ['userDataStream.unsubscribe', {}],
    ['userDataStream.unsubscribe', { subscriptionId: 'x' }],
    ['userDataStream.subscribe.listenToken', {}],
    ['userDataStream.subscribe.listenToken', { listenToken: 'none' }],
    ['userDataStream.subscribe.signature', { timestamp: 1 }],
    ['session.logon', { apiKey: 'u'.repeat(64), timestamp: 1, signature: 'x' }],
    ['userDataStream.start', {}],
  ])('%p with %p is refused as on a JSON connection', async (method, params) => {
    await same(await openBoth(service, '&returnRateLimits=false'), () => call(method, params), 'ErrorResponse');
  });

  test('a text that is no request is refused in SBE, and the third ends the connection', async () => {
    const { json, binary } = await openBoth();
    for (const text of ['{', '{"id":{},"method":"ping"}', '{"id":1}']) {
      const { id, error } = await answerOf(binary, text);
      const said = await json.ask(text);
      expect(error).toEqual(said['error'] as never);
      expect(id).toBe(said['id'] === null ? '' : String(said['id']));
    }
    expect((await binary.closed()).code).toBe(1008);
  });

  test('429 tells both of its times in microseconds', async () => {
    const counted = await started();
    await counted.startMinute();
    const peer = await counted.open(SBE_API);
    for (let nth = 0; nth < 300; nth++) peer.send(call('exchangeInfo', { returnRateLimits: false }));
    for (let nth = 0; nth < 299; nth++) await peer.bytes();
    const { status, error } = await answerOf(peer, call('ping'));
    expect(status).toBe(429);
    const { code, data } = error as { code: number; data: { serverTime: number; retryAfter: number } };
    expect(code).toBe(-1003);
    for (const time of [data.serverTime, data.retryAfter]) expect(String(time)).toMatch(/^\d{13}000$/);
  });
});

type Members = { readonly [key: string]: unknown };

const namesOf = (info: Members) => (info['symbols'] as { symbol: string }[]).map(({ symbol }) => symbol);

const CONFORMANCE = join(import.meta.dirname, '..', 'conformance');

/** Events of the account, with every case of their fixtures; those of the system are not published. */
function fixtures(product: ProductId): { row: EventRow; name: string; event: Members }[] {
  return readdirSync(join(CONFORMANCE, product)).flatMap((file) => {
    const row = eventRow(product, file.replace(/\.json$/, ''));
    if (row === undefined) throw new Error(`${product} has no row for ${file}`);
    if (row.system) return [];
    const { cases } = JSON.parse(readFileSync(join(CONFORMANCE, product, file), 'utf8')) as {
      cases: { name: string; event: Members }[];
    };
    return cases.map(({ name, event }) => ({ row, name, event }));
  });
}

describe('events', () => {
  const SCOPES = [
    ['spot', 'spot', 0],
    ['margin', 'margin', 1],
    ['isolated', 'isolated:BTCUSDT', 2],
  ] as const;

  let json: Peer;
  let binary: Peer;
  beforeAll(async () => {
    const both = await openBoth();
    ({ json, binary } = both);
    const cross = (await tokenOf(service)).token;
    const isolated = (await tokenOf(service, { isIsolated: 'true', symbol: 'BTCUSDT' })).token;
    for (const request of [() => subscribeSigned(), () => subscribeToken(cross), () => subscribeToken(isolated)]) {
      expect(await json.ask(request())).toMatchObject({ status: 200 });
      expect(await answerOf(binary, request())).toMatchObject({ status: 200 });
    }
  });

  for (const [product, scope, subscriptionId] of SCOPES) {
    for (const { row, name, event } of fixtures(product)) {
      test(`${product}/${row.name}, ${name}: equal in value to that of a JSON connection`, async () => {
        expect(await service.publish(scope, event)).toMatchObject({ status: 200 });
        const text = (await json.frame()) as { subscriptionId: number; event: Members };
        const form = await eventOf(binary);
        expect(text.subscriptionId).toBe(subscriptionId);
        expect(form.subscriptionId).toBe(subscriptionId);
        expect(inValue(row.fields, form.event)).toEqual(inValue(row.fields, text.event));
      });
    }
  }

  test('a frame is not wrapped, and is smaller than its JSON', async () => {
    const event = fixtureEvent('spot', 'executionReport');
    await service.publish('spot', event);
    const text = await json.text();
    const bytes = await binary.bytes();
    expect(decodeMessage(bytes).header).toEqual({ blockLength: 282, templateId: 603, schemaId: 3, version: 5 });
    expect(bytes.length).toBeLessThan(text.length);
  });

  test('an event that the schema cannot carry is told as such, and the next one comes', async () => {
    const loose = await started({ validation: 'off' });
    const odd = await loose.open(SBE_API);
    await answerOf(odd, subscribeSigned());
    const deep: unknown = JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`);
    const transfer = fixtureEvent('spot', 'balanceUpdate');
    for (const event of [
      { e: 'novelty', E: 1 },
      { e: 'balanceUpdate', E: 1 },
      { ...transfer, d: 'much' },
      { ...transfer, a: { deep } },
      { ...transfer, T: -(2 ** 80) },
    ]) {
      expect(await loose.publish('spot', event)).toMatchObject({ status: 200 });
      expect((await messageOf(odd)).name).toBe('NonRepresentableMessage');
    }
    await loose.publish('spot', { ...transfer, novelty: deep });
    expect((await eventOf(odd)).event['a']).toBe(transfer['a']);
  });

  test('of two accounts stand under their own ids, on sockets that number them differently', async () => {
    const [first, second] = [await service.open(SBE_API), await service.open(SBE_API)];
    for (const [peer, accounts] of [
      [first, ['demo', 'demo2']],
      [second, ['demo2', 'demo']],
    ] as const) {
      for (const [nth, account] of accounts.entries()) {
        expect((await answerOf(peer, subscribeSigned(account))).result).toEqual({ subscriptionId: nth });
      }
    }
    const transfer = fixtureEvent('spot', 'balanceUpdate');
    for (const [account, a] of [
      ['demo', 'AAA'],
      ['demo2', 'BBB'],
      ['demo', 'CCC'],
    ] as const) {
      await service.publish('spot', { ...transfer, a }, account);
      const ids = account === 'demo' ? [0, 1] : [1, 0];
      expect(await eventOf(first)).toMatchObject({ subscriptionId: ids[0], event: { a } });
      expect(await eventOf(second)).toMatchObject({ subscriptionId: ids[1], event: { a } });
    }
  });

  test('the end of a token is told in SBE', async () => {
    const peer = await service.open(SBE_API);
    const { token } = await tokenOf(service, { validity: '60000' });
    await answerOf(peer, subscribeToken(token));
    await service.advance('61s');
    expect(await eventOf(peer)).toEqual({
      subscriptionId: 0,
      event: { e: 'eventStreamTerminated', E: expect.any(Number) },
    });
  });

  test('the stop of the server is told in SBE, in a schema that has no word for it as none', async () => {
    const [stopping, older] = [await UnderTest.start(), await UnderTest.start({ document: { asOf: '2026-03-01' } })];
    const peers = [await stopping.open(SBE_API), await older.open(`${SPOT_API}?${sbe(2)}`)] as const;
    const closing = [stopping.running.close(2), older.running.close(2)];
    const told = await messageOf(peers[0]);
    expect(told.header.templateId).toBe(610);
    const form = eventForm(told);
    expect(form).toEqual({ event: { e: 'serverShutdown', E: expect.any(Number) } });
    expect(String(form?.event['E'])).toMatch(/^\d{13}000$/);
    expect((await messageOf(peers[1])).name).toBe('NonRepresentableMessage');
    for (const peer of peers) peer.drop();
    await Promise.all(closing);
  });
});
