/**
 * How a client's process follows the emulator's clock: over one TCP connection, a line of JSON each way.
 *
 *   client → suite   {"next":1782907200000}   I have done what was due; my next long timer is due then (or null)
 *   suite → client   {"now":1782907200000}    it is now so late: run what is due, and say so again
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { createProcessTimers, type ProcessTimers } from '../process-timers.ts';

/** A client that does not answer is let go of, as one that never followed. */
const ANSWER_WITHIN_MS = 5_000;

interface Follower {
  readonly socket: Socket;
  next: number | undefined;
  answered: (() => void) | undefined;
}

export class FollowedTime {
  readonly #server: Server;
  readonly #followers = new Set<Follower>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#joined(socket));
  }

  static async open(): Promise<FollowedTime> {
    const server = createServer();
    const time = new FollowedTime(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return time;
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port;
  }

  /** Whether any process follows. */
  get followed(): boolean {
    return this.#followers.size > 0;
  }

  /** All who follow have run what is due by now. Resolves to when the next of their timers is due. */
  async tell(now: number): Promise<number | undefined> {
    const followers = [...this.#followers];
    await Promise.all(followers.map((follower) => this.#told(follower, now)));
    const due = followers.flatMap(({ next }) => (next === undefined ? [] : [next]));
    return due.length === 0 ? undefined : Math.min(...due);
  }

  close(): void {
    for (const { socket } of this.#followers) socket.destroy();
    this.#server.close();
  }

  #told(follower: Follower, now: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => follower.socket.destroy(), ANSWER_WITHIN_MS);
      follower.answered = () => {
        clearTimeout(timer);
        follower.answered = undefined;
        resolve();
      };
      follower.socket.write(`${JSON.stringify({ now })}\n`);
    });
  }

  #joined(socket: Socket): void {
    const follower: Follower = { socket, next: undefined, answered: undefined };
    this.#followers.add(follower);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#followers.delete(follower);
      follower.next = undefined;
      follower.answered?.();
    });
    createInterface({ input: socket })
      .on('line', (line) => {
        const { next } = JSON.parse(line) as { readonly next: number | null };
        follower.next = next ?? undefined;
        follower.answered?.();
      })
      .on('error', () => undefined);
  }
}

interface FollowingRuntime {
  readonly timers: ProcessTimers;
  readonly net: { connect(port: number, host: string): Socket };
  readonly port: number;
  readonly now: number;
}

/** Runs in the client's process; needs nothing from around it. */
function follow({ timers, net, port, now }: FollowingRuntime): void {
  timers.install(now);
  const socket = net.connect(port, '127.0.0.1');
  socket.unref();
  socket.on('error', () => undefined);
  const say = () => socket.write(`${JSON.stringify({ next: timers.next ?? null })}\n`);
  let text = '';
  let turn = Promise.resolve();
  socket.setEncoding('utf8').on('data', (part: unknown) => {
    text += String(part);
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      turn = turn
        .then(() => {
          timers.runUntil(JSON.parse(line).now);
          return timers.settled(() => Promise.resolve());
        })
        .then(() => {
          say();
        });
    }
  });
}

/** A module for `node --import` that has its process follow. */
export const FOLLOWING_MODULE = `
import * as diagnostics from 'node:diagnostics_channel';
import * as nodeModule from 'node:module';
import * as net from 'node:net';
const nodeTimers = nodeModule.createRequire(import.meta.url)('node:timers');
const timers = (${createProcessTimers})({ diagnostics, nodeModule, nodeTimers });
(${follow})({ timers, net, port: Number(process.env.LISTENPOST_TIME_PORT), now: Number(process.env.LISTENPOST_NOW) });
`;
