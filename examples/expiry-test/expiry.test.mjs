import { startEmulator } from '@listenpost/testkit';
import '@listenpost/testkit/vitest';
import { afterEach, expect, test, vi } from 'vitest';
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
  await expect(emulator).toHaveReceived({ method: 'POST', path: '/fapi/v1/listenKey', after: '60m' });
  await emulator.trigger('order.filled', { orderId: 'last' });
  await vi.waitFor(() => expect(bot.position).toBe(0.03));
});
