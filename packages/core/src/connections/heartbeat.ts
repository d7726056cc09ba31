import type { ConnectionRow } from '@listenpost/protocol';
import type { Beat, Clock, Timer } from '../clock.ts';

/**
 * Ping and pong of one connection (derivatives §3.5, spot-margin §1.3). The payload of a ping is its instant. A pong counts
 * only when it copies that of a ping which waits for one: an unsolicited pong does not keep a connection alive.
 */
export class Heartbeat implements Beat {
  readonly #clock: Clock;
  readonly #ping: (payload: string) => void;
  readonly #dead: () => void;
  #row: ConnectionRow;
  #nextPing: number;
  /** Instant of the oldest ping without a pong. */
  #unansweredSince: number | null = null;
  #lastPing = 0;
  #timer: Timer;
  /** Set while time is being advanced: the pong that proves the socket counts against no message limit. */
  #proving = false;

  constructor(clock: Clock, row: ConnectionRow, ping: (payload: string) => void, dead: () => void) {
    this.#clock = clock;
    this.#row = row;
    this.#ping = ping;
    this.#dead = dead;
    this.#nextPing = clock.now() + row.pingEveryMs;
    this.#timer = clock.beatAt(this.#nextPing, this);
  }

  get proven(): boolean {
    return this.#unansweredSince === null;
  }

  /** Follows another row from now on: on a shared path the first known key tells whose connection it is. */
  follow(row: ConnectionRow): void {
    if (row.pingEveryMs === this.#row.pingEveryMs && row.pongWithinMs === this.#row.pongWithinMs) return;
    this.#row = row;
    // The clock holds this beat until the proof is over; `resume` schedules by the new row.
    if (this.#proving) return;
    this.#timer.cancel();
    this.#nextPing = this.#clock.now() + row.pingEveryMs;
    this.#schedule();
  }

  /** Whether this pong answered a ping that was sent to prove the socket during an advance. */
  pong(payload: string): boolean {
    if (!this.#waitsFor(payload)) return false;
    this.#unansweredSince = null;
    return this.#proving;
  }

  stop(): void {
    this.#timer.cancel();
  }

  tick(): void {
    if (this.#overdue()) {
      this.#dead();
      return;
    }
    const now = this.#clock.now();
    if (now >= this.#nextPing) {
      this.#send();
      this.#nextPing = now + this.#row.pingEveryMs;
    }
    this.#schedule();
  }

  prove(): void {
    this.#proving = true;
    this.#send();
  }

  resume(): void {
    this.#proving = false;
    if (this.#overdue()) {
      this.#dead();
      return;
    }
    this.#nextPing = this.#clock.now() + this.#row.pingEveryMs;
    this.#schedule();
  }

  #send(): void {
    this.#lastPing = this.#clock.now();
    this.#unansweredSince ??= this.#lastPing;
    this.#ping(String(this.#lastPing));
  }

  /** A peer answers each ping in turn or only the newest (RFC 6455 §5.5.3), so the oldest and the newest are enough. */
  #waitsFor(payload: string): boolean {
    if (this.#unansweredSince === null) return false;
    return payload === String(this.#unansweredSince) || payload === String(this.#lastPing);
  }

  #overdue(): boolean {
    return this.#unansweredSince !== null && this.#clock.now() - this.#unansweredSince >= this.#row.pongWithinMs;
  }

  #schedule(): void {
    const deadline = this.#unansweredSince === null ? Infinity : this.#unansweredSince + this.#row.pongWithinMs;
    this.#timer = this.#clock.beatAt(Math.min(this.#nextPing, deadline), this);
  }
}
