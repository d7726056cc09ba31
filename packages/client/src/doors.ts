/**
 * Everything that comes into the SDK from outside: time, chance, HTTP, WebSockets. A runtime fills these doors
 * (`doors/node.ts`, `doors/browser.ts`); a simulation fills them with a virtual clock and a network that fails by seed.
 * Nothing else in the SDK reads the machine's clock, draws a random number or opens a connection.
 */

export interface Timer {
  /** Takes the action back; without effect once it ran. */
  cancel(): void;
}

/** Where time comes from. */
export interface Clock {
  /** Milliseconds since the Unix epoch by the machine's clock. It may step; `after` must not depend on it. */
  now(): number;
  /** Milliseconds since whenever, by a clock that is never set: by it the SDK sees that the other one was. */
  ticks(): number;
  /**
   * Runs `action` once after so many ms. Never in the same turn. A timer that waits keeps the process alive: a bot whose
   * stream is between two connections has nothing else that does.
   */
  after(delayMs: number, action: () => void): Timer;
}

/** Where chance comes from. */
export interface Random {
  /** In [0, 1): for jitter and request ids, never for secrets. */
  next(): number;
}

/** One call of a venue's REST API. None has a body. */
export interface HttpRequest {
  /** Of the HTTP methods, those that venues use. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Whole, query and all. */
  readonly url: string;
  /** The API key stands here. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A whole answer, whatever its status. */
export interface HttpResponse {
  /** HTTP status. Redirects are not followed. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, read as UTF-8. */
  readonly text: string;
}

/** Rejects when no whole answer came, with whatever the runtime says; the caller cannot tell whether the request arrived. */
export type Http = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;

/** What a socket tells. After `closed` nothing follows. Calls never come in the turn of `connect` itself. */
export interface SocketHandlers {
  /** The handshake is done: `send` may be called from here on. */
  opened(): void;
  /** A text frame as a string, a binary one as bytes. */
  message(data: string | Uint8Array): void;
  /** A pong answered one of our pings; never called where `ping` is absent. */
  ponged(): void;
  /** Once, also when the handshake failed. 1006 where the peer said nothing. `refusal`: where the runtime tells it (pages never do). */
  closed(code: number, reason: string, refusal?: HandshakeRefusal): void;
}

/** What the peer answered to a handshake instead of 101: a venue's limits come this way too. */
export interface HandshakeRefusal {
  /** HTTP status. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One WebSocket connection. What is sent on one that is not open, or not any more, is dropped. */
export interface Socket {
  /** A text frame. */
  send(text: string): void;
  /** Absent where the runtime gives no way to send a ping frame: browsers. */
  readonly ping?: () => void;
  /** Closes with 1000 and waits some seconds for the peer to agree; `closed` follows. */
  close(): void;
  /** Ends at once, for a peer that no longer answers; `closed` follows. */
  terminate(): void;
}

/** Never throws: a URL that cannot be opened ends in `closed`. */
export type Connect = (url: string, handlers: SocketHandlers) => Socket;

/** All that the SDK touches of the world: what `doors` of the options takes. */
export interface Doors {
  /** Time. */
  readonly clock: Clock;
  /** Chance. */
  readonly random: Random;
  /** REST calls. */
  readonly http: Http;
  /** WebSocket connections. */
  readonly connect: Connect;
}
