import { startEmulator } from '@listenpost/testkit';
import '@listenpost/testkit/vitest';
import { describe, expect, test } from 'vitest';

describe.concurrent('tests at the same time', () => {
  test.each([1, 2, 3, 4, 5])('have each an emulator of their own: %i', async (hours) => {
    const emulator = await startEmulator({ seed: hours });
    const began = await emulator.clock.now();
    await emulator.clock.advance(`${hours}h`);
    expect(Math.round(((await emulator.clock.now()) - began) / 3_600_000)).toBe(hours);
    await expect(emulator).not.toHaveReceived({});
    await emulator.close();
  });
});
