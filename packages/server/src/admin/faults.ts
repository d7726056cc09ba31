import { z } from 'zod';
import type { Fault, FaultSpec } from '../faults/fault.ts';
import { type FaultBoard, FaultError } from '../faults/fault-board.ts';
import { faultSpecOf, namesOf, parameterOf } from '../faults/fault-schema.ts';
import { FAULTS } from '../faults/index.ts';
import type { AdminContext } from './admin-api.ts';
import { jsonAnswer } from './answer.ts';
import { bodyText, checked, parsed } from './body.ts';
import { assertEmulator } from './clock.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

/** The faults that are set, in the order in which they act, and what there is to set. */
export const getFaults: Route = {
  method: 'GET',
  path: '/admin/v1/faults',
  role: 'read',
  handle: (_call, context) => jsonAnswer({ faults: faultsOf(context).all.map(faultRow), known: FAULTS.map(knownRow) }),
};

/** Sets one. Answers its row, with its id to remove it by. */
export const postFault: Route = {
  method: 'POST',
  path: '/admin/v1/faults',
  role: 'admin',
  async handle({ request }, context) {
    const faults = faultsOf(context);
    const spec = faultSpecOf(parsed(z.unknown(), await bodyText(request)), checked);
    return jsonAnswer(faultRow(added(faults, spec)));
  },
};

/** Ends one, and what it held back goes on its way. */
export const deleteFault: Route = {
  method: 'DELETE',
  path: '/admin/v1/faults/{id}',
  role: 'admin',
  handle({ segment }, context) {
    const id = segment('id');
    if (!faultsOf(context).remove(id)) {
      throw new Refusal(404, `id: no fault that is set has the id "${id.slice(0, 64)}"; it may have ended`);
    }
    return jsonAnswer({ removed: 1 });
  },
};

/** Ends all. */
export const deleteFaults: Route = {
  method: 'DELETE',
  path: '/admin/v1/faults',
  role: 'admin',
  handle: (_call, context) => jsonAnswer({ removed: faultsOf(context).removeAll() }),
};

export function faultsOf(context: AdminContext): FaultBoard {
  assertEmulator(context, 'faults');
  if (context.emulation === null) throw new Refusal(404, 'this server has no faults');
  return context.emulation.faults;
}

/** Throws 400 where the board takes no more. */
export function added(faults: FaultBoard, spec: FaultSpec): Fault {
  try {
    return faults.add(spec);
  } catch (cause) {
    if (cause instanceof FaultError) throw new Refusal(400, cause.message, { cause });
    throw cause;
  }
}

/** Durations in ms. `acted`: how often it did something. `spent`: it has acted as often as it may. */
function faultRow({ id, spec, seed, until, acted, spent }: Fault) {
  const { fault, settings, forMs, seed: _, ...common } = spec;
  return {
    id,
    fault,
    ...settings,
    ...common,
    ...(seed === undefined ? {} : { seed }),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
    acted,
    spent,
  };
}

function knownRow(row: (typeof FAULTS)[number]) {
  const { name, does, occasion } = row;
  const takes = namesOf(row).map((parameter) => {
    const { form, meaning } = parameterOf(row, parameter);
    return { name: parameter, form, meaning };
  });
  return { fault: name, does, occasion, takes };
}
