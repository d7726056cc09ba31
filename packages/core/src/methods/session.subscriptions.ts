import type { SubscriptionHandler } from './handler.ts';
import { subscriptionResult } from './subscription-result.ts';

/** The active subscriptions of this connection, whichever way they were opened (spot-margin §3.8). */
export const sessionSubscriptions: SubscriptionHandler = ({ subscriptions, instant }, house) =>
  [...subscriptions.all()].map((subscription) => subscriptionResult(subscription, house, instant));
