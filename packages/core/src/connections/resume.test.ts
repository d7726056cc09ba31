/** `resume` on the wire (README): literal frames of both doors, and what is refused. */
import { describe, expect, test } from 'bun:test';
import { PRODUCTS, rulesAsOf } from '@listenpost/protocol';
import { Params } from '../control/params.ts';
import { BINANCE_LIMITS } from '../control/rate-limits.ts';
import { JournalError } from '../journal.ts';
import {
  ALICE,
  accountOf,
  apiKey,
  HOUR,
  MapJournal,
  RecordingSocket,
  START,
  signatureOf,
  startKey,
  type TestHouse,
  testHouse,
} from '../testing/memory-doors.ts';
import { handshake, isRefusal } from './handshake.ts';

const IP = '203.0.113.1';

interface Room extends TestHouse {
  readonly journal: MapJournal;
}

function roomOf(options: Parameters<typeof testHouse>[0] = {}): Room {
  const journal = new MapJournal();
  const settings = { limits: { ...BINANCE_LIMITS, enforced: false }, ...options.settings };
  return { ...testHouse({ ...options, settings, doors: { journal } }), journal };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

function connect({ house }: TestHouse, url: string) {
  const [path = '', query = ''] = url.split('?');
  const connection = handshake(house, path, query, IP);
  if (connection === null || isRefusal(connection)) throw new Error(`${url} was refused`);
  const socket = new RecordingSocket();
  socket.pong = (payload) => connection.ponged(payload);
  connection.opened(socket);
  return { connection, socket };
}

function refusalOf({ house }: TestHouse, url: string): string | undefined {
  const [path = '', query = ''] = url.split('?');
  const outcome = handshake(house, path, query, IP);
  return outcome !== null && isRefusal(outcome) ? `${outcome.status} ${outcome.code} ${outcome.msg}` : undefined;
}

let published = 0;

async function publish({ journal }: Room, stream: string, type = 'TRADE_LITE'): Promise<string> {
  const body = `{"e":"${type}","n":${++published}}`;
  await journal.append([{ stream, type, body }]);
  return body;
}

describe('a wrapped stream', () => {
  const WRAPPED = '/private/stream?streams=';

  test('says first where it stands, and of each event where that stands', async () => {
    const room = roomOf();
    const key = await startKey(room.house, 'usdm');
    await publish(room, 'alice/usdm');
    const { socket } = connect(room, `${WRAPPED}${key}&resume=latest`);
    await settled();
    const body = await publish(room, 'alice/usdm');
    expect(socket.texts).toEqual([
      `{"stream":"${key}","resume":{"position":"e1:1"}}`,
      `{"stream":"${key}","data":${body},"position":"e1:2"}`,
    ]);
  });

  test('has no position without resume, whatever others on its connection and its stream have', async () => {
    const room = roomOf();
    const [usdm, coinm] = [await startKey(room.house, 'usdm'), await startKey(room.house, 'coinm')];
    const plain = connect(room, `/private/stream?streams=${usdm}`);
    const mixed = connect(room, `/stream?streams=${coinm}/${usdm}&resume=latest`);
    await settled();
    const [u, c] = [await publish(room, 'alice/usdm'), await publish(room, 'alice/coinm')];
    expect(plain.socket.texts).toEqual([`{"stream":"${usdm}","data":${u}}`]);
    expect(mixed.socket.texts).toEqual([
      `{"stream":"${coinm}","resume":{"position":"e1:0"}}`,
      `{"stream":"${coinm}","data":${c},"position":"e1:1"}`,
    ]);
  });

  test('goes on behind the position it is given, by the next key too', async () => {
    const room = roomOf();
    const { house } = room;
    const first = await startKey(house, 'usdm');
    const bodies: string[] = [];
    for (let i = 0; i < 3; i++) bodies.push(await publish(room, 'alice/usdm'));
    await house.listenKeys.close(accountOf(house, 'alice'), PRODUCTS.usdm, undefined);
    const next = await startKey(house, 'usdm');
    expect(next).not.toBe(first);
    const { socket } = connect(room, `${WRAPPED}${next}&resume=e1:1`);
    await settled();
    bodies.push(await publish(room, 'alice/usdm'));
    expect(socket.texts).toEqual([
      `{"stream":"${next}","resume":{"position":"e1:1","recovered":true}}`,
      ...[2, 3, 4].map((n) => `{"stream":"${next}","data":${bodies[n - 1]},"position":"e1:${n}"}`),
    ]);
  });

  test('names what it missed when it cannot, and goes on live', async () => {
    const room = roomOf();
    const key = await startKey(room.house, 'usdm');
    for (let i = 0; i < 3; i++) await publish(room, 'alice/usdm');
    room.journal.drop('alice/usdm', 2);
    const { socket } = connect(room, `${WRAPPED}${key}&resume=e1:1`);
    await settled();
    const body = await publish(room, 'alice/usdm');
    expect(socket.texts).toEqual([
      `{"stream":"${key}","resume":{"position":"e1:3","recovered":false,"missed":{"from":"e1:1","to":"e1:3"}}}`,
      `{"stream":"${key}","data":${body},"position":"e1:4"}`,
    ]);
  });

  test('takes no position of another stream, and tells nothing of that one', async () => {
    const room = roomOf();
    const [alice, bob] = [await startKey(room.house, 'usdm'), await startKey(room.house, 'usdm', 'bob')];
    await publish(room, 'alice/usdm');
    await publish(room, 'bob/usdm');
    await publish(room, 'bob/usdm');
    for (const [key, position, own] of [
      [alice, 'e2:1', 'e1:1'],
      [alice, 'nosuchepoch:1', 'e1:1'],
      [bob, 'e1:0', 'e2:2'],
      [bob, 'e1:9007199254740991', 'e2:2'],
    ]) {
      const { socket } = connect(room, `${WRAPPED}${key}&resume=${position}`);
      await settled();
      const resume = { position: own, recovered: false, missed: { from: position, to: own } };
      expect(socket.take()).toEqual([{ stream: key, resume }]);
    }
  });

  test('of several each has its own: the n-th resume belongs to the n-th name', async () => {
    const room = roomOf();
    const [coinm, risk] = [await startKey(room.house, 'coinm'), await startKey(room.house, 'risk')];
    for (const stream of ['alice/coinm', 'alice/risk', 'alice/risk']) await publish(room, stream);
    const { socket } = connect(room, `/stream?streams=${coinm}/${risk}&resume=e1:0&resume=e2:1`);
    await settled();
    const frames = socket.take() as { stream: string; position?: string; resume?: object }[];
    expect(frames.filter(({ stream }) => stream === coinm).map(({ position }) => position)).toEqual([
      undefined,
      'e1:1',
    ]);
    expect(frames.filter(({ stream }) => stream === risk)).toMatchObject([
      { resume: { position: 'e2:1', recovered: true } },
      { position: 'e2:2' },
    ]);
  });

  test('that reads nothing says so: a name of no key, a dead key, a silent path', async () => {
    const room = roomOf();
    const { house } = room;
    const usdm = await startKey(house, 'usdm');
    const dead = await startKey(house, 'coinm');
    await house.listenKeys.close(accountOf(house, 'alice'), PRODUCTS.coinm, undefined);
    const names = ['b'.repeat(64), dead, usdm, `${usdm}@TRADE_LITE`];
    const { socket } = connect(
      room,
      `/stream?streams=${names.join('/')}&resume=latest&resume=e1:3&resume=e1:0&resume=e1:0`,
    );
    await settled();
    expect(socket.texts).toEqual(
      names.map((name) => `{"stream":"${name}","resume":{"position":null,"recovered":false}}`),
    );
  });

  test('under a filter replays what the filter lets through', async () => {
    const room = roomOf();
    const key = await startKey(room.house, 'usdm');
    const types = ['TRADE_LITE', 'ORDER_TRADE_UPDATE', 'TRADE_LITE'];
    const bodies = [];
    for (const type of types) bodies.push(await publish(room, 'alice/usdm', type));
    const name = `${key}@TRADE_LITE`;
    const { socket } = connect(room, `${WRAPPED}${name}&resume=e1:0`);
    await settled();
    await publish(room, 'alice/usdm', 'ACCOUNT_UPDATE');
    const last = await publish(room, 'alice/usdm', 'TRADE_LITE');
    expect(socket.texts).toEqual([
      `{"stream":"${name}","resume":{"position":"e1:0","recovered":true}}`,
      `{"stream":"${name}","data":${bodies[0]},"position":"e1:1"}`,
      `{"stream":"${name}","data":${bodies[2]},"position":"e1:3"}`,
      `{"stream":"${name}","data":${last},"position":"e1:5"}`,
    ]);
  });

  test('whose key ends in the middle of a backfill says its last word, without a position, and nothing after', async () => {
    const room = roomOf();
    const key = await startKey(room.house, 'usdm');
    for (let i = 0; i < 300; i++) await publish(room, 'alice/usdm');
    const { socket } = connect(room, `${WRAPPED}${key}&resume=e1:0`);
    let answer: () => void = () => undefined;
    room.journal.pause = (_stream, from) =>
      from === 1 ? Promise.resolve() : new Promise((resolve) => (answer = resolve));
    await settled();
    expect(socket.texts).toHaveLength(1 + 256);
    room.machine.pass(HOUR);
    room.journal.pause = () => Promise.resolve();
    answer();
    await settled();
    await publish(room, 'alice/usdm');
    const last = JSON.parse(socket.texts.at(-1) ?? '') as { stream: string; data: { e: string } };
    expect(socket.texts).toHaveLength(1 + 256 + 1);
    expect(last).toMatchObject({ stream: key, data: { e: 'listenKeyExpired' } });
    expect(last).not.toHaveProperty('position');
  });

  test('stays wrapped when the connection asks for raw frames, and ends with UNSUBSCRIBE', async () => {
    const room = roomOf();
    const key = await startKey(room.house, 'usdm');
    const { socket, connection } = connect(room, `${WRAPPED}${key}&resume=latest`);
    await settled();
    const say = (method: string, params: unknown[]) => connection.message(JSON.stringify({ method, params, id: 1 }));
    say('SET_PROPERTY', ['combined', false]);
    const positioned = await publish(room, 'alice/usdm');
    say('UNSUBSCRIBE', [key]);
    await publish(room, 'alice/usdm');
    say('SUBSCRIBE', [key]);
    const plain = await publish(room, 'alice/usdm');
    expect(socket.texts.slice(1)).toEqual([
      '{"result":null,"id":1}',
      `{"stream":"${key}","data":${positioned},"position":"e1:1"}`,
      '{"result":null,"id":1}',
      '{"result":null,"id":1}',
      plain,
    ]);
  });

  test('goes on as it is under other rules, and where it stood when its path was silent meanwhile', async () => {
    const room = roomOf();
    const { house } = room;
    house.replaceRules(rulesAsOf(Date.UTC(2026, 3, 1)));
    const key = await startKey(house, 'usdm');
    const { socket } = connect(room, `/stream?streams=${key}&resume=latest`);
    await settled();
    await publish(room, 'alice/usdm');
    house.replaceRules(rulesAsOf(Date.UTC(2026, 3, 2)));
    await publish(room, 'alice/usdm');
    house.replaceRules(rulesAsOf('latest'));
    await publish(room, 'alice/usdm');
    house.replaceRules(rulesAsOf(Date.UTC(2026, 3, 1)));
    await settled();
    const frames = socket.take() as { resume?: object; position?: string }[];
    expect(frames.map(({ resume, position }) => resume ?? position)).toEqual([
      { position: 'e1:0' },
      'e1:1',
      'e1:2',
      { position: null, recovered: false },
      { position: 'e1:2', recovered: true },
      'e1:3',
    ]);
  });

  test('ends its connection as an internal error when the journal fails before the verdict', async () => {
    const room = roomOf();
    const key = await startKey(room.house, 'usdm');
    for (let i = 0; i < 3; i++) await publish(room, 'alice/usdm');
    const failure = new JournalError('failed', 'no disk');
    room.journal.pause = () => Promise.reject(failure);
    const { socket } = connect(room, `${WRAPPED}${key}&resume=e1:0`);
    await settled();
    expect({ texts: socket.texts, ends: room.ends, reports: room.reports }).toEqual({
      texts: [],
      ends: ['internalError'],
      reports: [failure],
    });
  });

  const NEEDS_WRAPPED = 'resume= needs the wrapped form, /stream?streams=<listenKey>&resume=latest';

  test.each([
    ['/private/ws/KEY?resume=latest', NEEDS_WRAPPED],
    ['/ws/KEY?resume=e1:4', NEEDS_WRAPPED],
    ['/private/ws?listenKey=KEY&resume=latest', NEEDS_WRAPPED],
    ['/ws?resume=latest', NEEDS_WRAPPED],
    ['/stream?resume=latest', 'more resume= than names in streams=; the n-th belongs to the n-th'],
    [
      '/stream?streams=KEY&resume=latest&resume=latest',
      'more resume= than names in streams=; the n-th belongs to the n-th',
    ],
    [
      '/private/stream?listenKey=KEY&resume=latest',
      'more resume= than names in streams=; the n-th belongs to the n-th',
    ],
    ['/stream?streams=KEY/KEY&resume=latest', 'a name that stands twice in streams=; with resume= once each'],
    ...['', 'Latest', 'e1', 'e1:', ':1', 'e1:-1', 'e1:01', 'e1:9007199254740992', 'e 1:1', 'e1:1.5', '"'].map(
      (text) => [
        `/stream?streams=KEY&resume=${encodeURIComponent(text)}`,
        'malformed resume=; it is latest or a position, <epoch>:<sequence>',
      ],
    ),
  ])('is refused in %s', async (url, reason) => {
    const room = roomOf();
    const key = await startKey(room.house, 'usdm');
    expect(refusalOf(room, url.replaceAll('KEY', key))).toBe(`400 -1100 Illegal stream path: ${reason}.`);
  });
});

describe('on the WebSocket API', () => {
  const LISTEN_TOKEN = 'userDataStream.subscribe.listenToken';

  function api(room: Room, query = '') {
    const { connection, socket } = connect(room, `/ws-api/v3?returnRateLimits=false&${query}`);
    const ask = async (method: string, params: object = {}) => {
      connection.message(JSON.stringify({ id: 1, method, params }));
      await settled();
      return socket.texts.splice(0);
    };
    return { connection, socket, ask };
  }

  const ED25519 = apiKey('aliceEd', 'ED25519');

  function signed(params: Record<string, unknown> = {}) {
    const whole = { apiKey: ED25519.apiKey.reveal(), timestamp: START, ...params };
    return { ...whole, signature: signatureOf(ED25519, Params.ofJson(whole).signedPayload()) };
  }

  function tokenOf({ house }: TestHouse, validityMs = HOUR): string {
    const [first] = accountOf(house, 'alice').apiKeys;
    if (first === undefined) throw new Error('alice has no API key');
    return house.listenTokens.issue(first, undefined, validityMs).token;
  }

  const answerOf = (result: string) => `{"id":1,"status":200,"result":${result}}`;
  const errorOf = (code: number, msg: string) => `{"id":1,"status":400,"error":{"code":${code},"msg":"${msg}"}}`;
  const BAD_COMBINATION = errorOf(-1128, 'Combination of optional parameters invalid.');

  test('a subscription tells its position in the answer, and in each frame', async () => {
    const room = roomOf();
    const { ask, socket } = api(room);
    await publish(room, 'alice/spot');
    const subscribed = await ask('userDataStream.subscribe.signature', signed({ resume: 'latest' }));
    expect(subscribed).toEqual([answerOf('{"subscriptionId":0,"position":"e1:1"}')]);
    const body = await publish(room, 'alice/spot');
    expect(socket.texts).toEqual([`{"subscriptionId":0,"event":${body},"position":"e1:2"}`]);
  });

  test('a subscription by logon goes on behind its position: the answer first, then what it missed', async () => {
    const room = roomOf();
    const { ask } = api(room);
    await ask('session.logon', signed());
    const bodies = [await publish(room, 'alice/spot'), await publish(room, 'alice/spot')];
    expect(await ask('userDataStream.subscribe', { resume: 'e1:0' })).toEqual([
      answerOf('{"subscriptionId":0,"position":"e1:0","recovered":true}'),
      `{"subscriptionId":0,"event":${bodies[0]},"position":"e1:1"}`,
      `{"subscriptionId":0,"event":${bodies[1]},"position":"e1:2"}`,
    ]);
  });

  test('a position that cannot be gone on from is told with what was missed', async () => {
    const room = roomOf();
    const { ask } = api(room);
    await publish(room, 'alice/margin');
    expect(await ask(LISTEN_TOKEN, { listenToken: tokenOf(room), resume: 'other:5' })).toEqual([
      answerOf(
        `{"subscriptionId":0,"expirationTime":${START + HOUR},"position":"e1:1","recovered":false,` +
          '"missed":{"from":"other:5","to":"e1:1"}}',
      ),
    ]);
  });

  test('in microseconds the body is, and the position is what it was', async () => {
    const room = roomOf();
    const { ask, socket } = api(room, 'timeUnit=MICROSECOND');
    await ask('userDataStream.subscribe.signature', signed({ resume: 'latest' }));
    await room.journal.append([
      { stream: 'alice/spot', type: 'balanceUpdate', body: '{"e":"balanceUpdate","E":5,"a":"B","d":"1","T":4}' },
    ]);
    expect(socket.texts).toEqual([
      '{"subscriptionId":0,"event":{"e":"balanceUpdate","E":5000,"a":"B","d":"1","T":4000},"position":"e1:1"}',
    ]);
  });

  test('without resume nothing has a position', async () => {
    const room = roomOf();
    const { ask, socket } = api(room);
    expect(await ask('userDataStream.subscribe.signature', signed())).toEqual([answerOf('{"subscriptionId":0}')]);
    const body = await publish(room, 'alice/spot');
    expect(socket.texts).toEqual([`{"subscriptionId":0,"event":${body}}`]);
  });

  test('a renewal of a resumed subscription tells where it stands, and replays nothing', async () => {
    const room = roomOf();
    const { ask, socket } = api(room);
    await ask(LISTEN_TOKEN, { listenToken: tokenOf(room), resume: 'latest' });
    await publish(room, 'alice/margin');
    await publish(room, 'alice/margin');
    socket.texts.splice(0);
    const renewed = (position: string) =>
      answerOf(`{"subscriptionId":0,"expirationTime":${START + 2 * HOUR}${position}}`);
    for (const resume of ['latest', 'e1:0']) {
      expect(await ask(LISTEN_TOKEN, { listenToken: tokenOf(room, 2 * HOUR), resume })).toEqual([
        renewed(',"position":"e1:2"'),
      ]);
    }
    expect(await ask(LISTEN_TOKEN, { listenToken: tokenOf(room, 2 * HOUR) })).toEqual([renewed('')]);
    const body = await publish(room, 'alice/margin');
    expect(socket.texts).toEqual([`{"subscriptionId":0,"event":${body},"position":"e1:3"}`]);
  });

  test('a renewal with resume of one opened without is refused, and changes nothing', async () => {
    const room = roomOf();
    const { ask, socket } = api(room);
    await ask(LISTEN_TOKEN, { listenToken: tokenOf(room) });
    expect(await ask(LISTEN_TOKEN, { listenToken: tokenOf(room, 2 * HOUR), resume: 'latest' })).toEqual([
      BAD_COMBINATION,
    ]);
    const body = await publish(room, 'alice/margin');
    expect(socket.texts.splice(0)).toEqual([`{"subscriptionId":0,"event":${body}}`]);
    room.machine.pass(HOUR);
    expect(socket.take()).toMatchObject([{ event: { e: 'eventStreamTerminated' } }]);
  });

  test('on an SBE session resume is refused', async () => {
    const room = roomOf();
    const { ask, socket } = api(room, 'responseFormat=sbe&sbeSchemaId=3&sbeSchemaVersion=5');
    await ask(LISTEN_TOKEN, { listenToken: tokenOf(room), resume: 'latest' });
    const { house } = room;
    expect(house.requests.all().next().value).toMatchObject({ operation: LISTEN_TOKEN, status: 400 });
    await publish(room, 'alice/margin');
    expect(socket.binaries).toHaveLength(1);
  });

  test.each(['', 'now', 'e1', 7, true, {}, 'e1:9007199254740992'])('a malformed one, %j, is named', async (resume) => {
    const room = roomOf();
    const { ask } = api(room);
    expect(await ask(LISTEN_TOKEN, { listenToken: tokenOf(room), resume })).toEqual([
      errorOf(-1130, "Data sent for parameter 'resume' is not valid."),
    ]);
    expect(await ask('session.subscriptions')).toEqual([answerOf('[]')]);
  });

  test('null counts as not sent', async () => {
    const room = roomOf();
    const { ask } = api(room);
    const params = { listenToken: tokenOf(room), resume: null };
    expect(await ask(LISTEN_TOKEN, params)).toEqual([
      answerOf(`{"subscriptionId":0,"expirationTime":${START + HOUR}}`),
    ]);
  });

  test('a stream that cannot be begun opens nothing, and the operator is told', async () => {
    const room = roomOf();
    const { ask, socket } = api(room);
    const failure = new JournalError('failed', 'no disk');
    room.journal.begin = () => Promise.reject(failure);
    const [answer] = await ask(LISTEN_TOKEN, { listenToken: tokenOf(room), resume: 'latest' });
    expect(JSON.parse(answer ?? '')).toMatchObject({ status: 503, error: { code: -1001 } });
    expect(await ask('session.subscriptions')).toEqual([answerOf('[]')]);
    await publish(room, 'alice/margin');
    expect({ texts: socket.texts, reports: room.reports }).toEqual({ texts: [], reports: [failure] });
  });

  test('a token that runs out while its position is judged is answered, says its last word and nothing else', async () => {
    const room = roomOf();
    const { connection, socket } = api(room);
    for (let i = 0; i < 3; i++) await publish(room, 'alice/margin');
    let answer: () => void = () => undefined;
    room.journal.pause = () => new Promise((resolve) => (answer = resolve));
    const params = { listenToken: tokenOf(room), resume: 'e1:1' };
    connection.message(JSON.stringify({ id: 1, method: LISTEN_TOKEN, params }));
    await settled();
    room.machine.pass(HOUR);
    room.journal.pause = () => Promise.resolve();
    answer();
    await settled();
    await publish(room, 'alice/margin');
    const terminated = { e: 'eventStreamTerminated', E: START + HOUR };
    expect(socket.take()).toEqual([
      {
        id: 1,
        status: 200,
        result: { subscriptionId: 0, expirationTime: START + HOUR, position: 'e1:1', recovered: true },
      },
      { subscriptionId: 0, event: terminated },
    ]);
  });

  test('a token that runs out in the middle of a backfill ends it, though its timer is late', async () => {
    const room = roomOf();
    const { ask, socket } = api(room);
    for (let i = 0; i < 300; i++) await publish(room, 'alice/margin');
    let answer: () => void = () => undefined;
    room.journal.pause = (_stream, from) =>
      from === 1 ? Promise.resolve() : new Promise((resolve) => (answer = resolve));
    const frames = await ask(LISTEN_TOKEN, { listenToken: tokenOf(room), resume: 'e1:0' });
    expect(frames).toHaveLength(1 + 256);
    room.clock.now = () => START + HOUR;
    room.journal.pause = () => Promise.resolve();
    answer();
    await settled();
    expect(socket.take()).toEqual([{ subscriptionId: 0, event: { e: 'eventStreamTerminated', E: START + HOUR } }]);
  });

  test('a revoked API key ends a backfill', async () => {
    const room = roomOf();
    const { ask, socket } = api(room);
    for (let i = 0; i < 300; i++) await publish(room, 'alice/margin');
    let answer: () => void = () => undefined;
    room.journal.pause = (_stream, from) =>
      from === 1 ? Promise.resolve() : new Promise((resolve) => (answer = resolve));
    await ask(LISTEN_TOKEN, { listenToken: tokenOf(room), resume: 'e1:0' });
    room.house.accounts.put({ ...ALICE, apiKeys: [] });
    room.journal.pause = () => Promise.resolve();
    answer();
    await settled();
    expect(socket.take()).toMatchObject([{ subscriptionId: 0, event: { e: 'eventStreamTerminated' } }]);
  });
});

describe('a peer that reads slowly', () => {
  test('gets no further batch while 64 KiB wait for it, and goes on when it has read', async () => {
    const room = roomOf();
    const key = await startKey(room.house, 'usdm');
    for (let i = 0; i < 600; i++) await publish(room, 'alice/usdm');
    const { socket, connection } = connect(room, `/private/stream?streams=${key}&resume=e1:0`);
    socket.waitingBytes = 64 * 1024;
    await settled();
    expect(socket.texts).toHaveLength(1);
    connection.drained();
    await settled();
    expect(socket.texts).toHaveLength(1);
    socket.waitingBytes = 64 * 1024 - 1;
    connection.drained();
    await settled();
    expect(socket.texts).toHaveLength(601);
  });

  test('that leaves while a backfill waits for it leaves nothing behind', async () => {
    const room = roomOf();
    const key = await startKey(room.house, 'usdm');
    for (let i = 0; i < 600; i++) await publish(room, 'alice/usdm');
    const { socket, connection } = connect(room, `/private/stream?streams=${key}&resume=e1:0`);
    socket.waitingBytes = 64 * 1024;
    await settled();
    connection.closed();
    socket.waitingBytes = 0;
    connection.drained();
    await settled();
    expect(room.house.router.deliveries).toBe(0);
    await publish(room, 'alice/usdm');
    expect({ frames: socket.texts.length, deliveries: room.house.router.deliveries }).toEqual({
      frames: 1,
      deliveries: 0,
    });
  });
});
