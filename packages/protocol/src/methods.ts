/**
 * The WebSocket APIs and their methods, as rows (derivatives §2; the spot rows follow spot-margin §1 to §3).
 */
import type { PoolId } from './limits.ts';
import type { ConnectionRow, ProductId } from './products.ts';
import { PRODUCTS } from './products.ts';

/** Wire methods, letter for letter. REST endpoints that do the same carry the same name. */
export type Operation =
  | 'userDataStream.start'
  | 'userDataStream.ping'
  | 'userDataStream.stop'
  | 'session.logon'
  | 'session.status'
  | 'session.logout'
  | 'ping'
  | 'time'
  | 'exchangeInfo';

/**
 * NONE: anybody. USER_STREAM: an API key; a signature is checked only when it came complete (clients reference, row 3).
 * SIGNED: an API key, a timestamp and a signature.
 */
export type Security = 'NONE' | 'USER_STREAM' | 'SIGNED';

export interface Method {
  readonly name: Operation;
  readonly weight: number;
  readonly security: Security;
}

/** What a WebSocket API answers to a frame that is no request; `null` where the products' pages are silent. */
export interface WsApi {
  readonly path: string;
  readonly product: ProductId;
  readonly pool: PoolId;
  readonly handshakeWeight: number;
  readonly connection: ConnectionRow;
  /** PING and PONG frames per second; requests are bounded by weight. */
  readonly heartbeatFramesPerSecond: number;
  readonly malformed: 'INVALID_MESSAGE' | 'INVALID_JSON';
  readonly methods: ReadonlyMap<string, Method>;
}

const rows = (...methods: Method[]) => new Map(methods.map((method) => [method.name as string, method]));

const session: Method[] = [
  { name: 'session.logon', weight: 2, security: 'SIGNED' },
  { name: 'session.status', weight: 2, security: 'NONE' },
  { name: 'session.logout', weight: 2, security: 'NONE' },
];

const listenKeys: Method[] = [
  { name: 'userDataStream.start', weight: 1, security: 'USER_STREAM' },
  { name: 'userDataStream.ping', weight: 1, security: 'USER_STREAM' },
  { name: 'userDataStream.stop', weight: 1, security: 'USER_STREAM' },
];

export const WS_APIS: readonly WsApi[] = [
  {
    path: '/ws-fapi/v1',
    product: 'usdm',
    pool: 'usdmWsApi',
    handshakeWeight: 5,
    connection: { ...PRODUCTS.usdm.connection, name: 'ws-fapi' },
    heartbeatFramesPerSecond: 5,
    malformed: 'INVALID_MESSAGE',
    methods: rows(...session, ...listenKeys),
  },
  {
    path: '/ws-dapi/v1',
    product: 'coinm',
    pool: 'futures',
    handshakeWeight: 5,
    connection: { ...PRODUCTS.coinm.connection, name: 'ws-dapi' },
    heartbeatFramesPerSecond: 5,
    malformed: 'INVALID_MESSAGE',
    methods: rows(...session, ...listenKeys),
  },
  {
    path: '/ws-api/v3',
    product: 'spot',
    pool: 'spot',
    handshakeWeight: 2,
    connection: { ...PRODUCTS.spot.connection, name: 'ws-api' },
    heartbeatFramesPerSecond: 5,
    malformed: 'INVALID_JSON',
    methods: rows(
      ...session,
      { name: 'ping', weight: 1, security: 'NONE' },
      { name: 'time', weight: 1, security: 'NONE' },
      { name: 'exchangeInfo', weight: 20, security: 'NONE' },
    ),
  },
];

/** A request `id` on a WebSocket API (spot-margin §1.5): 64-bit integer, this string, or null. */
export const REQUEST_ID = /^[a-zA-Z0-9-_]{1,36}$/;
