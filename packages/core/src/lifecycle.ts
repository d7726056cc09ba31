import { isRefusedInput, type Lifecycle, type Transition } from '@listenpost/protocol';
import { WireError } from './control/wire-error.ts';

/**
 * What the table makes of an input. Throws the wire's error where it refuses; an input that cannot come in this state is a
 * broken invariant, and stops what met it.
 */
export function decide<State extends string, Input extends string>(
  lifecycle: Lifecycle<State, Input>,
  state: State,
  input: Input,
): Transition<State> {
  const cell = lifecycle.transitions[state][input];
  if (cell === undefined) throw new Error(`the table of the ${lifecycle.name} has no ${input} while it is ${state}`);
  if (isRefusedInput(cell)) throw new WireError(cell.refused);
  return cell;
}

/** The refusal of an input that the caller knows to be refused. */
export function refusalOf<State extends string, Input extends string>(
  lifecycle: Lifecycle<State, Input>,
  state: State,
  input: Input,
): WireError {
  const cell = lifecycle.transitions[state][input];
  if (cell !== undefined && isRefusedInput(cell)) return new WireError(cell.refused);
  throw new Error(`the table of the ${lifecycle.name} does not refuse ${input} while it is ${state}`);
}
