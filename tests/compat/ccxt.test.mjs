import assert from 'node:assert/strict';
import { test } from 'node:test';
import ccxt from 'ccxt';
import { HMAC_KEY } from './demo-account.mjs';
import { listening, restUrl, trigger, wsUrl } from './dev-server.mjs';

/** ccxt keeps a URL for each product and API; only their hosts change. */
function onEmulator(exchange) {
  const { api } = exchange.urls;
  for (const [name, url] of Object.entries(api)) {
    if (typeof url === 'string') api[name] = url.replace(/^https:\/\/[^/]+/, restUrl);
  }
  for (const [name, url] of Object.entries(api.ws)) {
    if (typeof url === 'string') api.ws[name] = url.replace(/^wss:\/\/[^/]+/, wsUrl);
  }
  return exchange;
}

const credentials = { apiKey: HMAC_KEY.apiKey, secret: HMAC_KEY.apiSecret };
/** What else ccxt asks for at its start is not part of user data streams. */
const onlyMarkets = { fetchCurrencies: false, fetchMargins: false };

test('watches USDⓈ-M orders', async () => {
  const options = { ...onlyMarkets, fetchMarkets: { types: ['linear'] } };
  const exchange = onEmulator(new ccxt.pro.binanceusdm({ ...credentials, options }));
  await exchange.loadMarkets();
  const watched = exchange.watchOrders('ETH/USDT:USDT');
  await listening('usdm');
  await trigger('order.canceled', 'usdm', { symbol: 'ETHUSDT', side: 'SELL', qty: '0.5', price: '2600' });
  const [order] = await watched;
  assert.deepEqual([order.symbol, order.side, order.amount, order.price], ['ETH/USDT:USDT', 'sell', 0.5, 2600]);
});

test('watches COIN-M orders', async () => {
  const options = { ...onlyMarkets, fetchMarkets: { types: ['inverse'] } };
  const exchange = onEmulator(new ccxt.pro.binancecoinm({ ...credentials, options }));
  await exchange.loadMarkets();
  const watched = exchange.watchOrders('BTC/USD:BTC');
  await listening('coinm');
  await trigger('order.canceled', 'coinm', { symbol: 'BTCUSD_PERP', side: 'BUY', qty: '3', price: '60000' });
  const [order] = await watched;
  assert.deepEqual([order.symbol, order.side, order.amount, order.price], ['BTC/USD:BTC', 'buy', 3, 60000]);
});
