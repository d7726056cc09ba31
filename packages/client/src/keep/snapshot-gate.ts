/**
 * Where state and stream join (users-and-peers P9): while the user's snapshot is taken, what comes is held, so that the snapshot
 * stands before every event that may be newer than it, and none is missing between the two.
 */
export interface SnapshotGateOptions<Reason, State> {
  readonly bytesMax: number;
  take(reason: Reason): Promise<State>;
  snapshot(state: State): void;
  failed(cause: unknown): void;
  /** More came than may be held while the snapshot was taken. */
  overflowed(): void;
}

interface Held {
  readonly bytes: number;
  release(): void;
}

export class SnapshotGate<Reason, State> {
  readonly #options: SnapshotGateOptions<Reason, State>;
  #held: Held[] | null = null;
  #heldBytes = 0;
  /** Only the newest snapshot counts: one that was begun before a gap says nothing about what follows it. */
  #turn = 0;

  constructor(options: SnapshotGateOptions<Reason, State>) {
    this.#options = options;
  }

  /** Takes a snapshot; what passes meanwhile waits for it. */
  shut(reason: Reason): void {
    const turn = ++this.#turn;
    this.#held ??= [];
    // Taken in this turn; what the user's function throws at once is a failure like any other.
    new Promise<State>((resolve) => resolve(this.#options.take(reason)))
      .then(
        (state) => {
          if (turn === this.#turn) this.#open(state);
        },
        (cause: unknown) => {
          if (turn === this.#turn) this.#options.failed(cause);
        },
      )
      .catch(this.#options.failed);
  }

  pass(bytes: number, release: () => void): void {
    if (this.#held === null) return release();
    this.#held.push({ bytes, release });
    this.#heldBytes += bytes;
    if (this.#heldBytes > this.#options.bytesMax) this.#options.overflowed();
  }

  #open(state: State): void {
    const held = this.#held ?? [];
    this.#held = null;
    this.#heldBytes = 0;
    this.#options.snapshot(state);
    for (const { release } of held) release();
  }
}
