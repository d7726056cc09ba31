/**
 * Many connections to `/ws-api/v3` on raw TCP that all read one stream by one token. Each delivery is checked by a number
 * that stands at a fixed place of its payload; bytes are counted as they come from the socket, frame headers and all.
 */
import type { Socket, SocketHandler } from 'bun';
import {
  clientHeaderBytes,
  type FrameSink,
  handshakeRequest,
  OPCODE,
  scanFrames,
  writeClientHeader,
} from './frames.ts';

/** What one encoding looks like to the load. */
export interface Payload {
  /** Of the URL, with its `?`; empty for JSON. */
  readonly query: string;
  readonly opcode: number;
  /** Every event's, whatever its number. */
  readonly bytes: number;
  /** The event's number in its stream. */
  numberAt(bytes: Buffer, start: number): number;
}

interface Reader {
  opening: PromiseWithResolvers<void> | undefined;
  upgraded: boolean;
  rest: Buffer | undefined;
  /** Of the last event that came. */
  last: number;
}

export class ApiSockets implements FrameSink {
  delivered = 0;
  bytes = 0;
  faulty = 0;
  /** The first fault, in words. */
  example: string | undefined;
  /** Called after each read. */
  read: () => void = () => undefined;
  readonly #url: URL;
  readonly #payload: Payload;
  readonly #sockets: Socket<Reader>[] = [];
  #reading: Socket<Reader> | undefined;
  #ending = false;

  /** `url`: the server's base, `http://host:port`. */
  constructor(url: string, payload: Payload) {
    this.#url = new URL(url);
    this.#payload = payload;
  }

  get size(): number {
    return this.#sockets.length;
  }

  /** Opens so many, one after the other, and subscribes each with the token. Rejects when one is refused. */
  async connect(count: number, listenToken: string): Promise<void> {
    for (let nth = 0; nth < count; nth++) await this.#connectOne(listenToken);
  }

  close(): void {
    this.#ending = true;
    for (const socket of this.#sockets) socket.terminate();
  }

  /** `FrameSink`: of the connection that is being read. */
  frame(opcode: number, bytes: Buffer, start: number, end: number): void {
    const socket = this.#reading as Socket<Reader>;
    const reader = socket.data;
    if (opcode === OPCODE.ping) socket.write(clientFrame(OPCODE.pong, bytes.subarray(start, end)));
    else if (reader.opening !== undefined) {
      reader.opening.resolve();
      reader.opening = undefined;
    } else this.#event(reader, opcode, bytes, start, end);
  }

  async #connectOne(listenToken: string): Promise<void> {
    const opening = Promise.withResolvers<void>();
    const data: Reader = { opening, upgraded: false, rest: undefined, last: 0 };
    const { hostname, port, host } = this.#url;
    const socket = await Bun.connect({ hostname, port: Number(port), data, socket: this.#handler });
    this.#sockets.push(socket);
    const request = { id: 1, method: 'userDataStream.subscribe.listenToken', params: { listenToken } };
    const subscribe = clientFrame(OPCODE.text, Buffer.from(JSON.stringify(request)));
    const upgrade = Buffer.from(handshakeRequest(`/ws-api/v3${this.#payload.query}`, host));
    socket.write(Buffer.concat([upgrade, subscribe]));
    await opening.promise;
  }

  readonly #handler: SocketHandler<Reader> = {
    data: (socket, chunk) => {
      const reader = socket.data;
      this.bytes += chunk.length;
      const bytes = reader.rest === undefined ? chunk : Buffer.concat([reader.rest, chunk]);
      const from = reader.upgraded ? 0 : this.#upgraded(reader, bytes);
      this.#reading = socket;
      const read = scanFrames(bytes, from, this);
      reader.rest = read < bytes.length ? bytes.subarray(read) : undefined;
      this.read();
    },
    close: (socket) => this.#closed(socket.data),
    error: (socket) => this.#closed(socket.data),
  };

  /** Where the frames begin; the end while the answer is not whole. */
  #upgraded(reader: Reader, bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return bytes.length;
    if (!bytes.toString('latin1', 0, end).startsWith('HTTP/1.1 101')) {
      reader.opening?.reject(new Error(`the handshake was answered: ${bytes.toString('latin1', 0, 300)}`));
    }
    reader.upgraded = true;
    return end + 4;
  }

  #event(reader: Reader, opcode: number, bytes: Buffer, start: number, end: number): void {
    this.delivered++;
    const number = this.#payload.numberAt(bytes, start);
    const sound = opcode === this.#payload.opcode && end - start === this.#payload.bytes && number === reader.last + 1;
    if (!sound) this.#fault(`event ${number} of ${end - start} bytes came after ${reader.last}`);
    reader.last = number;
  }

  #closed(reader: Reader): void {
    if (this.#ending) return;
    reader.opening?.reject(new Error('the server closed the connection'));
    this.#fault('the server closed a connection');
  }

  #fault(example: string): void {
    this.faulty++;
    this.example ??= example;
  }
}

function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  const header = clientHeaderBytes(payload.length);
  const frame = Buffer.alloc(header + payload.length);
  writeClientHeader(frame, header, opcode, payload.length);
  frame.set(payload, header);
  return frame;
}
