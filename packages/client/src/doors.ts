/**
 * Everything that comes into the SDK from outside: time, chance, HTTP, WebSockets. A runtime fills these doors
 * (`doors/node.ts`, `doors/browser.ts`); a simulation fills them with a virtual clock and a network that fails by seed.
 * Nothing else in the SDK reads the machine's clock, draws a random number or opens a connection.
 */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the Unix epoch by the machine's clock. It may step; `after` must not depend on it. */
  now(): number;
  /**
   * Runs `action` once after so many ms. Never in the same turn. A timer that waits keeps the process alive: a bot whose
   * stream is between two connections has nothing else that does.
   */
  after(delayMs: number, action: () => void): Timer;
}

export interface Random {
  /** In [0, 1): for jitter and request ids, never for secrets. */
  next(): number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Whole, query and all. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Rejects when no whole answer came, with whatever the runtime says; the caller cannot tell whether the request arrived. */
export type Http = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;

/** What a socket tells. After `closed` nothing follows. Calls never come in the turn of `connect` itself. */
export interface SocketHandlers {
  opened(): void;
  message(data: string | Uint8Array): void;
  /** A pong answered one of our pings; never called where `ping` is absent. */
  ponged(): void;
  /** Once, also when the handshake failed. 1006 where the peer said nothing. */
  closed(code: number, reason: string): void;
}

export interface Socket {
  send(text: string): void;
  /** Absent where the runtime gives no way to send a ping frame: browsers. */
  readonly ping?: () => void;
  close(): void;
  /** Ends at once, for a peer that no longer answers; `closed` follows. */
  terminate(): void;
}

/** Never throws: a URL that cannot be opened ends in `closed`. */
export type Connect = (url: string, handlers: SocketHandlers) => Socket;

export interface Doors {
  readonly clock: Clock;
  readonly random: Random;
  readonly http: Http;
  readonly connect: Connect;
}
