/** Agents that reach every host through an HTTP proxy, by CONNECT (RFC 9110 §9.3.6). */
import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import { OptionsError } from '../errors.ts';

/** A proxy that takes a connection and then says nothing would hold a handshake for ever. */
const CONNECT_WITHIN_MS = 20_000;

/** @throws OptionsError where the text is no URL of such a proxy; its password is in no message. */
export function proxyAgents(
  proxy: string,
  options: http.AgentOptions,
): { readonly http: http.Agent; readonly https: https.Agent } {
  const tunnel = tunnelThrough(proxyUrl(proxy));
  return { http: new PlainAgent(tunnel, options), https: new TlsAgent(tunnel, options) };
}

function proxyUrl(proxy: string): URL {
  const url = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new OptionsError('proxy: expected http://[user:password@]host:port or https://…; for SOCKS give an agent');
  }
  return url;
}

type Done = (error: Error | null, socket?: Duplex) => void;
type Tunnel = (host: string, port: number, done: (error: Error | null, socket?: Socket) => void) => void;

interface Target {
  readonly host?: string | null | undefined;
  readonly port?: string | number | null | undefined;
}

class PlainAgent extends http.Agent {
  readonly #tunnel: Tunnel;

  constructor(tunnel: Tunnel, options: http.AgentOptions) {
    super(options);
    this.#tunnel = tunnel;
  }

  override createConnection(target: Target, done: Done): undefined {
    this.#tunnel(target.host ?? 'localhost', Number(target.port ?? 80), done);
  }
}

class TlsAgent extends https.Agent {
  readonly #tunnel: Tunnel;

  constructor(tunnel: Tunnel, options: http.AgentOptions) {
    super(options);
    this.#tunnel = tunnel;
  }

  override createConnection(target: Target & tls.ConnectionOptions, done: Done): undefined {
    const host = target.host ?? 'localhost';
    this.#tunnel(host, Number(target.port ?? 443), (error, socket) => {
      if (socket === undefined) {
        done(error);
        return;
      }
      const servername = target.servername || (isIP(host) === 0 ? host : '');
      done(null, tls.connect({ ...target, path: undefined, socket, servername } as tls.ConnectionOptions));
    });
  }
}

function tunnelThrough(proxy: URL): Tunnel {
  const { request } = proxy.protocol === 'https:' ? https : http;
  return (host, port, done) => {
    const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    const headers = { host: authority, ...authorization(proxy) };
    const asked = request(new URL('/', proxy.origin), { method: 'CONNECT', path: authority, headers, agent: false });
    asked.setTimeout(CONNECT_WITHIN_MS, () => asked.destroy(new Error('the proxy did not answer')));
    asked.once('error', done);
    asked.once('connect', ({ statusCode }, socket: Socket, head) => {
      if (statusCode !== 200) {
        socket.destroy();
        done(refused(statusCode));
        return;
      }
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      done(null, socket);
    });
    asked.end();
  };
}

function refused(statusCode: number | undefined): Error {
  return new Error(`the proxy answered with HTTP ${statusCode}`);
}

function authorization({ username, password }: URL): { 'proxy-authorization'?: string } {
  if (username === '') return {};
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(text, 'utf8').toString('base64')}` };
}
