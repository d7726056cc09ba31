/**
 * The WebSocket APIs and their methods, as rows (derivatives §2; the spot rows follow spot-margin §1 to §3).
 */
import { type Dated, LISTEN_TOKENS_SINCE, SPOT_LISTEN_KEYS_RETIRED } from './dated.ts';
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
  | 'session.subscriptions'
  | 'userDataStream.subscribe'
  | 'userDataStream.subscribe.signature'
  | 'userDataStream.subscribe.listenToken'
  | 'userDataStream.unsubscribe'
  | 'userListenToken'
  | 'ping'
  | 'time'
  | 'exchangeInfo'
  | 'account.status'
  | 'v2/account.status'
  | 'account.balance'
  | 'v2/account.balance'
  | 'account.position'
  | 'v2/account.position'
  | 'positionSide.dual'
  | 'openOrders.status'
  | 'order.status'
  | 'allOrders'
  | 'myTrades';

/**
 * NONE: anybody. USER_STREAM: an API key; a signature is checked only when it came complete (clients reference, row 3).
 * SIGNED: an API key, a timestamp and a signature. USER_DATA: the same, but a session that is logged on may leave out key
 * and signature (spot-margin §3.4). SESSION: the key of the session's logon, and no other.
 */
export type Security = 'NONE' | 'USER_STREAM' | 'SIGNED' | 'USER_DATA' | 'SESSION';

/** Parameters that a call takes; any other is refused. `returnRateLimits` goes with every request and is not among them. */
export type TakenParameters = Readonly<Record<string, 'mandatory' | 'optional'>>;

/** Outside its dates a method is unknown. */
export interface Method extends Dated {
  readonly name: Operation;
  readonly weight: number;
  readonly security: Security;
  /** Absent: whatever else was sent is let be (clients reference, row 3). */
  readonly takes?: TakenParameters;
  /** The first version of the SBE schema that has what it answers or brings (spot-margin §3.6). Absent: all have. */
  readonly sbeSinceVersion?: number;
}

/** How many account subscriptions one connection holds (spot-margin §1.4). */
export interface SubscriptionLimits {
  readonly activeMax: number;
  /** Ids are given out once: so many in the life of a connection. */
  readonly lifetimeMax: number;
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
  /** What a call that needs an API key answers when none came. */
  readonly missingKey: 'API_KEY_NOT_FOUND' | 'MANDATORY_PARAM';
  /** Whether the URL may ask for SBE (spot-margin §7.2). */
  readonly takesResponseFormat: boolean;
  /** Present where account streams are read on this very connection. */
  readonly subscriptions?: SubscriptionLimits;
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

/**
 * Seen live: `apiKey` sent with `userDataStream.subscribe` is -1104 (spot-margin §1.5). `resume` is our own: the one
 * extension of the wire (README).
 */
const subscriptions: Method[] = [
  { name: 'userDataStream.subscribe', weight: 2, security: 'SESSION', takes: { resume: 'optional' } },
  {
    name: 'userDataStream.subscribe.signature',
    weight: 2,
    security: 'USER_DATA',
    // Which of them must be there depends on whether the session is logged on: the security says.
    takes: {
      apiKey: 'optional',
      timestamp: 'optional',
      signature: 'optional',
      recvWindow: 'optional',
      resume: 'optional',
    },
    sbeSinceVersion: 1,
  },
  {
    name: 'userDataStream.subscribe.listenToken',
    weight: 2,
    security: 'NONE',
    takes: { listenToken: 'mandatory', resume: 'optional' },
    sbeSinceVersion: 1,
    since: LISTEN_TOKENS_SINCE,
  },
  { name: 'userDataStream.unsubscribe', weight: 2, security: 'NONE', takes: { subscriptionId: 'optional' } },
  { name: 'session.subscriptions', weight: 2, security: 'NONE', takes: {}, sbeSinceVersion: 1 },
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
    missingKey: 'API_KEY_NOT_FOUND',
    takesResponseFormat: false,
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
    missingKey: 'API_KEY_NOT_FOUND',
    takesResponseFormat: false,
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
    missingKey: 'MANDATORY_PARAM',
    takesResponseFormat: true,
    // The ids of SBE are 16 bits wide, and the highest stands for "none": 0 to 65534.
    subscriptions: { activeMax: 1000, lifetimeMax: 65_535 },
    methods: rows(
      ...session,
      ...subscriptions,
      ...listenKeys.map((row): Method => ({ ...row, weight: 2, retired: SPOT_LISTEN_KEYS_RETIRED })),
      { name: 'ping', weight: 1, security: 'NONE' },
      { name: 'time', weight: 1, security: 'NONE' },
      { name: 'exchangeInfo', weight: 20, security: 'NONE' },
    ),
  },
];

/** A request `id` on a WebSocket API (spot-margin §1.5): 64-bit integer, this string, or null. */
export const REQUEST_ID = /^[a-zA-Z0-9-_]{1,36}$/;
