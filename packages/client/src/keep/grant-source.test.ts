import { describe, expect, test } from 'bun:test';
import { NetworkError, OptionsError, VenueError } from '../errors.ts';
import { ManualDoors } from '../testing/manual-doors.ts';
import { listenKeysGiven, listenTokensGiven } from './grant-source.ts';

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('grants that the user’s function makes', () => {
  const { clock } = new ManualDoors();
  const asking = { clock, closing: new AbortController().signal };

  test('are asked for by scope and validity', async () => {
    const source = listenTokensGiven(asking, async (scope, validityMs) => `${scope} for ${validityMs}`);
    expect(await source('isolated:BTCUSDT', 1000)).toBe('isolated:BTCUSDT for 1000');
    expect(clock.pending).toBe(0);
  });

  test('extend a listenKey by being asked for again', async () => {
    let asked = 0;
    const source = listenKeysGiven(asking, async () => `k${++asked}`);
    expect([await source.start(), await source.keepalive('k1')]).toEqual(['k1', 'k2']);
  });

  test('may be tried again where the function failed, and tell nothing of what it said', async () => {
    const cause = new TypeError('cannot reach https://bot.example/?session=secret');
    const error = await failure(listenKeysGiven(asking, () => Promise.reject(cause)).start());
    expect(error).toBeInstanceOf(NetworkError);
    expect((error as NetworkError).message).toBe('listenKey: its function failed');
    expect((error as NetworkError).cause).toBe(cause);
    expect(clock.pending).toBe(0);
  });

  test('may not where it says so itself', async () => {
    const refused = new VenueError(-2015, 401, 'no such key');
    expect(await failure(listenKeysGiven(asking, () => Promise.reject(refused)).start())).toBe(refused);
  });

  test('must be texts', async () => {
    const error = await failure(listenTokensGiven(asking, async () => '')('margin', 1000));
    expect(error).toBeInstanceOf(OptionsError);
    expect((error as OptionsError).message).toBe(
      'listenToken: its function must answer a text, the listenToken itself',
    );
  });

  test('must come in time', async () => {
    const asked = failure(listenKeysGiven(asking, () => new Promise(() => undefined)).start());
    await clock.advance(9999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(await asked).toEqual(new NetworkError('listenKey: its function did not answer within 10000 ms'));
  });

  test('are waited for no longer than the stream lasts, and leave no timer behind', async () => {
    const closing = new AbortController();
    const source = listenTokensGiven({ clock, closing: closing.signal }, () => new Promise(() => undefined));
    const asked = failure(source('margin', 1000));
    closing.abort();
    expect(await asked).toBeInstanceOf(NetworkError);
    expect(await failure(source('margin', 1000))).toBeInstanceOf(NetworkError);
    expect(clock.pending).toBe(0);
  });
});
