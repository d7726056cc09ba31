import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DerivativesTradingPortfolioMargin } from '@binance/derivatives-trading-portfolio-margin';
import { HMAC_KEY } from './demo-account.mjs';
import { advanceClock, restUrl, trigger, wsUrl } from './dev-server.mjs';
import { openUserData } from './user-data.mjs';

const client = new DerivativesTradingPortfolioMargin({
  configurationRestAPI: { ...HMAC_KEY, basePath: restUrl },
  configurationWebsocketStreams: { wsURL: `${wsUrl}/pm` },
});

const noSuchKey = { name: 'BadRequestError', code: -1125, message: 'This listenKey does not exist.' };

test('starts, extends and closes a listenKey over REST', async () => {
  const { listenKey } = await (await client.restAPI.startUserDataStream()).data();
  assert.match(listenKey, /^[A-Za-z0-9]{64}$/);
  assert.deepEqual(await (await client.restAPI.startUserDataStream()).data(), { listenKey });
  assert.deepEqual(await (await client.restAPI.keepaliveUserDataStream()).data(), {});
  assert.deepEqual(await (await client.restAPI.closeUserDataStream()).data(), {});
  await assert.rejects(client.restAPI.keepaliveUserDataStream(), noSuchKey);
});

test('receives events of both futures and of margin through userData, and the end of the key', async () => {
  const { events } = await openUserData(client);

  await trigger('order.filled', 'pm', { market: 'UM' });
  await trigger('order.filled', 'pm', { market: 'CM' });
  await trigger('order.filled', 'pm', { market: 'MARGIN' });
  const order = await events.first(({ e, fs }) => e === 'ORDER_TRADE_UPDATE' && fs === 'UM');
  assert.equal(order.o.X, 'NEW');
  assert.equal((await events.first(({ e, fs }) => e === 'ACCOUNT_UPDATE' && fs === 'CM')).a.m, 'ORDER');
  assert.equal((await events.first(({ e, x }) => e === 'executionReport' && x === 'TRADE')).X, 'FILLED');

  await advanceClock('61m');
  const { E, ...expired } = await events.first(({ e }) => e === 'listenKeyExpired');
  assert.deepEqual(expired, { e: 'listenKeyExpired' }, 'portfolio margin names no key');
  assert.equal(typeof E, 'number');
  await assert.rejects(client.restAPI.keepaliveUserDataStream(), noSuchKey);
});
