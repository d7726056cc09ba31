import type { AccountHandler } from './handler.ts';
import { subscriptionResult } from './subscription-result.ts';

/** Reads the account of the session's logon on this connection (spot-margin §3.3). */
export const userDataStreamSubscribe: AccountHandler = ({ apiKey, product, subscriptions, instant }, house) => {
  const place = house.placeOf(apiKey, product);
  return subscriptionResult(subscriptions.open({ kind: 'logon', apiKey, place, deadline: null }), house, instant);
};
