import { Emulator } from './emulator.ts';
import type { Received } from './journal.ts';

/** For `expect.extend` of vitest and bun:test, and of what is made like them. */
export const matchers = {
  async toHaveReceived(this: { readonly isNot?: boolean } | undefined, emulator: unknown, received: Received) {
    if (!(emulator instanceof Emulator)) throw new TypeError('toHaveReceived is asked of what startEmulator gives');
    // What must not have come is not waited for.
    const { pass, message } = await emulator.journal.verdict(this?.isNot ? { ...received, withinMs: 0 } : received);
    return { pass, message: () => message };
  },
};
