/**
 * What may stand between the wire and core: the emulator's faults and its request journal. `serve` has nothing there, and
 * the edge then drives core itself.
 */
import type { Connection, Socket } from '@listenpost/core';
import type { Endpoint } from '@listenpost/protocol';

/** One HTTP request, a WebSocket handshake among them. */
export interface Visit {
  readonly request: Request;
  readonly path: string;
  readonly query: string;
  readonly ip: string;
  /** The row that will answer it; undefined: a handshake, or nothing. */
  readonly endpoint: Endpoint | undefined;
}

/** What a request is answered with; undefined once its connection has become a WebSocket. */
export type Answer = Response | undefined;

/** A socket as the edge can hold it: reading from the peer can be stopped, as a network stops. */
export interface EdgeSocket extends Socket {
  pause(): void;
  resume(): void;
}

/** A connection as the edge drives it: core's own, or what stands before it. */
export interface Hearing extends Pick<Connection, 'message' | 'binary' | 'pinged' | 'ponged' | 'drained' | 'end'> {
  opened(socket: EdgeSocket): void;
  /** The socket is gone; `code` and `reason` as the runtime tells them, 1006 where there was no close frame. */
  closed(code: number, reason: string): void;
}

export interface Intermediary {
  /** `serve` lets the request through; leaving it out keeps it from being seen. */
  visit(visit: Visit, serve: () => Answer | Promise<Answer>): Answer | Promise<Answer>;
  /** What the edge drives instead of `inner`, which drives `connection`. */
  hearing(connection: Connection, visit: Visit, inner: Hearing): Hearing;
}

/** Two in a row; `outer` is the one at the wire. */
export function inRow(outer: Intermediary, inner: Intermediary): Intermediary {
  return {
    visit: (visit, serve) => outer.visit(visit, () => inner.visit(visit, serve)),
    hearing: (connection, visit, core) => outer.hearing(connection, visit, inner.hearing(connection, visit, core)),
  };
}

/** A socket before another one: passes everything on, for the part that a sibling does otherwise. */
export abstract class SocketBefore implements EdgeSocket {
  protected readonly inner: EdgeSocket;

  constructor(inner: EdgeSocket) {
    this.inner = inner;
  }

  abstract send(frame: Parameters<Socket['send']>[0]): boolean;

  get waitingBytes(): number {
    return this.inner.waitingBytes;
  }

  together(act: () => void): void {
    this.inner.together(act);
  }

  ping(payload: string): void {
    this.inner.ping(payload);
  }

  close(end: Parameters<Socket['close']>[0]): void {
    this.inner.close(end);
  }

  terminate(): void {
    this.inner.terminate();
  }

  pause(): void {
    this.inner.pause();
  }

  resume(): void {
    this.inner.resume();
  }
}

/** A hearing before another one, likewise. */
export abstract class HearingBefore implements Hearing {
  protected readonly inner: Hearing;

  constructor(inner: Hearing) {
    this.inner = inner;
  }

  abstract opened(socket: EdgeSocket): void;

  message(text: string): void {
    this.inner.message(text);
  }

  binary(): void {
    this.inner.binary();
  }

  pinged(): void {
    this.inner.pinged();
  }

  ponged(payload: string): void {
    this.inner.ponged(payload);
  }

  drained(): void {
    this.inner.drained();
  }

  end(name: Parameters<Hearing['end']>[0]): void {
    this.inner.end(name);
  }

  closed(code: number, reason: string): void {
    this.inner.closed(code, reason);
  }
}
