/**
 * For Node and Bun.
 *
 * @module @listenpost/client
 */

import { nodeDoors } from './doors/node.ts';
import type { Doors } from './doors.ts';
import type { UserDataStreamOptions } from './options.ts';
import type { ClientProduct } from './products.ts';
import { UserDataStream } from './user-data-stream.ts';
import { wire } from './wiring.ts';

export { fileCursorStore } from './cursor/file.ts';
export { type NodeDoorsOptions, nodeDoors } from './doors/node.ts';
export * from './public.ts';

/** One for all streams of a process: they share their connections' pool and the venue's patience. */
let shared: Doors | undefined;

/**
 * One account's private events of one product: every event, in order, once.
 *
 * @throws OptionsError where an option makes no sense, naming it.
 */
export function userDataStream<P extends ClientProduct, State = never>(
  options: UserDataStreamOptions<P, State>,
): UserDataStream<P, State> {
  shared ??= nodeDoors();
  return new UserDataStream(options, wire(options, options.doors ?? shared));
}
