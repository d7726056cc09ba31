/** Doors that a test opens by hand: time moves by `advance`, requests are answered by a script, sockets by the test. */
import type {
  Clock,
  Connect,
  Doors,
  HandshakeRefusal,
  Http,
  HttpRequest,
  HttpResponse,
  Socket,
  SocketHandlers,
  Timer,
} from '../doors.ts';

interface Due {
  readonly at: number;
  readonly action: () => void;
}

export class ManualClock implements Clock {
  #now: number;
  #due: Due[] = [];
  /** By how much the clock was set. */
  setMs = 0;

  constructor(now = 1_767_225_600_000) {
    this.#now = now;
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#due.length;
  }

  now(): number {
    return this.#now + this.setMs;
  }

  ticks(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): Timer {
    const due = { at: this.#now + Math.max(0, delayMs), action };
    this.#due.push(due);
    return {
      cancel: () => {
        this.#due = this.#due.filter((each) => each !== due);
      },
    };
  }

  /** Runs what falls due, in order, and what follows from it without time passing. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await settled();
      const next = this.#due.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.at);
      next.action();
    }
    this.#now = until;
    await settled();
  }
}

/** What promises still have to do is done: as many turns as any chain of awaits in the SDK is long, several times over. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** A socket that the SDK opened, from the venue's side. */
export class ManualSocket implements Socket {
  readonly url: string;
  readonly sent: string[] = [];
  pings = 0;
  /** Set once the SDK has ended it. */
  ended: 'closed' | 'terminated' | undefined;
  readonly #handlers: SocketHandlers;

  constructor(url: string, handlers: SocketHandlers) {
    this.url = url;
    this.#handlers = handlers;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  ping = (): void => {
    this.pings++;
  };

  close(): void {
    this.ended ??= 'closed';
  }

  terminate(): void {
    this.ended ??= 'terminated';
  }

  open(): void {
    this.#handlers.opened();
  }

  receive(frame: unknown): void {
    this.#handlers.message(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  pong(): void {
    this.#handlers.ponged();
  }

  cut(code = 1006, reason = '', refusal?: HandshakeRefusal): void {
    this.#handlers.closed(code, reason, refusal);
  }
}

/** `afterMs`: so long after it was asked for. */
export type Answer = HttpResponse | Error | 'never' | { readonly afterMs: number; readonly answer: HttpResponse };

export class ManualDoors implements Doors {
  readonly clock = new ManualClock();
  readonly random = { next: () => 0.5 };
  readonly requests: HttpRequest[] = [];
  readonly sockets: ManualSocket[] = [];
  /** What requests are answered; a test puts its own here. */
  answer: (request: HttpRequest) => Answer = () => json({});

  readonly http: Http = (request, signal) => {
    this.requests.push(request);
    const answer = this.answer(request);
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer !== 'never' && 'afterMs' in answer) {
      return new Promise((resolve) => void this.clock.after(answer.afterMs, () => resolve(answer.answer)));
    }
    if (answer !== 'never') return Promise.resolve(answer);
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  };

  readonly connect: Connect = (url, handlers) => {
    const socket = new ManualSocket(url, handlers);
    this.sockets.push(socket);
    return socket;
  };

  /** The socket that was opened last. */
  get socket(): ManualSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  }
}

export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers, text: JSON.stringify(body) };
}
