/**
 * Request-weight pools. A row of `ENDPOINTS`, `METHODS` or `WS_APIS` names the pool it is charged to.
 *
 * Sources: derivatives §1.3 (pools, the shared futures counter since 2026-06-30), §8 rows 17 and 18; spot-margin §1.4, §4.4.
 */

export type PoolId = 'futures' | 'usdmWsApi' | 'options' | 'pm' | 'spot' | 'sapiUid' | 'sapiIp';

export interface Pool {
  readonly id: PoolId;
  /** Whose counter: the caller's IP, or the account (UID). */
  readonly by: 'ip' | 'uid';
  readonly rateLimitType: 'REQUEST_WEIGHT';
  readonly interval: 'MINUTE';
  readonly intervalNum: 1;
  readonly windowMs: number;
  readonly limit: number;
  /** Response headers that carry the count after this request. */
  readonly headers: readonly string[];
  /**
   * The pool that callers nobody knows are charged to, where this one counts by UID: without it guessing API keys would be
   * free. Decided here; the documents do not say.
   */
  readonly strangers?: PoolId;
  /** SAPI counts each endpoint on its own. */
  readonly perEndpoint: boolean;
}

const minute = { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, windowMs: 60_000 } as const;
const usedWeight = ['X-MBX-USED-WEIGHT-1M'] as const;

export const POOLS: Readonly<Record<PoolId, Pool>> = {
  futures: { id: 'futures', by: 'ip', ...minute, limit: 2400, headers: usedWeight, perEndpoint: false },
  usdmWsApi: { id: 'usdmWsApi', by: 'ip', ...minute, limit: 2400, headers: usedWeight, perEndpoint: false },
  options: { id: 'options', by: 'ip', ...minute, limit: 2400, headers: usedWeight, perEndpoint: false },
  pm: { id: 'pm', by: 'ip', ...minute, limit: 6000, headers: usedWeight, perEndpoint: false },
  spot: {
    id: 'spot',
    by: 'ip',
    ...minute,
    limit: 6000,
    headers: ['X-MBX-USED-WEIGHT', 'X-MBX-USED-WEIGHT-1M'],
    perEndpoint: false,
  },
  sapiUid: {
    id: 'sapiUid',
    by: 'uid',
    ...minute,
    limit: 180_000,
    strangers: 'sapiIp',
    headers: ['X-SAPI-USED-UID-WEIGHT-1M'],
    perEndpoint: true,
  },
  sapiIp: {
    id: 'sapiIp',
    by: 'ip',
    ...minute,
    limit: 12_000,
    headers: ['X-SAPI-USED-IP-WEIGHT-1M'],
    perEndpoint: true,
  },
};

/**
 * Bans (HTTP 418). The documents say only that ignoring 429 leads to a ban of two minutes that grows to three days for
 * repeat offenders. Decided here: the ban falls when a window's count reaches `atFactor` times its limit, each further
 * ban within a day doubles the last, and the first lasts `firstMs`.
 */
export const BAN = {
  atFactor: 2,
  firstMs: 2 * 60_000,
  longestMs: 3 * 86_400_000,
  forgottenAfterMs: 86_400_000,
} as const;
