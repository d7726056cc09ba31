/**
 * The public door: REST and WebSocket on one port, told apart by path (`route.ts`). It turns bytes into calls on core and
 * answers back into bytes; every rule is core's.
 */
import { Connection, type House } from '@listenpost/core';
import { FRAME_BYTES_MAX, PRODUCTS } from '@listenpost/protocol';
import type { Server, ServerWebSocket, TLSOptions, WebSocketHandler } from 'bun';
import { BunSocket } from './bun-socket.ts';
import { type ClientAddress, clientAddress } from './client-address.ts';
import type { Answer, Hearing, Intermediary, Visit } from './intermediary.ts';
import { errorResponse } from './rest-response.ts';
import { routed, visitOf } from './route.ts';

/** Requests are a few hundred bytes; a signed one with a form body is not ten times that. */
const REQUEST_BYTES_MAX = 64 * 1024;

export interface PublicEdgeOptions {
  readonly house: House;
  readonly host: string;
  readonly port: number;
  /** Present: https and wss. */
  readonly tls?: TLSOptions;
  readonly trustedProxies: readonly string[];
  /** What may wait in one socket's outbox before the peer counts as too slow. */
  readonly outboxBytesMax: number;
  /** Connections held at once, over all addresses. */
  readonly connectionsMax: number;
  /** What stands before core; undefined: nothing. */
  readonly between: Intermediary | undefined;
}

export interface PublicEdge {
  readonly url: string;
  readonly port: number;
  /** Replaces the certificate for new connections; those that are open go on. */
  reload(tls: TLSOptions): void;
  /** No new connections from here on; the open ones go on. */
  stopAccepting(): void;
  /** Requests and sockets that are still open. */
  pending(): number;
  /** Ends everything at once. */
  stop(): Promise<void>;
}

type Data = { readonly connection: Hearing };
type PublicServer = Server<Data>;

export function startPublicEdge(options: PublicEdgeOptions): PublicEdge {
  const { house, host } = options;
  const address = clientAddress(options.trustedProxies);
  const websocket = sockets(house, options.outboxBytesMax);
  const listen = (port: number, tls: TLSOptions | undefined): PublicServer =>
    Bun.serve<Data>({
      hostname: host,
      port,
      ...(tls === undefined ? {} : { tls, reusePort: true }),
      maxRequestBodySize: REQUEST_BYTES_MAX,
      // A request that does not arrive whole within ten seconds is dropped (spot-margin §1.4: processing time).
      idleTimeout: 10,
      fetch: (request, server) => serve(options, address, request, server),
      error: (cause) => {
        house.report(cause);
        return errorResponse(PRODUCTS.usdm, 'UNKNOWN');
      },
      websocket,
    });
  // A port that may be shared with our own next listener would silently be shared with another server's too.
  if (options.tls !== undefined) assertPortFree(host, options.port);
  let server = listen(options.port, options.tls);
  const port = server.port as number;
  const retired: PublicServer[] = [];
  const all = () => [...retired, server];
  /** Each settles when a server that takes no more connections has lost its last one. */
  const stopping: Promise<void>[] = [];
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${printedHost(host)}:${port}`,
    port,
    reload(tls) {
      const next = listen(port, tls);
      retired.push(server);
      stopping.push(server.stop(false));
      server = next;
    },
    stopAccepting() {
      stopping.push(server.stop(false));
    },
    pending: () => all().reduce((sum, each) => sum + each.pendingRequests + each.pendingWebSockets, 0),
    async stop() {
      await Promise.all([...all().map((each) => each.stop(true)), ...stopping]);
    },
  };
}

/** Throws as a listener does when the port is taken, by whomever and in whatever mode. */
function assertPortFree(host: string, port: number): void {
  if (port === 0) return;
  try {
    Bun.listen({ hostname: host, port, exclusive: true, socket: { data() {} } }).stop(true);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw Object.assign(new Error(`port ${port}: ${message}`, { cause }), { code });
  }
}

function serve(
  options: PublicEdgeOptions,
  address: ClientAddress,
  request: Request,
  server: PublicServer,
): Answer | Promise<Answer> {
  const { house, between } = options;
  const visit = visitOf(house, request, address(request, server.requestIP(request)?.address ?? ''));
  if (between === undefined) return served(options, server, visit);
  return between.visit(visit, () => served(options, server, visit));
}

function served(
  { house, connectionsMax, between }: PublicEdgeOptions,
  server: PublicServer,
  visit: Visit,
): Answer | Promise<Answer> {
  const outcome = routed(house, visit, connectionsMax);
  if (!(outcome instanceof Connection)) return outcome;
  const connection = between === undefined ? outcome : between.hearing(outcome, visit, outcome);
  if (server.upgrade(visit.request, { data: { connection } })) return undefined;
  return errorResponse(PRODUCTS.usdm, 'MALFORMED_HANDSHAKE');
}

function sockets(house: House, outboxBytesMax: number): WebSocketHandler<Data> {
  const guarded = (socket: ServerWebSocket<Data>, act: (connection: Hearing) => void) => {
    const { connection } = socket.data;
    try {
      act(connection);
    } catch (cause) {
      house.report(cause);
      connection.end('internalError');
    }
  };
  return {
    // Heartbeat and lifetime are core's, on its own clock.
    idleTimeout: 0,
    sendPings: false,
    perMessageDeflate: false,
    maxPayloadLength: FRAME_BYTES_MAX,
    backpressureLimit: outboxBytesMax,
    closeOnBackpressureLimit: false,
    open: (socket) => guarded(socket, (connection) => connection.opened(new BunSocket(socket))),
    message: (socket, message) =>
      guarded(socket, (connection) => {
        if (typeof message === 'string') connection.message(message);
        else connection.binary();
      }),
    ping: (socket) => guarded(socket, (connection) => connection.pinged()),
    pong: (socket, payload) => guarded(socket, (connection) => connection.ponged(payload.toString('latin1'))),
    drain: (socket) => guarded(socket, (connection) => connection.drained()),
    close: (socket, code, reason) => guarded(socket, (connection) => connection.closed(code, reason)),
  };
}

const printedHost = (host: string) => (host.includes(':') ? `[${host}]` : host);
