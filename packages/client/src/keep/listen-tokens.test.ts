import { expect, test } from 'bun:test';
import { NetworkError } from '../errors.ts';
import { ManualDoors } from '../testing/manual-doors.ts';
import { ListenTokens } from './listen-tokens.ts';

const HOUR = 3_600_000;

function making() {
  const { clock } = new ManualDoors();
  const made: string[] = [];
  let fails = false;
  const tokens = new ListenTokens({
    clock,
    validityMs: HOUR,
    tokens: async (scope) => {
      if (fails) throw new NetworkError('unreachable');
      made.push(scope);
      return `t${made.length}`;
    },
  });
  const failing = (now: boolean) => {
    fails = now;
  };
  return { clock, tokens, made, failing };
}

test('two connections that open together read by one token, and one that opens later by a fresh one', async () => {
  const { clock, tokens, made } = making();
  const start = clock.now();
  const first = await tokens.fresh('margin');
  expect(first).toEqual({ token: 't1', deadline: start + HOUR });
  await clock.advance(HOUR / 10 - 1);
  expect(await tokens.fresh('margin')).toEqual(first);
  await clock.advance(1);
  expect(await tokens.fresh('margin')).toEqual({ token: 't2', deadline: start + HOUR / 10 + HOUR });
  expect(made).toEqual(['margin', 'margin']);
});

test('each scope has its own token', async () => {
  const { tokens, made } = making();
  await tokens.fresh('margin');
  await tokens.fresh('isolated:BTCUSDT');
  expect(made).toEqual(['margin', 'isolated:BTCUSDT']);
});

test('a token that was not taken, or could not be made, is made anew', async () => {
  const { tokens, made, failing } = making();
  await tokens.fresh('margin');
  tokens.forget('margin');
  failing(true);
  expect(await tokens.fresh('margin').catch((cause: unknown) => cause)).toBeInstanceOf(NetworkError);
  failing(false);
  expect((await tokens.fresh('margin')).token).toBe('t2');
  expect(made).toHaveLength(2);
});
