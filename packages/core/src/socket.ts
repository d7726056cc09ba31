/**
 * The smallest door to a WebSocket. The edge fills it with the runtime's socket; tests fill it with a list.
 */
import type { End } from '@listenpost/protocol';

export interface Socket {
  /**
   * Queues one text frame. False when the outbox has passed its bound in bytes: the frame is not queued, and the caller
   * must end the connection, because what follows would have a hole.
   */
  send(text: string): boolean;
  /** Sends a ping; `payload` is ASCII, and the client must copy it into its pong. */
  ping(payload: string): void;
  /** Sends a close frame and ends the connection; idempotent. */
  close(end: End): void;
  /** Ends the connection at once, for a peer that no longer reads; idempotent. */
  terminate(): void;
}
