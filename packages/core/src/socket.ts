/**
 * The smallest door to a WebSocket. The edge fills it with the runtime's socket; tests fill it with a list.
 */
import type { End } from '@listenpost/protocol';

/** One WebSocket message: text, or bytes. Bytes are shared by many sockets, and nobody changes them. */
export type Frame = string | Uint8Array;

export interface Socket {
  /**
   * Queues one frame. False when the outbox has passed its bound in bytes: the frame is not queued, and the caller
   * must end the connection, because what follows would have a hole.
   */
  send(frame: Frame): boolean;
  /** What waits in the outbox for the peer, in bytes. The edge tells the connection when it has become less. */
  readonly waitingBytes: number;
  /** What `act` sends leaves together, in fewer system calls. */
  together(act: () => void): void;
  /** Sends a ping; `payload` is ASCII, and the client must copy it into its pong. */
  ping(payload: string): void;
  /** Sends a close frame and ends the connection; idempotent. */
  close(end: End): void;
  /** Ends the connection at once, for a peer that no longer reads; idempotent. */
  terminate(): void;
}
