/** The one door through which chance comes in, so that a seed can replay it. */
export interface Random {
  /** Unpredictable in production; from the seed in tests. */
  bytes(length: number): Uint8Array;
}
