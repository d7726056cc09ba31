import { describe, expect, test } from 'bun:test';
import { NetworkError, OptionsError, RateLimitError, VenueError } from '../errors.ts';
import { Budget } from '../keep/budget.ts';
import { type Answer, json, ManualDoors } from '../testing/manual-doors.ts';
import { Rest } from './rest.ts';
import { ServerTime } from './server-time.ts';

const SECRET = 'the signature of something';

function calling(answers: readonly Answer[], { signs = true } = {}) {
  const doors = new ManualDoors();
  const left = [...answers];
  doors.answer = () => left.shift() ?? json({});
  const budget = new Budget(doors);
  const closing = new AbortController();
  const signer = signs ? { kind: 'HMAC' as const, sign: async () => SECRET } : undefined;
  const rest = new Rest({
    doors,
    origin: 'https://venue',
    credentials: { apiKey: 'the api key', signer },
    budget,
    serverTime: new ServerTime(doors.clock),
    timeUrl: 'https://venue/time',
    signal: closing.signal,
  });
  return { doors, rest, budget, closing };
}

const late = json({ code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' }, 400);

async function errorOf(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => new Error('nothing was thrown'),
    (cause: unknown) => cause as Error,
  );
}

describe('a REST call', () => {
  test('carries the API key in its header and its parameters in the query', async () => {
    const { doors, rest } = calling([json({ listenKey: 'k' })]);
    expect(await rest.call('POST', '/path', { symbol: '币安USDT', n: 5 })).toEqual({ listenKey: 'k' });
    expect(doors.requests).toEqual([
      {
        method: 'POST',
        url: 'https://venue/path?symbol=%E5%B8%81%E5%AE%89USDT&n=5',
        headers: { 'X-MBX-APIKEY': 'the api key' },
      },
    ]);
  });

  test('that was too late by our clock is made once more by the venue’s', async () => {
    const { doors, rest } = calling([late, json({ serverTime: 1_800_000_000_000 }), json({ ok: true })]);
    expect(await rest.call('GET', '/account', {}, true)).toEqual({ ok: true });
    expect(doors.requests.map(({ url }) => url.split('?')[0])).toEqual([
      'https://venue/account',
      'https://venue/time',
      'https://venue/account',
    ]);
    expect(doors.requests[2]?.url).toContain('timestamp=1800000000000&');
  });

  test('that is too late for a venue which tells no time is refused for that', async () => {
    const { rest } = calling([late, json({ code: 0, msg: 'Not found.' }, 404)]);
    expect(await errorOf(rest.call('GET', '/account', {}, true))).toMatchObject({ code: -1021, status: 400 });
  });

  test('that is too late again is refused', async () => {
    const { doors, rest } = calling([late, json({ serverTime: 1 }), late]);
    expect(await errorOf(rest.call('GET', '/account', {}, true))).toMatchObject({ code: -1021, status: 400 });
    expect(doors.requests).toHaveLength(3);
  });

  test('that must be signed without a secret names what is missing', async () => {
    const { rest } = calling([], { signs: false });
    expect(await errorOf(rest.call('GET', '/account', {}, true))).toBeInstanceOf(OptionsError);
  });

  test.each([
    [400, -1125, true],
    [401, -2015, false],
    [400, -1022, false],
    [410, 0, false],
    [500, -1000, true],
    [503, 0, true],
    [502, -1022, true],
  ])('refused with %d and %d may be tried again: %p', async (status, code, again) => {
    const { rest } = calling([json({ code, msg: 'No.' }, status)]);
    const error = await errorOf(rest.call('PUT', '/path'));
    expect(error).toBeInstanceOf(VenueError);
    expect([error.message, (error as VenueError).shouldRetry()]).toEqual([
      `PUT /path was refused: No. (code ${code}, status ${status})`,
      again,
    ]);
  });

  test.each([429, 418])('refused with %d is not made again before the venue allows it', async (status) => {
    const { doors, rest } = calling([json({ code: -1003, msg: 'Too many.' }, status, { 'retry-after': '30' })]);
    const error = (await errorOf(rest.call('PUT', '/path'))) as RateLimitError;
    expect(error).toBeInstanceOf(RateLimitError);
    expect([error.shouldRetry(), error.retryAt]).toEqual([true, doors.clock.now() + 30_000]);
    await doors.clock.advance(29_999);
    expect(await errorOf(rest.call('PUT', '/path'))).toBeInstanceOf(RateLimitError);
    expect(doors.requests).toHaveLength(1);
    await doors.clock.advance(1);
    await rest.call('PUT', '/path');
    expect(doors.requests).toHaveLength(2);
  });

  test('that nobody answers ends in time', async () => {
    const { doors, rest } = calling(['never']);
    const call = errorOf(rest.call('GET', '/path'));
    await doors.clock.advance(10_000);
    expect(await call).toBeInstanceOf(NetworkError);
    expect(doors.clock.pending).toBe(0);
  });

  test('tells of no secret, whatever goes wrong', async () => {
    const reset = Object.assign(new Error('connect to https://venue/path?listenKey=secret failed'), {
      code: 'ECONNRESET',
    });
    for (const answer of [reset, json({ code: 1, msg: 'x' }, 500), { status: 200, headers: {}, text: '<html>' }]) {
      const { rest } = calling([answer]);
      const error = await errorOf(rest.call('PUT', '/path', { listenKey: 'secret' }, true));
      const printed = `${error.message} ${error.stack} ${JSON.stringify(error)} ${Bun.inspect(error)}`;
      for (const secret of ['listenKey=secret', SECRET, 'the api key']) expect(printed).not.toContain(secret);
    }
  });
});

test('a call of a stream that is closed is not made', async () => {
  const { doors, rest, closing } = calling([]);
  closing.abort();
  expect(await errorOf(rest.call('POST', '/path'))).toBeInstanceOf(NetworkError);
  expect([doors.requests, doors.clock.pending]).toEqual([[], 0]);
});
