import { printedAsOf } from '@listenpost/protocol';
import { jsonAnswer } from './answer.ts';
import { clockRow } from './clock.ts';
import { faultsOf } from './health.ts';
import type { Route } from './route.ts';

/** What this server is and how it stands, in one answer: what whoever looks at it asks for first, and once a second. */
export const getStatus: Route = {
  method: 'GET',
  path: '/admin/v1/status',
  role: 'read',
  handle(_call, context) {
    const { mode, clock, house } = context;
    return jsonAnswer({
      mode,
      clock: clockRow(clock),
      rules: { asOf: printedAsOf(house.rules.asOf) },
      faults: faultsOf(context),
    });
  },
};
