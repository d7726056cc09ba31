/**
 * A WebSocket client whose frames are made by hand over TCP. A runtime's own client answers every ping; this one does only
 * what it is told, so it can fall silent, answer twice, or say what no client should.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const PATIENCE_MS = 3000;

const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type FrameKind = keyof typeof OPCODES;

const KINDS: ReadonlyMap<number, FrameKind> = new Map(
  Object.entries(OPCODES).map(([kind, opcode]) => [opcode, kind as FrameKind]),
);

export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Buffer;
}

/** The server's HTTP answer in place of 101. */
export class RefusedHandshake extends Error {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;

  constructor(status: number, headers: Headers, body: unknown) {
    super(`the handshake was refused: ${status} ${JSON.stringify(body)}`);
    this.name = 'RefusedHandshake';
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

export class RawPeer {
  /** What each ping is answered with; a new peer copies the payload into one pong, as it should. */
  onPing: (payload: Buffer) => void = (payload) => this.write('pong', payload);
  readonly #socket: Socket;
  readonly #frames: Frame[] = [];
  #read = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #gone = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(url: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<RawPeer> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    const lines = Object.entries({
      Host: host,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    const peer = new RawPeer(socket);
    await peer.#handshake();
    return peer;
  }

  /** The next frame that is neither ping nor pong: those stand in lists of their own. */
  async frame(): Promise<Frame> {
    await this.#until(() => this.#read < this.#frames.length, 'a frame');
    return this.#frames[this.#read++] as Frame;
  }

  /** The payloads of all pings so far. */
  readonly pings: string[] = [];
  /** The payloads of all pongs so far. */
  readonly pongs: string[] = [];

  /** Resolves once so many pings have come. */
  async pinged(count: number): Promise<void> {
    await this.#until(() => this.pings.length >= count, `ping ${count}`);
  }

  /** The next frame, which must be text, parsed. */
  async json(): Promise<Record<string, unknown>> {
    const { kind, payload } = await this.frame();
    if (kind !== 'text') throw new Error(`a ${kind} frame came where text was awaited: ${payload.toString('latin1')}`);
    return JSON.parse(payload.toString()) as Record<string, unknown>;
  }

  /** Sends a request and gives back the next frame, parsed. */
  ask(message: unknown): Promise<Record<string, unknown>> {
    this.write('text', JSON.stringify(message));
    return this.json();
  }

  /** One ping and its pong: whatever the server sent before has arrived when this resolves, and the socket lives. */
  async proveOpen(): Promise<void> {
    const payload = randomBytes(8).toString('hex');
    this.write('ping', payload);
    await this.#until(() => this.pongs.includes(payload), 'the pong of a ping');
  }

  /** Sends a ping and gives back the payload of the next pong. */
  async ping(payload: string): Promise<string> {
    const before = this.pongs.length;
    this.write('ping', payload);
    await this.#until(() => this.pongs.length > before, 'a pong');
    return this.pongs[before] as string;
  }

  write(kind: FrameKind, payload: string | Uint8Array = ''): void {
    this.#socket.write(maskedFrame(OPCODES[kind], Buffer.from(payload as string)));
  }

  /** How the server ended it. Frames before the close that were not read stay for `frame`. */
  async closed(): Promise<{ code: number | null; reason: string }> {
    await this.#until(() => this.#gone, 'the end of the connection');
    const close = this.#frames.findLast(({ kind }) => kind === 'close');
    if (close === undefined) return { code: null, reason: '' };
    return { code: close.payload.readUInt16BE(0), reason: close.payload.subarray(2).toString() };
  }

  /** Frames that came and were not read. */
  get unread(): readonly Frame[] {
    return this.#frames.slice(this.#read);
  }

  /** Stops reading, as a client does whose process hangs: the kernel's buffers fill. */
  pause(): void {
    this.#socket.pause();
  }

  drop(): void {
    this.#socket.destroy();
  }

  async #handshake(): Promise<void> {
    this.#socket.on('data', (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake();
    });
    for (const event of ['close', 'error', 'end']) {
      this.#socket.on(event, () => {
        this.#gone = true;
        this.#wake();
      });
    }
    await this.#until(() => this.#bytes.includes('\r\n\r\n'), 'the answer to the handshake');
    const end = this.#bytes.indexOf('\r\n\r\n');
    const [start = '', ...fields] = this.#bytes.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(start.split(' ')[1]);
    const headers = new Headers(
      fields.map((field): [string, string] => [field.split(': ', 1)[0] ?? '', field.replace(/^.*?: /, '')]),
    );
    this.#bytes = this.#bytes.subarray(end + 4);
    if (status !== 101) {
      const length = Number(headers.get('content-length') ?? 0);
      await this.#until(() => this.#bytes.length >= length, 'the body of the refusal');
      this.#socket.destroy();
      throw new RefusedHandshake(status, headers, JSON.parse(this.#bytes.toString()));
    }
    this.#socket.removeAllListeners('data');
    this.#socket.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#take(Buffer.alloc(0));
  }

  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (let frame = this.#parsed(); frame !== undefined; frame = this.#parsed()) {
      if (frame.kind === 'ping') {
        this.pings.push(frame.payload.toString());
        this.onPing(frame.payload);
      } else if (frame.kind === 'pong') this.pongs.push(frame.payload.toString());
      else this.#frames.push(frame);
      if (frame.kind === 'close') this.#socket.end(maskedFrame(OPCODES.close, frame.payload.subarray(0, 2)));
    }
    this.#wake();
  }

  /** The first whole frame of what has arrived; servers do not mask, and this one does not fragment. */
  #parsed(): Frame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    const short = bytes.readUInt8(1);
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < headBytes) return undefined;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < headBytes + length) return undefined;
    const kind = KINDS.get(bytes.readUInt8(0) & 15);
    if (kind === undefined) throw new Error(`a frame with opcode ${bytes.readUInt8(0) & 15}`);
    this.#bytes = bytes.subarray(headBytes + length);
    return { kind, payload: bytes.subarray(headBytes, headBytes + length) };
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`${what} did not come within ${PATIENCE_MS} ms`)),
      PATIENCE_MS,
    );
    try {
      while (!done()) {
        if (this.#gone) throw new Error(`the connection ended before ${what}`);
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await Promise.race([promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

function maskedFrame(opcode: number, payload: Uint8Array): Buffer {
  const mask = randomBytes(4);
  const length = payload.length;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head.writeUInt8(0x80 | opcode, 0);
  head.writeUInt8(0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127), 1);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  const masked = Buffer.from(payload).map((byte, index) => byte ^ (mask[index % 4] as number));
  return Buffer.concat([head, mask, masked]);
}
