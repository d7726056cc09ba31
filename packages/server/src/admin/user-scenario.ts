import { AdmissionError, admitEvent, type VirtualClock } from '@listenpost/core';
import { EmulatorError, type TriggerResult } from '../emulator/index.ts';
import { type ReadStep, USER_SCENARIO } from '../emulator/user-scenario.ts';
import { faultSpecOf } from '../faults/fault-schema.ts';
import type { AdminContext } from './admin-api.ts';
import { jsonAnswer } from './answer.ts';
import { bodyText, checked, parsed } from './body.ts';
import { CLOCK_COMMAND, type ClockCommand, moved } from './clock.ts';
import { added, faultsOf } from './faults.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';
import { emulatorOf, requestOf } from './trigger.ts';

/** Stories that are being told at once: each holds a request open. */
const RUNS_MAX = 100;

/**
 * Plays the steps of a user's scenario one after the other, and answers when the last is done. The whole of it is read
 * first: one that cannot be played as far as can be known before emits nothing. `?from=&to=` plays a part, for callers who do
 * something of their own between parts.
 */
export const postUserScenario: Route = {
  method: 'POST',
  path: '/admin/v1/trigger',
  role: 'admin',
  patient: true,
  async handle({ request, url }, context) {
    emulatorOf(context);
    const scenario = parsed(USER_SCENARIO, await bodyText(request));
    const { from, to } = partOf(url, scenario.steps.length);
    const steps = scenario.steps.map((step, index) => atStep(index, () => planned(step, scenario, context)));
    if (context.runs.size >= RUNS_MAX) {
      throw new Refusal(503, `${RUNS_MAX} scenarios are being played already; wait for one to end`, {
        headers: { 'Retry-After': '5' },
      });
    }
    const run = new Run(context.clock);
    const stop = () => run.stop('the caller has gone');
    request.signal.addEventListener('abort', stop, { once: true });
    context.runs.add(run);
    try {
      return jsonAnswer(await run.play(steps.slice(from, to), from));
    } finally {
      request.signal.removeEventListener('abort', stop);
      context.runs.delete(run);
    }
  },
};

/** The first step to play, and the first that is not played any more. Without a word all are. */
function partOf(url: URL, steps: number): { readonly from: number; readonly to: number } {
  const numberOf = (name: string, absent: number, least: number): number => {
    const given = url.searchParams.get(name);
    const number = given === null ? absent : Number(given === '' ? Number.NaN : given);
    if (Number.isInteger(number) && number >= least && number <= steps) return number;
    throw new Refusal(400, `${name}: got "${given}"; expected the number of a step, ${least} to ${steps}`);
  };
  const from = numberOf('from', 0, 0);
  return { from, to: numberOf('to', steps, from) };
}

/** What a step did: a scenario's result, or nothing to tell beyond its kind. */
export type StepResult =
  | ({ readonly kind: 'scenario' } & TriggerResult)
  | { readonly kind: 'wait' | 'clock'; readonly now: number }
  | { readonly kind: 'event'; readonly events: 1 }
  /** To remove it by. */
  | { readonly kind: 'fault'; readonly id: string };

type Planned = (run: Run) => Promise<StepResult>;

/** The step, ready to be played. Throws what can be known to be wrong with it already. */
function planned(
  step: ReadStep,
  defaults: { account?: string | undefined; scope?: string | undefined },
  context: AdminContext,
): Planned {
  const { house, clock } = context;
  switch (step.kind) {
    case 'scenario': {
      const { kind: _, scenario: name, account, scope, ...parameters } = step;
      const emulator = emulatorOf(context);
      const target = { account: account ?? defaults.account, scope: scope ?? defaults.scope };
      const request = requestOf(context, name, { ...parameters, ...target });
      emulator.check(name, request);
      return async () => ({ kind: 'scenario', ...(await emulator.trigger(name, request)) });
    }
    case 'event': {
      const { account, scope } = requestOf(context, undefined, {
        account: step.account ?? defaults.account,
        scope: step.scope ?? defaults.scope,
      });
      const admitted = () => admitEvent(house, account, scope, JSON.stringify(step.event), step.event);
      admitted();
      return async () => {
        await house.journal.append([admitted()]);
        return { kind: 'event', events: 1 };
      };
    }
    case 'wait':
      return async (run) => {
        await run.wait(step.wait);
        return { kind: 'wait', now: clock.now() };
      };
    case 'clock': {
      const command = clockCommand(step.clock);
      return async (run) => {
        run.release();
        await moved(clock, command);
        await context.saveClock();
        return { kind: 'clock', now: clock.now() };
      };
    }
    case 'fault': {
      const { kind, ...document } = step;
      const spec = faultSpecOf(document, checked);
      const faults = faultsOf(context);
      return async () => ({ kind, id: added(faults, spec).id });
    }
  }
}

function clockCommand(given: unknown): ClockCommand {
  const result = CLOCK_COMMAND.safeParse(given);
  if (result.success) return result.data;
  throw new Refusal(400, `clock: ${result.error.issues[0]?.message}`);
}

/** A story while it is told. */
export class Run {
  readonly #clock: VirtualClock;
  #stopped: Refusal | undefined;
  #wake: ((stopped?: Refusal) => void) | undefined;
  /** Lets an advance of the clock that woke the run go on. */
  #release: () => void = () => undefined;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** `first`: which step of the story the first of these is. */
  async play(
    steps: readonly Planned[],
    first: number,
  ): Promise<{ readonly steps: readonly StepResult[]; readonly events: number }> {
    const results: StepResult[] = [];
    try {
      for (const [index, step] of steps.entries()) {
        if (this.#stopped !== undefined) throw this.#stopped;
        results.push(await atStep(first + index, () => step(this)));
      }
    } finally {
      this.release();
    }
    const events = results.reduce((sum, result) => sum + ('events' in result ? result.events : 0), 0);
    return { steps: results, events };
  }

  /** Until `ms` of the clock's time have passed. An advance that passes that instant stands there until the run waits again. */
  async wait(ms: number): Promise<void> {
    this.release();
    let wake: (stopped?: Refusal) => void = () => undefined;
    const waited = new Promise<void>((resolve, reject) => {
      wake = (stopped) => (stopped === undefined ? resolve() : reject(stopped));
    });
    this.#wake = wake;
    const timer = this.#clock.at(this.#clock.now() + ms, () => {
      const held = new Promise<void>((resolve) => {
        this.#release = resolve;
      });
      wake();
      return held;
    });
    try {
      await waited;
    } finally {
      timer.cancel();
      this.#wake = undefined;
    }
  }

  /** To be called before a step that moves the clock itself. */
  release(): void {
    this.#release();
    this.#release = () => undefined;
  }

  /** Ends the story before its next step, or in the middle of a wait. */
  stop(reason: string): void {
    this.#stopped = new Refusal(503, `the scenario was stopped: ${reason}`);
    this.#wake?.(this.#stopped);
  }
}

/** Whatever is wrong with a step is told with its place. */
function atStep<Value>(index: number, act: () => Value): Value {
  const placed = (cause: unknown): unknown => {
    if (cause instanceof Refusal && cause.status !== 503) {
      return new Refusal(cause.status, `steps[${index}].${cause.message}`, { cause });
    }
    const known = cause instanceof EmulatorError || cause instanceof AdmissionError;
    return known ? new Refusal(400, `steps[${index}].${cause.message}`, { cause }) : cause;
  };
  try {
    const value = act();
    if (!(value instanceof Promise)) return value;
    return value.catch((cause: unknown) => {
      throw placed(cause);
    }) as Value;
  } catch (cause) {
    throw placed(cause);
  }
}
