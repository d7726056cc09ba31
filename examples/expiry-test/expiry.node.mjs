import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmulator } from '@listenpost/testkit';
import { startBot } from './bot.mjs';

let emulator;
let bot;
afterEach(async () => {
  await bot?.close();
  await emulator?.close();
});

test('the key expires while keepalives fail, during a partial fill', async () => {
  emulator = await startEmulator({ followTimers: true });
  bot = await startBot(emulator.urls, emulator.accounts[0]);
  await emulator.faults.add({ fault: 'drop-keepalive' });
  await emulator.trigger('order.partially-filled', { qty: '0.030', fills: 2 });
  await emulator.clock.advance('61m');
  await emulator.assertReceived({ method: 'POST', path: '/fapi/v1/listenKey', after: '60m' });
  await emulator.trigger('order.filled', { orderId: 'last' });
  for (let looks = 0; bot.position !== 0.03 && looks < 100; looks++) await sleep(10);
  assert.equal(bot.position, 0.03);
});
