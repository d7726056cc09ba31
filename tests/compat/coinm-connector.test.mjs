import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { DerivativesTradingCoinFutures } from '@binance/derivatives-trading-coin-futures';
import { ED25519_KEY, HMAC_KEY } from './demo-account.mjs';
import { advanceClock, restUrl, trigger, wsUrl } from './dev-server.mjs';
import { leave } from './leave.mjs';
import { openUserData } from './user-data.mjs';

const client = new DerivativesTradingCoinFutures({
  configurationRestAPI: { ...HMAC_KEY, basePath: restUrl },
  configurationWebsocketAPI: { ...HMAC_KEY, wsURL: `${wsUrl}/ws-dapi/v1` },
  configurationWebsocketStreams: { wsURL: wsUrl },
});

const noSuchKey = { name: 'BadRequestError', message: 'This listenKey does not exist.' };

test('starts, extends and closes a listenKey over REST', async () => {
  const { listenKey } = await (await client.restAPI.startUserDataStream()).data();
  assert.match(listenKey, /^[A-Za-z0-9]{64}$/);
  assert.deepEqual(await (await client.restAPI.keepaliveUserDataStream()).data(), { listenKey });
  assert.deepEqual(await (await client.restAPI.closeUserDataStream()).data(), {});
  await assert.rejects(client.restAPI.keepaliveUserDataStream(), noSuchKey);
});

test('starts, extends and closes a listenKey over the WebSocket API', async () => {
  const api = await client.websocketAPI.connect();
  after(() => leave(api));
  const { listenKey } = (await api.startUserDataStream()).data;
  assert.match(listenKey, /^[A-Za-z0-9]{64}$/);
  assert.deepEqual((await api.keepaliveUserDataStream()).data, { listenKey });
  assert.deepEqual((await api.closeUserDataStream()).data, {});
  await assert.rejects(api.keepaliveUserDataStream(), { code: -1125, msg: 'This listenKey does not exist.' });
});

test('logs on with an Ed25519 key, after which requests need no key of their own', async () => {
  const { websocketAPI } = new DerivativesTradingCoinFutures({
    configurationWebsocketAPI: { ...ED25519_KEY, wsURL: `${wsUrl}/ws-dapi/v1` },
  });
  const api = await websocketAPI.connect();
  after(() => leave(api));
  const { data: session } = await api.sendSignedMessage('session.logon');
  assert.equal(session.apiKey, ED25519_KEY.apiKey);
  assert.match((await api.sendMessage('userDataStream.start')).data.listenKey, /^[A-Za-z0-9]{64}$/);
  assert.deepEqual((await api.sendMessage('userDataStream.stop')).data, {});
});

test('receives events through userData, and the end of the key', async () => {
  const { listenKey, events } = await openUserData(client);

  await trigger('order.filled', 'coinm', { symbol: 'BTCUSD_PERP', qty: '3', price: '60000' });
  const seen = await events.atLeast(3);
  assert.deepEqual(
    seen.map(({ e }) => e),
    ['ORDER_TRADE_UPDATE', 'ACCOUNT_UPDATE', 'ORDER_TRADE_UPDATE'],
  );
  assert.equal(typeof seen[1].i, 'string', 'COIN-M events carry the account alias');
  assert.deepEqual([seen[2].o.X, seen[2].o.s, seen[2].o.z], ['FILLED', 'BTCUSD_PERP', '3']);

  await advanceClock('61m');
  const { E, ...expired } = (await events.atLeast(4))[3];
  assert.deepEqual(expired, { e: 'listenKeyExpired', listenKey });
  assert.equal(typeof E, 'number');
  await assert.rejects(client.restAPI.keepaliveUserDataStream(), noSuchKey);
});
