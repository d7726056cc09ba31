import type { Random } from '@listenpost/core';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** 62^12 ≈ 3·10^21: two streams, or two lives of one data folder, do not meet by chance. */
const EPOCH_LENGTH = 12;
/** The largest multiple of 62 in a byte; bytes from here on are drawn again, so that no letter is favoured. */
const FAIR_BELOW = 248;

/** A new stream's epoch: 12 characters of `[A-Za-z0-9]`. */
export function newEpoch(random: Random): string {
  let epoch = '';
  while (epoch.length < EPOCH_LENGTH) {
    for (const byte of random.bytes(EPOCH_LENGTH - epoch.length)) {
      if (byte < FAIR_BELOW) epoch += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return epoch;
}
