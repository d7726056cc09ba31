import type { ErrorName } from '../errors.ts';
import type { ListenKeyRow } from '../products.ts';

/**
 * The life of one thing of the wire, as a table: the server decides by it, the SDK follows it from what it sees. Whoever
 * holds such a thing keeps or derives its state; the table holds none.
 */
export interface Lifecycle<State extends string = string, Input extends string = string> {
  readonly name: string;
  /** One sentence: what it is the life of. */
  readonly of: string;
  readonly initial: State;
  /** What each state is. */
  readonly states: Readonly<Record<State, string>>;
  /** What each input is. */
  readonly inputs: Readonly<Record<Input, string>>;
  /** No cell: the input cannot come in this state. Who meets it all the same has a bug, and stops. */
  readonly transitions: Readonly<Record<State, Readonly<Partial<Record<Input, Transition<State> | RefusedInput>>>>>;
}

/** The input is taken, and leads to a state: it may be the same one. */
export interface Transition<State extends string = string> {
  readonly to: State;
  /** The event that goes with it to everyone who listens by it. */
  readonly tells?: 'listenKeyExpired' | 'eventStreamTerminated' | 'serverShutdown';
  /** The product's column that must be true for `tells` to be sent; absent: it always is. */
  readonly tellsWhere?: keyof Pick<ListenKeyRow, 'closeAnnounced'>;
  /** The request that brings it is answered with this row of `ERRORS`, and the state changes all the same. */
  readonly answers?: ErrorName;
  readonly server: string;
  readonly client: string;
  /** The section of the protocol reference. */
  readonly source: string;
}

/** The input is refused, and the state stays. */
export interface RefusedInput {
  /** Row of `ERRORS`. */
  readonly refused: ErrorName;
  readonly client: string;
  readonly source: string;
}

export const isRefusedInput = (cell: Transition | RefusedInput): cell is RefusedInput => 'refused' in cell;

/** Where the input leads; undefined when it is refused, or cannot come in this state. */
export function nextState<State extends string, Input extends string>(
  lifecycle: Lifecycle<State, Input>,
  state: State,
  input: Input,
): State | undefined {
  const cell = lifecycle.transitions[state][input];
  return cell === undefined || isRefusedInput(cell) ? undefined : cell.to;
}
