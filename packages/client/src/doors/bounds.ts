/** What the doors of every runtime keep to. */

/**
 * The largest frame or answer that is taken; more ends the connection. Thirty times the longest of a venue that were seen (an account
 * snapshot of every asset, some 100 KB), so that a peer gone wild costs memory for one of them and no more.
 */
export const MESSAGE_BYTES_MAX = 4 * 2 ** 20;

/** How long a peer has to answer a close before the connection is cut. */
export const CLOSE_WITHIN_MS = 2_000;

/** For a connection that ended without a word: what browsers and `ws` say too (RFC 6455 §7.4.1). */
export const CLOSED_ABNORMALLY = 1006;

export function tooLarge(): Error {
  return new Error(`the answer is larger than ${MESSAGE_BYTES_MAX} bytes`);
}

/** The reason itself where it is an error, as it is unless somebody aborts with something else. */
export function abortError({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error('the request was aborted', { cause: reason });
}
