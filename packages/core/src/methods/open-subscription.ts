import type { AccountSubscription, AccountSubscriptions, Grant } from '../connections/account-subscriptions.ts';
import type { Call, Result } from '../control/call.ts';
import type { Params } from '../control/params.ts';
import { WireError } from '../control/wire-error.ts';
import { parseResume, type ResumeFrom } from '../data/resume.ts';
import type { House } from '../house.ts';
import { subscriptionResult } from './subscription-result.ts';

/** What the three subscribe methods do once they know what may be read; `resume` adds its verdict to the answer. */
export async function openSubscription(
  { params, subscriptions, instant }: Call & { readonly subscriptions: AccountSubscriptions },
  house: House,
  grant: Grant,
): Promise<Result> {
  const from = resumeIn(params);
  const subscription = subscriptions.open(grant, from !== undefined);
  const verdict = from === undefined ? undefined : await judged(subscriptions, subscription, from);
  return { ...subscriptionResult(subscription, house, instant), ...verdict };
}

/** An empty one is malformed: a client that lost its position must not get a stream without any. */
function resumeIn(params: Params): ResumeFrom | undefined {
  const text = params.sent('resume');
  if (text === undefined) return undefined;
  const from = parseResume(text);
  if (from === undefined) throw new WireError('INVALID_PARAMETER', ['resume']);
  return from;
}

async function judged(subscriptions: AccountSubscriptions, subscription: AccountSubscription, from: ResumeFrom) {
  try {
    return await subscription.resume?.judge(from);
  } catch (cause) {
    subscriptions.abandon(subscription);
    throw cause;
  }
}
