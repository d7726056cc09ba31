/**
 * REST endpoints: one row each. `operation` is the wire method's name where the WebSocket API has the same call, so that
 * both doors meet at one handler file of that name.
 *
 * Sources: derivatives §1.1, §1.2; spot-margin §4.1 to §4.4. Weights of ping, time and exchangeInfo: the products' general pages.
 */
import { type Dated, type Instant, LISTEN_TOKENS_SINCE, SPOT_LISTEN_KEYS_RETIRED } from './dated.ts';
import type { PoolId } from './limits.ts';
import type { Operation, Security } from './methods.ts';
import type { ProductId } from './products.ts';

/** A path whose rows are all retired answers HTTP 410 (spot-margin §4.1). */
export interface Endpoint extends Dated {
  readonly http: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly operation: Operation;
  readonly product: ProductId;
  readonly security: Security;
  readonly weight: number;
  readonly pool: PoolId;
}

interface ListenKeyWeights {
  readonly weight?: number;
  readonly deleteWeight?: number;
}

const listenKey = (
  path: string,
  product: ProductId,
  pool: PoolId,
  { weight = 1, deleteWeight = weight }: ListenKeyWeights = {},
): Endpoint[] => [
  { http: 'POST', path, operation: 'userDataStream.start', product, security: 'USER_STREAM', weight, pool },
  { http: 'PUT', path, operation: 'userDataStream.ping', product, security: 'USER_STREAM', weight, pool },
  {
    http: 'DELETE',
    path,
    operation: 'userDataStream.stop',
    product,
    security: 'USER_STREAM',
    weight: deleteWeight,
    pool,
  },
];

const until = (retired: Instant, rows: readonly Endpoint[]): Endpoint[] => rows.map((row) => ({ ...row, retired }));

const general = (base: string, product: ProductId, pool: PoolId, exchangeInfoWeight: number): Endpoint[] => [
  { http: 'GET', path: `${base}/ping`, operation: 'ping', product, security: 'NONE', weight: 1, pool },
  { http: 'GET', path: `${base}/time`, operation: 'time', product, security: 'NONE', weight: 1, pool },
  {
    http: 'GET',
    path: `${base}/exchangeInfo`,
    operation: 'exchangeInfo',
    product,
    security: 'NONE',
    weight: exchangeInfoWeight,
    pool,
  },
];

export const ENDPOINTS: readonly Endpoint[] = [
  ...listenKey('/fapi/v1/listenKey', 'usdm', 'futures'),
  ...listenKey('/dapi/v1/listenKey', 'coinm', 'futures'),
  ...listenKey('/eapi/v1/listenKey', 'options', 'options'),
  ...listenKey('/papi/v1/listenKey', 'pm', 'pm'),
  ...listenKey('/sapi/v1/margin/listen-key', 'risk', 'sapiUid', { deleteWeight: 3000 }),
  ...until(SPOT_LISTEN_KEYS_RETIRED, [
    ...listenKey('/api/v3/userDataStream', 'spot', 'spot', { weight: 2 }),
    ...listenKey('/sapi/v1/userDataStream', 'margin', 'sapiUid', { deleteWeight: 3000 }),
    ...listenKey('/sapi/v1/userDataStream/isolated', 'isolated', 'sapiUid', { deleteWeight: 3000 }),
  ]),
  {
    http: 'POST',
    path: '/sapi/v1/userListenToken',
    operation: 'userListenToken',
    product: 'margin',
    security: 'USER_STREAM',
    weight: 1,
    pool: 'sapiUid',
    since: LISTEN_TOKENS_SINCE,
  },
  ...general('/api/v3', 'spot', 'spot', 20),
  ...general('/fapi/v1', 'usdm', 'futures', 1),
  ...general('/dapi/v1', 'coinm', 'futures', 1),
  ...general('/eapi/v1', 'options', 'options', 1),
  { http: 'GET', path: '/papi/v1/ping', operation: 'ping', product: 'pm', security: 'NONE', weight: 1, pool: 'pm' },
];
