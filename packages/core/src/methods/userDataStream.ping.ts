import type { Handler } from './handler.ts';
import { keyScope, namedKey } from './key-scope.ts';
import { listenKeyResult } from './listen-key-result.ts';

/** Keepalive: the validity counts from this call (derivatives §1.2 rule 4). */
export const userDataStreamPing: Handler = async (call, house) => {
  const { apiKey, product, params } = call;
  const key = await house.listenKeys.keepalive(apiKey.account, product, namedKey(params), keyScope(call, house));
  return listenKeyResult(key, house.rules.listenKeys.get(product.id)?.keepaliveResult ?? []);
};
