import type { AdminContext } from './admin-api.ts';
import { jsonAnswer } from './answer.ts';
import type { Route } from './route.ts';

/** The process lives. Says nothing of what it depends on: restarting would not mend a full disk. */
export const getHealth: Route = {
  method: 'GET',
  path: '/healthz',
  role: null,
  handle: () => jsonAnswer({ live: true }),
};

/** Whether it should be sent traffic; if not, why. */
export const getReady: Route = {
  method: 'GET',
  path: '/readyz',
  role: null,
  handle(_call, context) {
    const faults = faultsOf(context);
    return faults.length === 0 ? jsonAnswer({ ready: true }) : jsonAnswer({ ready: false, faults }, 503);
  },
};

/** Why it should be sent no traffic, each in a sentence; empty when it should. */
export function faultsOf({ house, draining }: AdminContext): readonly string[] {
  return [
    ...(house.journal.fault === undefined ? [] : [`journal: ${house.journal.fault}`]),
    ...(house.store.fault === undefined ? [] : [`registry: ${house.store.fault}`]),
    ...(draining() ? ['the server is stopping'] : []),
  ];
}
