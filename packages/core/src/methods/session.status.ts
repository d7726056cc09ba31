import type { SessionHandler } from './handler.ts';
import { sessionObject } from './session-object.ts';

export const sessionStatus: SessionHandler = ({ session }, house) => sessionObject(session, house);
