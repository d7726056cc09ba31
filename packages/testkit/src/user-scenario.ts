/**
 * Scenarios that users write: a list of steps, as an object, as JSON, or as the default export of a module.
 *
 * ```ts
 * export default {
 *   scope: 'usdm',
 *   steps: [
 *     { scenario: 'order.partially-filled', qty: '0.030', fills: 2 },
 *     { wait: '30s' },
 *     { scenario: 'order.canceled', orderId: 'last' },
 *     { clock: '61m' },
 *   ],
 * } satisfies UserScenario;
 * ```
 */
export interface UserScenario {
  /** Whose steps these are, where a step does not say; the first account when absent. */
  readonly account?: string;
  /** On which stream; the first of the account that has the scenario when absent. */
  readonly scope?: string;
  readonly steps: readonly Step[];
}

export type Step = ScenarioStep | WaitStep | EventStep | ClockStep | FaultStep;

interface StepTarget {
  readonly account?: string;
  readonly scope?: string;
}

/** A scenario of the catalogue, with its parameters beside its name. */
export interface ScenarioStep extends StepTarget {
  readonly scenario: string;
  readonly [parameter: string]: unknown;
}

/** Until so much of the emulator's time has passed, whether it flows or is advanced: `"30s"`. */
export interface WaitStep {
  readonly wait: string;
}

/** An event as it stands. The books behind the scenarios, and what REST reads of them, do not follow it. */
export interface EventStep extends StepTarget {
  readonly event: Readonly<Record<string, unknown>>;
}

/** Moves the clock: by `"61m"`, or as the object says. */
export interface ClockStep {
  readonly clock: string | ClockCommand;
}

export type ClockCommand =
  | { readonly advance: string | number }
  /** ISO with its zone, or ms since 1970. */
  | { readonly set: string | number }
  | { readonly freeze: true }
  | { readonly resume: true };

/** Sets a fault, as `emulator.faults.add` does: `{ fault: 'delay', by: '2s' }`. */
export interface FaultStep {
  readonly fault: string;
  readonly [setting: string]: unknown;
}

/** What a step did. */
export type StepResult =
  | { readonly kind: 'scenario'; readonly scenario: string; readonly events: number; readonly orderId?: number }
  | { readonly kind: 'wait' | 'clock'; readonly now: number }
  | { readonly kind: 'event'; readonly events: number }
  /** To remove it by. */
  | { readonly kind: 'fault'; readonly id: string };

export interface PlayResult {
  readonly steps: readonly StepResult[];
  /** How many events were emitted in all. */
  readonly events: number;
}

/** Steps that are played in one go, and the move of the clock that comes after them. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly clock?: ClockStep['clock'];
}

/** For who moves the clock itself. The first comes even where it is empty, so that the whole is judged before anything is done. */
export function stretchesOf(steps: readonly Step[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let from = 0;
  for (const [at, step] of steps.entries()) {
    if (!isClockStep(step)) continue;
    stretches.push({ from, to: at, clock: step.clock });
    from = at + 1;
  }
  return [...stretches, { from, to: steps.length }];
}

/** The step may be anything: nobody has judged it yet. */
const isClockStep = (step: unknown): step is ClockStep =>
  typeof step === 'object' && step !== null && Object.hasOwn(step, 'clock');
