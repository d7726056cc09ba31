import type { Clock, Socket } from '@listenpost/core';
import type { End } from '@listenpost/protocol';
import type { ServerWebSocket } from 'bun';

/** What `send` answers when the outbox is past its bound and the frame was not queued. */
const DROPPED = 0;

/** Bun's WebSocket behind core's door. */
export class BunSocket implements Socket {
  readonly #socket: ServerWebSocket<unknown>;
  readonly #clock: Clock;

  constructor(socket: ServerWebSocket<unknown>, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  send(text: string): boolean {
    return this.#socket.send(text) !== DROPPED;
  }

  /** The payload is the instant, as on the exchange: a client must copy it into its pong. */
  ping(): void {
    this.#socket.ping(String(this.#clock.now()));
  }

  close({ code, reason }: End): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}
