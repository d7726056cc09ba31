import type { Frame } from '@listenpost/core';
import type { End } from '@listenpost/protocol';
import type { ServerWebSocket } from 'bun';
import type { EdgeSocket } from './intermediary.ts';

/** What `send` answers when the outbox is past its bound and the frame was not queued. */
const DROPPED = 0;

/** Bun's WebSocket behind core's door. */
export class BunSocket implements EdgeSocket {
  readonly #socket: ServerWebSocket<unknown>;

  constructor(socket: ServerWebSocket<unknown>) {
    this.#socket = socket;
  }

  send(frame: Frame): boolean {
    return this.#socket.send(frame) !== DROPPED;
  }

  get waitingBytes(): number {
    return this.#socket.getBufferedAmount();
  }

  together(act: () => void): void {
    this.#socket.cork(act);
  }

  ping(payload: string): void {
    this.#socket.ping(payload);
  }

  close({ code, reason }: End): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
