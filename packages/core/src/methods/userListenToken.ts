import type { Params } from '../control/params.ts';
import { WireError } from '../control/wire-error.ts';
import { TOKEN_VALIDITY_MS_MAX } from '../registry/listen-tokens.ts';
import type { Handler } from './handler.ts';
import { isIsolated } from './is-isolated.ts';

/** Makes a listenToken for the account's cross margin, or for its isolated margin of one symbol (spot-margin §4.3). */
export const userListenToken: Handler = ({ apiKey, params, instant }, house) => {
  const symbol = isIsolated(params) ? params.mandatory('symbol') : undefined;
  const { token, deadline } = house.listenTokens.issue(apiKey, symbol, validityMs(params));
  return { token, expirationTime: instant(deadline) };
};

function validityMs(params: Params): number {
  const text = params.text('validity');
  if (text === undefined) return TOKEN_VALIDITY_MS_MAX;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > TOKEN_VALIDITY_MS_MAX) throw new WireError('INVALID_PARAMETER', ['validity']);
  return value;
}
