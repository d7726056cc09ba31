import type { AccountBook } from '@listenpost/protocol';

/**
 * The door behind the signed calls that read an account. What keeps accounts fills it: the emulator, whose books the events
 * come from. A house without it knows no such calls: a venue's own matching engine answers them there.
 *
 * Guarantees: what an event of the stream said is read from the moment on at which it reaches a socket.
 */
export interface AccountBooks {
  /** The account of a stream that its owner has. */
  read(account: string, scope: string): AccountBook;
}
