/** Where every stream stands: its epoch, its numbers, and which segments hold its events. */
import { JournalError, type Random } from '@listenpost/core';
import { newEpoch } from '../epoch.ts';
import type { Run } from './segment.ts';

/** The streams that have a number in the segment that is being gathered. Its identity is what counts. */
export interface Dictionary {
  readonly segment: number;
  streams: number;
}

export class StreamState {
  readonly name: string;
  readonly epoch: string;
  /** Last sequence that is durable. */
  committed: number;
  /** Last sequence given out; above `committed` while a write is under way. */
  assigned: number;
  /** Whether its epoch is durable: an event was committed, or the stream was begun. */
  begun: boolean;
  /** Oldest first, without a gap. Empty when retention dropped everything. */
  runs: Run[] = [];
  /** Where `number` holds. */
  dictionary: Dictionary | undefined = undefined;
  number = 0;
  /** The last append that had an event of this stream. */
  appendId = 0;

  constructor(name: string, epoch: string, last = 0, begun = false) {
    this.name = name;
    this.epoch = epoch;
    this.begun = begun;
    this.committed = last;
    this.assigned = last;
  }

  /** Sequence of the oldest event that is held, or last + 1. */
  get first(): number {
    return this.runs.find(({ count }) => count > 0)?.first ?? this.committed + 1;
  }

  /** Back to what is durable, after a write failed. */
  rollBack(): void {
    this.assigned = this.committed;
    this.dictionary = undefined;
  }
}

export class Streams {
  readonly #states = new Map<string, StreamState>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#states.size;
  }

  get(name: string): StreamState | undefined {
    return this.#states.get(name);
  }

  obtain(name: string): StreamState {
    const known = this.#states.get(name);
    if (known !== undefined) return known;
    const made = new StreamState(name, newEpoch(this.#random));
    this.#states.set(name, made);
    return made;
  }

  values(): IterableIterator<StreamState> {
    return this.#states.values();
  }

  rollBack(states: Iterable<StreamState>): void {
    for (const state of states) {
      state.rollBack();
      if (!state.begun) this.#states.delete(state.name);
    }
  }

  /** What the checkpoint knows of a stream; its segments may add to it. */
  restorePosition(name: string, epoch: string, last: number): void {
    this.#states.set(name, new StreamState(name, epoch, last, true));
  }

  /** Takes in one segment's run of a stream. Segments come in order; what does not follow is damage. */
  restoreRun(run: Run): void {
    const state = this.#states.get(run.stream) ?? new StreamState(run.stream, run.epoch, 0, true);
    this.#states.set(run.stream, state);
    const before = state.runs.at(-1);
    const expected = before === undefined ? undefined : before.first + before.count;
    const follows = expected === undefined ? run.first <= state.committed + 1 : run.first === expected;
    if ((run.count > 0 && !follows) || state.epoch !== run.epoch) {
      throw new JournalError('corrupt', `${run.stream} does not go on where the segments before ended.`);
    }
    if (run.count === 0) return;
    state.runs.push(run);
    const last = run.first + run.count - 1;
    state.committed = Math.max(state.committed, last);
    state.assigned = state.committed;
  }

  /** After all segments: what the checkpoint counted must be there. */
  checkWhole(): void {
    for (const { name, runs, committed } of this.#states.values()) {
      const run = runs.at(-1);
      if (run === undefined || run.first + run.count - 1 === committed) continue;
      const held = run.first + run.count - 1;
      throw new JournalError('corrupt', `${name} is known up to ${committed} but its segments end at ${held}.`);
    }
  }

  forgetDropped(): void {
    for (const state of this.#states.values()) {
      if (state.runs[0]?.segment.dropped) state.runs = state.runs.filter((run) => !run.segment.dropped);
    }
  }
}
