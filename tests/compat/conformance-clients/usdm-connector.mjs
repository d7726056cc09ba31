/**
 * `@binance/derivatives-trading-usds-futures` as its own README uses it for a user data stream, and nothing added: a key, a
 * connection, a callback, and the keepalive that the documentation tells to send, every 30 minutes.
 */
import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures';
import { listenByKey, TIMEOUT_MS } from './listen-by-key.mjs';

const env = process.env;
const key = { apiKey: env.LISTENPOST_API_KEY, apiSecret: env.LISTENPOST_API_SECRET };

await listenByKey(
  new DerivativesTradingUsdsFutures({
    configurationRestAPI: { ...key, basePath: env.LISTENPOST_HTTPS_URL, timeout: TIMEOUT_MS },
    configurationWebsocketStreams: { wsURL: env.LISTENPOST_WSS_URL },
  }),
);
