import type { ApiKey } from '../registry/accounts.ts';

/** What a WebSocket API connection remembers between requests (spot-margin §2.5; derivatives §2.4). */
export interface Session {
  readonly connectedSince: number;
  /** The connection's default, from its URL. */
  readonly returnRateLimits: boolean;
  apiKey: ApiKey | undefined;
  authorizedSince: number | null;
}
