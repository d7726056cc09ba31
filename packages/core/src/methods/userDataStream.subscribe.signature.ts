import type { AccountHandler } from './handler.ts';
import { subscriptionResult } from './subscription-result.ts';

/** Reads the account of the key that signed; neither needs a logon nor makes one (spot-margin §3.4). */
export const userDataStreamSubscribeSignature: AccountHandler = (
  { apiKey, product, subscriptions, instant },
  house,
) => {
  const place = house.placeOf(apiKey, product);
  return subscriptionResult(subscriptions.open({ kind: 'signature', apiKey, place, deadline: null }), house, instant);
};
