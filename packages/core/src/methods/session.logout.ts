import type { SessionHandler } from './handler.ts';
import { sessionObject } from './session-object.ts';

/** Forgets the key and ends what it subscribed; the connection stays open. Without a logon it does nothing (derivatives §2.4). */
export const sessionLogout: SessionHandler = ({ session }, house) => {
  session.logout();
  return sessionObject(session, house);
};
