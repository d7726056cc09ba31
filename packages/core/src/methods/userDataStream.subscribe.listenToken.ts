import type { SubscriptionHandler } from './handler.ts';
import { openSubscription } from './open-subscription.ts';

/** Reads the margin account that the token is for, until the token ends; a second token extends it (spot-margin §3.5). */
export const userDataStreamSubscribeListenToken: SubscriptionHandler = (call, house) => {
  const token = house.listenTokens.read(call.params.mandatory('listenToken'));
  return openSubscription(call, house, { kind: 'token', ...token });
};
