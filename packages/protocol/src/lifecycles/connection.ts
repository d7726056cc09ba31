import type { Lifecycle } from './lifecycle.ts';

export type ConnectionState = 'connecting' | 'open' | 'draining' | 'closed';
export type ConnectionInput = 'opened' | 'shutdownAnnounced' | 'ended' | 'closed';

const ended = {
  to: 'closed',
  server: 'lets go of all that could still deliver, and closes with code and reason of a row of ENDS',
  client: 'has its next connection open already where the end was known ahead; else reconnects with a jittered wait',
  source: 'derivatives §3.5; spot-margin §1.3',
} as const;

const closed = {
  to: 'closed',
  server: 'lets go of all that could still deliver; the listenKeys live on',
  client: 'reconnects, unless it was its own wish',
  source: 'derivatives §6; spot-margin §3.2',
} as const;

/** `ended` has its reason in `ENDS`: of them `lifetime`, `lifetimeSpot` and `shutdown` may be known ahead. */
export const CONNECTION_LIFECYCLE: Lifecycle<ConnectionState, ConnectionInput> = {
  name: 'connection',
  of: 'one WebSocket connection, of streams or of a WebSocket API',
  initial: 'connecting',
  states: {
    connecting: 'the handshake was accepted, or is under way',
    open: 'frames go both ways, ping and pong prove it',
    draining: 'the server said that it is about to stop; all goes on until it does',
    closed: 'nothing goes out, and what still comes in is not read',
  },
  inputs: {
    opened: 'the socket is open',
    shutdownAnnounced: 'the server is about to stop, and its product says so beforehand (announcesShutdown)',
    ended: 'the server ends it, by a row of ENDS',
    closed: 'the socket is gone, whoever closed it',
  },
  transitions: {
    connecting: {
      opened: {
        to: 'open',
        server: 'starts the heartbeat and the 24 hours, then subscribes to what the URL names',
        client: 'takes nothing for granted: a dead listenKey opens as well as a live one',
        source: 'derivatives §3.2, §3.5; spot-margin §1.3',
      },
      closed,
    },
    open: {
      shutdownAnnounced: {
        to: 'draining',
        tells: 'serverShutdown',
        server: 'waits for a part of the drain for the client to go by itself',
        client: 'opens and proves its next connection, then closes this one',
        source: 'spot-margin §1.3, §3.11',
      },
      ended,
      closed,
    },
    draining: {
      shutdownAnnounced: {
        to: 'draining',
        server: 'has said so already',
        client: 'nothing to do',
        source: 'spot-margin §1.3',
      },
      ended,
      closed,
    },
    closed: {
      ended: {
        to: 'closed',
        server: 'keeps the first end: a connection has one',
        client: 'does not see it',
        source: 'derivatives §3.5',
      },
      closed: {
        to: 'closed',
        server: 'has let go already: this is the close that it asked for',
        client: 'does not see it',
        source: 'derivatives §3.5',
      },
    },
  },
};
