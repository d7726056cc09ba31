/** What every runtime's door exports beside `userDataStream` itself. */
export { type EventNameOf, type EventOf, parseExact, printExact } from '@listenpost/protocol';
export type { CursorStore } from './cursor/cursor-store.ts';
export { memoryCursorStore } from './cursor/memory.ts';
export { type RedisCursorStoreOptions, type RedisLike, redisCursorStore } from './cursor/redis.ts';
export type {
  Clock,
  Connect,
  Doors,
  HandshakeRefusal,
  Http,
  HttpRequest,
  HttpResponse,
  Random,
  Socket,
  SocketHandlers,
  Timer,
} from './doors.ts';
export * from './errors.ts';
export {
  type ConnectionWord,
  type EventMeta,
  type Gap,
  metaOf,
  type Snapshot,
  type StreamEvent,
  type UnknownEvent,
  type UnknownName,
  type WireEvent,
} from './events.ts';
export type { LineSettings } from './feed/line.ts';
export type { AccountState } from './keep/account-watch.ts';
export type { StreamStatus, Verdict } from './keep/supervisor.ts';
export type { CheckAccount, SnapshotContext, UserDataStreamOptions } from './options.ts';
export type { ClientProduct } from './products.ts';
export { type StreamItem, UserDataStream } from './user-data-stream.ts';
export { type CustomVenueOptions, customVenue, listenpost, type ProductUrls, type Venue } from './venues.ts';
export { type Format, type FormatOptions, json } from './wire/event-frame.ts';
