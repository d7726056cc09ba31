/**
 * A feed: one connection with the grants it needs, for one account's streams of one product. It is made, joins its scopes,
 * hands on what comes, and ends once; it never connects again. What becomes of the stream then is the supervisor's business.
 *
 * Guarantees of every implementation:
 * - For each scope `joined` comes before its first event. Events of a scope come in the order of the connection.
 * - Everything that the venue sends for a scope between `joined.at` and the feed's end arrives, as far as `proved` says so.
 * - `lost` ends a scope's joining; `joined` may come for it again, when the feed could get another grant on the same connection.
 * - `ended` comes once, as the last call, and never after `close`.
 */
import type { UserDataStreamError } from '../errors.ts';
import type { WireEvent } from '../events.ts';
import type { Missed } from '../wire/event-frame.ts';

/** From where on a scope's events arrive. */
export interface Join {
  /** In ms of the SDK's own time (`steady-clock.ts`): what the venue sent later arrives. */
  readonly at: number;
  /** Where the venue numbers its events: those after it follow. */
  readonly position: string | undefined;
  /** Whether all events after the position that was asked for follow; undefined where none was asked for. */
  readonly recovered: boolean | undefined;
  readonly missed: Missed | undefined;
}

export interface FeedEvent {
  readonly event: WireEvent;
  readonly position: string | undefined;
  /** Of the frame, for bounds in bytes. */
  readonly bytes: number;
}

export interface FeedEnd {
  /** In a few words. */
  readonly reason: string;
  /** What the venue or the network said, where it said something. */
  readonly error: UserDataStreamError | undefined;
}

export interface FeedHandlers {
  joined(scope: string, join: Join): void;
  event(scope: string, event: FeedEvent): void;
  /** What was sent before this instant has arrived, of every scope that is joined. */
  proved(at: number): void;
  lost(scope: string, reason: string): void;
  /** The venue is about to stop: another connection should stand before it does. */
  shutdownAnnounced(): void;
  ended(end: FeedEnd): void;
}

export interface Feed {
  /** The earliest end of its grants that is known, in ms of the SDK's own time. */
  readonly deadline: number | undefined;
  /** Since when a proof that it asked for has not come; undefined while none is due. */
  readonly waitingSince: number | undefined;
  /** Asks for a proof now. */
  prove(): void;
  /** Ends it; nothing is told any more. */
  close(): void;
}

/** Makes a feed and sets it going. `resume` of a scope: the last position that it has, `latest` for none, or nothing. */
export type OpenFeed = (
  handlers: FeedHandlers,
  resumeOf: (scope: string) => string | undefined,
  scopes: readonly string[],
) => Feed;
