/** How each product is listened to, read from the protocol's tables: nothing here names a path of its own. */
import { ENDPOINTS, PRODUCTS, type ProductId, rulesAsOf, WS_APIS } from '@listenpost/protocol';

/** What `product` of the options takes. Isolated margin is listened to through `margin`, by its `symbols`. */
export type ClientProduct = Exclude<ProductId, 'isolated'>;

/** Where a venue's time is asked for: a call without a signature, on the REST of this product. */
export interface TimeCall {
  readonly product: ProductId;
  readonly path: string;
}

/** A grant by listenKey: made over REST, read on a stream connection of its own. */
export interface ListenKeyListening {
  readonly grant: 'listenKey';
  readonly product: ClientProduct;
  /** Whose key opens it: of portfolio margin pro, USDⓈ-M's. */
  readonly keyProduct: ProductId;
  readonly listenKeyPath: string;
  readonly validityMs: number;
  /** Whether keepalive must name the key. */
  readonly keepaliveNamesKey: boolean;
  /** `/private`, `/pm`, or empty: what stands before `/stream`. */
  readonly streamBase: string;
  readonly time: TimeCall | undefined;
}

/** A grant on the WebSocket API: by a signature, or by listenTokens made over REST. */
export interface SubscriptionListening {
  readonly grant: 'signature' | 'listenToken';
  readonly product: ClientProduct;
  readonly wsApiPath: string;
  /** Where a listenToken is made. */
  readonly tokenPath: string | undefined;
  readonly time: TimeCall | undefined;
}

export type Listening = ListenKeyListening | SubscriptionListening;

const RULES = rulesAsOf('latest');

/** Undefined where the product cannot be listened to any more. */
export function listeningOf(product: ClientProduct): Listening | undefined {
  return byListenKey(product) ?? bySubscription(product);
}

function byListenKey(product: ClientProduct): ListenKeyListening | undefined {
  for (const [streamBase, reads] of RULES.reads) {
    for (const [keyProduct, { scope, legacy }] of reads) {
      const endpoint = ENDPOINTS.find(
        (row) =>
          row.operation === 'userDataStream.start' &&
          row.product === keyProduct &&
          RULES.endpoints.get(row.path)?.has(row.http),
      );
      const key = PRODUCTS[keyProduct].listenKey;
      if (scope !== product || legacy || endpoint === undefined || key === undefined) continue;
      return {
        grant: 'listenKey',
        product,
        keyProduct,
        listenKeyPath: endpoint.path,
        validityMs: key.validityMs,
        keepaliveNamesKey: key.keepaliveNamesKey,
        streamBase,
        time: timeCallOf(keyProduct),
      };
    }
  }
  return undefined;
}

/** Portfolio margin's REST does not tell the time, and signs all the same: it is asked for next door. */
const TIME_OF: Partial<Record<ProductId, ProductId>> = { pm: 'usdm' };

function timeCallOf(reader: ProductId): TimeCall | undefined {
  const product = TIME_OF[reader] ?? reader;
  const path = ENDPOINTS.find((row) => row.operation === 'time' && row.product === product)?.path;
  return path === undefined ? undefined : { product, path };
}

function bySubscription(product: ClientProduct): SubscriptionListening | undefined {
  const api = WS_APIS.find(({ subscriptions }) => subscriptions !== undefined);
  if (api === undefined) return undefined;
  const token = ENDPOINTS.find((row) => row.operation === 'userListenToken' && row.product === product);
  if (token === undefined && api.product !== product) return undefined;
  return {
    grant: token === undefined ? 'signature' : 'listenToken',
    product,
    wsApiPath: api.path,
    tokenPath: token?.path,
    time: timeCallOf(api.product),
  };
}
