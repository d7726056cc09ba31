import { WireError } from '../control/wire-error.ts';
import type { SubscriptionHandler } from './handler.ts';
import { subscriptionResult } from './subscription-result.ts';

/** Reads the margin account that the token is for, until the token ends; a second token extends it (spot-margin §3.5). */
export const userDataStreamSubscribeListenToken: SubscriptionHandler = ({ params, subscriptions, instant }, house) => {
  const text = params.text('listenToken');
  if (text === undefined) throw new WireError('MANDATORY_PARAM', ['listenToken']);
  const token = house.listenTokens.read(text);
  return subscriptionResult(subscriptions.open({ kind: 'token', ...token }), house, instant);
};
