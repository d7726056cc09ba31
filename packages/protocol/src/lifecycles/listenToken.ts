import type { Lifecycle, RefusedInput, Transition } from './lifecycle.ts';

export type ListenTokenState = 'absent' | 'live' | 'expired' | 'revoked' | 'ended';
export type ListenTokenInput = 'subscribe' | 'subscribeDead' | 'unsubscribe' | 'deadline' | 'revoke';

const open: Transition<ListenTokenState> = {
  to: 'live',
  server: 'opens a subscription under the next subscriptionId, and answers it with its expirationTime',
  client: 'takes events of that subscriptionId; asks for the next token well before expirationTime',
  source: 'spot-margin §3.5, §3.11',
};

const deadToken: RefusedInput = {
  refused: 'INVALID_LISTEN_TOKEN',
  client: 'asks for another token; a subscription that runs goes on until its own deadline',
  source: 'spot-margin §3.5',
};

/** There is no subscription that could end. */
const dead = {
  subscribe: open,
  subscribeDead: deadToken,
  unsubscribe: {
    refused: 'SUBSCRIPTION_INACTIVE',
    client: 'takes it for success: nothing is subscribed',
    source: 'spot-margin §3.7',
  },
} as const;

/**
 * A server may forget how a subscription ended: the dead states answer alike. `eventStreamTerminated` gives no reason, so
 * a client tells them apart by what it knows: its own unsubscribe, the expirationTime, and else a revocation.
 */
export const LISTEN_TOKEN_LIFECYCLE: Lifecycle<ListenTokenState, ListenTokenInput> = {
  name: 'listenToken',
  of: 'the right of one connection to read one margin stream, by listenTokens',
  initial: 'absent',
  states: {
    absent: 'the connection has not read the stream',
    live: 'the connection reads the stream, until the deadline of the token it showed last',
    expired: 'that deadline came',
    revoked: 'the API key behind the token, or its right to the stream, went',
    ended: 'the client unsubscribed',
  },
  inputs: {
    subscribe: 'userDataStream.subscribe.listenToken with a good token of the stream',
    subscribeDead: 'the same with a token that is malformed, forged, expired or revoked',
    unsubscribe: 'userDataStream.unsubscribe of the subscription, or of all',
    deadline: 'the first instant at which the token no longer holds',
    revoke: 'the account or the API key behind the token was changed or deleted, and no longer allows it',
  },
  transitions: {
    absent: dead,
    live: {
      subscribe: {
        to: 'live',
        server: 'puts the new token in the place of the old: same subscriptionId, no event, also where it ends earlier',
        client: 'its deadline is the new expirationTime; events go on without a gap',
        source: 'spot-margin §3.5',
      },
      subscribeDead: deadToken,
      unsubscribe: {
        to: 'ended',
        tells: 'eventStreamTerminated',
        server: 'answers first, then says the last word of that subscriptionId',
        client: 'takes no event of that subscriptionId any more',
        source: 'spot-margin §3.7, §3.9',
      },
      deadline: {
        to: 'expired',
        tells: 'eventStreamTerminated',
        server: 'says the last word of that subscriptionId; the connection stays open',
        client: 'subscribes again with a new token, and reads its state by request',
        source: 'spot-margin §3.5, §3.9',
      },
      revoke: {
        to: 'revoked',
        tells: 'eventStreamTerminated',
        server: 'says the last word of that subscriptionId at once: our rule, the exchange revokes no token',
        client: 'subscribes again once it has another API key, and does not loop on the old one',
        source: 'spot-margin §3.9, §3.11',
      },
    },
    expired: dead,
    revoked: dead,
    ended: dead,
  },
};
