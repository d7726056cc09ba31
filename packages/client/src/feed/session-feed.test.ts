import { describe, expect, test } from 'bun:test';
import { Budget } from '../keep/budget.ts';
import { listenTokensOverRest } from '../keep/grant-source.ts';
import { ListenTokens } from '../keep/listen-tokens.ts';
import { json as answerOf, ManualDoors, settled } from '../testing/manual-doors.ts';
import { json } from '../wire/event-frame.ts';
import { Rest } from '../wire/rest.ts';
import { ServerTime } from '../wire/server-time.ts';
import { LINE_SETTINGS } from './line.ts';
import { SessionFeed } from './session-feed.ts';

const MINUTE = 60_000;

interface Request {
  readonly id: string;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A feed of margin by tokens of an hour, or of Spot by signatures. */
function feeding({ scopes = ['margin'], signature = false, resume = undefined as string | undefined } = {}) {
  const doors = new ManualDoors();
  const start = doors.clock.now();
  const told: unknown[] = [];
  const budget = new Budget(doors);
  const serverTime = new ServerTime(doors.clock);
  const signer = { kind: 'HMAC' as const, sign: async (payload: string) => `of ${payload}` };
  const credentials = { apiKey: 'key', signer };
  const { signal } = new AbortController();
  const rest = new Rest({
    doors,
    origin: 'https://venue',
    credentials,
    budget,
    serverTime,
    timeUrl: undefined,
    signal,
  });
  let made = 0;
  doors.answer = () => answerOf({ token: `t${++made}`, expirationTime: 1 });
  const tokens = signature
    ? undefined
    : new ListenTokens({
        clock: doors.clock,
        tokens: listenTokensOverRest(rest, '/token', false),
        validityMs: 60 * MINUTE,
      });
  const url = 'wss://venue/ws-api/v3';
  const fault = (cause: unknown) => told.push(['fault', cause]);
  const options = { doors, fault, format: json(), line: LINE_SETTINGS, credentials, budget, serverTime, url, tokens };
  const feed = new SessionFeed(
    options,
    {
      joined: (scope, { at, position, recovered }) => told.push(['joined', scope, at - start, position, recovered]),
      event: (scope, { event, position }) => told.push(['event', scope, event.e, position]),
      proved: () => undefined,
      lost: (scope) => told.push(['lost', scope]),
      shutdownAnnounced: () => told.push(['shutdown']),
      ended: ({ reason, error }) => told.push(['ended', reason, error?.message]),
    },
    () => resume,
    scopes,
  );
  const { socket } = doors;
  const requests = () => socket.sent.map((text) => JSON.parse(text) as Request);
  const last = () => requests().at(-1) as Request;
  const answer = async (result: unknown, request = last()) => {
    socket.receive({ id: request.id, status: 200, result });
    await settled();
  };
  const refuse = async (code: number, msg: string, status = 400) => {
    socket.receive({ id: last().id, status, error: { code, msg } });
    await settled();
  };
  /** Time passes on a connection that answers its pings. */
  const pass = async (ms: number) => {
    for (let past = 0; past < ms; past += 5000) {
      await doors.clock.advance(Math.min(5000, ms - past));
      socket.pong();
    }
  };
  const open = async () => {
    socket.open();
    socket.pong();
    await settled();
  };
  return { doors, budget, socket, feed, told, requests, last, answer, refuse, pass, open };
}

describe('a session by signature', () => {
  test('subscribes with a signature over all parameters, sorted by name', async () => {
    const { open, last, doors, told, answer } = feeding({ scopes: ['spot'], signature: true });
    await open();
    const { method, params } = last();
    const timestamp = doors.clock.now();
    expect(method).toBe('userDataStream.subscribe.signature');
    expect(params).toEqual({
      apiKey: 'key',
      recvWindow: 5000,
      timestamp,
      signature: `of apiKey=key&recvWindow=5000&timestamp=${timestamp}`,
    });
    await answer({ subscriptionId: 0 });
    expect(told).toEqual([['joined', 'spot', 0, undefined, undefined]]);
  });

  test('asks for the venue’s time and signs once more when its own clock is refused, and only once', async () => {
    const { open, last, doors, answer, refuse, told } = feeding({ scopes: ['spot'], signature: true });
    await open();
    await refuse(-1021, 'Timestamp for this request is outside of the recvWindow.');
    expect(last().method).toBe('time');
    await answer({ serverTime: doors.clock.now() + 90_000 });
    expect(last().params['timestamp']).toBe(doors.clock.now() + 90_000);
    await refuse(-1021, 'Timestamp for this request is outside of the recvWindow.');
    expect(told).toHaveLength(1);
    expect((told[0] as unknown[]).slice(0, 2)).toEqual(['ended', 'no subscription of spot']);
  });

  test('takes the venue’s time for what it is on a connection that speaks microseconds', async () => {
    const { open, last, doors, answer, refuse } = feeding({ scopes: ['spot'], signature: true });
    await open();
    await refuse(-1021, 'Timestamp for this request is outside of the recvWindow.');
    await answer({ serverTime: (doors.clock.now() + 90_000) * 1000 });
    expect(last().params['timestamp']).toBe(doors.clock.now() + 90_000);
  });
});

describe('a session by tokens', () => {
  test('makes a token for each scope and hands on each event by its subscriptionId', async () => {
    const { open, requests, answer, doors, socket, told } = feeding({ scopes: ['margin', 'isolated:BTCUSDT'] });
    await open();
    expect(doors.requests.map(({ url }) => url)).toEqual([
      'https://venue/token?validity=3600000',
      'https://venue/token?isIsolated=true&symbol=BTCUSDT&validity=3600000',
    ]);
    const [cross, isolated] = requests() as [Request, Request];
    await answer({ subscriptionId: 0, expirationTime: 1 }, isolated);
    await answer({ subscriptionId: 1, expirationTime: 1 }, cross);
    socket.receive({ subscriptionId: 0, event: { e: 'a' } });
    socket.receive({ subscriptionId: 1, event: { e: 'b' } });
    socket.receive({ subscriptionId: 7, event: { e: 'of nobody' } });
    expect(told.slice(2)).toEqual([
      ['event', 'isolated:BTCUSDT', 'a', undefined],
      ['event', 'margin', 'b', undefined],
    ]);
  });

  test('keeps events that come before the answer of their subscribe', async () => {
    const { open, answer, socket, told } = feeding();
    await open();
    socket.receive({ subscriptionId: 3, event: { e: 'early' } });
    await answer({ subscriptionId: 3, expirationTime: 1 });
    expect(told).toEqual([
      ['joined', 'margin', 0, undefined, undefined],
      ['event', 'margin', 'early', undefined],
    ]);
  });

  test('renews at half of the life on the same session, and the old subscription goes on', async () => {
    const { open, requests, answer, pass, doors, feed, told } = feeding();
    await open();
    await answer({ subscriptionId: 0, expirationTime: 1 });
    const first = feed.deadline;
    await pass(30 * MINUTE);
    expect(requests()).toHaveLength(2);
    expect(requests()[1]?.params).toEqual({ listenToken: 't2' });
    await answer({ subscriptionId: 0, expirationTime: 2 });
    expect(feed.deadline).toBe((first as number) + 30 * MINUTE);
    expect(told).toHaveLength(1);
    expect(doors.sockets).toHaveLength(1);
  });

  test.each([
    [0, 24],
    [1, 36],
  ])('renews a token at an instant of its own (draw %d after %d minutes)', async (draw, minutes) => {
    const { open, answer, pass, doors, requests } = feeding();
    doors.random.next = () => draw;
    await open();
    await answer({ subscriptionId: 0, expirationTime: 1 });
    await pass(minutes * MINUTE - 1000);
    expect(requests()).toHaveLength(1);
    await pass(1000);
    expect(requests()).toHaveLength(2);
  });

  test('asks nothing while the venue wants silence, and tells others of a limit that it meets', async () => {
    const blocked = feeding({ scopes: ['spot'], signature: true });
    blocked.budget.refused(blocked.doors.clock.now() + 30_000);
    await blocked.open();
    expect(blocked.requests()).toEqual([]);
    expect((blocked.told[0] as unknown[]).slice(0, 2)).toEqual(['ended', 'no subscription of spot']);
    const limited = feeding({ scopes: ['spot'], signature: true });
    await limited.open();
    await limited.refuse(-1003, 'Too many requests.', 429);
    expect(limited.budget.blockedUntil).toBe(limited.doors.clock.now() + 60_000);
  });

  test('tries a renewal again until the token ends, and takes the lapse on the same session', async () => {
    const { open, answer, pass, doors, socket, told, requests } = feeding();
    await open();
    await answer({ subscriptionId: 0, expirationTime: 1 });
    const working = doors.answer;
    doors.answer = () => new Error('unreachable');
    await pass(60 * MINUTE);
    expect(doors.requests.length).toBeGreaterThan(10);
    doors.answer = working;
    socket.receive({ subscriptionId: 0, event: { e: 'eventStreamTerminated', E: 1 } });
    await settled();
    const subscribe = requests().at(-1) as Request;
    expect(subscribe.method).toBe('userDataStream.subscribe.listenToken');
    await answer({ subscriptionId: 1, expirationTime: 1 }, subscribe);
    expect(told.map((each) => (each as unknown[])[0])).toEqual(['joined', 'lost', 'joined']);
  });

  test('ends when a renewal finds its subscription gone: what lay between is not proven', async () => {
    const { open, answer, pass, told } = feeding();
    await open();
    await answer({ subscriptionId: 0, expirationTime: 1 });
    await pass(30 * MINUTE);
    await answer({ subscriptionId: 1, expirationTime: 2 });
    expect(told.at(-1)).toEqual(['ended', 'a renewal found its subscription gone', undefined]);
  });

  test('ends by the error of a subscribe that was refused', async () => {
    const { open, refuse, told, doors } = feeding();
    await open();
    await refuse(-1209, 'Invalid listen token.');
    expect(told).toEqual([
      [
        'ended',
        'no subscription of margin',
        'userDataStream.subscribe.listenToken was refused: Invalid listen token. (code -1209, status 400)',
      ],
    ]);
    expect(doors.socket.ended).toBe('closed');
  });

  test('resumes where the venue can, and tells the verdict', async () => {
    const { open, last, answer, socket, told } = feeding({ resume: 'e:5' });
    await open();
    expect(last().params).toEqual({ resume: 'e:5', listenToken: 't1' });
    await answer({ subscriptionId: 0, expirationTime: 1, position: 'e:5', recovered: true });
    socket.receive({ subscriptionId: 0, event: { e: 'a' }, position: 'e:6' });
    expect(told).toEqual([
      ['joined', 'margin', 0, 'e:5', true],
      ['event', 'margin', 'a', 'e:6'],
    ]);
  });

  test('subscribes fifty symbols, no more than eight at a time', async () => {
    const scopes = Array.from({ length: 50 }, (_, n) => `isolated:S${n}USDT`);
    const { open, requests, answer, told } = feeding({ scopes });
    await open();
    expect(requests()).toHaveLength(8);
    for (let n = 0; n < 50; n++) await answer({ subscriptionId: n, expirationTime: 1 }, requests()[n]);
    expect(told).toHaveLength(50);
  });
});

describe('a session', () => {
  test('tells of a shutdown that is announced', async () => {
    const { open, socket, told } = feeding();
    await open();
    socket.receive({ event: { e: 'serverShutdown', E: 1 } });
    expect(told).toEqual([['shutdown']]);
  });

  test('ends when the venue speaks an error that answers nothing: the key was revoked', async () => {
    const { open, socket, told } = feeding();
    await open();
    socket.receive({ id: null, status: 401, error: { code: -2015, msg: 'Invalid API-key.' } });
    expect(told).toEqual([['ended', 'the venue ended the session: Invalid API-key. (-2015)', undefined]]);
  });

  test.each(['MILLISECOND', 'MICROSECOND'])('keeps a ban that is told to nobody, in %p', async (timeUnit) => {
    const { open, socket, told, doors, budget } = feeding();
    await open();
    const now = doors.clock.now();
    const inUnit = (ms: number) => (timeUnit === 'MICROSECOND' ? ms * 1000 : ms);
    // By the venue's clock, which is an hour ahead here.
    const data = { serverTime: inUnit(now + 3_600_000), retryAfter: inUnit(now + 3_690_000) };
    socket.receive({ id: null, status: 418, error: { code: -1003, msg: 'Way too many requests.', data } });
    expect(told).toEqual([
      ['ended', 'the venue ended the session: Way too many requests. (-1003)', expect.stringContaining('was refused')],
    ]);
    expect(budget.blockedUntil).toBe(now + 90_000);
  });

  test.each(['{', '[]', '"text"'])('ends on %p, which is no frame of the protocol', async (text) => {
    const { open, socket, told } = feeding();
    await open();
    socket.receive(text);
    expect(told).toHaveLength(1);
    expect((told[0] as string[])[1]).toStartWith('the venue sent what is no frame: ');
  });

  test('leaves no timer when it is closed, whatever is under way', async () => {
    const { open, feed, doors, told, answer } = feeding({ scopes: ['margin', 'isolated:BTCUSDT'] });
    await open();
    await answer({ subscriptionId: 0, expirationTime: 1 });
    feed.close();
    await doors.clock.advance(120 * MINUTE);
    expect(doors.clock.pending).toBe(0);
    expect(told).toHaveLength(1);
  });
});

test('a session that is closed while a token is made asks for nothing with it', async () => {
  const { doors, socket, feed } = feeding();
  socket.open();
  feed.close();
  await doors.clock.advance(60 * MINUTE);
  expect(socket.sent).toEqual([]);
  expect(doors.clock.pending).toBe(0);
});
