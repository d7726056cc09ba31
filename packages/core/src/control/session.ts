import type { TimeUnit } from '@listenpost/protocol';
import type { AccountSubscriptions } from '../connections/account-subscriptions.ts';
import type { ApiKey } from '../registry/accounts.ts';

/** What a WebSocket API connection remembers between requests (spot-margin §2.5; derivatives §2.4). */
export interface Session {
  readonly connectedSince: number;
  /** The connection's default, from its URL. */
  readonly returnRateLimits: boolean;
  /** Of the times in its answers and events. */
  readonly timeUnit: TimeUnit;
  /** Undefined where account streams are not read on this very connection. */
  readonly subscriptions: AccountSubscriptions | undefined;
  apiKey: ApiKey | undefined;
  authorizedSince: number | null;
}
