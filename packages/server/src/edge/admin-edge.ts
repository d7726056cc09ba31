/** The admin port: HTTP and the producers' WebSockets. It turns bytes into calls on the admin API and nothing more. */
import type { End } from '@listenpost/protocol';
import type { Server, ServerWebSocket } from 'bun';
import type { AdminApi } from '../admin/admin-api.ts';
import { BODY_BYTES_MAX } from '../admin/body.ts';
import {
  IN_FLIGHT_BYTES_MAX,
  PRODUCER_ENDS,
  type ProducerConnection,
  type ProducerSocket,
} from '../admin/producer-connection.ts';

export interface AdminEdgeOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly api: AdminApi;
}

export interface AdminEdge {
  readonly url: string;
  readonly port: number;
  /** No new connections; what is being answered is, and producers get the answers they wait for, for `drainMs` at most. */
  stop(drainMs?: number): Promise<void>;
}

/** Answers that a producer has not read. One names at most as many streams as its message had lines. */
const UNREAD_BYTES_MAX = 16 * 1024 * 1024;

/** Above what the check before each answer lets through, so that the runtime drops none by itself. */
const RUNTIME_BYTES_MAX = 2 * UNREAD_BYTES_MAX;

/** A producer whose network is gone is let go of after this; the runtime pings in between. */
const SILENCE_SECONDS_MAX = 120;

/** The longest a request may stay without a byte in either direction. An advance of the clock takes a few seconds. */
const IDLE_SECONDS_MAX = 60;

interface Data {
  readonly producer: ProducerConnection;
}

/** Throws when the port cannot be had. */
export function startAdminEdge({ host, port, api }: AdminEdgeOptions): AdminEdge {
  const server = Bun.serve<Data>({
    hostname: host,
    port,
    idleTimeout: IDLE_SECONDS_MAX,
    // The admin API bounds bodies itself, by what they say and by what it reads, with an answer that tells the bound.
    // The runtime's own limit would cut such a request without a word.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch(request, listening) {
      if (isHandshake(request)) return openProducer(api, request, listening);
      if (api.isPatient(request)) listening.timeout(request, 0);
      return api.answer(request);
    },
    websocket: {
      maxPayloadLength: BODY_BYTES_MAX,
      backpressureLimit: RUNTIME_BYTES_MAX,
      idleTimeout: SILENCE_SECONDS_MAX,
      perMessageDeflate: false,
      open: (socket) => socket.data.producer.opened(new BunProducerSocket(socket)),
      message(socket, message) {
        if (typeof message === 'string') socket.data.producer.message(message);
        else socket.data.producer.binary();
      },
      close: (socket) => socket.data.producer.closed(),
    },
  });
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`,
    port: server.port as number,
    stop: (drainMs = 0) => stop(server, api, drainMs),
  };
}

const isHandshake = (request: Request): boolean => request.headers.get('upgrade')?.toLowerCase() === 'websocket';

function openProducer(api: AdminApi, request: Request, server: Server<Data>): Response | undefined {
  const producer = api.producer(request);
  if (producer instanceof Response) return producer;
  const headers = { 'Listenpost-In-Flight-Bytes': String(IN_FLIGHT_BYTES_MAX) };
  if (server.upgrade(request, { data: { producer }, headers })) return undefined;
  producer.closed();
  return new Response('{"error":{"reason":"malformed WebSocket handshake"}}', { status: 400 });
}

/** Ends what is left when its time is up: an idle keep-alive connection would hold a stop for good. */
async function stop(server: Server<Data>, api: AdminApi, drainMs: number): Promise<void> {
  api.shutDown();
  const { promise: timeUp, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, drainMs);
  await Promise.race([server.stop(false), timeUp]);
  clearTimeout(timer);
  await server.stop(true);
}

/**
 * One commit answers many messages of one producer. Their answers leave together, in one system call at the end of the
 * turn: one call each cost a producer of single events as much as the events' own delivery.
 */
class BunProducerSocket implements ProducerSocket {
  readonly #socket: ServerWebSocket<Data>;
  #answers: string[] = [];
  #answersBytes = 0;

  constructor(socket: ServerWebSocket<Data>) {
    this.#socket = socket;
  }

  send(text: string): boolean {
    if (this.#answersBytes + this.#socket.getBufferedAmount() > UNREAD_BYTES_MAX) return false;
    if (this.#answers.length === 0) setImmediate(() => this.#flush());
    this.#answers.push(text);
    this.#answersBytes += text.length;
    return true;
  }

  /** A peer that reads no answers reads no close frame either. */
  close(end: End): void {
    if (end === PRODUCER_ENDS.answersUnread) {
      this.#socket.terminate();
      return;
    }
    this.#flush();
    this.#socket.close(end.code, end.reason);
  }

  #flush(): void {
    const answers = this.#answers;
    this.#answers = [];
    this.#answersBytes = 0;
    this.#socket.cork(() => {
      for (const answer of answers) this.#socket.send(answer);
    });
  }
}
