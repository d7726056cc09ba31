import { CONNECTION_LIFECYCLE } from './connection.ts';
import type { Lifecycle } from './lifecycle.ts';
import { LISTEN_KEY_LIFECYCLE } from './listenKey.ts';
import { LISTEN_TOKEN_LIFECYCLE } from './listenToken.ts';
import { SESSION_LIFECYCLE } from './session.ts';

export * from './connection.ts';
export * from './lifecycle.ts';
export * from './listenKey.ts';
export * from './listenToken.ts';
export * from './session.ts';

export const LIFECYCLES: readonly Lifecycle[] = [
  LISTEN_KEY_LIFECYCLE,
  LISTEN_TOKEN_LIFECYCLE,
  SESSION_LIFECYCLE,
  CONNECTION_LIFECYCLE,
];
