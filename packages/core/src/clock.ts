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
   * Runs `action` once at `instant`. A `heartbeat` timer keeps a socket alive rather than changing state: when time is
   * advanced by command, heartbeats between two other due timers collapse into one.
   */
  at(instant: number, action: () => void, kind?: TimerKind): Timer;
  /** Rate-limit windows do not apply while time stands still, because they could never turn. */
  readonly frozen: boolean;
}

export type TimerKind = 'state' | 'heartbeat';

export interface Timer {
  cancel(): void;
}
