import { type Account, AdmissionError } from '@listenpost/core';
import { productOfScope } from '@listenpost/protocol';
import { z } from 'zod';
import { type Emulator, EmulatorError, type TriggerRequest } from '../emulator/index.ts';
import type { AdminContext } from './admin-api.ts';
import { jsonAnswer } from './answer.ts';
import { bodyText, checked, parsed } from './body.ts';
import { assertEmulator } from './clock.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

/** What there is to trigger, on which products, with which parameters. */
export const getTriggers: Route = {
  method: 'GET',
  path: '/admin/v1/trigger',
  role: 'read',
  handle: (_call, context) => jsonAnswer({ scenarios: emulatorOf(context).scenarios() }),
};

/** Emits a realistic sequence of events. Parameters stand in the query, in a JSON body, or in both; the body wins. */
export const postTrigger: Route = {
  method: 'POST',
  path: '/admin/v1/trigger/{scenario}',
  role: 'publish',
  async handle({ request, segment, url }, context) {
    const emulator = emulatorOf(context);
    const body = await bodyText(request);
    const given = { ...Object.fromEntries(url.searchParams), ...(body.trim() === '' ? {} : parsed(PARAMETERS, body)) };
    const name = segment('scenario');
    return jsonAnswer(await triggered(emulator, name, requestOf(context, name, given)));
  },
};

/**
 * What is asked for, with what was left out: the first account there is, and its first scope on which the scenario exists.
 * Without a scenario the scope must be named. Throws the refusal that names the bad field.
 */
export function requestOf(
  context: AdminContext,
  name: string | undefined,
  given: Readonly<Record<string, unknown>>,
): TriggerRequest {
  const { account: id, scope, product, ...parameters } = checked(REQUEST, given);
  const account = accountOf(context, id);
  const chosen = scope ?? product ?? defaultScope(context, name, account);
  return { account: account.id, scope: chosen, parameters };
}

const PARAMETERS = z.record(z.string(), z.unknown(), { error: 'expected a JSON object of parameters by name' });

const REQUEST = z.looseObject({
  account: z.string({ error: "expected an account's id, a string" }).optional(),
  scope: z.string({ error: 'expected a scope such as "usdm" or "isolated:BTCUSDT"' }).optional(),
  product: z.string({ error: 'expected a product such as "usdm"; for isolated margin give scope instead' }).optional(),
});

export function emulatorOf(context: AdminContext): Pick<Emulator, 'scenarios' | 'trigger' | 'check'> {
  assertEmulator(context, 'scenarios');
  if (context.emulator === null) throw new Refusal(404, 'this server has no scenarios');
  return context.emulator;
}

/** The named account, or the first one there is. */
function accountOf({ house }: AdminContext, id: string | undefined): Account {
  const account = id === undefined ? house.accounts.all().next().value : house.accounts.get(id);
  if (account !== undefined) return account;
  throw new Refusal(
    400,
    id === undefined ? 'account: there is none yet; PUT one' : `account: there is no account "${id}"`,
  );
}

/** The first scope of the account on which the scenario exists. */
function defaultScope(context: AdminContext, name: string | undefined, account: Account): string {
  if (name === undefined) throw new Refusal(400, 'scope: expected a scope such as "usdm" or "isolated:BTCUSDT"');
  const { house } = context;
  const scenarios = emulatorOf(context).scenarios();
  const products = scenarios.find((scenario) => scenario.name === name)?.products ?? [];
  for (const { product: scope } of products) {
    const product = productOfScope(scope);
    if (product !== undefined && account.has(scope, product, house.knownSymbols)) return scope;
  }
  const known = scenarios.map((scenario) => scenario.name).join(', ');
  if (products.length === 0) throw new Refusal(404, `scenario: "${name}" is not known; use one of ${known}`);
  throw new Refusal(400, `scope: account "${account.id}" has no plain scope on which "${name}" exists; name one`);
}

async function triggered(emulator: Pick<Emulator, 'trigger'>, ...[name, request]: Parameters<Emulator['trigger']>) {
  try {
    return await emulator.trigger(name, request);
  } catch (cause) {
    if (cause instanceof EmulatorError)
      throw new Refusal(cause.field === 'scenario' ? 404 : 400, cause.message, { cause });
    if (cause instanceof AdmissionError) throw new Refusal(400, cause.message, { cause });
    throw cause;
  }
}
