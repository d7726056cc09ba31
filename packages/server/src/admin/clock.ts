import { ClockError, type VirtualClock } from '@listenpost/core';
import { z } from 'zod';
import type { AdminContext } from './admin-api.ts';
import { jsonAnswer } from './answer.ts';
import { bodyText, parsed } from './body.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

export const getClock: Route = {
  method: 'GET',
  path: '/admin/v1/clock',
  role: 'read',
  handle: (_call, { clock }) => jsonAnswer(clockRow(clock)),
};

/** Moves, freezes or releases virtual time. Answered once every timer that fell due has run. */
export const postClock: Route = {
  method: 'POST',
  path: '/admin/v1/clock',
  role: 'admin',
  async handle({ request }, context) {
    assertEmulator(context, 'the clock');
    const command = parsed(CLOCK_COMMAND, await bodyText(request));
    await moved(context.clock, command);
    await context.saveClock();
    return jsonAnswer(clockRow(context.clock));
  },
};

export function assertEmulator({ mode }: AdminContext, what: string): void {
  if (mode === 'dev') return;
  throw new Refusal(403, `${what} can be commanded in the emulator only; start it with: listenpost dev`);
}

/** The end of the year 9999: later instants have no ISO form that clients read. */
const INSTANT_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const EXPECTED = 'expected one of {"advance":"61m"}, {"set":"2026-07-01T00:00:00Z"}, {"freeze":true}, {"resume":true}';

const advance = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = typeof value === 'number' ? value : durationMs(value);
  if (ms !== undefined && Number.isFinite(ms) && ms <= INSTANT_MAX) return ms;
  context.addIssue({ code: 'custom', message: 'expected milliseconds, or a duration such as "61m" or "1d12h"' });
  return z.NEVER;
});

const set = z.union([z.string(), z.number()]).transform((value, context) => {
  const instant = typeof value === 'number' ? value : instantOf(value);
  if (Number.isSafeInteger(instant) && instant <= INSTANT_MAX) return instant;
  context.addIssue({
    code: 'custom',
    message: 'expected milliseconds since 1970, or an instant with its zone such as "2026-07-01T00:00:00Z"',
  });
  return z.NEVER;
});

export const CLOCK_COMMAND = z
  .strictObject(
    {
      advance: advance.optional(),
      set: set.optional(),
      freeze: z.literal(true, { error: 'expected true' }).optional(),
      resume: z.literal(true, { error: 'expected true' }).optional(),
    },
    { error: EXPECTED },
  )
  .refine((command) => Object.keys(command).length === 1, { error: EXPECTED });

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `61m`, `1d12h`, `-5s`; the clock refuses what goes back. Undefined for anything else. */
function durationMs(text: string): number | undefined {
  if (!/^-?(\d{1,15}(\.\d{1,6})?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g))
    ms += Number(number) * (UNITS_MS[unit ?? ''] ?? 0);
  return text.startsWith('-') ? -ms : ms;
}

/** Without a zone an instant would mean another one on another machine. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

const instantOf = (text: string): number => (INSTANT.test(text) ? Date.parse(text) : Number.NaN);

export type ClockCommand = z.infer<typeof CLOCK_COMMAND>;

/** Resolves when every timer that fell due has run. Throws 400 for what would go back. */
export async function moved(clock: VirtualClock, command: ClockCommand): Promise<void> {
  try {
    if (command.freeze) return clock.freeze();
    if (command.resume) return clock.resume();
    const target = command.set ?? clock.now() + (command.advance ?? 0);
    if (target > INSTANT_MAX) throw new ClockError('the clock ends with the year 9999');
    await (command.set === undefined ? clock.advance(command.advance ?? 0) : clock.set(command.set));
  } catch (cause) {
    if (!(cause instanceof ClockError)) throw cause;
    throw new Refusal(400, `${command.set === undefined ? 'advance' : 'set'}: ${cause.message}`);
  }
}

export function clockRow(clock: VirtualClock) {
  const now = clock.now();
  return { now, iso: new Date(now).toISOString(), frozen: clock.frozen };
}
