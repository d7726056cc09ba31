/**
 * `@binance/derivatives-trading-usds-futures` as its README has it: a listenKey over REST, `connect`, `userData(listenKey)`; and the
 * keepalive that its documentation asks for, every 30 minutes.
 */
import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures';

/** What the venue says of the stream, and not of the account. */
const WORDS_OF_THE_VENUE = new Set(['listenKeyExpired']);

const KEEPALIVE_MS = 30 * 60_000;

export async function run({ restUrl, wsUrl, streams, tell, deliver }) {
  let connection;
  for (const [callback, { account }] of streams.entries()) {
    const client = new DerivativesTradingUsdsFutures({
      configurationRestAPI: { ...account.hmac, basePath: restUrl, timeout: 10_000 },
      configurationWebsocketStreams: { wsURL: wsUrl },
    });
    const { listenKey } = await (await client.restAPI.startUserDataStream()).data();
    setInterval(() => {
      client.restAPI.keepaliveUserDataStream().catch((error) => tell(`keepalive: ${error.message}`));
    }, KEEPALIVE_MS);
    // Two accounts share the connection, as the connector allows.
    connection ??= await connected(client, tell);
    connection.userData(listenKey).on('message', (data) => {
      if (data.e === 'ORDER_TRADE_UPDATE') deliver(callback, data.o.c);
      else if (WORDS_OF_THE_VENUE.has(data.e)) tell(data.e);
    });
  }
}

async function connected(client, tell) {
  const connection = await client.websocketStreams.connect();
  connection.on('close', (code) => tell(`close ${code}`));
  connection.on('error', (error) => tell(`error ${error.message}`));
  return connection;
}
