/**
 * The form of scenarios that users write, as `UserScenario` of `@listenpost/testkit` has it; `admin/user-scenario.ts` plays them.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { given, type Path } from '../config/problems.ts';
import { DURATION_FORM, parseDuration } from '../config/units.ts';

/** A file is a story to be read: what has more steps is a load, for which there is `publish`. */
const STEPS_MAX = 1000;

const account = z.string({ error: "expected an account's id, a string" }).optional();
const scope = z.string({ error: 'expected a scope such as "usdm" or "isolated:BTCUSDT"' }).optional();
const objectOf = (what: string) => z.record(z.string(), z.unknown(), { error: `expected ${what}` });

const wait = z.unknown().transform((value, context) => {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: `${given(value)}; expected ${DURATION_FORM}` });
  return z.NEVER;
});

const clock = z
  .union([z.string(), objectOf('a duration such as "61m", or an object as POST /admin/v1/clock takes it')])
  .transform((value) => (typeof value === 'string' ? { advance: value } : value));

/** Which step it is says the one member of this name; each has its own form. */
const STEPS = {
  scenario: z.looseObject({
    scenario: z.string({ error: 'expected the name of a scenario, a string' }),
    account,
    scope,
  }),
  wait: z.strictObject({ wait }),
  event: z.strictObject({ event: objectOf('an event, an object'), account, scope }),
  clock: z.strictObject({ clock }),
  fault: z.looseObject({ fault: z.unknown() }),
} as const;

export type StepKind = keyof typeof STEPS;
export type ReadStep = { [Kind in StepKind]: { readonly kind: Kind } & z.output<(typeof STEPS)[Kind]> }[StepKind];

const KINDS = Object.keys(STEPS) as StepKind[];

const step = z.unknown().transform((value, context): ReadStep => {
  const kinds = KINDS.filter((kind) => typeof value === 'object' && value !== null && Object.hasOwn(value, kind));
  const [kind, ...others] = kinds;
  if (kind === undefined || others.length > 0) {
    const names = KINDS.map((name) => `"${name}"`).join(', ');
    context.addIssue({ code: 'custom', message: `${given(value)}; expected an object with exactly one of ${names}` });
    return z.NEVER;
  }
  const result = STEPS[kind].safeParse(value);
  if (result.success) return { kind, ...result.data } as ReadStep;
  for (const issue of result.error.issues) {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
    const path: Path = [...issue.path, ...unknown.slice(0, 1)];
    const message = unknown.length > 0 ? `is no part of a ${kind} step` : issue.message;
    context.addIssue({ code: 'custom', message, path: [...path] });
  }
  return z.NEVER;
});

export const USER_SCENARIO = z.strictObject(
  {
    account,
    scope,
    steps: z
      .array(step, { error: 'expected a list of steps' })
      .min(1, { error: 'expected at least one step' })
      .max(STEPS_MAX, { error: `expected at most ${STEPS_MAX} steps` }),
  },
  { error: 'expected an object with "steps", and perhaps "account" and "scope"' },
);

/** What such a file holds: a module's default export, or JSON. Nobody has judged it yet. Throws a sentence that names the file. */
export async function readScenario(path: string): Promise<object> {
  const document = await exported(path).catch((cause: unknown) => {
    throw new Error(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
  if (typeof document === 'object' && document !== null) return document;
  throw new Error(`${path} holds no scenario; export default { steps: [ … ] }`);
}

async function exported(path: string): Promise<unknown> {
  if (path.endsWith('.json')) return JSON.parse(await readFile(path, 'utf8'));
  return ((await import(pathToFileURL(resolve(path)).href)) as { readonly default?: unknown }).default;
}
