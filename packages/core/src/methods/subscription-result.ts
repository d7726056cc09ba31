import { instantIn } from '@listenpost/protocol';
import type { AccountSubscription } from '../connections/account-subscriptions.ts';
import type { House } from '../house.ts';

/** What the subscribe methods answer; a token's subscription tells its end (spot-margin §3.3 to §3.5). */
export function subscriptionResult(
  { id, grant: { deadline } }: AccountSubscription,
  house: House,
  instant: (ms: number) => number,
): Readonly<Record<string, number>> {
  if (deadline === null) return { subscriptionId: id };
  const always = house.expirationTimeUnit === 'microseconds';
  return { subscriptionId: id, expirationTime: always ? instantIn('MICROSECOND', deadline) : instant(deadline) };
}
