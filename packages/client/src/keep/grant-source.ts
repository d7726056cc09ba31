/**
 * Who makes listenKeys and listenTokens: the venue, asked by REST with our API key, or whoever else holds one and hands them to a
 * program that must not (a page, a reader on a machine of its own). Both make them anew at every call, and share nothing.
 */

import { symbolOfScope } from '@listenpost/protocol';
import type { Clock } from '../doors.ts';
import { NetworkError, OptionsError, UserDataStreamError, VenueError } from '../errors.ts';
import type { ListenKeyListening } from '../products.ts';
import type { Rest } from '../wire/rest.ts';

export interface ListenKeySource {
  /** The account's live key, whose whole life is before it. */
  start(): Promise<string>;
  /** Extends it, and answers which key it was that was extended: another than ours means that ours is gone. */
  keepalive(listenKey: string): Promise<string>;
}

/** A new token for a scope, that lives for so long. */
export type ListenTokenSource = (scope: string, validityMs: number) => Promise<string>;

export function listenKeysOverRest(
  rest: Rest,
  { listenKeyPath, keepaliveNamesKey }: ListenKeyListening,
): ListenKeySource {
  return {
    async start() {
      const listenKey = memberOf(await rest.call('POST', listenKeyPath), 'listenKey');
      if (listenKey === undefined) throw new VenueError(0, 200, 'the venue gave no listenKey');
      return listenKey;
    },
    async keepalive(listenKey) {
      const answer = await rest.call('PUT', listenKeyPath, keepaliveNamesKey ? { listenKey } : {});
      return memberOf(answer, 'listenKey') ?? listenKey;
    },
  };
}

/** `signed` where a secret is at hand: the documents say both that it must be and that it need not (spot-margin §10 U3). */
export function listenTokensOverRest(rest: Rest, path: string, signed: boolean): ListenTokenSource {
  return async (scope, validityMs) => {
    const symbol = symbolOfScope(scope);
    const params = { ...(symbol === undefined ? {} : { isIsolated: true, symbol }), validity: validityMs };
    const token = memberOf(await rest.call('POST', path, params, signed), 'token');
    if (token === undefined) throw new VenueError(0, 200, 'the venue gave no listenToken');
    return token;
  };
}

/** To the venue one POST makes a key or extends the one that is there, so that one function serves for both. */
export function listenKeysGiven(clock: Clock, closing: AbortSignal, listenKey: () => Promise<string>): ListenKeySource {
  const asked = () => given(clock, closing, 'listenKey', listenKey);
  return { start: asked, keepalive: asked };
}

export function listenTokensGiven(
  clock: Clock,
  closing: AbortSignal,
  listenToken: (scope: string, validityMs: number) => Promise<string>,
): ListenTokenSource {
  return (scope, validityMs) => given(clock, closing, 'listenToken', () => listenToken(scope, validityMs));
}

/** As long as a call to the venue may take (spot-margin §1.4). */
const GIVEN_WITHIN_MS = 10_000;

/**
 * What the user's function answers. That it fails says nothing of tomorrow, unless it throws an error that says so; what it
 * said stays in `cause`, where no message can carry a secret of it on.
 */
async function given(clock: Clock, closing: AbortSignal, option: string, ask: () => Promise<string>): Promise<string> {
  if (closing.aborted) throw new NetworkError(`${option}: its function was not asked: the stream is closed`);
  let release = (): void => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    const giveUp = (why: string) => reject(new NetworkError(`${option}: its function ${why}`));
    const timer = clock.after(GIVEN_WITHIN_MS, () => giveUp(`did not answer within ${GIVEN_WITHIN_MS} ms`));
    const closed = () => giveUp('was not waited for: the stream is closed');
    closing.addEventListener('abort', closed);
    release = () => {
      timer.cancel();
      closing.removeEventListener('abort', closed);
    };
  });
  try {
    const answer = await Promise.race([ask(), givenUp]);
    if (typeof answer !== 'string' || answer === '') {
      throw new OptionsError(`${option}: its function must answer a text, the ${option} itself`);
    }
    return answer;
  } catch (cause) {
    if (cause instanceof UserDataStreamError) throw cause;
    throw new NetworkError(`${option}: its function failed`, { cause });
  } finally {
    release();
  }
}

function memberOf(answer: unknown, name: string): string | undefined {
  const value = (answer as Readonly<Record<string, unknown>> | null)?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
