import type { Operation } from '@listenpost/protocol';
import type { Call, Result } from '../control/call.ts';
import type { Session } from '../control/session.ts';
import { WireError } from '../control/wire-error.ts';
import type { House } from '../house.ts';
import { exchangeInfo } from './exchangeInfo.ts';
import type { Handler, OpenHandler, SessionHandler } from './handler.ts';
import { ping } from './ping.ts';
import { sessionLogon } from './session.logon.ts';
import { sessionLogout } from './session.logout.ts';
import { sessionStatus } from './session.status.ts';
import { time } from './time.ts';
import { userDataStreamPing } from './userDataStream.ping.ts';
import { userDataStreamStart } from './userDataStream.start.ts';
import { userDataStreamStop } from './userDataStream.stop.ts';

/** For rows whose security asks for an API key. Its absence here means a row of the tables is wrong. */
const keyed =
  (handler: Handler): OpenHandler =>
  (call, house) => {
    const { apiKey } = call;
    if (apiKey === undefined) throw new Error(`${call.operation} needs an API key, but its row's security is NONE`);
    return handler({ ...call, apiKey }, house);
  };

const onSession =
  (handler: SessionHandler): OpenHandler =>
  (call, house) => {
    const session: Session | undefined = call.session;
    if (session === undefined) throw new WireError('UNSUPPORTED_OPERATION');
    return handler({ ...call, session }, house);
  };

/** One handler file per wire method, in the wire's spelling. REST endpoints meet WebSocket API methods here. */
export const METHOD_HANDLERS: Readonly<Record<Operation, (call: Call, house: House) => Promise<Result> | Result>> = {
  'userDataStream.start': keyed(userDataStreamStart),
  'userDataStream.ping': keyed(userDataStreamPing),
  'userDataStream.stop': keyed(userDataStreamStop),
  'session.logon': onSession(sessionLogon),
  'session.status': onSession(sessionStatus),
  'session.logout': onSession(sessionLogout),
  ping,
  time,
  exchangeInfo,
};
