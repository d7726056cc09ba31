/**
 * The least that can take what the publishers send and give it to the fleet: nothing is checked and nothing is stored. It is
 * what the load itself is tested against, and what measuring the load without a service needs.
 */
import type { Server, ServerWebSocket } from 'bun';

type Data = { readonly account: string | null };

export interface FanOutServer {
  readonly url: string;
  /** Applied to each event before it is sent; null drops it. */
  distort: (account: string, event: string) => { account: string; event: string } | null;
  /** When set, requests are answered 503. */
  refuses: boolean;
  stop(): Promise<void>;
}

export function startFanOutServer(): FanOutServer {
  const sockets = new Map<string, ServerWebSocket<Data>>();
  const server: Server<Data> = Bun.serve<Data>({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request, at) {
      const { pathname } = new URL(request.url);
      const account = /^\/ws\/(\w+)$/.exec(pathname)?.[1] ?? null;
      if (running.refuses) return new Response('refused on purpose', { status: 503 });
      if (request.method === 'POST') return Response.json(fanOut(await request.text()));
      if (account === null && pathname !== '/admin/v1/ingest') return new Response('not here', { status: 404 });
      return at.upgrade(request, { data: { account } }) ? undefined : new Response('no handshake', { status: 400 });
    },
    websocket: {
      open: (socket) => {
        if (socket.data.account !== null) sockets.set(socket.data.account, socket);
      },
      message: (socket, message) => {
        socket.send(JSON.stringify(fanOut(String(message))));
      },
    },
  });
  const fanOut = (text: string) => {
    const lines = text.split('\n').filter((line) => line !== '');
    for (const line of lines) {
      const [, account = '', event = ''] = /^\{"account":"(\w+)","scope":"usdm","event":(.*)\}$/.exec(line) ?? [];
      const sent = running.distort(account, event);
      if (sent !== null) sockets.get(sent.account)?.send(sent.event);
    }
    return { accepted: lines.length };
  };
  const running: FanOutServer = {
    url: server.url.origin,
    distort: (account, event) => ({ account, event }),
    refuses: false,
    stop: () => server.stop(true),
  };
  return running;
}
