/**
 * REST endpoints: one row each. `operation` is the wire method's name where the WebSocket API has the same call, so that
 * both doors meet at one handler file of that name.
 *
 * Sources: derivatives §1.1, §1.2; spot-margin §4.1 to §4.4. Weights of ping, time and exchangeInfo: the products' general pages;
 * of the account calls: their own pages (/api/v3/account, /sapi/v1/margin/account, /fapi/v3/account, /dapi/v1/account,
 * /papi/v1/account, and their neighbours).
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
  /** What it costs where this parameter is not sent. */
  readonly weightWithout?: { readonly parameter: string; readonly weight: number };
  readonly pool: PoolId;
  /** What a server must keep to answer it at all: one that does not knows no such path. */
  readonly reads?: 'accountBooks';
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

const signed = (
  path: string,
  operation: Operation,
  product: ProductId,
  pool: PoolId,
  weight: number,
  weightWithout?: Endpoint['weightWithout'],
): Endpoint => ({
  http: 'GET',
  path,
  operation,
  product,
  security: 'USER_DATA',
  weight,
  pool,
  reads: 'accountBooks',
  ...(weightWithout === undefined ? {} : { weightWithout }),
});

const withoutSymbol = (weight: number) => ({ parameter: 'symbol', weight });

/** Calls that read an account. Futures' version 2 is the WebSocket API's first, their version 3 its second. */
const ACCOUNTS: readonly Endpoint[] = [
  signed('/api/v3/account', 'account.status', 'spot', 'spot', 20),
  signed('/api/v3/openOrders', 'openOrders.status', 'spot', 'spot', 6, withoutSymbol(80)),
  signed('/api/v3/order', 'order.status', 'spot', 'spot', 4),
  signed('/api/v3/allOrders', 'allOrders', 'spot', 'spot', 20),
  signed('/api/v3/myTrades', 'myTrades', 'spot', 'spot', 5, { parameter: 'orderId', weight: 20 }),

  signed('/sapi/v1/margin/account', 'account.status', 'margin', 'sapiIp', 10),
  signed('/sapi/v1/margin/isolated/account', 'account.status', 'isolated', 'sapiIp', 10),
  signed('/sapi/v1/margin/openOrders', 'openOrders.status', 'margin', 'sapiIp', 10),
  signed('/sapi/v1/margin/order', 'order.status', 'margin', 'sapiIp', 10),
  signed('/sapi/v1/margin/allOrders', 'allOrders', 'margin', 'sapiIp', 200),
  signed('/sapi/v1/margin/myTrades', 'myTrades', 'margin', 'sapiIp', 10),

  signed('/fapi/v2/account', 'account.status', 'usdm', 'futures', 5),
  signed('/fapi/v3/account', 'v2/account.status', 'usdm', 'futures', 5),
  signed('/fapi/v2/balance', 'account.balance', 'usdm', 'futures', 5),
  signed('/fapi/v3/balance', 'v2/account.balance', 'usdm', 'futures', 5),
  signed('/fapi/v2/positionRisk', 'account.position', 'usdm', 'futures', 5),
  signed('/fapi/v3/positionRisk', 'v2/account.position', 'usdm', 'futures', 5),
  signed('/fapi/v1/positionSide/dual', 'positionSide.dual', 'usdm', 'futures', 30),
  signed('/fapi/v1/openOrders', 'openOrders.status', 'usdm', 'futures', 1, withoutSymbol(40)),
  signed('/fapi/v1/order', 'order.status', 'usdm', 'futures', 1),
  signed('/fapi/v1/allOrders', 'allOrders', 'usdm', 'futures', 5),
  signed('/fapi/v1/userTrades', 'myTrades', 'usdm', 'futures', 5),

  signed('/dapi/v1/account', 'account.status', 'coinm', 'futures', 5),
  signed('/dapi/v1/balance', 'account.balance', 'coinm', 'futures', 1),
  signed('/dapi/v1/positionRisk', 'account.position', 'coinm', 'futures', 1),
  signed('/dapi/v1/positionSide/dual', 'positionSide.dual', 'coinm', 'futures', 30),
  signed('/dapi/v1/openOrders', 'openOrders.status', 'coinm', 'futures', 1, withoutSymbol(40)),
  signed('/dapi/v1/order', 'order.status', 'coinm', 'futures', 1),
  signed('/dapi/v1/allOrders', 'allOrders', 'coinm', 'futures', 20, withoutSymbol(40)),
  signed('/dapi/v1/userTrades', 'myTrades', 'coinm', 'futures', 20, withoutSymbol(40)),

  signed('/papi/v1/account', 'account.status', 'pm', 'pm', 20),
  signed('/papi/v1/balance', 'account.balance', 'pm', 'pm', 20),
  signed('/papi/v1/um/positionSide/dual', 'positionSide.dual', 'pm', 'pm', 30),
  signed('/papi/v1/cm/positionSide/dual', 'positionSide.dual', 'pm', 'pm', 30),
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
  ...ACCOUNTS,
  { http: 'GET', path: '/papi/v1/ping', operation: 'ping', product: 'pm', security: 'NONE', weight: 1, pool: 'pm' },
];
