/**
 * stream → subscriptions on this node. Reads only from the journal: `deliver` is the journal's one listener, so no socket
 * sees an account event that the journal does not hold.
 */
import type { JournalRecord } from '../journal.ts';
import type { Subscription } from './subscription.ts';

export class Router {
  readonly #streams = new Map<string, Set<Subscription>>();
  /** Events that came from the journal, for the operator's figures. */
  events = 0;
  /** The same, once for each subscription that was handed one. */
  deliveries = 0;

  attach(subscription: Subscription): void {
    const subscriptions = this.#streams.get(subscription.stream);
    if (subscriptions === undefined) this.#streams.set(subscription.stream, new Set([subscription]));
    else subscriptions.add(subscription);
  }

  detach(subscription: Subscription): void {
    const subscriptions = this.#streams.get(subscription.stream);
    if (!subscriptions?.delete(subscription)) return;
    if (subscriptions.size === 0) this.#streams.delete(subscription.stream);
  }

  deliver(records: readonly JournalRecord[]): void {
    this.events += records.length;
    for (const record of records) {
      const subscriptions = this.#streams.get(record.stream);
      if (subscriptions === undefined) continue;
      this.deliveries += subscriptions.size;
      for (const subscription of subscriptions) subscription.deliver(record.type, record.body);
    }
  }
}
