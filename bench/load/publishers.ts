/**
 * The sending side: a publisher sends units of so many events each, and the drive decides when. Its connections share the
 * accounts among them (`Lines`).
 */
import type { Socket, SocketHandler } from 'bun';
import { LINE_BYTES_MAX } from './event.ts';
import {
  clientHeaderBytes,
  type FrameSink,
  handshakeRequest,
  OPCODE,
  scanFrames,
  writeClientHeader,
} from './frames.ts';
import { type Answer, HttpConnection } from './http.ts';
import type { Lines } from './lines.ts';
import { Outlet } from './outlet.ts';

export interface Publisher {
  readonly unitEvents: number;
  /** Events that were given to the sockets. */
  readonly published: number;
  /** Sends one unit of events, all stamped `dueUs`. False, with nothing sent, when none can be sent just now. */
  publish(dueUs: number): boolean;
  /** Puts out what `publish` gathered. */
  flush(): void;
  /** Throws what the server refused, or what a connection failed with. */
  assertSound(): void;
  close(): void;
}

export interface PublisherOptions {
  /** The admin API's base URL. */
  readonly url: string;
  readonly lines: Lines;
  readonly connections: number;
  readonly unitEvents: number;
}

/** Room before the lines for a request's head. */
const HEAD_BYTES = 512;

/** `POST /admin/v1/events`: a unit is one request, and each connection has one in flight. */
export class HttpPublisher implements Publisher {
  readonly unitEvents: number;
  published = 0;
  readonly #options: PublisherOptions;
  readonly #bytes: Buffer;
  readonly #connections: HttpConnection[] = [];
  /** Connections without a request in flight, the longest idle first. */
  #free: number[] = [];
  #fault: Error | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.unitEvents = options.unitEvents;
    this.#bytes = Buffer.alloc(HEAD_BYTES + options.unitEvents * LINE_BYTES_MAX);
  }

  async open(): Promise<this> {
    const url = new URL(this.#options.url);
    for (let index = 0; index < this.#options.connections; index++) {
      const answered = (answer: Answer) => this.#answered(index, answer);
      const failed = (error: Error) => {
        this.#fault ??= error;
      };
      this.#connections.push(await HttpConnection.open(url, answered, failed));
      this.#free.push(index);
    }
    return this;
  }

  publish(dueUs: number): boolean {
    const index = this.#free.shift();
    if (index === undefined) return false;
    const { lines, connections } = this.#options;
    const end = lines.write(this.#bytes, HEAD_BYTES, this.unitEvents, index, connections, dueUs);
    const head = this.#head(end - HEAD_BYTES);
    const start = HEAD_BYTES - head.length;
    this.#bytes.write(head, start, 'latin1');
    this.#connections[index]?.send(this.#bytes, start, end);
    this.published += this.unitEvents;
    return true;
  }

  flush(): void {}

  assertSound(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  #head(length: number): string {
    const { host } = new URL(this.#options.url);
    return `POST /admin/v1/events HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${length}\r\n\r\n`;
  }

  #answered(index: number, { status, body }: Answer): void {
    if (status !== 200) this.#fault ??= new Error(`events were answered ${status}: ${body.slice(0, 300)}`);
    this.#free.push(index);
  }
}

/** Bytes that may wait for one connection to the server before no more is sent on it. */
const WAITING_BYTES_MAX = 256 * 1024;

/** `GET /admin/v1/ingest`: a unit is one message; messages gather until `flush`, so that a turn is one write. */
export class IngestPublisher implements Publisher {
  readonly unitEvents: number;
  published = 0;
  readonly #options: PublisherOptions;
  readonly #connections: IngestConnection[] = [];
  #next = 0;
  #fault: Error | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.unitEvents = options.unitEvents;
  }

  async open(): Promise<this> {
    const url = new URL(this.#options.url);
    for (let index = 0; index < this.#options.connections; index++) {
      const failed = (error: Error) => {
        this.#fault ??= error;
      };
      this.#connections.push(await IngestConnection.open(url, index, this.#options, failed));
    }
    return this;
  }

  publish(dueUs: number): boolean {
    const connection = this.#connections[this.#next] as IngestConnection;
    if (connection.full) return false;
    this.#next = (this.#next + 1) % this.#connections.length;
    connection.gather(dueUs);
    this.published += this.unitEvents;
    return true;
  }

  flush(): void {
    for (const connection of this.#connections) connection.flush();
  }

  assertSound(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}

class IngestConnection implements FrameSink {
  readonly #index: number;
  readonly #options: PublisherOptions;
  readonly #socket: Socket<IngestConnection>;
  readonly #outlet: Outlet<IngestConnection>;
  readonly #failed: (error: Error) => void;
  readonly #opening = Promise.withResolvers<void>();
  readonly #bytes: Buffer;
  readonly #messageBytesMax: number;
  #end = 0;
  #rest: Buffer = Buffer.alloc(0);
  #open = false;
  #ending = false;

  constructor(
    socket: Socket<IngestConnection>,
    index: number,
    options: PublisherOptions,
    failed: (error: Error) => void,
  ) {
    this.#socket = socket;
    this.#index = index;
    this.#options = options;
    this.#outlet = new Outlet(socket);
    this.#failed = failed;
    const payload = options.unitEvents * LINE_BYTES_MAX;
    this.#messageBytesMax = clientHeaderBytes(payload) + payload;
    this.#bytes = Buffer.alloc(WAITING_BYTES_MAX + this.#messageBytesMax);
  }

  static async open(
    url: URL,
    index: number,
    options: PublisherOptions,
    failed: (error: Error) => void,
  ): Promise<IngestConnection> {
    const handler: SocketHandler<IngestConnection> = {
      data: ({ data }, chunk) => data.#read(chunk),
      drain: ({ data }) => data.#outlet.drain(),
      close: ({ data }) => data.#fail('the server closed the ingest connection'),
      error: ({ data }, error) => data.#fail(error.message),
    };
    const socket = await Bun.connect({ hostname: url.hostname, port: Number(url.port), socket: handler });
    const connection = new IngestConnection(socket, index, options, failed);
    socket.data = connection;
    socket.write(handshakeRequest('/admin/v1/ingest', url.host));
    await connection.#opening.promise;
    return connection;
  }

  get full(): boolean {
    return this.#end + this.#outlet.waitingBytes > WAITING_BYTES_MAX;
  }

  gather(dueUs: number): void {
    const { lines, connections, unitEvents } = this.#options;
    const payloadMax = unitEvents * LINE_BYTES_MAX;
    const start = this.#end + clientHeaderBytes(payloadMax);
    const end = lines.write(this.#bytes, start, unitEvents, this.#index, connections, dueUs);
    const at = writeClientHeader(this.#bytes, start, OPCODE.text, end - start);
    if (at !== this.#end) this.#bytes.copyWithin(this.#end, at, end);
    this.#end += end - at;
  }

  flush(): void {
    if (this.#end === 0) return;
    this.#outlet.send(this.#bytes, 0, this.#end);
    this.#end = 0;
  }

  close(): void {
    this.#ending = true;
    this.#socket.terminate();
  }

  /** `FrameSink`: the server's answers. */
  frame(opcode: number, bytes: Buffer, start: number, end: number): void {
    const text = bytes.toString('latin1', start, end);
    if (opcode === OPCODE.text && text.startsWith('{"accepted":')) return;
    if (opcode !== OPCODE.ping) this.#fail(`ingest was answered: ${text.slice(0, 300)}`);
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const from = this.#open ? 0 : this.#handshake(bytes);
    this.#rest = bytes.subarray(scanFrames(bytes, from, this));
  }

  #handshake(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n');
    const answer = bytes.toString('latin1', 0, 300);
    if (end >= 0 && answer.startsWith('HTTP/1.1 101')) {
      this.#open = true;
      this.#opening.resolve();
      return end + 4;
    }
    this.#opening.reject(new Error(`the ingest handshake was answered: ${answer}`));
    return bytes.length;
  }

  #fail(reason: string): void {
    if (this.#ending) return;
    const error = new Error(reason);
    this.#opening.reject(error);
    this.#failed(error);
  }
}
