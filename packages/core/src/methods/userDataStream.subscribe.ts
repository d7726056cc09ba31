import type { AccountHandler } from './handler.ts';
import { openSubscription } from './open-subscription.ts';

/** Reads the account of the session's logon on this connection (spot-margin §3.3). */
export const userDataStreamSubscribe: AccountHandler = (call, house) => {
  const { apiKey, product } = call;
  return openSubscription(call, house, {
    kind: 'logon',
    apiKey,
    place: house.placeOf(apiKey, product),
    deadline: null,
  });
};
