/**
 * One WebSocket connection and the proof that it carries. TCP says nothing while a peer is gone, so the line asks: a ping
 * (where the runtime sends none, a request), one at a time. Its answer proves more than life: what the venue sent before it
 * answered came before the answer, so that everything until the asking has arrived.
 */
import { CONNECTION_LIFECYCLE } from '@listenpost/protocol';
import type { Doors, HandshakeRefusal, Socket, Timer } from '../doors.ts';
import { RateLimitError } from '../errors.ts';
import type { Budget } from '../keep/budget.ts';
import { Life } from '../lifecycle.ts';
import type { Format, Frame } from '../wire/event-frame.ts';
import { retryAfterMs } from '../wire/retry-after.ts';

/** How a connection is proven alive, in ms. */
export interface LineSettings {
  /** How often it asks. */
  readonly proveEveryMs: number;
  /** An answer that takes longer means that the line is dead. */
  readonly deadAfterMs: number;
  /** A handshake that takes longer has failed. */
  readonly openWithinMs: number;
}

export const LINE_SETTINGS: LineSettings = { proveEveryMs: 10_000, deadAfterMs: 20_000, openWithinMs: 10_000 };

/**
 * Two connections with these settings tell the same event at most so far apart: one that has not answered for longer is dead,
 * and what one holds that has just joined waits for a proof of the other.
 */
export const lagMsMax = ({ proveEveryMs, deadAfterMs }: LineSettings): number => proveEveryMs + 2 * deadAfterMs;

export interface LineHandlers {
  opened(): void;
  frame(frame: Frame, bytes: number): void;
  /** Everything that was sent before this instant has arrived; in ms of the SDK's own time (`steady-clock.ts`). */
  proved(at: number): void;
  /** Once, and not after `close`. `error`: what the venue refused the handshake with, where that is a limit of its. */
  closed(reason: string, error?: RateLimitError): void;
  /** Where the runtime sends no pings: asks in the protocol's words. The answer is told by `answered`. */
  ask(): void;
}

export class Line {
  readonly #doors: Doors;
  readonly #budget: Budget;
  readonly #format: Format;
  readonly #settings: LineSettings;
  readonly #handlers: LineHandlers;
  readonly #socket: Socket;
  readonly #life = new Life(CONNECTION_LIFECYCLE);
  #timer: Timer;
  #askedAt: number | undefined;
  /** Asked to prove again while a proof is under way: what was sent meanwhile is not covered by that. */
  #askAgain = false;

  /** `budget`: of the host that the URL names. */
  constructor(
    doors: Doors,
    budget: Budget,
    format: Format,
    url: string,
    settings: LineSettings,
    handlers: LineHandlers,
  ) {
    this.#doors = doors;
    this.#budget = budget;
    this.#format = format;
    this.#settings = settings;
    this.#handlers = handlers;
    this.#timer = doors.clock.after(settings.openWithinMs, () => this.#fail('the handshake took too long'));
    this.#socket = doors.connect(url, {
      opened: () => this.#opened(),
      message: (data) => this.#message(data),
      ponged: () => this.answered(),
      closed: (code, reason, refusal) =>
        this.#closed(`closed by the venue (${code}${reason === '' ? '' : ` ${reason}`})`, this.#limit(refusal)),
    });
  }

  /** Since when an answer is due; undefined while none is. */
  get waitingSince(): number | undefined {
    return this.#askedAt;
  }

  send(text: string): void {
    if (this.#reads) this.#socket.send(text);
  }

  /** The venue said that it is about to stop. */
  shutdownAnnounced(): void {
    if (this.#reads) this.#life.take('shutdownAnnounced');
  }

  /** Asks now, so that `proved` comes as soon as it can. */
  prove(): void {
    if (!this.#reads) return;
    if (this.#askedAt === undefined) this.#ask();
    else this.#askAgain = true;
  }

  answered(): void {
    const askedAt = this.#askedAt;
    if (askedAt === undefined || this.#over) return;
    this.#askedAt = undefined;
    this.#timer.cancel();
    this.#timer = this.#doors.clock.after(this.#settings.proveEveryMs, () => this.#ask());
    this.#handlers.proved(askedAt);
    if (this.#askAgain) this.prove();
  }

  /** Ends it from our side; nothing is told any more. */
  close(): void {
    if (this.#over) return;
    this.#end();
    this.#socket.close();
  }

  #opened(): void {
    if (this.#over) return;
    this.#life.take('opened');
    this.#timer.cancel();
    this.#ask();
    this.#handlers.opened();
  }

  #message(data: string | Uint8Array): void {
    if (this.#over) return;
    this.#handlers.frame(this.#format.decode(data), data.length);
  }

  #ask(): void {
    this.#askAgain = false;
    this.#timer.cancel();
    this.#timer = this.#doors.clock.after(this.#settings.deadAfterMs, () =>
      this.#fail(`no answer for ${this.#settings.deadAfterMs} ms`),
    );
    this.#askedAt = this.#doors.clock.now();
    if (this.#socket.ping === undefined) this.#handlers.ask();
    else this.#socket.ping();
  }

  #fail(reason: string): void {
    if (this.#over) return;
    this.#end();
    this.#socket.terminate();
    this.#handlers.closed(reason);
  }

  #closed(reason: string, error?: RateLimitError): void {
    if (this.#over) return;
    this.#end();
    this.#handlers.closed(reason, error);
  }

  #limit(refusal: HandshakeRefusal | undefined): RateLimitError | undefined {
    const { status, headers } = refusal ?? { status: 0, headers: {} };
    if (status !== 429 && status !== 418) return undefined;
    const retryAt = this.#doors.clock.now() + retryAfterMs(headers['retry-after']);
    this.#budget.refused(retryAt);
    return new RateLimitError(0, status, 'the handshake was refused', retryAt);
  }

  get #reads(): boolean {
    return this.#life.state === 'open' || this.#life.state === 'draining';
  }

  get #over(): boolean {
    return this.#life.state === 'closed';
  }

  #end(): void {
    this.#life.take('closed');
    this.#timer.cancel();
  }
}
