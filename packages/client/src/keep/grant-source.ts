/**
 * Who makes listenKeys and listenTokens: the venue, asked by REST with our API key, or whoever else holds one and hands them to a
 * program that must not (a page, a reader on a machine of its own). Both make them anew at every call, and share nothing.
 */

import { symbolOfScope } from '@listenpost/protocol';
import { OptionsError, VenueError } from '../errors.ts';
import type { ListenKeyListening } from '../products.ts';
import type { Rest } from '../wire/rest.ts';
import { type Asking, asked } from './asked.ts';

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
export function listenKeysGiven(asking: Asking, listenKey: () => Promise<string>): ListenKeySource {
  const given = () => textOf(asking, 'listenKey', listenKey);
  return { start: given, keepalive: given };
}

export function listenTokensGiven(
  asking: Asking,
  listenToken: (scope: string, validityMs: number) => Promise<string>,
): ListenTokenSource {
  return (scope, validityMs) => textOf(asking, 'listenToken', () => listenToken(scope, validityMs));
}

async function textOf(asking: Asking, option: string, ask: () => Promise<string>): Promise<string> {
  const answer = await asked(asking, option, ask);
  if (typeof answer === 'string' && answer !== '') return answer;
  throw new OptionsError(`${option}: its function must answer a text, the ${option} itself`);
}

function memberOf(answer: unknown, name: string): string | undefined {
  const value = (answer as Readonly<Record<string, unknown>> | null)?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
