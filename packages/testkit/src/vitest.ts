/** `import '@listenpost/testkit/vitest'`: `expect(emulator).toHaveReceived(…)`. */
import { expect } from 'vitest';
import type { Received } from './journal.ts';
import { matchers } from './matchers.ts';

expect.extend(matchers);

declare module 'vitest' {
  interface Matchers<T> {
    toHaveReceived(received: Received): Promise<T>;
  }
}
