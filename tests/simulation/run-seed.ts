/** One seed, from beginning to end. */
import { describe, type Scenario, scenarioOf } from './scenario.ts';
import { World } from './world.ts';

export interface Outcome {
  readonly seed: number;
  readonly about: string;
  /** Of everything that happened, in order: the same for the same seed. */
  readonly hash: string;
  readonly steps: number;
  /** Empty where all is as it should be. */
  readonly violations: readonly string[];
}

export interface RunOptions {
  readonly print?: (line: string) => void;
  /** Takes a turn of the event loop after each step, which finds rejections that nobody takes. */
  readonly everyTurn?: boolean;
  /** Prints what the venue sends as well. */
  readonly frames?: boolean;
  /** In place of what the seed draws. */
  readonly change?: Partial<Scenario>;
}

export async function runSeed(
  seed: number,
  { print, everyTurn = false, frames = false, change = {} }: RunOptions = {},
): Promise<Outcome> {
  const scenario = { ...scenarioOf(seed), ...change };
  const world = new World(scenario, print, frames);
  const unhandled = (cause: unknown) =>
    world.violation(`a rejection that nobody takes: ${String((cause as Error)?.stack ?? cause)}`);
  process.on('unhandledRejection', unhandled);
  try {
    await world.run(everyTurn);
    await new Promise<void>((resolve) => setImmediate(resolve));
  } catch (cause) {
    world.violation(`thrown: ${String((cause as Error).stack ?? cause)}`);
  } finally {
    process.off('unhandledRejection', unhandled);
  }
  return {
    seed,
    about: describe(scenario),
    hash: world.hash,
    steps: world.universe.steps,
    violations: world.violations,
  };
}
