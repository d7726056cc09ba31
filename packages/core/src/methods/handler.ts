import type { AccountSubscriptions } from '../connections/account-subscriptions.ts';
import type { Call, Result } from '../control/call.ts';
import type { Session } from '../control/session.ts';
import type { House } from '../house.ts';
import type { ApiKey } from '../registry/accounts.ts';

/** A method that needs an API key sees it; the hallway has made sure. */
export type Handler = (call: Call & { readonly apiKey: ApiKey }, house: House) => Promise<Result> | Result;

/** A method whose security is NONE. */
export type OpenHandler = (call: Call, house: House) => Promise<Result> | Result;

/** A method that exists on WebSocket API sessions only. */
export type SessionHandler = (
  call: Call & { readonly session: Session; readonly apiKey: ApiKey | undefined },
  house: House,
) => Promise<Result> | Result;

/** A method of the connection's account subscriptions. */
export type SubscriptionHandler = (
  call: Call & { readonly subscriptions: AccountSubscriptions },
  house: House,
) => Promise<Result> | Result;

/** One that reads the account of an API key. */
export type AccountHandler = (
  call: Call & { readonly subscriptions: AccountSubscriptions; readonly apiKey: ApiKey },
  house: House,
) => Promise<Result> | Result;
