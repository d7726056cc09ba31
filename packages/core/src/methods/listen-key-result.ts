import type { Result } from '../control/call.ts';
import type { ListenKey } from '../registry/listen-keys.ts';

/** The members that the product's row names, in its order. */
export function listenKeyResult(key: ListenKey, members: readonly ('listenKey' | 'expiration')[]): Result {
  const values = { listenKey: key.key, expiration: key.deadline };
  return Object.fromEntries(members.map((member) => [member, values[member]]));
}
