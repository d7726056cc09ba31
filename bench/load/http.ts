/**
 * HTTP/1.1 as far as a load needs it: requests made once as bytes, one in flight on each kept connection, answers cut out
 * of the stream by their Content-Length.
 */
import type { Socket, SocketHandler } from 'bun';
import { nowUs } from './clock.ts';
import { Histogram } from './histogram.ts';
import { Outlet } from './outlet.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Where the next answer begins. */
  readonly end: number;
}

/** The answer at the beginning of `text`; null while it is not whole. Throws when it is no answer with a length. */
function parseAnswer(text: string): Answer | null {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  if (!text.startsWith('HTTP/1.1 ') || length === undefined) throw new Error(`not understood: ${text.slice(0, 300)}`);
  const end = headEnd + 4 + Number(length);
  return text.length < end ? null : { status: Number(text.slice(9, 12)), body: text.slice(headEnd + 4, end), end };
}

export function requestBytes(method: string, path: string, host: string, headers: string): Buffer {
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}Content-Length: 0\r\n\r\n`);
}

/** One kept connection on which answers come in the order of the requests. */
export class HttpConnection {
  readonly #outlet: Outlet<HttpConnection>;
  readonly #answered: (answer: Answer, connection: HttpConnection) => void;
  readonly #socket: Socket<HttpConnection>;
  #rest = '';
  #ending = false;

  constructor(socket: Socket<HttpConnection>, answered: (answer: Answer, connection: HttpConnection) => void) {
    this.#socket = socket;
    this.#outlet = new Outlet(socket);
    this.#answered = answered;
  }

  /** Rejects when nobody listens. `answered` may send the next request at once. */
  static async open(
    url: URL,
    answered: (answer: Answer, connection: HttpConnection) => void,
    failed: (error: Error) => void,
  ): Promise<HttpConnection> {
    const socket: SocketHandler<HttpConnection> = {
      data: ({ data }, chunk) => data.#read(chunk),
      drain: ({ data }) => data.#outlet.drain(),
      close: ({ data }) => {
        if (!data.#ending) failed(new Error(`${url.host} closed a kept connection`));
      },
      error: (_, error) => failed(error),
    };
    const opened = await Bun.connect<HttpConnection>({ hostname: url.hostname, port: Number(url.port), socket });
    opened.data = new HttpConnection(opened, answered);
    return opened.data;
  }

  send(bytes: Buffer, start = 0, end = bytes.length): void {
    this.#outlet.send(bytes, start, end);
  }

  close(): void {
    this.#ending = true;
    this.#socket.terminate();
  }

  #read(chunk: Buffer): void {
    let text = this.#rest + chunk.toString('latin1');
    for (let answer = parseAnswer(text); answer !== null; answer = parseAnswer(text)) {
      text = text.slice(answer.end);
      this.#answered(answer, this);
    }
    this.#rest = text;
  }
}

export interface RequestLoad {
  /** The server's base URL. */
  readonly url: string;
  readonly connections: number;
  /** The next request; null when there are no more. */
  next(): Buffer | null;
  /** Every answer, with the number of its request. */
  answered?(answer: Answer, request: number): void;
}

/**
 * Requests in a closed loop: each connection sends its next one when it has its answer. An answer other than 2xx ends the
 * load with an error.
 */
export class RequestLoop {
  readonly latencyUs = new Histogram();
  answers = 0;
  measuring = false;
  readonly #load: RequestLoad;
  readonly #connections = new Map<HttpConnection, { request: number; sentAtUs: number }>();
  readonly #done = Promise.withResolvers<void>();
  #requests = 0;
  #busy = 0;
  #stopping = false;

  constructor(load: RequestLoad) {
    this.#load = load;
  }

  async start(): Promise<void> {
    const url = new URL(this.#load.url);
    for (let index = 0; index < this.#load.connections; index++) {
      const connection = await HttpConnection.open(
        url,
        (answer, from) => this.#answer(answer, from),
        (error) => this.#done.reject(error),
      );
      this.#connections.set(connection, { request: 0, sentAtUs: 0 });
    }
    this.#busy = this.#connections.size;
    for (const connection of this.#connections.keys()) this.#send(connection);
  }

  /** Rejects when the load has failed; otherwise resolves when it has ended. */
  get failed(): Promise<void> {
    return this.#done.promise;
  }

  /** Resolves when there are no more requests and all are answered. */
  async finished(): Promise<void> {
    try {
      await this.#done.promise;
    } finally {
      for (const connection of this.#connections.keys()) connection.close();
    }
  }

  stop(): Promise<void> {
    this.#stopping = true;
    return this.finished();
  }

  #send(connection: HttpConnection): void {
    const bytes = this.#stopping ? null : this.#load.next();
    if (bytes === null) {
      this.#busy--;
      if (this.#busy === 0) this.#done.resolve();
      return;
    }
    const flight = this.#connections.get(connection) as { request: number; sentAtUs: number };
    flight.request = this.#requests++;
    flight.sentAtUs = nowUs();
    connection.send(bytes);
  }

  #answer(answer: Answer, connection: HttpConnection): void {
    const { request, sentAtUs } = this.#connections.get(connection) as { request: number; sentAtUs: number };
    if (answer.status < 200 || answer.status > 299) {
      this.#done.reject(new Error(`a request was answered ${answer.status}: ${answer.body.slice(0, 300)}`));
      return;
    }
    this.answers++;
    if (this.measuring) this.latencyUs.record(nowUs() - sentAtUs);
    this.#load.answered?.(answer, request);
    this.#send(connection);
  }
}
