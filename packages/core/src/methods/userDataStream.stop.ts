import type { Handler } from './handler.ts';
import { keyScope, namedKey } from './key-scope.ts';

/** Ends the account's listenKey at once (derivatives §3.6). */
export const userDataStreamStop: Handler = async (call, house) => {
  const { apiKey, product, params } = call;
  await house.listenKeys.close(apiKey.account, product, namedKey(params), keyScope(call, house));
  return {};
};
