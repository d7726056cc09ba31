/**
 * Products: one row each, and every difference between them that is not an endpoint, a method or an event field is a
 * column here. No other file branches on a product's name.
 *
 * Sources: derivatives reference §1 (listenKeys), §3.5 (heartbeat, limits), §6 (key facts); spot-margin reference §4.4, §9.
 */

import type { Instant } from './dated.ts';

export type ProductId = 'usdm' | 'coinm' | 'options' | 'pm' | 'pmpro' | 'risk' | 'spot' | 'margin' | 'isolated';

/** API-key permissions, in the spelling of the exchange's `apiRestrictions` answer. */
export const PERMISSIONS = [
  'enableReading',
  'enableFutures',
  'enableVanillaOptions',
  'enablePortfolioMarginTrading',
  'enableMargin',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Liveness, lifetime and limits of one kind of WebSocket connection. All durations in ms. */
export interface ConnectionRow {
  readonly name: string;
  readonly pingEveryMs: number;
  /** Closed when a ping stays unanswered this long. */
  readonly pongWithinMs: number;
  readonly lifetimeMs: number;
  /** Incoming PING, PONG and text frames per second; each counts 1. */
  readonly framesPerSecond: number;
  readonly streamsMax: number;
  /** Handshakes per IP; absent where no source names a limit. */
  readonly attempts?: { readonly limit: number; readonly windowMs: number };
  /** Which row of `ENDS` ends the connection at `lifetimeMs`. */
  readonly lifetimeEnd: 'lifetime' | 'lifetimeSpot';
  /** Whether `serverShutdown` is announced before a planned stop. */
  readonly announcesShutdown: boolean;
  /** derivatives §8 row 13: null is refused there; spot-margin §5.2 takes it. */
  readonly nullRequestId: boolean;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const futuresConnection = {
  pingEveryMs: 3 * MINUTE,
  pongWithinMs: 10 * MINUTE,
  lifetimeMs: 24 * HOUR,
  framesPerSecond: 10,
  streamsMax: 1024,
  lifetimeEnd: 'lifetime',
  announcesShutdown: false,
  nullRequestId: false,
} as const;

const spotConnection = {
  pingEveryMs: 20_000,
  pongWithinMs: 1 * MINUTE,
  lifetimeMs: 24 * HOUR,
  framesPerSecond: 5,
  streamsMax: 1024,
  attempts: { limit: 300, windowMs: 5 * MINUTE },
  lifetimeEnd: 'lifetimeSpot',
  announcesShutdown: true,
  nullRequestId: true,
} as const;

/** What a product's listenKeys look like and how its calls answer. */
export interface ListenKeyRow {
  /** Characters of `[A-Za-z0-9]`. */
  readonly length: number;
  readonly validityMs: number;
  /** Members of a start answer, in wire order. */
  readonly startResult: readonly ('listenKey' | 'expiration')[];
  /** Members of a keepalive answer; empty means `{}`. */
  readonly keepaliveResult: readonly 'listenKey'[];
  /** What was answered before, oldest first: these columns stood until `retired`. */
  readonly earlier?: readonly EarlierAnswers[];
  /** Whether keepalive must name the key (spot-margin §4.4) or ignores what it names (derivatives §8 row 4). */
  readonly keepaliveNamesKey: boolean;
  /** Whether close must name the key (spot-margin §4.1, §4.2); where it need not, a key that it names is checked. */
  readonly closeNamesKey: boolean;
  /** Whether a close by the client is announced with `listenKeyExpired` (derivatives §3.6) or silent (spot-margin §6.7). */
  readonly closeAnnounced: boolean;
}

export interface EarlierAnswers extends Partial<Pick<ListenKeyRow, 'startResult' | 'keepaliveResult'>> {
  readonly retired: Instant;
}

export interface Product {
  readonly id: ProductId;
  readonly title: string;
  /** What an API key needs to touch this product's streams. */
  readonly permission: Permission;
  /** Absent where the product has no key of its own. */
  readonly listenKey?: ListenKeyRow;
  readonly connection: ConnectionRow;
  /** Present where the scope carries a symbol: the product whose symbols it may name. */
  readonly symbolsOf?: ProductId;
  /**
   * Present where a call may ask for one symbol's account instead of the product's own: the product of those accounts. Which
   * of them the caller has is then known only to the call.
   */
  readonly isolatedAs?: ProductId;
  /** Whether its clients choose the unit of times: `timeUnit` in a URL, `X-MBX-TIME-UNIT` over REST (spot-margin §1.2). */
  readonly takesTimeUnit: boolean;
  /** The row of error wordings it speaks. */
  readonly errors: ErrorDialect;
}

/** Columns of the error table: the same fault in another product's words. */
export type ErrorDialect = 'futures' | 'options' | 'spot';

const key64 = {
  length: 64,
  validityMs: HOUR,
  keepaliveNamesKey: false,
  closeNamesKey: false,
  closeAnnounced: true,
} as const;

/** Of Spot and margin, while they had listenKeys (spot-margin §4.1, §4.2, §9). */
const spotListenKey: ListenKeyRow = {
  length: 64,
  validityMs: HOUR,
  startResult: ['listenKey'],
  keepaliveResult: [],
  keepaliveNamesKey: true,
  closeNamesKey: true,
  closeAnnounced: false,
};

export const PRODUCTS: Readonly<Record<ProductId, Product>> = {
  usdm: {
    id: 'usdm',
    title: 'USDⓈ-M Futures',
    permission: 'enableFutures',
    listenKey: { ...key64, startResult: ['listenKey'], keepaliveResult: ['listenKey'] },
    connection: { name: 'usdm', ...futuresConnection },
    takesTimeUnit: false,
    errors: 'futures',
  },
  coinm: {
    id: 'coinm',
    title: 'COIN-M Futures',
    permission: 'enableFutures',
    listenKey: {
      ...key64,
      startResult: ['listenKey'],
      keepaliveResult: ['listenKey'],
      // derivatives §1.2, §7: the connector follows on this day.
      earlier: [{ retired: '2026-01-13T00:00:00Z', keepaliveResult: [] }],
    },
    connection: { name: 'coinm', ...futuresConnection },
    takesTimeUnit: false,
    errors: 'futures',
  },
  options: {
    id: 'options',
    title: 'European Options',
    permission: 'enableVanillaOptions',
    listenKey: {
      ...key64,
      startResult: ['listenKey', 'expiration'],
      keepaliveResult: [],
      // derivatives §1.2: pages before December 2025 have no `expiration`.
      earlier: [{ retired: '2025-12-01T00:00:00Z', startResult: ['listenKey'] }],
    },
    connection: { name: 'options', ...futuresConnection, streamsMax: 200 },
    takesTimeUnit: false,
    errors: 'options',
  },
  pm: {
    id: 'pm',
    title: 'Portfolio Margin',
    permission: 'enablePortfolioMarginTrading',
    listenKey: { ...key64, startResult: ['listenKey'], keepaliveResult: [] },
    connection: { name: 'pm', ...futuresConnection },
    takesTimeUnit: false,
    errors: 'futures',
  },
  pmpro: {
    id: 'pmpro',
    title: 'Portfolio Margin Pro',
    permission: 'enablePortfolioMarginTrading',
    connection: { name: 'pmpro', ...futuresConnection },
    takesTimeUnit: false,
    errors: 'futures',
  },
  risk: {
    id: 'risk',
    title: 'Cross Margin Risk',
    permission: 'enableMargin',
    listenKey: {
      length: 44,
      validityMs: HOUR,
      startResult: ['listenKey'],
      keepaliveResult: [],
      keepaliveNamesKey: true,
      closeNamesKey: false,
      closeAnnounced: false,
    },
    connection: { name: 'risk', ...spotConnection },
    takesTimeUnit: true,
    errors: 'spot',
  },
  spot: {
    id: 'spot',
    title: 'Spot',
    permission: 'enableReading',
    listenKey: spotListenKey,
    connection: { name: 'spot', ...spotConnection },
    takesTimeUnit: true,
    errors: 'spot',
  },
  margin: {
    id: 'margin',
    title: 'Cross Margin',
    permission: 'enableMargin',
    isolatedAs: 'isolated',
    listenKey: spotListenKey,
    connection: { name: 'margin', ...spotConnection },
    takesTimeUnit: true,
    errors: 'spot',
  },
  isolated: {
    id: 'isolated',
    title: 'Isolated Margin',
    permission: 'enableMargin',
    listenKey: spotListenKey,
    connection: { name: 'isolated', ...spotConnection },
    symbolsOf: 'spot',
    takesTimeUnit: true,
    errors: 'spot',
  },
};

/** The one product whose scopes carry a symbol: `isolated:<SYMBOL>`. */
const SYMBOL_SCOPE = /^isolated:([^\s/:]{1,64})$/u;

/** The product a scope belongs to; undefined when it names none. */
export function productOfScope(scope: string): Product | undefined {
  if (SYMBOL_SCOPE.test(scope)) return PRODUCTS.isolated;
  if (scope === PRODUCTS.isolated.id || !Object.hasOwn(PRODUCTS, scope)) return undefined;
  return PRODUCTS[scope as ProductId];
}

/** The scope of this symbol's accounts; undefined where the product keeps none by symbol. */
export function scopeOfSymbol(product: Product, symbol: string): string | undefined {
  const id = product.symbolsOf === undefined ? product.isolatedAs : product.id;
  return id === undefined ? undefined : `${id}:${symbol}`;
}

/** The symbol of an isolated scope; undefined for every other scope. */
export function symbolOfScope(scope: string): string | undefined {
  return SYMBOL_SCOPE.exec(scope)?.[1];
}

/** Account ids, as the config file and the admin API take them. */
export const ACCOUNT_ID = /^[A-Za-z0-9._-]{1,64}$/;
