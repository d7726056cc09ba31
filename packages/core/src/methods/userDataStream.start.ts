import type { Handler } from './handler.ts';
import { keyScope } from './key-scope.ts';
import { listenKeyResult } from './listen-key-result.ts';

/** Starts the account's listenKey, or returns the live one and extends it (derivatives §1.2, §2.3). */
export const userDataStreamStart: Handler = async (call, house) => {
  const { apiKey, product } = call;
  const key = await house.listenKeys.start(apiKey.account, product, keyScope(call, house));
  return listenKeyResult(key, house.rules.listenKeys.get(product.id)?.startResult ?? []);
};
