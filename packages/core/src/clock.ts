/**
 * The one door through which the system learns the time. Core never reads the machine's clock.
 *
 * Guarantees: `now` never goes back. Timers fire in the order of their instants, and in the order they were set where
 * the instants are equal; a timer's action sees `now() >= its instant`.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch, whole. */
  now(): number;
  /**
   * Runs `action` once at `instant`. Where time is advanced by command, it stands at that instant until what the action
   * returns is settled; an action that itself advances the clock must settle first.
   */
  at(instant: number, action: Action): Timer;
  /** Like `at`, for what keeps a socket alive rather than changing state: see `Beat`. */
  beatAt(instant: number, beat: Beat): Timer;
  /** Rate-limit windows do not apply while time stands still, because they could never turn. */
  readonly frozen: boolean;
}

/** A promise that it returns never rejects: nobody would be told. */
export type Action = () => unknown;

export interface Timer {
  cancel(): void;
}

/**
 * A heartbeat. In flowing time it ticks. When time is advanced by command, all the ticks that fall between two other due
 * timers collapse into one proof: `prove` sends one ping before time jumps, the clock waits a bounded while for the
 * pongs, then `resume` goes on at the new time.
 */
export interface Beat {
  tick(): void;
  prove(): void;
  /** Whether the peer has answered since `prove`. */
  readonly proven: boolean;
  resume(): void;
}

/** The machine's own time, as the edge provides it and as tests replace it. */
export interface MachineTime {
  now(): number;
  /** Runs `action` once after so many ms of machine time; at most 2^31 - 1. */
  after(delayMs: number, action: () => void): Timer;
}
