import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures';
import { ED25519_KEY, HMAC_KEY } from './demo-account.mjs';
import { advanceClock, restUrl, trigger, wsUrl } from './dev-server.mjs';
import { leave } from './leave.mjs';
import { openUserData } from './user-data.mjs';

const configurationRestAPI = { ...HMAC_KEY, basePath: restUrl };
const configurationWebsocketAPI = { ...HMAC_KEY, wsURL: `${wsUrl}/ws-fapi/v1` };
const configurationWebsocketStreams = { wsURL: wsUrl };
const client = new DerivativesTradingUsdsFutures({
  configurationRestAPI,
  configurationWebsocketAPI,
  configurationWebsocketStreams,
});

const noSuchKey = { name: 'BadRequestError', code: -1125, message: 'This listenKey does not exist.' };

test('starts, extends and closes a listenKey over REST', async () => {
  const started = await client.restAPI.startUserDataStream();
  const { listenKey } = await started.data();
  assert.match(listenKey, /^[A-Za-z0-9]{64}$/);
  assert.deepEqual(
    started.rateLimits.map(({ rateLimitType, interval, intervalNum }) => [rateLimitType, interval, intervalNum]),
    [['REQUEST_WEIGHT', 'MINUTE', 1]],
  );
  assert.deepEqual(await (await client.restAPI.startUserDataStream()).data(), { listenKey });
  assert.deepEqual(await (await client.restAPI.keepaliveUserDataStream()).data(), { listenKey });
  assert.deepEqual(await (await client.restAPI.closeUserDataStream()).data(), {});
  await assert.rejects(client.restAPI.keepaliveUserDataStream(), noSuchKey);
});

test('starts, extends and closes a listenKey over the WebSocket API', async () => {
  const api = await client.websocketAPI.connect();
  after(() => leave(api));
  const started = await api.startUserDataStream();
  const { listenKey } = started.data;
  assert.match(listenKey, /^[A-Za-z0-9]{64}$/);
  assert.equal(started.rateLimits[0].rateLimitType, 'REQUEST_WEIGHT');
  assert.deepEqual((await api.keepaliveUserDataStream()).data, { listenKey });
  assert.deepEqual(await (await client.restAPI.startUserDataStream()).data(), { listenKey }, 'one key per account');
  assert.deepEqual((await api.closeUserDataStream()).data, {});
  await assert.rejects(api.keepaliveUserDataStream(), { code: -1125, msg: 'This listenKey does not exist.' });
});

test('logs on with an Ed25519 key, after which requests need no key of their own', async () => {
  const { websocketAPI } = new DerivativesTradingUsdsFutures({
    configurationWebsocketAPI: { ...ED25519_KEY, wsURL: `${wsUrl}/ws-fapi/v1` },
  });
  const api = await websocketAPI.connect();
  after(() => leave(api));
  const { data: session } = await api.sendSignedMessage('session.logon');
  assert.equal(session.apiKey, ED25519_KEY.apiKey);
  assert.ok(session.authorizedSince >= session.connectedSince);
  const { data: started } = await api.sendMessage('userDataStream.start');
  assert.match(started.listenKey, /^[A-Za-z0-9]{64}$/);
  assert.equal((await api.sendMessage('session.status')).data.apiKey, ED25519_KEY.apiKey);
  assert.equal((await api.sendMessage('session.logout')).data.apiKey, null);
  await assert.rejects(api.sendMessage('userDataStream.start'), { code: -1103 });
});

test('refuses a logon with an HMAC key', async () => {
  const api = await client.websocketAPI.connect();
  after(() => leave(api));
  await assert.rejects(api.sendSignedMessage('session.logon'), { code: -4056 });
});

test('receives events through userData, and the end of the key', async () => {
  const { listenKey, events } = await openUserData(client);

  await trigger('order.filled', 'usdm', { symbol: 'ETHUSDT', side: 'SELL', qty: '0.5', price: '2500' });
  const [accepted, lite, account, traded] = await events.atLeast(4);
  assert.deepEqual(
    [accepted, lite, account, traded].map(({ e }) => e),
    ['ORDER_TRADE_UPDATE', 'TRADE_LITE', 'ACCOUNT_UPDATE', 'ORDER_TRADE_UPDATE'],
  );
  assert.deepEqual([accepted.o.X, traded.o.X, traded.o.s, traded.o.S], ['NEW', 'FILLED', 'ETHUSDT', 'SELL']);
  assert.equal(traded.o.i, lite.i);
  assert.equal(account.a.P[0].pa, '-0.500');

  await advanceClock('61m');
  const { E, ...expired } = (await events.atLeast(5))[4];
  assert.deepEqual(expired, { e: 'listenKeyExpired', listenKey });
  assert.equal(typeof E, 'number');
  await assert.rejects(client.restAPI.keepaliveUserDataStream(), noSuchKey);
});
