/**
 * For browsers, and every runtime with `fetch`, `WebSocket` and WebCrypto: nothing of Node is imported. Bundlers for browsers take
 * it for `@listenpost/client` by themselves.
 *
 * @module @listenpost/client (browser)
 */

import { browserDoors } from './doors/browser.ts';
import type { Doors } from './doors.ts';
import type { UserDataStreamOptions } from './options.ts';
import type { ClientProduct } from './products.ts';
import { UserDataStream } from './user-data-stream.ts';
import { wire } from './wiring.ts';

export { browserDoors } from './doors/browser.ts';
export * from './public.ts';

/** One for all streams of a page: they share the venue's patience. */
let shared: Doors | undefined;

/**
 * One account's private events of one product: every event, in order, once.
 *
 * @throws OptionsError where an option makes no sense, naming it.
 */
export function userDataStream<P extends ClientProduct, State = never>(
  options: UserDataStreamOptions<P, State>,
): UserDataStream<P, State> {
  shared ??= browserDoors();
  return new UserDataStream(options, wire(options, options.doors ?? shared));
}
