import type { Result } from '../control/call.ts';
import type { Session } from '../control/session.ts';
import type { House } from '../house.ts';

/** What the three session methods answer (derivatives §2.4). */
export function sessionObject(session: Session, house: House): Result {
  return {
    apiKey: session.apiKey?.spec.apiKey.reveal() ?? null,
    authorizedSince: session.authorizedSince,
    connectedSince: session.connectedSince,
    returnRateLimits: session.returnRateLimits,
    serverTime: house.clock.now(),
  };
}
