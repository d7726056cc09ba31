/**
 * stream → subscriptions on this node. Reads only from the journal: `deliver` is the journal's one listener, so no socket
 * sees an account event that the journal does not hold.
 */
import type { JournalRecord } from '../journal.ts';
import type { Subscription } from './subscription.ts';

export class Router {
  readonly #streams = new Map<string, Set<Subscription>>();

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
    for (const record of records) {
      const subscriptions = this.#streams.get(record.stream);
      if (subscriptions === undefined) continue;
      for (const subscription of subscriptions) subscription.deliver(record.type, record.body);
    }
  }
}
