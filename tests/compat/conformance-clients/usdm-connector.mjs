/**
 * `@binance/derivatives-trading-usds-futures` as its own README uses it for a user data stream, and nothing added: a key, a
 * connection, a callback, and the keepalive that the documentation tells to send, every 30 minutes.
 */
import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures';

const env = process.env;
const KEEPALIVE_EVERY_MS = 30 * 60_000;

const key = { apiKey: env.LISTENPOST_API_KEY, apiSecret: env.LISTENPOST_API_SECRET };
const client = new DerivativesTradingUsdsFutures({
  configurationRestAPI: { ...key, basePath: env.LISTENPOST_HTTPS_URL },
  configurationWebsocketStreams: { wsURL: env.LISTENPOST_WSS_URL },
});
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const { listenKey } = await (await client.restAPI.startUserDataStream()).data();
setInterval(() => {
  client.restAPI.keepaliveUserDataStream().catch((error) => process.stderr.write(`${error.message}\n`));
}, KEEPALIVE_EVERY_MS);
const streams = await client.websocketStreams.connect();
const subscribed = new Promise((resolve) => {
  streams.on('message', (text) => JSON.parse(text).result === null && resolve());
});
streams.userData(listenKey).on('message', (event) => say({ event }));
await subscribed;
say({ ready: true });
