/** What a stream hands out: the venue's events as they came, and the SDK's own words between them. */
import type { EventOf } from '@listenpost/protocol';
import type { ClientProduct } from './products.ts';

/** What stands beside an event and is not part of it. Read it with `metaOf`. */
export interface EventMeta {
  /** Whose stream it came on: `spot`, `margin`, `isolated:BTCUSDT`, `usdm`, … */
  readonly scope: string;
  /** `<epoch>:<sequence>`, where the venue numbers its events; else undefined. */
  readonly position: string | undefined;
  /** Milliseconds since the Unix epoch, by the machine's clock. */
  readonly receivedAt: number;
}

const META: unique symbol = Symbol('listenpost.meta');

/** An event of the wire, parsed; `e` is its type. Integers beyond 2^53 are bigints, decimals are strings. */
export interface WireEvent {
  /** The wire's name of its type. */
  readonly e: string;
  readonly [member: string]: unknown;
}

/**
 * Fits no name that a venue has, and so can be compared with none: it keeps `UnknownEvent` out of every `case`. (A branded
 * string would end the telling apart altogether.) At run time it is the event's own name, whatever that is.
 */
export type UnknownName = `${string}\u0000`;

/** An event that the tables do not know (yet), handed out as it came: what `default` is left with in `switch (event.e)`. */
export interface UnknownEvent {
  /** At run time the event's own name. */
  readonly e: UnknownName;
  readonly [member: string]: unknown;
}

/**
 * What the venue says of the connection and its grant. No stream hands it out: it acts on that, and `onStatus` and gaps tell what came
 * of it.
 */
export interface ConnectionWord {
  /** Its name. */
  readonly e: 'listenKeyExpired' | 'eventStreamTerminated' | 'serverShutdown';
}

/**
 * What a product's stream brings: a union told apart by `e`. Members that the tables do not know pass too, without a type. Ids are
 * numbers or bigints, decimals strings.
 */
export type StreamEvent<P extends ClientProduct = ClientProduct> = Exclude<EventOf<P>, ConnectionWord> | UnknownEvent;

/** Puts `meta` beside an event. By a symbol, so that neither JSON nor a field of that name is touched. */
export function withMeta<E extends object>(event: E, meta: EventMeta): E {
  (event as { [META]?: EventMeta })[META] = meta;
  return event;
}

/** Whose stream an event came on, where it stands there, and when it arrived. Undefined for what no stream handed out. */
export function metaOf(event: object): EventMeta | undefined {
  return (event as { readonly [META]?: EventMeta })[META];
}

/**
 * Events may have been missed: what the venue sent after `from` and until `to` did not arrive, or cannot be proven to
 * have. The interval is never narrower than the truth. Nothing is said where nothing can have been missed.
 */
export interface Gap {
  /** Told apart from events by this. */
  readonly e: 'gap';
  /** Whose stream has it; see `EventMeta`. */
  readonly scope: string;
  /** Milliseconds since the Unix epoch, by the machine's clock: until here everything arrived. */
  readonly from: number;
  /** From here on everything arrives. */
  readonly to: number;
  /**
   * Until here the account itself was known to have no event that had not arrived: the last event, or the last check of the
   * account. Earlier than `from` where the connection answered and the account was silent.
   */
  readonly silentSince: number;
  /** Where the venue numbers its events: the interval in positions, `from` excluded. */
  readonly missed:
    | {
        /** The last position that had arrived. */
        readonly from: string;
        /** The last position that is missing. */
        readonly to: string;
      }
    | undefined;
  /** In a few words, what cut the stream. */
  readonly reason: string;
}

/** What the `snapshot` option answered: true after `gap` or the start, before every event that follows. */
export interface Snapshot<State> {
  /** Told apart from events by this. */
  readonly e: 'snapshot';
  /** Whose state it is; see `EventMeta`. */
  readonly scope: string;
  /** As the `snapshot` option answered it. */
  readonly state: State;
}
