import { instantIn } from '@listenpost/protocol';
import type { Result } from '../control/call.ts';
import type { Session } from '../control/session.ts';
import type { House } from '../house.ts';

/** What the three session methods answer (derivatives §2.4; spot-margin §2.5). */
export function sessionObject(session: Session, house: House): Result {
  const { apiKey, authorizedSince, connectedSince, returnRateLimits, subscriptions, timeUnit } = session;
  return {
    apiKey: apiKey?.spec.apiKey.reveal() ?? null,
    authorizedSince: authorizedSince === null ? null : instantIn(timeUnit, authorizedSince),
    connectedSince: instantIn(timeUnit, connectedSince),
    returnRateLimits,
    serverTime: instantIn(timeUnit, house.clock.now()),
    ...(subscriptions === undefined ? {} : { userDataStream: subscriptions.size > 0 }),
  };
}
