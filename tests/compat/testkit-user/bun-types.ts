import { expect, test } from 'bun:test';
import { startEmulator } from '@listenpost/testkit';
import '@listenpost/testkit/bun';

test('the matcher is known', async () => {
  await using emulator = await startEmulator();
  await expect(emulator).not.toHaveReceived({ method: 'PUT', before: '55m' });
  // @ts-expect-error it is a duration, or an instant
  await expect(emulator).toHaveReceived({ before: 55 });
});
