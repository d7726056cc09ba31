import type { Lifecycle } from './lifecycle.ts';

export type SessionState = 'anonymous' | 'loggedOn' | 'closed';
export type SessionInput = 'logon' | 'request' | 'logout' | 'revoke' | 'close';

const close = {
  to: 'closed',
  server: 'forgets the logon; subscriptions end in silence',
  client: 'logs on again on its next connection',
  source: 'spot-margin §3.2',
} as const;

export const SESSION_LIFECYCLE: Lifecycle<SessionState, SessionInput> = {
  name: 'session',
  of: 'the session of one WebSocket API connection',
  initial: 'anonymous',
  states: {
    anonymous: 'each request brings its own API key',
    loggedOn: 'requests without an API key are those of the logon',
    closed: 'its connection is gone',
  },
  inputs: {
    logon: 'session.logon that was proved by an Ed25519 key',
    request: 'a request that only a logon allows, such as userDataStream.subscribe',
    logout: 'session.logout',
    revoke: 'any request after the key of the logon was deleted, or lost its address or its permission',
    close: 'the connection ended',
  },
  transitions: {
    anonymous: {
      logon: {
        to: 'loggedOn',
        server: 'keeps the key and the instant',
        client: 'may leave apiKey and signature out from now on',
        source: 'derivatives §2.4; spot-margin §2.5',
      },
      request: {
        refused: 'REJECTED_MBX_KEY',
        client: 'logs on first',
        source: 'spot-margin §3.3',
      },
      logout: {
        to: 'anonymous',
        server: 'does nothing, and answers as ever',
        client: 'nothing to do',
        source: 'derivatives §2.4',
      },
      close,
    },
    loggedOn: {
      logon: {
        to: 'loggedOn',
        server: 'puts the new key in the place of the old; a subscription of the old logon goes on',
        client: 'requests without an API key are those of the new one',
        source: 'derivatives §2.4; spot-margin §3.9',
      },
      request: {
        to: 'loggedOn',
        server: 'serves it for the account of the logon',
        client: 'nothing to do',
        source: 'derivatives §2.4; spot-margin §3.3',
      },
      logout: {
        to: 'anonymous',
        tells: 'eventStreamTerminated',
        server:
          'forgets the key; subscriptions of the logon end after the answer, those of signatures and tokens go on',
        client: 'takes no event of that subscriptionId any more',
        source: 'spot-margin §2.5, §3.9',
      },
      revoke: {
        to: 'anonymous',
        tells: 'eventStreamTerminated',
        answers: 'REJECTED_MBX_KEY',
        server: 'answers with id null instead of serving the request, then ends the subscriptions of the logon',
        client: 'fails all that is pending, and does not loop on the key',
        source: 'derivatives §2.4; spot-margin §2.5, §3.9',
      },
      close,
    },
    closed: {},
  },
};
