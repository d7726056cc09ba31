import { WireError } from '../control/wire-error.ts';
import type { SubscriptionHandler } from './handler.ts';

const SUBSCRIPTION_ID = /^\d{1,9}$/;

/** Ends the subscription of this id, or every one of the connection (spot-margin §3.7). */
export const userDataStreamUnsubscribe: SubscriptionHandler = ({ params, subscriptions }) => {
  const text = params.text('subscriptionId');
  if (text !== undefined && !SUBSCRIPTION_ID.test(text)) throw new WireError('INVALID_PARAMETER', ['subscriptionId']);
  subscriptions.close(text === undefined ? undefined : Number(text));
  return {};
};
