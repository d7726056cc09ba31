import type { AccountHandler } from './handler.ts';
import { openSubscription } from './open-subscription.ts';

/** Reads the account of the key that signed; neither needs a logon nor makes one (spot-margin §3.4). */
export const userDataStreamSubscribeSignature: AccountHandler = (call, house) => {
  const { apiKey, product } = call;
  const place = house.placeOf(apiKey, product);
  return openSubscription(call, house, { kind: 'signature', apiKey, place, deadline: null });
};
