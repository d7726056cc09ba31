/**
 * Accounts and their API keys, in the shape of the config file (design §4.2) with secrets already resolved.
 */
import type { Permission } from '@listenpost/protocol';
import type { Redacted } from './redacted.ts';

export type ApiKeyMaterial =
  | { readonly type: 'HMAC'; readonly secret: Redacted }
  /** PEM of an SPKI public key. */
  | { readonly type: 'RSA' | 'ED25519'; readonly publicKey: string };

export type ApiKeySpec = ApiKeyMaterial & {
  /** What clients send in `X-MBX-APIKEY`. A bearer secret: start and keepalive ask for nothing more. */
  readonly apiKey: Redacted;
  /** Absent: all. */
  readonly permissions?: readonly Permission[];
  /** Addresses or CIDR ranges. Absent: any. */
  readonly ipAllowList?: readonly string[];
};

export interface AccountSpec {
  readonly id: string;
  readonly apiKeys: readonly ApiKeySpec[];
  /** Absent: all, with `isolated:*` for every known symbol. */
  readonly scopes?: readonly string[];
}

/** What tokens call an account and its API keys: never given to another, also not after those are gone. */
export interface AccountNumbers {
  readonly account: number;
  /** In the order of `AccountSpec.apiKeys`. */
  readonly apiKeys: readonly number[];
}
