import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEmulator } from '@listenpost/testkit';
import { startBot } from './bot.mjs';

test('the key expires while keepalives fail, during a partial fill', async (t) => {
  const emulator = await startEmulator({ followTimers: true });
  t.after(() => emulator.close());
  const bot = await startBot(emulator.urls, emulator.accounts[0]);
  t.after(() => bot.close());
  await emulator.faults.add({ fault: 'drop-keepalive' });
  await emulator.trigger('order.partially-filled', { qty: '0.030', fills: 2 });
  await emulator.clock.advance('61m');
  await emulator.trigger('order.filled', { orderId: 'last' });
  await emulator.assertReceived({ kind: 'push', event: 'ACCOUNT_UPDATE', after: '60m' });
  assert.equal(bot.position, 0.03);
  await emulator.assertReceived({ method: 'PUT', path: '/fapi/v1/listenKey', before: '55m' });
  await emulator.assertReceived({ method: 'POST', path: '/fapi/v1/listenKey', after: '60m', times: 1 });
});
