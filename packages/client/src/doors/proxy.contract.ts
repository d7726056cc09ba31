/** What `agent` and `proxy` of the doors of Node and Bun keep: every request and connection goes by them, and by nothing else. */
import assert from 'node:assert/strict';
import { Agent, createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Doors } from '../doors.ts';
import { nodeDoors } from './node.ts';
import { closeFrame, frame, OPCODE, openPeer, type Peer } from './testing/peer.ts';

const never = new AbortController().signal;

/** A proxy that tunnels with CONNECT, or answers with `status` instead; and the heads of what it was asked. */
async function openProxy(status = 200) {
  const asked: IncomingMessage[] = [];
  const sockets = new Set<Duplex>();
  const server = createServer((_, response) => response.writeHead(500).end());
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    asked.push(request);
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    const [host, port] = (request.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(target).pipe(socket);
    });
    sockets.add(target);
    target.on('error', () => socket.destroy());
    return undefined;
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      return new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

async function withProxy(
  status: number,
  run: (peer: Peer, proxy: Awaited<ReturnType<typeof openProxy>>) => Promise<void>,
) {
  const [peer, proxy] = [await openPeer(), await openProxy(status)];
  try {
    await run(peer, proxy);
  } finally {
    await Promise.all([peer.close(), proxy.close()]);
  }
}

/** One request and one connection, both answered. */
async function assertReaches(doors: Doors, peer: Peer): Promise<void> {
  const asked = doors.http({ method: 'GET', url: `http://${peer.host}/x`, headers: {} }, never);
  (await peer.request()).answer(200, '{"a":1}');
  assert.equal((await asked).text, '{"a":1}');
  const told = toldBy(doors, `ws://${peer.host}/ws`);
  const request = await peer.request();
  assert.equal(request.header('Sec-WebSocket-Extensions'), undefined);
  request.upgrade(Buffer.concat([frame(OPCODE.text, 'hello'), closeFrame(1000, 'bye')]));
  assert.deepEqual(await told, ['opened', 'hello', 'closed 1000 bye']);
}

/** Everything a connection tells until it is closed. */
function toldBy(doors: Doors, url: string): Promise<string[]> {
  const told: string[] = [];
  return new Promise((resolve) => {
    doors.connect(url, {
      opened: () => told.push('opened'),
      message: (data) => told.push(String(data)),
      ponged: () => told.push('ponged'),
      closed(code, reason) {
        told.push(`closed ${code} ${reason}`);
        resolve(told);
      },
    });
  });
}

export const PROXY_CASES: readonly { readonly name: string; run(): Promise<void> }[] = [
  {
    name: 'requests and connections go through the proxy, with its password',
    run: () =>
      withProxy(200, async (peer, proxy) => {
        await assertReaches(nodeDoors({ proxy: `http://us%40er:p%3Ass@${proxy.host}` }), peer);
        assert.deepEqual([...new Set(proxy.asked.map(({ url }) => url))], [peer.host]);
        assert.equal(proxy.asked.length, 2);
        for (const { headers } of proxy.asked) {
          assert.equal(headers.host, peer.host);
          const [, credentials = ''] = (headers['proxy-authorization'] ?? '').split(' ');
          assert.equal(Buffer.from(credentials, 'base64').toString('utf8'), 'us@er:p:ss');
        }
      }),
  },
  {
    name: 'without a password none is sent',
    run: () =>
      withProxy(200, async (peer, proxy) => {
        await assertReaches(nodeDoors({ proxy: `http://${proxy.host}` }), peer);
        assert.equal(proxy.asked[0]?.headers['proxy-authorization'], undefined);
      }),
  },
  {
    name: 'a proxy that refuses is told, and nobody is reached by another way',
    run: () =>
      withProxy(407, async (peer, proxy) => {
        const doors = nodeDoors({ proxy: `http://user:s3cret@${proxy.host}` });
        const url = `http://${peer.host}/x`;
        const refused = await doors.http({ method: 'GET', url, headers: {} }, never).catch(String);
        assert.match(String(refused), /the proxy answered with HTTP 407/);
        const [told] = await toldBy(doors, `ws://${peer.host}/ws`);
        assert.match(String(told), /^closed 1006 the proxy answered with HTTP 407/);
        assert.equal(peer.connections(), 0);
      }),
  },
  {
    name: 'a proxy that is not there is told',
    async run() {
      const proxy = await openProxy();
      await proxy.close();
      const doors = nodeDoors({ proxy: `http://user:s3cret@${proxy.host}` });
      const refused = await doors
        .http({ method: 'GET', url: 'http://venue.invalid/x', headers: {} }, never)
        .catch(String);
      assert.match(String(refused), /ECONNREFUSED/);
      assert.ok(!String(refused).includes('s3cret'));
      assert.match(String(await toldBy(doors, 'ws://venue.invalid/ws')), /^closed 1006 .*ECONNREFUSED/);
    },
  },
  {
    name: 'an agent of the user’s makes every connection',
    run: () =>
      withProxy(200, async (peer) => {
        let made = 0;
        class Counting extends Agent {
          override createConnection(): Duplex {
            made += 1;
            const [host, port] = peer.host.split(':');
            return connect(Number(port), host);
          }
        }
        const doors = nodeDoors({ agent: new Counting() });
        await assertReaches(doors, peer);
        assert.equal(made, 2);
      }),
  },
  {
    name: 'what is no proxy is refused without its password',
    async run() {
      for (const proxy of ['socks5://user:s3cret@a', 'proxy.example:8080', '', 'http://us er:s3cret@']) {
        assert.throws(
          () => nodeDoors({ proxy }),
          (error) => /^OptionsError: proxy: expected/.test(String(error)) && !String(error).includes('s3cret'),
        );
      }
      assert.throws(() => nodeDoors({ proxy: 'http://127.0.0.1:1', agent: new Agent() }), /agent and proxy/);
    },
  },
];
