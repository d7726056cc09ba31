import type { Handler } from './handler.ts';
import { listenKeyResult } from './listen-key-result.ts';

/** Starts the account's listenKey, or returns the live one and extends it (derivatives §1.2, §2.3). */
export const userDataStreamStart: Handler = async ({ apiKey, product }, house) => {
  const key = await house.listenKeys.start(apiKey.account, product);
  return listenKeyResult(key, product.listenKey?.startResult ?? []);
};
