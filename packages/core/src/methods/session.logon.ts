import { WireError } from '../control/wire-error.ts';
import type { SessionHandler } from './handler.ts';
import { sessionObject } from './session-object.ts';

/** Authenticates the connection. Only Ed25519 keys may; a second logon replaces the first (derivatives §2.4). */
export const sessionLogon: SessionHandler = ({ session, apiKey }, house) => {
  if (apiKey?.type !== 'ED25519') throw new WireError('INVALID_API_KEY_TYPE');
  session.logon(apiKey, house.clock.now());
  return sessionObject(session, house);
};
