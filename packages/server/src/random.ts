import type { Random } from '@listenpost/core';

/** The operating system's generator, through the runtime. */
export const nodeRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};
