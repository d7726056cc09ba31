import type { Handler } from './handler.ts';

/** Ends the account's listenKey at once (derivatives §3.6). */
export const userDataStreamStop: Handler = async ({ apiKey, product, params }, house) => {
  // A margin client spells it with a small k (spot-margin §4.2).
  const named = params.text('listenKey') ?? params.text('listenkey');
  await house.listenKeys.close(apiKey.account, product, named);
  return {};
};
