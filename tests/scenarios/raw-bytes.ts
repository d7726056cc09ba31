/**
 * A TCP client that says whatever it is told to, and what a server's answers to it must look like: HTTP responses and
 * WebSocket frames, taken apart strictly.
 */
import { connect, type Socket } from 'node:net';

export class RawBytes {
  readonly #socket: Socket;
  /** Grows by doubling: a flood of many megabytes comes in thousands of pieces. */
  #buffer: Buffer = Buffer.alloc(64 * 1024);
  #length = 0;
  #closed = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.#append(bytes);
      this.#wake();
    });
    // A server may reset what it has not read; that is an end like any other.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static open(url: string): Promise<RawBytes> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(new RawBytes(socket)));
      socket.once('error', reject);
    });
  }

  write(bytes: Uint8Array | string): void {
    this.#socket.write(bytes);
  }

  get received(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** What came so far; from here on it counts as read. */
  take(): Buffer {
    const taken = this.received;
    this.#buffer = Buffer.alloc(64 * 1024);
    this.#length = 0;
    return taken;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves once `done` says so; rejects when the connection closed before. */
  async until(done: (received: Buffer) => boolean): Promise<void> {
    while (!done(this.received)) {
      if (this.#closed) throw new Error(`closed after: ${this.received.toString('latin1').slice(0, 500)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves once the server has closed the connection. */
  async ended(): Promise<Buffer> {
    while (!this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.received;
  }

  #append(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const grown = Buffer.alloc(2 * needed);
      this.received.copy(grown);
      this.#buffer = grown;
    }
    bytes.copy(this.#buffer, this.#length);
    this.#length = needed;
  }

  /** Stops reading: what the server sends from here on stays with it once the kernel's buffers are full. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  drop(): void {
    this.#socket.destroy();
  }
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** The server said that it closes the connection after this. */
  readonly last: boolean;
}

/** The whole answers that stand in the bytes, and what is left behind them. Throws on what is no HTTP. */
export function httpAnswers(bytes: Buffer): { readonly answers: readonly HttpAnswer[]; readonly rest: Buffer } {
  const answers: HttpAnswer[] = [];
  let rest = bytes;
  for (let end = rest.indexOf(HEAD_END); end >= 0; end = rest.indexOf(HEAD_END)) {
    const { status, headers } = headOf(rest.subarray(0, end).toString('latin1'));
    const behind = rest.subarray(end + HEAD_END.length);
    const length = bodyLength(headers, behind);
    if (length > behind.length) break;
    rest = behind.subarray(length);
    if (status === 100) continue;
    const body = behind.subarray(0, length).toString();
    answers.push({ status, body, last: headers.get('connection') === 'close' });
    if (status === 101) break;
  }
  return { answers, rest };
}

const HEAD_END = '\r\n\r\n';

function headOf(head: string): { readonly status: number; readonly headers: ReadonlyMap<string, string> } {
  const [start = '', ...fields] = head.split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1];
  if (status === undefined) throw new Error(`no HTTP answer: ${start.slice(0, 200)}`);
  const pairs = fields.map((field): [string, string] => {
    const [, name = '', value = ''] = /^([^:]*): *(.*)$/.exec(field) ?? [];
    return [name.toLowerCase(), value];
  });
  return { status: Number(status), headers: new Map(pairs) };
}

/** An answer to HEAD says how long its body would be; the next answer, or nothing, stands in its place. */
function bodyLength(headers: ReadonlyMap<string, string>, behind: Buffer): number {
  const isHead = behind.length === 0 || behind.toString('latin1', 0, 9) === 'HTTP/1.1 ';
  return isHead ? 0 : Number(headers.get('content-length') ?? 0);
}

export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The whole frames that stand in the bytes, and what is left. Throws on what no server sends: masks, reserved bits, fragments. */
export function serverFrames(bytes: Buffer): { readonly frames: readonly ServerFrame[]; readonly rest: Buffer } {
  const frames: ServerFrame[] = [];
  let rest = bytes;
  while (rest.length >= 2) {
    const [head = 0, second = 0] = rest;
    if ((head & 0xf0) !== 0x80 || second >= 0x80) throw new Error(`no server's frame: ${rest.toString('hex', 0, 16)}`);
    const headBytes = second < 126 ? 2 : second === 126 ? 4 : 10;
    if (rest.length < headBytes) break;
    const length = second < 126 ? second : second === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < headBytes + length) break;
    frames.push({ opcode: head & 15, payload: rest.subarray(headBytes, headBytes + length) });
    rest = rest.subarray(headBytes + length);
  }
  return { frames, rest };
}

/** The request that opens a WebSocket. */
export function handshakeOf(path: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
  );
}

export interface ClientFrame {
  /** FIN, the three reserved bits and the opcode. */
  readonly head: number;
  readonly payload: Uint8Array;
  /** Default: masked, as every client must. */
  readonly masked?: boolean;
  /** What the frame says of its length. Default: the truth. */
  readonly length?: bigint;
}

/** A frame as RFC 6455 §5.2 lays it out, right or wrong. The mask is zero, so that the payload stands as it is. */
export function clientFrame({ head, payload, masked = true, length = BigInt(payload.length) }: ClientFrame): Buffer {
  const mask = masked ? 0x80 : 0;
  const size = length < 126n ? Number(length) : length < 65_536n ? 126 : 127;
  const bytes = Buffer.alloc(size < 126 ? 2 : size === 126 ? 4 : 10);
  bytes.set([head, mask | size]);
  if (size === 126) bytes.writeUInt16BE(Number(length), 2);
  if (size === 127) bytes.writeBigUInt64BE(length, 2);
  return Buffer.concat([bytes, Buffer.alloc(masked ? 4 : 0), payload]);
}

export const textFrame = (text: string): Buffer => clientFrame({ head: 0x81, payload: Buffer.from(text) });
