/**
 * Every way the server ends a WebSocket connection, but for a frame larger than `FRAME_BYTES_MAX`: the runtime, which never
 * hands it on, closes with 1009 itself. The documents name no close codes except by observation
 * (derivatives §8 row 11; spot-margin §1.3), so the codes are decided here.
 */
export interface End {
  readonly code: number;
  readonly reason: string;
}

export const ENDS = {
  /** 24 h on derivatives (derivatives §8 row 11). */
  lifetime: { code: 1001, reason: 'connection lifetime reached' },
  /** 24 h on spot and margin (spot-margin §1.3). */
  lifetimeSpot: { code: 1000, reason: 'connection lifetime reached' },
  /** A ping went unanswered past the row's deadline. */
  pongTimeout: { code: 1008, reason: 'disconnected' },
  /** More incoming frames than the row allows. */
  tooManyFrames: { code: 1008, reason: 'disconnected' },
  /** A control message that is not JSON (change log 2023-06-22). */
  invalidJson: { code: 1008, reason: 'disconnected' },
  /** Three malformed requests on a WebSocket API connection (spot-margin §1.5). */
  tooManyMalformed: { code: 1008, reason: 'disconnected' },
  /** Requests went on after 429 (spot-margin §1.4). */
  banned: { code: 1008, reason: 'disconnected' },
  /** The client reads slower than its stream writes: the outbox passed its bound in bytes. */
  slowConsumer: { code: 1008, reason: 'slow consumer' },
  /** A planned stop, after `serverShutdown` where the product has it. */
  shutdown: { code: 1001, reason: 'server shutdown' },
  /** An operator ended it over the admin API. */
  endedByAdmin: { code: 1008, reason: 'disconnected' },
  /** An unexpected state: the connection is not carried on with. */
  internalError: { code: 1011, reason: 'internal error' },
} as const satisfies Record<string, End>;

export type EndName = keyof typeof ENDS;

/** Largest frame a client may send. Requests are a few hundred bytes; 1,024 stream names of 200 are the largest use. */
export const FRAME_BYTES_MAX = 256 * 1024;
