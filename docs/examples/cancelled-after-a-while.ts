/**
 * An order trades in part, rests for half a minute of the emulator's time, and is cancelled; leverage is changed by an event
 * as it stands. Played by `listenpost trigger docs/examples/cancelled-after-a-while.ts`, and in a test by `emulator.play(file)`.
 */
import type { UserScenario } from '@listenpost/testkit';

const E = 1_790_000_000_000;

export default {
  scope: 'usdm',
  steps: [
    { scenario: 'order.partially-filled', symbol: 'ETHUSDT', side: 'SELL', qty: '0.4', price: '2500', fills: 3 },
    { wait: '30s' },
    { scenario: 'order.canceled', orderId: 'last' },
    { event: { e: 'ACCOUNT_CONFIG_UPDATE', E, T: E, ac: { s: 'ETHUSDT', l: 25 } } },
  ],
} satisfies UserScenario;
