import { createCipheriv, createHash } from 'node:crypto';
import type { Random } from '@listenpost/core';

/** The operating system's generator, through the runtime. */
export const nodeRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};

/** The same bytes for the same seed, on every machine. For the emulator alone: whoever knows the seed knows every key. */
export class SeededRandom implements Random {
  readonly seed: string;
  readonly #stream: ReturnType<typeof createCipheriv>;
  #drawn = 0;

  /** `drawn`: goes on where another one stood. */
  constructor(seed: string, drawn = 0) {
    this.seed = seed;
    this.#stream = createCipheriv('aes-256-ctr', createHash('sha256').update(seed).digest(), Buffer.alloc(16));
    this.bytes(drawn);
  }

  /** Bytes that were drawn so far. */
  get drawn(): number {
    return this.#drawn;
  }

  bytes(length: number): Uint8Array {
    this.#drawn += length;
    return new Uint8Array(this.#stream.update(Buffer.alloc(length)));
  }
}
