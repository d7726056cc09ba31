import { printedAsOf, type Rules } from '@listenpost/protocol';
import { z } from 'zod';
import { rulesText } from '../config/as-of.ts';
import { jsonAnswer } from './answer.ts';
import { bodyText, parsed } from './body.ts';
import { assertEmulator } from './clock.ts';
import type { Route } from './route.ts';

export const getRules: Route = {
  method: 'GET',
  path: '/admin/v1/rules',
  role: 'read',
  handle: (_call, { house }) => jsonAnswer(rulesRow(house.rules)),
};

/** Puts the rules of another day in force, from the next request and event on. They last as long as the process. */
export const postRules: Route = {
  method: 'POST',
  path: '/admin/v1/rules',
  role: 'admin',
  async handle({ request }, context) {
    assertEmulator(context, 'the rules');
    const { asOf: rules } = parsed(COMMAND, await bodyText(request));
    context.house.replaceRules(rules);
    return jsonAnswer(rulesRow(rules));
  },
};

const COMMAND = z.strictObject({ asOf: rulesText }, { error: 'expected {"asOf":"2026-02-19"} or {"asOf":"latest"}' });

const rulesRow = ({ asOf }: Rules) => ({ asOf: printedAsOf(asOf) });
