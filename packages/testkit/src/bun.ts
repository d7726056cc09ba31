/** `import '@listenpost/testkit/bun'`: `expect(emulator).toHaveReceived(…)` in bun:test. */
import { expect } from 'bun:test';
import type { Received } from './journal.ts';
import { matchers } from './matchers.ts';

expect.extend(matchers);

declare module 'bun:test' {
  interface Matchers<T> {
    toHaveReceived(received: Received): Promise<T>;
  }
}
