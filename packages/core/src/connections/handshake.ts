import { PRODUCTS, type Product, type TimeUnit, timeUnitOf, WS_APIS, type WsApi } from '@listenpost/protocol';
import { WireError } from '../control/wire-error.ts';
import { type Encoding, JsonEncoding, SbeEncoding } from '../data/encoding.ts';
import type { House } from '../house.ts';
import type { Connection } from './connection.ts';
import { sbeChoiceIn } from './sbe-choice.ts';
import { StreamConnection } from './stream-connection.ts';
import { parseStreamUrl, QueryPairs, type StreamUrl } from './stream-url.ts';
import { WsApiConnection } from './ws-api-connection.ts';

const WS_API_PATHS: ReadonlyMap<string, WsApi> = new Map(WS_APIS.map((api) => [api.path, api]));

/** A handshake that is not let through: the HTTP answer. */
export interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly msg: string;
  readonly retryAt: number | undefined;
}

/**
 * The connection a WebSocket handshake asks for; a refusal; or null when nothing listens on this path.
 * The edge accepts the socket and hands it to `opened`.
 */
export function handshake(house: House, path: string, query: string, ip: string): Connection | Refusal | null {
  const api = WS_API_PATHS.get(path);
  if (api !== undefined) return wsApi(house, api, query, ip);
  const url = parseStreamUrl(path, query);
  if (url === null) return null;
  if ('refused' in url) {
    return guarded(PRODUCTS.usdm, () => {
      throw new WireError('ILLEGAL_STREAM_PATH', [url.refused]);
    });
  }
  return stream(house, url, ip);
}

export const isRefusal = (outcome: Connection | Refusal): outcome is Refusal => 'status' in outcome;

function wsApi(house: House, api: WsApi, query: string, ip: string): Connection | Refusal {
  return guarded(PRODUCTS[api.product], () => {
    house.limits.assertNotBanned(ip);
    house.limits.attempt(house.connectionRow(api.connection), ip);
    house.limits.charge(api.pool, api.path, ip, api.handshakeWeight);
    const returnRateLimits = !/(?:^|&)returnRateLimits=false(?:&|$)/.test(query);
    return new WsApiConnection(house, api, ip, { returnRateLimits, encoding: encodingIn(house, api, query) });
  });
}

/** What the URL asks for. `timeUnit` says nothing to SBE, but must be spelled right there too. */
function encodingIn(house: House, api: WsApi, query: string): Encoding {
  const timeUnit = timeUnitFor(PRODUCTS[api.product], new QueryPairs(query).all('timeUnit')[0]);
  const choice = api.takesResponseFormat ? sbeChoiceIn(house, query) : undefined;
  if (choice === undefined) return new JsonEncoding(house.microsecondBodies, timeUnit);
  return new SbeEncoding(house.sbeFrames, choice);
}

/** What was asked for. Throws -1194 for a spelling that nobody takes; where the product has no such choice it is let be. */
function timeUnitFor({ takesTimeUnit }: Product, asked: string | undefined): TimeUnit {
  if (!takesTimeUnit || asked === undefined) return 'MILLISECOND';
  const unit = timeUnitOf(asked);
  if (unit === undefined) throw new WireError('INVALID_TIME_UNIT');
  return unit;
}

function stream(house: House, url: StreamUrl, ip: string): Connection | Refusal {
  const { product, legacy } = destination(house, url);
  const row = house.connectionRow(product.connection);
  return guarded(product, () => {
    house.limits.assertNotBanned(ip);
    if (legacy && house.legacyPaths === '404') throw new WireError('PATH_WITHOUT_USER_DATA', [product.title]);
    house.limits.attempt(row, ip);
    if (url.names.length > row.streamsMax) {
      throw new WireError('ILLEGAL_STREAM_PATH', [`more than ${row.streamsMax} streams`]);
    }
    timeUnitFor(product, url.timeUnit);
    return new StreamConnection(house, url, ip);
  });
}

/** Whose connection this will be: the first live key in the URL tells, else the path's own row. */
function destination(house: House, { base, names }: StreamUrl): { product: Product; legacy: boolean } {
  for (const name of names) {
    const key = house.listenKeys.find(name.split('@', 1)[0] ?? name);
    const reads = key && house.rules.reads.get(base.path)?.get(key.product.id);
    if (reads) return { product: PRODUCTS[reads.scope], legacy: reads.legacy };
  }
  return { product: PRODUCTS[base.product], legacy: false };
}

function guarded(product: Product, open: () => Connection): Connection | Refusal {
  try {
    return open();
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    return { ...cause.in(product.errors), retryAt: cause.retryAt };
  }
}
