/** A feed by a listenKey: the key over REST, its events on a wrapped stream connection (derivatives §1, §3). */
import type { Fault } from '../doors/guarded.ts';
import type { Doors, Timer } from '../doors.ts';
import { streamError, type UserDataStreamError } from '../errors.ts';
import type { Budget } from '../keep/budget.ts';
import type { ListenKeyKeeper } from '../keep/listen-key-keeper.ts';
import { jittered } from '../keep/wait.ts';
import type { EventFrame, Format, Frame, Missed } from '../wire/event-frame.ts';
import type { Feed, FeedHandlers } from './feed.ts';
import { Line, type LineSettings } from './line.ts';

export interface ListenKeyFeedOptions {
  readonly doors: Doors;
  readonly fault: Fault;
  /** Of the stream connections' host. */
  readonly budget: Budget;
  readonly format: Format;
  readonly line: LineSettings;
  readonly keeper: ListenKeyKeeper;
  /** `wss://fstream.binance.com/private/stream`, without the key. */
  readonly url: string;
  /** The one scope that the key reads. */
  readonly scope: string;
}

/** Between two tries to have the key confirmed. */
const CONFIRM_PAUSE_MS = 1000;

export class ListenKeyFeed implements Feed {
  readonly #options: ListenKeyFeedOptions;
  readonly #handlers: FeedHandlers;
  #line: Line | undefined;
  #key = '';
  /** When the socket opened, until the key is known to have lived then. */
  #openedAt: number | undefined;
  #confirmation: Timer | undefined;
  #closed = false;

  constructor(options: ListenKeyFeedOptions, handlers: FeedHandlers, resumeOf: (scope: string) => string | undefined) {
    this.#options = options;
    this.#handlers = handlers;
    options.keeper
      .issue()
      .then(
        (key) => this.#connect(key, resumeOf(options.scope)),
        (cause: unknown) => this.#end('no listenKey could be had', streamError(cause)),
      )
      .catch(options.fault);
  }

  get deadline(): number | undefined {
    return this.#options.keeper.deadline;
  }

  get waitingSince(): number | undefined {
    return this.#line?.waitingSince;
  }

  prove(): void {
    this.#line?.prove();
  }

  close(): void {
    this.#closed = true;
    this.#confirmation?.cancel();
    this.#line?.close();
  }

  /** The wrapped form, since it says which key an event came by, and is the one that takes `resume` (design §4.4). */
  #connect(key: string, resume: string | undefined): void {
    if (this.#closed) return;
    const { doors, budget, format, line, url } = this.#options;
    this.#key = key;
    const asked = resume === undefined ? '' : `&resume=${encodeURIComponent(resume)}`;
    this.#line = new Line(doors, budget, format, `${url}?streams=${key}${asked}`, line, {
      opened: () => {
        this.#openedAt = doors.clock.now();
        if (resume === undefined) this.#confirm();
      },
      frame: (frame, bytes) => this.#frame(frame, bytes),
      proved: (at) => this.#handlers.proved(at),
      closed: (reason, error) => this.#end(reason, error),
      ask: () => this.#line?.send('{"method":"LIST_SUBSCRIPTIONS","id":1}'),
    });
  }

  #frame(frame: Frame, bytes: number): void {
    switch (frame.kind) {
      case 'event':
        if (frame.event.e === 'serverShutdown') this.#shutdownAnnounced();
        else if (this.#isOurs(frame.stream)) this.#event(frame, bytes);
        else this.#end('the venue sent an event of a stream that was not asked for', undefined);
        return;
      case 'resume':
        if (frame.position === null) this.#lost('the listenKey reads nothing');
        else this.#join(frame.position, frame.recovered, frame.missed);
        return;
      case 'answer':
        this.#line?.answered();
        return;
      case 'unreadable':
        this.#end(`the venue sent what is no frame: ${frame.problem}`, undefined);
    }
  }

  /** Some venues name the event beside the key, or leave the envelope out: on this connection it can be no other's. */
  #isOurs(stream: string | undefined): boolean {
    return stream === undefined || stream === this.#key || stream.startsWith(`${this.#key}@`);
  }

  #event({ event, position }: EventFrame, bytes: number): void {
    if (event.e === 'listenKeyExpired') this.#lost('the listenKey expired');
    else {
      // Who hears by the key need not ask for it.
      if (position === undefined) this.#confirmed();
      this.#handlers.event(this.#options.scope, { event, position, bytes });
    }
  }

  /**
   * A socket opens for a dead key as well, and then stays silent (derivatives §3.2): the key may have died between its making and
   * the handshake. So a scope is joined, for the time since the opening, once the key is known to have lived then.
   */
  #confirm(): void {
    const { keeper, fault } = this.#options;
    keeper
      .confirm(this.#key)
      .then(
        (lives) => {
          if (this.#closed) return;
          if (lives) this.#confirmed();
          else this.#end('the listenKey was replaced', undefined);
        },
        (cause: unknown) => this.#unconfirmed(streamError(cause)),
      )
      .catch(fault);
  }

  #unconfirmed(error: UserDataStreamError): void {
    if (this.#closed || this.#openedAt === undefined) return;
    if (!error.shouldRetry()) return this.#end('the listenKey could not be confirmed', error);
    const { clock, random } = this.#options.doors;
    this.#confirmation = clock.after(jittered(CONFIRM_PAUSE_MS, random), () => this.#confirm());
  }

  #confirmed(): void {
    const at = this.#openedAt;
    if (at === undefined) return;
    this.#openedAt = undefined;
    this.#confirmation?.cancel();
    this.#handlers.joined(this.#options.scope, { at, position: undefined, recovered: undefined, missed: undefined });
  }

  #shutdownAnnounced(): void {
    this.#line?.shutdownAnnounced();
    this.#handlers.shutdownAnnounced();
  }

  /** The keeper is told, since other feeds read by the same key. */
  #lost(reason: string): void {
    this.#options.keeper.expired(this.#key);
    this.#end(reason, undefined);
  }

  #join(position: string | undefined, recovered: boolean | undefined, missed: Missed | undefined): void {
    const at = this.#options.doors.clock.now();
    this.#handlers.joined(this.#options.scope, { at, position, recovered, missed });
  }

  #end(reason: string, error: UserDataStreamError | undefined): void {
    if (this.#closed) return;
    this.close();
    this.#handlers.ended({ reason, error });
  }
}
