/**
 * The doors on Node (20 and later) and Bun: HTTP by `node:http`, since the built-in `fetch` takes no agent, and WebSockets by `ws`,
 * of which Bun has its own. Both runtimes trust what NODE_EXTRA_CA_CERTS names.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import { type ClientOptions, WebSocket } from 'ws';
import type { Connect, Doors, HandshakeRefusal, Http, HttpResponse, SocketHandlers } from '../doors.ts';
import { OptionsError } from '../errors.ts';
import { abortError, CLOSE_WITHIN_MS, CLOSED_ABNORMALLY, MESSAGE_BYTES_MAX, tooLarge } from './bounds.ts';
import { machineClock, machineRandom } from './machine-clock.ts';
import { proxyAgents } from './proxy-agent.ts';

/** By which way a process reaches the venue; one of the two, or neither. */
export interface NodeDoorsOptions {
  /** For every request and connection: another proxy, client certificates, a local address. */
  readonly agent?: http.Agent;
  /** `http://[user:password@]host:port` or `https://…` of a proxy that tunnels with CONNECT. */
  readonly proxy?: string;
}

/** By the protocol of a URL, `ws:` as `http:`. */
interface Agents {
  readonly http: http.Agent;
  readonly https: http.Agent;
}

/** @throws OptionsError where the options contradict each other or are none. */
export function nodeDoors({ agent, proxy }: NodeDoorsOptions = {}): Doors {
  if (agent !== undefined && proxy !== undefined) {
    throw new OptionsError('agent and proxy: give one of them; an agent brings its own proxy');
  }
  // Idle connections keep no process alive: agents take their hold off them. A WebSocket takes none over from HTTP, which the peer
  // may be about to drop.
  const kept = { keepAlive: true };
  const own = (options: http.AgentOptions): Agents =>
    agent === undefined ? agentsFor(proxy, options) : { http: agent, https: agent };
  return { clock: machineClock, random: machineRandom, http: httpOver(own(kept)), connect: connectOver(own({})) };
}

function agentsFor(proxy: string | undefined, options: http.AgentOptions): Agents {
  if (proxy !== undefined) return proxyAgents(proxy, options);
  return { http: new http.Agent(options), https: new https.Agent(options) };
}

// --- HTTP --------------------------------------------------------------------------------------------------------------

function httpOver(agents: Agents): Http {
  return async (request, signal) => {
    if (signal.aborted) throw abortError(signal);
    let abort: (() => void) | undefined;
    try {
      return await new Promise<HttpResponse>((resolve, reject) => {
        const sent = open(request, agents, (response) => {
          read(response).then(resolve, fail);
        });
        sent.on('error', (error) => fail(plain(error)));
        abort = () => fail(abortError(signal));
        signal.addEventListener('abort', abort);
        sent.end();

        function fail(error: Error): void {
          reject(error);
          sent.destroy();
        }
      });
    } finally {
      if (abort !== undefined) signal.removeEventListener('abort', abort);
    }
  };
}

function open(
  { method, url, headers }: Parameters<Http>[0],
  agents: Agents,
  answered: (response: http.IncomingMessage) => void,
): http.ClientRequest {
  const target = parseUrl(url);
  const secure = target.protocol === 'https:';
  const agent = secure ? agents.https : agents.http;
  return (secure ? https : http).request(target, { method, headers, agent }, answered);
}

/** The runtime's own error holds the URL, which may be signed or name a listenKey. */
function parseUrl(url: string): URL {
  if (!URL.canParse(url)) throw new TypeError('the URL cannot be read');
  return new URL(url);
}

function read(response: http.IncomingMessage): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MESSAGE_BYTES_MAX) reject(tooLarge());
      else chunks.push(chunk);
    });
    response.on('error', (error) => reject(plain(error)));
    response.on('close', () => reject(new Error('the connection was cut in the middle of the answer')));
    response.on('end', () => {
      if (!response.complete) return;
      const text = Buffer.concat(chunks).toString('utf8');
      resolve({ status: response.statusCode ?? 0, headers: headersOf(response), text });
    });
  });
}

function headersOf({ headers }: http.IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/** `ECONNREFUSED` and its like stay; what else runtimes hang on their errors, URLs among it, does not. */
function plain({ message, code }: Error & { readonly code?: unknown }): Error {
  return Object.assign(new Error(message), typeof code === 'string' ? { code } : {});
}

// --- WebSockets --------------------------------------------------------------------------------------------------------

/** Compression costs memory per connection and venues need none of it; `ws` would offer it. */
const SOCKET_OPTIONS: ClientOptions = { perMessageDeflate: false, maxPayload: MESSAGE_BYTES_MAX };

function connectOver(agents: Agents): Connect {
  return (url, handlers) => {
    const socket = dial(url, agents);
    if (socket === undefined) return unopened(handlers);
    const end = listen(socket, handlers);
    const whenOpen = (act: () => void) => {
      if (socket.readyState === WebSocket.OPEN) act();
    };
    return {
      send: (text) => whenOpen(() => socket.send(text, ignored)),
      ping: () => whenOpen(() => socket.ping(undefined, undefined, ignored)),
      close() {
        socket.close(1000);
        end.within(CLOSE_WITHIN_MS);
      },
      terminate: () => socket.terminate(),
    };
  };
}

/** A frame that could not be written is told by `closed`, as everything that ends a connection. */
function ignored(): void {}

function dial(url: string, agents: Agents): WebSocket | undefined {
  try {
    const agent = new URL(url).protocol === 'wss:' ? agents.https : agents.http;
    return new WebSocket(url, { ...SOCKET_OPTIONS, agent });
  } catch {
    return undefined;
  }
}

function unopened(handlers: SocketHandlers): ReturnType<Connect> {
  setTimeout(() => handlers.closed(CLOSED_ABNORMALLY, 'the URL cannot be opened'), 0);
  return { send: ignored, close: ignored, terminate: ignored };
}

/** Errors are told as the reason of `closed`, which `ws` always sends behind them. */
function listen(socket: WebSocket, handlers: SocketHandlers): { within(ms: number): void } {
  let problem = '';
  let refusal: HandshakeRefusal | undefined;
  let cut: NodeJS.Timeout | undefined;
  socket.on('open', () => handlers.opened());
  socket.on('message', (data: Buffer, isBinary: boolean) => handlers.message(isBinary ? data : data.toString('utf8')));
  socket.on('pong', () => handlers.ponged());
  socket.on('unexpected-response', (_, response) => {
    refusal = { status: response.statusCode ?? 0, headers: headersOf(response) };
    problem = `the handshake was answered with HTTP ${refusal.status}`;
    socket.terminate();
  });
  socket.on('error', (error) => {
    problem ||= error.message;
  });
  socket.once('close', (code, reason) => {
    clearTimeout(cut);
    socket.removeAllListeners();
    socket.on('error', ignored);
    handlers.closed(code, reason.toString('utf8') || problem, refusal);
  });
  return {
    within(ms) {
      cut ??= setTimeout(() => socket.terminate(), ms).unref();
    },
  };
}
