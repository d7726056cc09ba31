import type { Operation } from '@listenpost/protocol';
import type { Call, Result } from '../control/call.ts';
import type { Session } from '../control/session.ts';
import { WireError } from '../control/wire-error.ts';
import type { House } from '../house.ts';
import { accountBalance } from './account.balance.ts';
import { accountPosition } from './account.position.ts';
import { accountStatus } from './account.status.ts';
import { allOrders } from './allOrders.ts';
import { exchangeInfo } from './exchangeInfo.ts';
import type { AccountHandler, Handler, OpenHandler, SessionHandler, SubscriptionHandler } from './handler.ts';
import { myTrades } from './myTrades.ts';
import { openOrdersStatus } from './openOrders.status.ts';
import { orderStatus } from './order.status.ts';
import { ping } from './ping.ts';
import { positionSideDual } from './positionSide.dual.ts';
import { sessionLogon } from './session.logon.ts';
import { sessionLogout } from './session.logout.ts';
import { sessionStatus } from './session.status.ts';
import { sessionSubscriptions } from './session.subscriptions.ts';
import { time } from './time.ts';
import { userDataStreamPing } from './userDataStream.ping.ts';
import { userDataStreamStart } from './userDataStream.start.ts';
import { userDataStreamStop } from './userDataStream.stop.ts';
import { userDataStreamSubscribeListenToken } from './userDataStream.subscribe.listenToken.ts';
import { userDataStreamSubscribeSignature } from './userDataStream.subscribe.signature.ts';
import { userDataStreamSubscribe } from './userDataStream.subscribe.ts';
import { userDataStreamUnsubscribe } from './userDataStream.unsubscribe.ts';
import { userListenToken } from './userListenToken.ts';
import { accountBalanceV2 } from './v2/account.balance.ts';
import { accountPositionV2 } from './v2/account.position.ts';
import { accountStatusV2 } from './v2/account.status.ts';

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

const onSubscriptions =
  (handler: SubscriptionHandler): OpenHandler =>
  (call, house) => {
    const subscriptions = call.session?.subscriptions;
    if (subscriptions === undefined) throw new WireError('UNSUPPORTED_OPERATION');
    return handler({ ...call, subscriptions }, house);
  };

const onAccount = (handler: AccountHandler): OpenHandler =>
  onSubscriptions((call, house) =>
    keyed((withKey, inHouse) => handler({ ...withKey, subscriptions: call.subscriptions }, inHouse))(call, house),
  );

/** One handler file per wire method, in the wire's spelling. REST endpoints meet WebSocket API methods here. */
export const METHOD_HANDLERS: Readonly<Record<Operation, (call: Call, house: House) => Promise<Result> | Result>> = {
  'userDataStream.start': keyed(userDataStreamStart),
  'userDataStream.ping': keyed(userDataStreamPing),
  'userDataStream.stop': keyed(userDataStreamStop),
  'session.logon': onSession(sessionLogon),
  'session.status': onSession(sessionStatus),
  'session.logout': onSession(sessionLogout),
  'session.subscriptions': onSubscriptions(sessionSubscriptions),
  'userDataStream.subscribe': onAccount(userDataStreamSubscribe),
  'userDataStream.subscribe.signature': onAccount(userDataStreamSubscribeSignature),
  'userDataStream.subscribe.listenToken': onSubscriptions(userDataStreamSubscribeListenToken),
  'userDataStream.unsubscribe': onSubscriptions(userDataStreamUnsubscribe),
  userListenToken: keyed(userListenToken),
  ping,
  time,
  exchangeInfo,
  'account.status': keyed(accountStatus),
  'v2/account.status': keyed(accountStatusV2),
  'account.balance': keyed(accountBalance),
  'v2/account.balance': keyed(accountBalanceV2),
  'account.position': keyed(accountPosition),
  'v2/account.position': keyed(accountPositionV2),
  'positionSide.dual': keyed(positionSideDual),
  'openOrders.status': keyed(openOrdersStatus),
  'order.status': keyed(orderStatus),
  allOrders: keyed(allOrders),
  myTrades: keyed(myTrades),
};
