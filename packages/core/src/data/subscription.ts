import type { ProductId } from '@listenpost/protocol';

/**
 * One reader of one stream on one connection. It exists only while a grant lets it read: the registry ends it with the
 * grant, the connection ends it with itself.
 */
export interface Subscription {
  /** `<account>/<scope>`, the scope being the one that is read. */
  readonly stream: string;
  /** Whose words the system's own events about this subscription use. */
  readonly product: ProductId;
  /** Queues one event, unless a filter leaves it out. `sequence` is its record's; the system's own events have none. */
  deliver(type: string, body: string, sequence?: number): void;
  /** The grant is gone: whatever the product says then has been delivered; nothing follows. */
  grantEnded(): void;
  /** What the peer called the grant: the listenKey. Already in its hands, so that no secret is derived to tell it. */
  readonly grantName: string;
}
