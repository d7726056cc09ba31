import type { Handler } from './handler.ts';
import { listenKeyResult } from './listen-key-result.ts';

/** Keepalive: the validity counts from this call (derivatives §1.2 rule 4). */
export const userDataStreamPing: Handler = async ({ apiKey, product, params }, house) => {
  const key = await house.listenKeys.keepalive(apiKey.account, product, params.text('listenKey'));
  return listenKeyResult(key, product.listenKey?.keepaliveResult ?? []);
};
