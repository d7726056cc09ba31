/**
 * What really happened: every event that the venue's journal holds, and when it got it. The judge compares with this what a
 * bot was given.
 */
import type { JournalRecord } from '@listenpost/core';

export interface TrueEvent {
  readonly sequence: number;
  /** When it was durable, and so pushed to whoever read. */
  readonly at: number;
}

interface History {
  readonly events: TrueEvent[];
  readonly byBody: Map<string, TrueEvent>;
  changedAt: number;
}

export interface Zombie {
  readonly since: number;
  until: number | undefined;
  replaced: boolean;
}

export class Truth {
  readonly #streams = new Map<string, History>();
  /** Connections that answered and pushed nothing, each while it did. */
  readonly zombies: Zombie[] = [];

  committed(records: readonly JournalRecord[], at: number): void {
    for (const { stream, sequence, body } of records) {
      const of = this.#of(stream);
      const { events, byBody } = of;
      if (sequence !== events.length + 1)
        throw new Error(`${stream}: the journal went from ${events.length} to ${sequence}`);
      if (byBody.has(body)) throw new Error(`${stream}: the journal took the same event twice, as ${sequence}`);
      const { E: eventTime } = JSON.parse(body) as { readonly E: number };
      const event = { sequence, at };
      events.push(event);
      byBody.set(body, event);
      of.changedAt = Math.max(of.changedAt, eventTime);
    }
  }

  events(stream: string): readonly TrueEvent[] {
    return this.#of(stream).events;
  }

  /** The account changes with its events, and says so by the last one's `E`. 0 where it never had one. */
  changedAt(stream: string): number {
    return this.#of(stream).changedAt;
  }

  find(stream: string, body: string): TrueEvent | undefined {
    return this.#of(stream).byBody.get(body);
  }

  /**
   * `unknowable`: what a zombie swallowed that another connection joined before the account was asked. The zombie answers, and
   * so vouches for the time until then; where events have no numbers nobody can tell afterwards.
   */
  fate(at: number): 'pushed' | 'swallowed' | 'unknowable' {
    const zombies = this.zombies.filter(({ since, until }) => since <= at && at <= (until ?? Number.POSITIVE_INFINITY));
    if (zombies.length === 0) return 'pushed';
    return zombies.some(({ replaced }) => replaced) ? 'unknowable' : 'swallowed';
  }

  #of(stream: string) {
    const known = this.#streams.get(stream);
    if (known !== undefined) return known;
    const made: History = { events: [], byBody: new Map(), changedAt: 0 };
    this.#streams.set(stream, made);
    return made;
  }
}
