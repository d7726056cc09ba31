/**
 * A server that says exactly the bytes it is told to, for the doors' contract: HTTP and WebSocket by hand, so that nothing of the
 * libraries under test judges itself. Runs on Node and Bun.
 */
import { createHash } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface Peer {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** How many were accepted. */
  connections(): number;
  /** The next connection's first request, on a connection of its own or one that is kept alive. */
  request(): Promise<PeerRequest>;
  close(): Promise<void>;
}

export interface PeerRequest {
  /** Request line and headers, as they came. */
  readonly head: string;
  /** Of the request's headers; undefined where it is absent. */
  header(name: string): string | undefined;
  write(data: Uint8Array | string): void;
  /** `HTTP/1.1 <status>`, the headers, and a length where none is given. */
  answer(status: number, text: string, headers?: string): void;
  /** Switches to WebSocket; `more` goes out in the same packet. */
  upgrade(more?: Uint8Array): void;
  /** The next frame the client sent. */
  frame(): Promise<Frame>;
  /** Ends without a word. */
  cut(): void;
}

export interface Frame {
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One unfragmented frame of a server: unmasked. */
export function frame(opcode: number, payload: string | Uint8Array = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload);
  const head =
    body.length < 126 ? Buffer.from([0x80 | opcode, body.length]) : Buffer.alloc(body.length < 65536 ? 4 : 10);
  if (body.length >= 65536) head.writeBigUInt64BE(BigInt(body.length), 2);
  else if (body.length >= 126) head.writeUInt16BE(body.length, 2);
  if (body.length >= 126) head.set([0x80 | opcode, body.length < 65536 ? 126 : 127]);
  return Buffer.concat([head, body]);
}

export function closeFrame(code: number, reason: string): Buffer {
  return frame(OPCODE.close, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));
}

export async function openPeer(): Promise<Peer> {
  const requests = new Mailbox<PeerRequest>();
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    serve(socket, requests);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    request: () => requests.take(),
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

function serve(socket: Socket, requests: Mailbox<PeerRequest>): void {
  const frames = new Mailbox<Frame>();
  let upgraded = false;
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (upgraded) readFrames();
    else readHead();
  });

  function readHead(): void {
    const end = bytes.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = bytes.toString('utf8', 0, end);
    bytes = bytes.subarray(end + 4);
    requests.put(requestOf(head));
  }

  function readFrames(): void {
    for (let next = takeFrame(bytes); next !== undefined; next = takeFrame(bytes)) {
      bytes = bytes.subarray(next.length);
      frames.put(next.frame);
    }
  }

  function requestOf(head: string): PeerRequest {
    const header = (name: string) => new RegExp(`^${name}: *(.*?) *$`, 'im').exec(head)?.[1];
    return {
      head,
      header,
      write(data) {
        socket.write(data);
      },
      answer(status, text, headers = '') {
        socket.write(`HTTP/1.1 ${status} X\r\nContent-Length: ${Buffer.byteLength(text)}\r\n${headers}\r\n${text}`);
      },
      upgrade(more = new Uint8Array()) {
        upgraded = true;
        const accept = createHash('sha1')
          .update(`${header('Sec-WebSocket-Key')}${GUID}`)
          .digest('base64');
        const lines = [
          'HTTP/1.1 101 X',
          'Upgrade: websocket',
          'Connection: Upgrade',
          `Sec-WebSocket-Accept: ${accept}`,
        ];
        socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), more]));
        readFrames();
      },
      frame: () => frames.take(),
      cut: () => socket.destroy(),
    };
  }
}

/** RFC 6455 §1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Of the frames that a client sends in these tests: under 64 KiB, in one piece. */
function takeFrame(bytes: Buffer): { readonly frame: Frame; readonly length: number } | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const masked = second >= 0x80;
  const short = (second & 0x7f) < 126;
  const start = (short ? 2 : 4) + (masked ? 4 : 0);
  if (bytes.length < start) return undefined;
  const length = start + (short ? second & 0x7f : bytes.readUInt16BE(2));
  if (bytes.length < length) return undefined;
  const mask = bytes.subarray(start - 4, start);
  const payload = Buffer.from(
    bytes.subarray(start, length).map((byte, at) => (masked ? byte ^ (mask[at % 4] ?? 0) : byte)),
  );
  return { frame: { opcode: first & 0x0f, masked, payload }, length };
}

/** What has come and was not taken yet, or who waits for it. */
class Mailbox<T> {
  readonly #waiting: ((item: T) => void)[] = [];
  readonly #items: T[] = [];

  put(item: T): void {
    const taker = this.#waiting.shift();
    if (taker === undefined) this.#items.push(item);
    else taker(item);
  }

  take(): Promise<T> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}
