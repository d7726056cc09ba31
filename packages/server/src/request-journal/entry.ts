/** What the request journal holds: whatever came from a client or went to one, as it stood on the wire. */
import type { Frame } from '@listenpost/core';
import type { ProductId } from '@listenpost/protocol';
import type { SignatureExplanation } from './explain-signature.ts';

/**
 * request: a REST request and its answer. handshake: of a WebSocket. message: a client's frame (control message or WebSocket
 * API request) and its answer. push: a frame that answers nothing. ping, pong: either side's. close: how a connection ended.
 * fault: what a fault did.
 */
export const ENTRY_KINDS = ['request', 'handshake', 'message', 'push', 'ping', 'pong', 'close', 'fault'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** Listed only when asked for by name: a test of a day would be a list of them. */
export const UNASKED_KINDS: ReadonlySet<EntryKind> = new Set(['ping', 'pong']);

/** What is known when it happens. */
export interface NewEntry {
  readonly kind: EntryKind;
  readonly from: 'client' | 'server';
  readonly account: string | undefined;
  readonly product: ProductId | undefined;
  readonly connection: string | undefined;
  /** `<account>/<scope>`: whose event a push is. */
  readonly streams?: readonly string[];
  /** HTTP verb, or method of the message. */
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly query?: string | undefined;
  /** Of a message or push. */
  readonly frame?: Frame;
  /** Of a close. */
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  readonly fault?: { readonly id: string; readonly name: string; readonly did: string };
}

export interface Entry extends Omit<NewEntry, 'account' | 'product' | 'connection' | 'code'> {
  readonly number: number;
  /** In ms of virtual time. */
  readonly at: number;
  account: string | undefined;
  product: ProductId | undefined;
  connection: string | undefined;
  /** The exchange's error code in the answer, or the code of a close. */
  code: number | undefined;
  body: string | undefined;
  status: number | undefined;
  answer: Frame | undefined;
  explanation: SignatureExplanation | undefined;
  /** What it takes in the ring. */
  bytes: number;
}
