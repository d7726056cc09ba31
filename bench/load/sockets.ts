/**
 * The receiving side: many WebSocket connections on raw TCP, each of one account, every delivery checked. No WebSocket
 * class: at a hundred thousand events a second its event objects would cost more than the server that is measured.
 */
import type { Socket, SocketHandler } from 'bun';
import { nowUs } from './clock.ts';
import { Delivery } from './event.ts';
import {
  clientHeaderBytes,
  type FrameSink,
  handshakeRequest,
  OPCODE,
  scanFrames,
  writeClientHeader,
} from './frames.ts';
import { Histogram } from './histogram.ts';

/** Handshakes in flight at once while connecting. */
const CONNECTING_MAX = 64;

/** Faults that are kept in words; the rest is only counted. */
const EXAMPLES_MAX = 3;

/** One connection. */
interface Receiver {
  readonly account: number;
  readonly path: string;
  /** Settles the handshake; undefined once it is done. */
  opening: { resolve(): void; reject(error: Error): void } | undefined;
  /** What a read left of a frame that was not whole. */
  rest: Buffer | undefined;
  /** Of the last event that came. */
  sequence: number;
  /** Where a resumed stream said that it goes on. */
  position: string | undefined;
}

/** A run in which any of these is not zero has measured something else than the service. */
export interface DeliveryFaults {
  /** An event came twice, or after a later one. */
  disordered: number;
  /** Events that were passed over. */
  skipped: number;
  /** An event on the connection of another account. */
  misrouted: number;
  /** A frame that holds no event of ours. */
  unreadable: number;
  /** A connection that ended while it was needed. */
  closed: number;
}

export class Fleet implements FrameSink {
  readonly latencyUs = new Histogram();
  readonly faults: DeliveryFaults = { disordered: 0, skipped: 0, misrouted: 0, unreadable: 0, closed: 0 };
  /** The first faults, in words. */
  readonly examples: string[] = [];
  delivered = 0;
  /** Whether latencies are recorded. */
  measuring = false;
  /** Resumed streams that have their verdict. */
  verdicts = 0;
  readonly #url: URL;
  readonly #firstAccount: number;
  readonly #delivery = new Delivery();
  readonly #sockets: Socket<Receiver>[] = [];
  #reading: Socket<Receiver> | undefined;
  #readAtUs = 0;
  #ending = false;

  /** `url`: the server's base, `http://host:port`. Its first connection is of account `firstAccount`. */
  constructor(url: string, firstAccount = 0) {
    this.#url = new URL(url);
    this.#firstAccount = firstAccount;
  }

  get size(): number {
    return this.#sockets.length;
  }

  /** Of each resumed connection, in the order of the accounts. */
  get positions(): (string | undefined)[] {
    const ordered = this.#sockets.toSorted((left, right) => left.data.account - right.data.account);
    return ordered.map(({ data }) => data.position);
  }

  /** Opens a connection to each path, the n-th being account n's. Resolves when all are open; rejects when one is not. */
  async connect(paths: readonly string[], connectingMax = CONNECTING_MAX): Promise<void> {
    const waiting = paths.entries();
    const connectEach = async () => {
      for (const [nth, path] of waiting) await this.#connectOne(this.#firstAccount + nth, path);
    };
    await Promise.all(Array.from({ length: connectingMax }, connectEach));
  }

  close(): void {
    this.#ending = true;
    for (const socket of this.#sockets) socket.terminate();
    this.#sockets.length = 0;
  }

  /** `FrameSink`: of the connection that is being read. */
  frame(opcode: number, bytes: Buffer, start: number, end: number): void {
    const socket = this.#reading as Socket<Receiver>;
    if (opcode === OPCODE.text) this.#event(socket.data, bytes, start, end);
    else if (opcode === OPCODE.ping) socket.write(pong(bytes.subarray(start, end)));
    else if (opcode === OPCODE.close) this.#fault('closed', `close frame: ${bytes.toString('latin1', start + 2, end)}`);
    else this.#fault('unreadable', `frame of opcode ${opcode}`);
  }

  #connectOne(account: number, path: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const data: Receiver = {
      account,
      path,
      opening: { resolve, reject },
      rest: undefined,
      sequence: 0,
      position: undefined,
    };
    Bun.connect({ hostname: this.#url.hostname, port: Number(this.#url.port), data, socket: this.#handler }).then(
      (socket) => this.#sockets.push(socket),
      reject,
    );
    return promise;
  }

  readonly #handler: SocketHandler<Receiver> = {
    open: (socket) => {
      socket.write(handshakeRequest(socket.data.path, this.#url.host));
    },
    data: (socket, chunk) => {
      this.#readAtUs = nowUs();
      const receiver = socket.data;
      const bytes = receiver.rest === undefined ? chunk : Buffer.concat([receiver.rest, chunk]);
      receiver.rest = undefined;
      const from = receiver.opening === undefined ? 0 : this.#handshake(receiver, bytes);
      this.#reading = socket;
      const read = scanFrames(bytes, from, this);
      if (read < bytes.length) receiver.rest = bytes.subarray(read);
    },
    close: ({ data }) => this.#closed(data, 'the server closed the connection'),
    error: ({ data }, error) => this.#closed(data, error.message),
  };

  /** The place where frames begin; `bytes.length` while the answer is not whole. */
  #handshake(receiver: Receiver, bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) {
      receiver.rest = bytes;
      return bytes.length;
    }
    const answer = bytes.toString('latin1');
    if (answer.startsWith('HTTP/1.1 101')) receiver.opening?.resolve();
    else receiver.opening?.reject(new Error(`the handshake of ${receiver.path} was answered: ${answer.slice(0, 300)}`));
    receiver.opening = undefined;
    return end + 4;
  }

  #event(receiver: Receiver, bytes: Buffer, start: number, end: number): void {
    const delivery = this.#delivery;
    if (!delivery.read(bytes, start, end)) {
      this.#verdict(receiver, bytes.toString('latin1', start, Math.min(end, start + 300)));
      return;
    }
    this.delivered++;
    if (this.measuring) this.latencyUs.record(this.#readAtUs - delivery.stampUs);
    if (delivery.account !== receiver.account) {
      this.#fault('misrouted', `an event of account ${delivery.account} on the connection of ${receiver.account}`);
      return;
    }
    const expected = receiver.sequence + 1;
    if (delivery.sequence === expected) receiver.sequence = expected;
    else this.#outOfSequence(receiver, delivery.sequence);
  }

  /** The first frame of a resumed stream; one that was not recovered is as bad as none. */
  #verdict(receiver: Receiver, text: string): void {
    const position = /"resume":\{"position":"(\w+:\d+)"(?:,"recovered":true)?\}\}$/.exec(text)?.[1];
    if (position === undefined) {
      this.#fault('unreadable', text);
      return;
    }
    receiver.position = position;
    this.verdicts++;
  }

  #outOfSequence(receiver: Receiver, sequence: number): void {
    const text = `account ${receiver.account}: event ${sequence} came after ${receiver.sequence}`;
    if (sequence <= receiver.sequence) {
      this.#fault('disordered', text);
      return;
    }
    this.#fault('skipped', text, sequence - receiver.sequence - 1);
    receiver.sequence = sequence;
  }

  #closed(receiver: Receiver, reason: string): void {
    if (this.#ending) return;
    receiver.opening?.reject(new Error(`the handshake of ${receiver.path} failed: ${reason}`));
    if (receiver.opening === undefined) this.#fault('closed', `account ${receiver.account}: ${reason}`);
    receiver.opening = undefined;
  }

  #fault(kind: keyof DeliveryFaults, example: string, count = 1): void {
    this.faults[kind] += count;
    if (this.examples.length < EXAMPLES_MAX) this.examples.push(`${kind}: ${example}`);
  }
}

/** The answer to a ping: its payload back (RFC 6455 §5.5.3). */
function pong(payload: Buffer): Buffer {
  const header = clientHeaderBytes(payload.length);
  const frame = Buffer.alloc(header + payload.length);
  writeClientHeader(frame, header, OPCODE.pong, payload.length);
  frame.set(payload, header);
  return frame;
}
