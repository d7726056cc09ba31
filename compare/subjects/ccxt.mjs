/** ccxt as its manual has it: `watchOrders` in a loop that survives errors. */
import ccxt from 'ccxt';

export async function run({ restUrl, wsUrl, streams, tell, deliver }) {
  for (const [callback, { account }] of streams.entries()) {
    const options = { fetchCurrencies: false, fetchMargins: false, fetchMarkets: { types: ['linear'] } };
    const exchange = new ccxt.pro.binanceusdm({ apiKey: account.hmac.apiKey, secret: account.hmac.apiSecret, options });
    const { api } = exchange.urls;
    for (const [name, url] of Object.entries(api)) {
      if (typeof url === 'string') api[name] = url.replace(/^https:\/\/[^/]+/, restUrl);
    }
    for (const [name, url] of Object.entries(api.ws)) {
      if (typeof url === 'string') api.ws[name] = url.replace(/^wss:\/\/[^/]+/, wsUrl);
    }
    await exchange.loadMarkets();
    watch(exchange, (id) => deliver(callback, id), tell).catch((error) => tell(error.message));
  }
}

async function watch(exchange, deliver, tell) {
  for (;;) {
    try {
      for (const { clientOrderId } of await exchange.watchOrders()) deliver(clientOrderId);
    } catch (error) {
      tell(`${error.constructor.name}: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
