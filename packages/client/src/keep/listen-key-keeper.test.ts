import { describe, expect, test } from 'bun:test';
import { type ListenKeyListening, listeningOf } from '../products.ts';
import { type Answer, json, ManualDoors } from '../testing/manual-doors.ts';
import { Rest } from '../wire/rest.ts';
import { ServerTime } from '../wire/server-time.ts';
import { Budget } from './budget.ts';
import { listenKeysOverRest } from './grant-source.ts';
import { ListenKeyKeeper } from './listen-key-keeper.ts';

const MINUTE = 60_000;

function keeping(put: (tries: number) => Answer = () => json({ listenKey: 'k1' }), product: 'usdm' | 'risk' = 'usdm') {
  const doors = new ManualDoors();
  const budget = new Budget(doors);
  const listening = listeningOf(product) as ListenKeyListening;
  const lost: string[] = [];
  const since: (number | undefined)[] = [];
  let puts = 0;
  doors.answer = ({ method }) => (method === 'PUT' ? put(++puts) : json({ listenKey: 'k1' }));
  const rest = new Rest({
    doors,
    origin: 'https://venue',
    credentials: { apiKey: 'key', signer: undefined },
    budget,
    serverTime: new ServerTime(doors.clock),
    timeUrl: undefined,
    signal: new AbortController().signal,
  });
  const keys = listenKeysOverRest(rest, listening);
  const { validityMs } = listening;
  const keeper = new ListenKeyKeeper({
    doors,
    fault: (cause) => {
      throw cause;
    },
    keys,
    validityMs,
    budget,
    onLost: (reason, aliveUntil) => {
      lost.push(reason);
      since.push(aliveUntil);
    },
  });
  const asked = () => doors.requests.map(({ method, url }) => `${method} ${url.slice('https://venue'.length)}`);
  return { doors, keeper, lost, since, asked };
}

const noSuchKey = json({ code: -1125, msg: 'This listenKey does not exist.' }, 400);

describe('a kept listenKey', () => {
  test('is asked for once by all who ask at once, and again by who asks later', async () => {
    const { keeper, asked } = keeping();
    expect(await Promise.all([keeper.issue(), keeper.issue()])).toEqual(['k1', 'k1']);
    expect(asked()).toEqual(['POST /fapi/v1/listenKey']);
    await keeper.issue();
    expect(asked()).toHaveLength(2);
  });

  test('is extended at half of its life, in one loop however often it was asked for', async () => {
    const { doors, keeper, asked } = keeping();
    await keeper.issue();
    await keeper.issue();
    await doors.clock.advance(30 * MINUTE - 1);
    expect(asked()).toHaveLength(2);
    await doors.clock.advance(1);
    expect(asked().slice(2)).toEqual(['PUT /fapi/v1/listenKey']);
    await doors.clock.advance(10 * 60 * MINUTE);
    expect(asked()).toHaveLength(2 + 21);
  });

  test('counts its life from when it was asked for, not from when the answer came', async () => {
    const { doors, keeper } = keeping();
    const issued = keeper.issue();
    const askedAt = doors.clock.now();
    await doors.clock.advance(700);
    await issued;
    expect(keeper.deadline).toBe(askedAt + 60 * MINUTE);
  });

  test('is extended at half of what is left when the answer has come, however long that took', async () => {
    const { doors, keeper, asked } = keeping();
    doors.answer = ({ method }) =>
      method === 'POST' ? { afterMs: 8000, answer: json({ listenKey: 'k1' }) } : json({ listenKey: 'k1' });
    const issued = keeper.issue();
    const leftMs = 60 * MINUTE - 8000;
    await doors.clock.advance(8000 + leftMs / 2 - 1);
    expect(asked()).toEqual(['POST /fapi/v1/listenKey']);
    await doors.clock.advance(1);
    expect(asked()).toEqual(['POST /fapi/v1/listenKey', 'PUT /fapi/v1/listenKey']);
    expect(await issued).toBe('k1');
  });

  test.each([
    [0, 24],
    [1, 36],
  ])(
    'is extended at an instant of its own: of a thousand keys made together (draw %d after %d minutes)',
    async (draw, minutes) => {
      const { doors, keeper, asked } = keeping();
      doors.random.next = () => draw;
      await keeper.issue();
      await doors.clock.advance(minutes * MINUTE - 1);
      expect(asked()).toHaveLength(1);
      await doors.clock.advance(1);
      expect(asked()).toHaveLength(2);
    },
  );

  test('survives failures as long as one try before the deadline goes well', async () => {
    const { doors, keeper, lost } = keeping((tries) => (tries < 5 ? new Error('reset') : json({ listenKey: 'k1' })));
    await keeper.issue();
    await doors.clock.advance(59 * MINUTE);
    expect(lost).toEqual([]);
    expect(keeper.deadline).toBeGreaterThan(doors.clock.now() + 30 * MINUTE);
  });

  test('is lost at its deadline when every try failed, and tries no longer', async () => {
    const { doors, keeper, lost, asked } = keeping(() => new Error('reset'));
    await keeper.issue();
    await doors.clock.advance(60 * MINUTE - 1);
    expect(lost).toEqual([]);
    await doors.clock.advance(1);
    expect(lost).toEqual(['the listenKey could not be extended in time']);
    const tries = asked().length;
    await doors.clock.advance(60 * MINUTE);
    expect(asked()).toHaveLength(tries);
    expect(doors.clock.pending).toBe(0);
  });

  test.each([
    ['does not exist', noSuchKey, 'the listenKey does not exist'],
    ['is another one', json({ listenKey: 'k2' }), 'the listenKey was replaced'],
    [
      'is not ours any more',
      json({ code: -2015, msg: 'Invalid API-key' }, 401),
      'PUT /fapi/v1/listenKey was refused: Invalid API-key (code -2015, status 401)',
    ],
  ])('that %s is lost at once', async (_, answer, reason) => {
    const { doors, keeper, lost } = keeping(() => answer);
    await keeper.issue();
    await doors.clock.advance(30 * MINUTE);
    expect(lost).toEqual([reason]);
    expect([keeper.deadline, doors.clock.pending]).toEqual([undefined, 0]);
  });

  test('that another took the place of is lost, and says until when it was known to live', async () => {
    const { doors, keeper, lost, since } = keeping();
    const askedAt = doors.clock.now();
    await keeper.issue();
    await doors.clock.advance(5 * MINUTE);
    doors.answer = () => json({ listenKey: 'k2' });
    expect(await keeper.confirm('k1')).toBe(false);
    expect(lost).toEqual(['the listenKey was replaced']);
    expect(since).toEqual([askedAt]);
    expect(await keeper.confirm('k2')).toBe(true);
    expect(lost).toHaveLength(1);
  });

  test('is confirmed by an answer that was asked for later, not by one that is under way', async () => {
    const { doors, keeper, asked } = keeping();
    await keeper.issue();
    const under = keeper.issue();
    const confirmed = keeper.confirm('k1');
    expect(await under).toBe('k1');
    expect(await confirmed).toBe(true);
    expect(asked()).toHaveLength(3);
    expect(doors.clock.pending).toBe(1);
  });

  test('is lost once, however often its end is told, and not by the end of another', async () => {
    const { keeper, lost } = keeping();
    await keeper.issue();
    keeper.expired('k0');
    expect(lost).toEqual([]);
    keeper.expired('k1');
    keeper.expired('k1');
    expect(lost).toEqual(['the listenKey expired']);
  });

  test('is named where the product asks for it', async () => {
    const { doors, keeper, asked } = keeping(() => json({}), 'risk');
    await keeper.issue();
    await doors.clock.advance(30 * MINUTE);
    expect(asked().at(-1)).toBe('PUT /sapi/v1/margin/listen-key?listenKey=k1');
  });

  test('waits for as long as a venue that is asked too much wants silence', async () => {
    const tooMuch = json({ code: -1003, msg: 'Too many requests.' }, 429, { 'retry-after': '600' });
    const { doors, keeper, lost, asked } = keeping((tries) => (tries === 1 ? tooMuch : json({ listenKey: 'k1' })));
    await keeper.issue();
    await doors.clock.advance(40 * MINUTE - 1);
    expect(asked()).toHaveLength(2);
    await doors.clock.advance(10 * MINUTE);
    expect(lost).toEqual([]);
    expect(keeper.deadline).toBeGreaterThan(doors.clock.now() + 30 * MINUTE);
  });

  test('is never deleted: the key is the account’s, and others read by it', async () => {
    const { doors, keeper, asked } = keeping();
    await keeper.issue();
    keeper.close();
    await doors.clock.advance(2 * 60 * MINUTE);
    expect(asked()).toEqual(['POST /fapi/v1/listenKey']);
    expect(doors.clock.pending).toBe(0);
  });
});
