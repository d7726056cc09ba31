/**
 * A bot that was cut off reconciles by REST: the official connectors, unmodified, read from the emulator's account exactly what
 * its events say.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures';
import { Spot } from '@binance/spot';
import { ED25519_KEY, HMAC_KEY } from './demo-account.mjs';
import { restUrl, trigger, wsUrl } from './dev-server.mjs';
import { leave } from './leave.mjs';
import { Received } from './received.mjs';
import { openUserData } from './user-data.mjs';

const configurationRestAPI = { ...HMAC_KEY, basePath: restUrl };

test('USDⓈ-M: account, balance, positions, open orders, order and trades', async () => {
  const client = new DerivativesTradingUsdsFutures({
    configurationRestAPI,
    configurationWebsocketStreams: { wsURL: wsUrl },
  });
  const read = async (call, parameters) => (await client.restAPI[call](parameters)).data();
  const { events } = await openUserData(client);

  const terms = { symbol: 'ETHUSDT', side: 'SELL', qty: '0.400', price: '2500' };
  const { orderId } = await trigger('order.partially-filled', 'usdm', { ...terms, fills: 3 });
  await trigger('funding', 'usdm', { symbol: 'ETHUSDT' });
  const said = await events.atLeast(1 + 3 * 3 + 1);
  const order = said.findLast(({ e }) => e === 'ORDER_TRADE_UPDATE').o;
  const funding = said.at(-1);
  const position = said.findLast(({ a }) => a?.m === 'ORDER');
  assert.equal(funding.a.m, 'FUNDING_FEE');

  const [open] = await read('currentAllOpenOrders', { symbol: 'ETHUSDT' });
  assert.deepEqual(
    [open.orderId, open.clientOrderId, open.status, open.executedQty, open.avgPrice, open.updateTime],
    [orderId, order.c, order.X, order.z, order.ap, order.T],
  );
  assert.deepEqual(await read('queryOrder', { symbol: 'ETHUSDT', orderId }), open);

  const trades = await read('accountTradeList', { symbol: 'ETHUSDT' });
  const reports = said.filter(({ o }) => o?.x === 'TRADE').map(({ o }) => [o.t, o.l, o.L, o.n, o.N, o.T, o.m]);
  assert.deepEqual(
    trades.map((each) => [each.id, each.qty, each.price, each.commission, each.commissionAsset, each.time, each.maker]),
    reports,
  );

  const [held] = await read('positionInformationV3', { symbol: 'ETHUSDT' });
  const [told] = position.a.P;
  assert.deepEqual(
    [held.positionAmt, held.entryPrice, held.breakEvenPrice, held.positionSide, held.updateTime],
    [told.pa, told.ep, told.bep, told.ps, position.T],
  );

  const [wallet] = funding.a.B;
  const account = await read('accountInformationV3');
  const asset = account.assets.find((each) => each.asset === wallet.a);
  assert.deepEqual(
    [asset.walletBalance, asset.crossWalletBalance, asset.updateTime],
    [wallet.wb, wallet.cw, funding.T],
  );
  assert.equal(account.positions.find(({ symbol }) => symbol === 'ETHUSDT').positionAmt, told.pa);
  const balance = (await read('futuresAccountBalanceV3')).find((each) => each.asset === wallet.a);
  assert.deepEqual([balance.balance, balance.updateTime], [wallet.wb, funding.T]);

  assert.deepEqual(await read('getCurrentPositionMode'), { dualSidePosition: false });
  await trigger('order.canceled', 'usdm', { orderId: 'last' });
  assert.deepEqual(await read('currentAllOpenOrders', { symbol: 'ETHUSDT' }), []);
  assert.equal((await read('queryOrder', { symbol: 'ETHUSDT', origClientOrderId: order.c })).status, 'CANCELED');
  await assert.rejects(read('queryOrder', { symbol: 'ETHUSDT', orderId: 1 }), { code: -2013 });
});

test('Spot: account, open orders, order and trades', async () => {
  const { restAPI } = new Spot({ configurationRestAPI });
  const { websocketAPI } = new Spot({ configurationWebsocketAPI: { ...ED25519_KEY, wsURL: `${wsUrl}/ws-api/v3` } });
  const read = async (call, parameters) => (await restAPI[call](parameters)).data();
  const api = await websocketAPI.connect();
  after(() => leave(api));
  const events = new Received();
  (await api.userDataStreamSubscribeSignature()).stream.on('message', events.push);

  const { orderId } = await trigger('order.partially-filled', 'spot', { qty: '0.04', price: '60000', fills: 3 });
  const said = await events.atLeast(2 + 3 * 2);
  const order = said.findLast(({ e }) => e === 'executionReport');
  const position = said.at(-1);

  const [open] = await read('getOpenOrders', { symbol: 'BTCUSDT' });
  assert.deepEqual(
    [
      open.orderId,
      open.clientOrderId,
      open.status,
      open.executedQty,
      open.cummulativeQuoteQty,
      open.time,
      open.updateTime,
    ],
    [orderId, order.c, order.X, order.z, order.Z, order.O, order.T],
  );
  assert.deepEqual(await read('getOrder', { symbol: 'BTCUSDT', orderId }), open);
  const trades = await read('myTrades', { symbol: 'BTCUSDT' });
  assert.deepEqual(
    trades.map((each) => [each.id, each.qty, each.price, each.quoteQty, each.commission, each.commissionAsset]),
    said.filter(({ x }) => x === 'TRADE').map(({ t, l, L, Y, n, N }) => [t, l, L, Y, n, N]),
  );
  const account = await read('getAccount');
  assert.equal(account.updateTime, position.u);
  for (const { a, f, l } of position.B) {
    const { free, locked } = account.balances.find(({ asset }) => asset === a);
    assert.deepEqual([free, locked], [f, l]);
  }
});
