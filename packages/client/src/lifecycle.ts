import { type Lifecycle, nextState } from '@listenpost/protocol';
import { UnexpectedError } from './errors.ts';

/**
 * The state of one thing of the wire, as the SDK knows it from what it sees, by the table that the server decides by. An input
 * that the table does not take in this state is a fault of the SDK, and stops it.
 */
export class Life<State extends string, Input extends string> {
  readonly #table: Lifecycle<State, Input>;
  #state: State;

  constructor(table: Lifecycle<State, Input>) {
    this.#table = table;
    this.#state = table.initial;
  }

  get state(): State {
    return this.#state;
  }

  take(input: Input): void {
    const next = nextState(this.#table, this.#state, input);
    if (next === undefined) {
      throw new UnexpectedError(`${this.#table.name}: ${input} cannot come while it is ${this.#state}`);
    }
    this.#state = next;
  }
}
