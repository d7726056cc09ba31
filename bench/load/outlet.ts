import type { Socket } from 'bun';

/** What a socket has taken stays taken; the rest waits here, in order, until the socket drains. */
export class Outlet<Data> {
  readonly #socket: Socket<Data>;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  constructor(socket: Socket<Data>) {
    this.#socket = socket;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Sends `bytes` from `start` up to `end`. The caller may reuse them at once. */
  send(bytes: Buffer, start = 0, end = bytes.length): void {
    if (this.#waitingBytes > 0) {
      this.#keep(bytes, start, end);
      return;
    }
    const taken = this.#socket.write(bytes, start, end - start);
    if (taken < 0) throw new Error('the server closed a connection that was being written to');
    if (taken < end - start) this.#keep(bytes, start + taken, end);
  }

  /** To be called when the socket says that it takes more. */
  drain(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const bytes of waiting) this.send(bytes);
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    this.#waiting.push(Buffer.from(bytes.subarray(start, end)));
    this.#waitingBytes += end - start;
  }
}
