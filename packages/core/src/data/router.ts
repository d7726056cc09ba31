/**
 * stream → subscriptions on this node. Reads only from the journal: `deliver` is the journal's one listener, so no socket
 * sees an account event that the journal does not hold.
 */
import type { JournalRecord } from '../journal.ts';
import type { Subscription } from './subscription.ts';

/** Looks at records as they become durable. It has the event loop while it looks, and must not throw. */
export type Tap = (records: readonly JournalRecord[]) => void;

export class Router {
  /** Nearly every stream has one reader, which then stands here itself: a set around each would be a look more per event. */
  readonly #streams = new Map<string, Subscription | Set<Subscription>>();
  /** Onlookers, who see every record: nearly always none. */
  readonly #taps = new Set<Tap>();
  /** Events that came from the journal, for the operator's figures. */
  events = 0;
  /** The same, once for each subscription that was handed one. */
  deliveries = 0;

  /** Calls `tap` with all records of each commit, in order, until the function that is returned is called. */
  tap(tap: Tap): () => void {
    this.#taps.add(tap);
    return () => this.#taps.delete(tap);
  }

  attach(subscription: Subscription): void {
    const { stream } = subscription;
    const held = this.#streams.get(stream);
    if (held === undefined || held === subscription) this.#streams.set(stream, subscription);
    else if (held instanceof Set) held.add(subscription);
    else this.#streams.set(stream, new Set([held, subscription]));
  }

  detach(subscription: Subscription): void {
    const { stream } = subscription;
    const held = this.#streams.get(stream);
    if (held === subscription) this.#streams.delete(stream);
    if (held instanceof Set && held.delete(subscription) && held.size === 0) this.#streams.delete(stream);
  }

  deliver(records: readonly JournalRecord[]): void {
    this.events += records.length;
    for (const { stream, type, body, sequence } of records) {
      const held = this.#streams.get(stream);
      if (held === undefined) continue;
      if (held instanceof Set) {
        this.deliveries += held.size;
        for (const subscription of held) subscription.deliver(type, body, sequence);
      } else {
        this.deliveries += 1;
        held.deliver(type, body, sequence);
      }
    }
    for (const tap of this.#taps) tap(records);
  }
}
