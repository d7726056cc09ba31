/**
 * The dates of the protocol, as columns: a row is in force from the instant `since` on and until the millisecond before
 * `retired`. Absent means that it has been there for as long as the tables reach back, or is there still. `rulesAsOf`
 * is the one reader.
 */
export interface Dated {
  readonly since?: Instant;
  readonly retired?: Instant;
}

/** ISO 8601 in UTC. */
export type Instant = `${number}-${number}-${number}T${number}:${number}:${number}Z`;

/** `POST /sapi/v1/userListenToken` and its subscribe (spot-margin §3.1, §4.3). */
export const LISTEN_TOKENS_SINCE = '2025-10-06T00:00:00Z';

/** Of Spot and margin, at both doors (spot-margin §3.1, §4.1, §4.2). */
export const SPOT_LISTEN_KEYS_RETIRED = '2026-02-20T07:00:00Z';

/** The USDⓈ-M and options streams outside /private (derivatives §3.1, §7; no hour is named). */
export const UNROUTED_PATHS_RETIRED = '2026-04-23T00:00:00Z';
