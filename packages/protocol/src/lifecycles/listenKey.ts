import type { Lifecycle, RefusedInput, Transition } from './lifecycle.ts';

export type ListenKeyState = 'absent' | 'live' | 'expired' | 'closed';
export type ListenKeyInput = 'start' | 'keepalive' | 'close' | 'deadline';

const make: Transition<ListenKeyState> = {
  to: 'live',
  server: 'makes another key, and answers it once it is durable',
  client: 'opens a connection with the key; reads its state by request, since nothing missed is replayed',
  source: 'derivatives §1.2, §3.6',
};

const refused: RefusedInput = {
  refused: 'INVALID_LISTEN_KEY',
  client: 'starts a new key',
  source: 'derivatives §1.2',
};

/** There is no key to extend or end, and none that could expire. */
const dead = { start: make, keepalive: refused, close: refused };

/**
 * A server may forget how a key died: the dead states answer alike, and like a stream that never had one. A client may
 * not: an expired key was its own neglect or an outage, a closed one was somebody's wish.
 */
export const LISTEN_KEY_LIFECYCLE: Lifecycle<ListenKeyState, ListenKeyInput> = {
  name: 'listenKey',
  of: 'the listenKey of one stream, for all who share it',
  initial: 'absent',
  states: {
    absent: 'the stream has had no key',
    live: 'whoever presents the key reads the stream, until 60 minutes after the last start or keepalive',
    expired: 'its deadline came',
    closed: 'a client of the account, or the operator, ended it',
  },
  inputs: {
    start: 'POST listenKey, userDataStream.start',
    keepalive: 'PUT listenKey, userDataStream.ping',
    close: 'DELETE listenKey, userDataStream.stop, or the operator',
    deadline: 'the first instant at which the key no longer lives',
  },
  transitions: {
    absent: dead,
    live: {
      start: {
        to: 'live',
        server: 'answers the same key, and counts its validity from this call',
        client: 'goes on with the key; its deadline has moved',
        source: 'derivatives §1.2, §6',
      },
      keepalive: {
        to: 'live',
        server: 'counts the validity from this call',
        client: 'its deadline has moved',
        source: 'derivatives §1.2',
      },
      close: {
        to: 'closed',
        tells: 'listenKeyExpired',
        tellsWhere: 'closeAnnounced',
        server: 'drops the key; sockets stay open and hear no more by it',
        client: 'when it was not its own wish: starts a new key; where no event tells, the next keepalive does',
        source: 'derivatives §3.6; spot-margin §6.7',
      },
      deadline: {
        to: 'expired',
        tells: 'listenKeyExpired',
        server: 'drops the key; sockets stay open and hear no more by it',
        client: 'starts a new key',
        source: 'derivatives §3.6; spot-margin §6.7',
      },
    },
    expired: dead,
    closed: dead,
  },
};
