/** Where each product is listened to: hosts as rows (derivatives §1.1, §2.1; spot-margin §1.1, §4.4). */
import { OptionsError } from './errors.ts';
import type { ClientProduct } from './products.ts';

/** Origins, without path and without a slash at the end. */
export interface ProductUrls {
  /** `https://fapi.binance.com` */
  readonly rest: string;
  /** `wss://fstream.binance.com`; absent where the product is read on the WebSocket API. */
  readonly stream?: string;
  /** `wss://ws-api.binance.com`; absent where the product has none. */
  readonly wsApi?: string;
}

/** A place that speaks the protocol, and what is read there. `listenpost` and `customVenue` make one. */
export interface Venue {
  /** Stands in the name under which cursors are stored. */
  readonly name: string;
  /** Whether it numbers its events and takes `resume` (docs: Listenpost does, Binance does not). */
  readonly resume: boolean;
  /** A product that is absent cannot be listened to there. */
  readonly urls: Partial<Record<ClientProduct, ProductUrls>>;
}

const SAPI = 'https://api.binance.com';
const FSTREAM = 'wss://fstream.binance.com';
const SPOT_STREAM = 'wss://stream.binance.com:9443';
const SPOT_WS_API = 'wss://ws-api.binance.com';

/** Portfolio margin pro is read with USDⓈ-M's listenKey, so that its REST is USDⓈ-M's (derivatives §1.1). */
const production: Venue = {
  name: 'production',
  resume: false,
  urls: {
    usdm: { rest: 'https://fapi.binance.com', stream: FSTREAM, wsApi: 'wss://ws-fapi.binance.com' },
    coinm: {
      rest: 'https://dapi.binance.com',
      stream: 'wss://dstream.binance.com',
      wsApi: 'wss://ws-dapi.binance.com',
    },
    options: { rest: 'https://eapi.binance.com', stream: FSTREAM },
    pm: { rest: 'https://papi.binance.com', stream: FSTREAM },
    pmpro: { rest: 'https://fapi.binance.com', stream: FSTREAM },
    risk: { rest: SAPI, stream: 'wss://margin-stream.binance.com' },
    spot: { rest: SAPI, stream: SPOT_STREAM, wsApi: SPOT_WS_API },
    margin: { rest: SAPI, stream: SPOT_STREAM, wsApi: SPOT_WS_API },
  },
};

const FUTURES_TESTNET = 'https://testnet.binancefuture.com';
const FUTURES_TESTNET_WS = 'wss://testnet.binancefuture.com';

/** No SAPI there, so neither margin nor its risk stream; portfolio margin's was removed (derivatives §1.1). */
const testnet: Venue = {
  name: 'testnet',
  resume: false,
  urls: {
    usdm: { rest: FUTURES_TESTNET, stream: 'wss://fstream.binancefuture.com', wsApi: FUTURES_TESTNET_WS },
    coinm: { rest: FUTURES_TESTNET, stream: 'wss://dstream.binancefuture.com', wsApi: FUTURES_TESTNET_WS },
    options: { rest: FUTURES_TESTNET, stream: 'wss://fstream.binancefuture.com' },
    spot: {
      rest: 'https://testnet.binance.vision',
      stream: 'wss://stream.testnet.binance.vision',
      wsApi: 'wss://ws-api.testnet.binance.vision',
    },
  },
};

/** Futures have no WebSocket API of their own there; nothing is said of the other products. */
const demo: Venue = {
  name: 'demo',
  resume: false,
  urls: {
    usdm: { rest: 'https://demo-fapi.binance.com', stream: 'wss://demo-fstream.binance.com' },
    coinm: { rest: 'https://demo-dapi.binance.com', stream: 'wss://demo-dstream.binance.com' },
    spot: {
      rest: 'https://demo-api.binance.com',
      stream: 'wss://demo-stream.binance.com:9443',
      wsApi: 'wss://demo-ws-api.binance.com',
    },
  },
};

/** By the names that `venue` of the options takes. */
export const PRESETS = { production, testnet, demo } as const;

/** Listenpost at this URL (`http://127.0.0.1:9010`): all products on one origin, and streams that resume. */
export function listenpost(url: string): Venue {
  return { ...customVenue(url, { resume: true }), name: 'listenpost' };
}

/** What a venue differs in beside its hosts. */
export interface CustomVenueOptions {
  /** Whether it speaks Listenpost's extension. */
  readonly resume?: boolean;
  /** The host of its REST unless said otherwise. */
  readonly name?: string;
}

/**
 * A venue that copies the protocol. `base`: the one `http://` or `https://` origin of all its APIs, or each.
 *
 * @throws OptionsError where a URL is not one of those.
 */
export function customVenue(base: string | ProductUrls, { resume = false, name }: CustomVenueOptions = {}): Venue {
  const urls = typeof base === 'string' ? oneOrigin(base) : checked(base);
  return { name: name ?? new URL(urls.rest).host, resume, urls: everyProduct(urls) };
}

function everyProduct(urls: ProductUrls): Record<ClientProduct, ProductUrls> {
  const { production: all } = PRESETS;
  const products = Object.keys(all.urls) as ClientProduct[];
  return Object.fromEntries(products.map((product) => [product, urls])) as Record<ClientProduct, ProductUrls>;
}

function oneOrigin(base: string): ProductUrls {
  const rest = origin('baseUrl', base, 'http');
  const ws = rest.replace(/^http/, 'ws');
  return { rest, stream: ws, wsApi: ws };
}

function checked({ rest, stream, wsApi }: ProductUrls): ProductUrls {
  return {
    rest: origin('baseUrl.rest', rest, 'http'),
    ...(stream === undefined ? {} : { stream: origin('baseUrl.stream', stream, 'ws') }),
    ...(wsApi === undefined ? {} : { wsApi: origin('baseUrl.wsApi', wsApi, 'ws') }),
  };
}

/** Paths are the protocol's and stand behind the origin; one that a proxy puts before them stays. */
function origin(option: string, text: string, scheme: 'http' | 'ws'): string {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== `${scheme}:` && url.protocol !== `${scheme}s:`)) {
    throw new OptionsError(`${option}: expected a URL that begins with ${scheme}:// or ${scheme}s://`);
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new OptionsError(`${option}: expected scheme, host and port alone, without a query or a password`);
  }
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
}
