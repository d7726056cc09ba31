/**
 * A feed on the WebSocket API (spot-margin §3): one connection, a subscription for each scope, routed strictly by
 * subscriptionId. Granted by a signature, or by a listenToken that is renewed on the same session ahead of its end.
 */
import { LISTEN_TOKEN_LIFECYCLE, type ListenTokenInput, type ListenTokenState } from '@listenpost/protocol';
import type { Fault } from '../doors/guarded.ts';
import type { Doors, Timer } from '../doors.ts';
import { RateLimitError, streamError, type UserDataStreamError, VenueError } from '../errors.ts';
import type { Budget } from '../keep/budget.ts';
import type { ListenTokens } from '../keep/listen-tokens.ts';
import { jittered } from '../keep/wait.ts';
import { Life } from '../lifecycle.ts';
import { ApiSession } from '../wire/api-session.ts';
import type { AnswerFrame, EventFrame, Format, Frame, Missed } from '../wire/event-frame.ts';
import type { RequestParams } from '../wire/request-text.ts';
import type { Credentials } from '../wire/rest.ts';
import type { ServerTime } from '../wire/server-time.ts';
import type { Feed, FeedHandlers } from './feed.ts';
import { Line, type LineSettings } from './line.ts';

/** Of the time that is left, when a token is renewed: tries that fail leave room for others before its end. */
const RENEW_AT = 0.5;
const PAUSE_MS_MIN = 1000;

/** "Invalid listenToken": another is made. */
const INVALID_LISTEN_TOKEN = -1209;

/** Subscribes under way at once: fifty isolated symbols must not stand in one another's time. */
const SUBSCRIBING_MAX = 8;

/**
 * Events whose subscribe is not answered yet. The answer comes first (spot-margin §3.7); a venue that says it later must not
 * cost an event, and one that never says it must not cost the memory.
 */
const EARLY_EVENTS_MAX = 10_000;

export interface SessionFeedOptions {
  readonly doors: Doors;
  readonly fault: Fault;
  readonly format: Format;
  readonly line: LineSettings;
  readonly credentials: Credentials;
  readonly budget: Budget;
  readonly serverTime: ServerTime;
  /** `wss://ws-api.binance.com:443/ws-api/v3`. */
  readonly url: string;
  /** Absent: subscribed by signature. */
  readonly tokens: ListenTokens | undefined;
}

interface Subscription {
  readonly scope: string;
  /** Of its right to read; a signature's has no deadline, and is told like a token's. */
  readonly life: Life<ListenTokenState, ListenTokenInput>;
  id: number | undefined;
  /** Of its token, in ms by the machine's clock. */
  deadline: number | undefined;
  renewal: Timer | undefined;
  /** A renewal was sent and is not answered yet. */
  renewing: boolean;
}

interface SubscribeResult {
  readonly subscriptionId: number;
  readonly expirationTime?: number;
  readonly position?: string;
  readonly recovered?: boolean;
  readonly missed?: Missed;
}

export class SessionFeed implements Feed {
  readonly #options: SessionFeedOptions;
  readonly #handlers: FeedHandlers;
  readonly #resumeOf: (scope: string) => string | undefined;
  readonly #line: Line;
  readonly #session: ApiSession;
  readonly #subscriptions: readonly Subscription[];
  readonly #byId = new Map<number, Subscription>();
  readonly #waiting: Subscription[] = [];
  #subscribing = 0;
  #early: { readonly frame: EventFrame; readonly bytes: number }[] = [];
  #closed = false;

  constructor(
    options: SessionFeedOptions,
    handlers: FeedHandlers,
    resumeOf: (scope: string) => string | undefined,
    scopes: readonly string[],
  ) {
    const { doors, format, line, url, credentials, budget, serverTime } = options;
    this.#options = options;
    this.#handlers = handlers;
    this.#resumeOf = resumeOf;
    this.#subscriptions = scopes.map((scope) => ({
      scope,
      life: new Life(LISTEN_TOKEN_LIFECYCLE),
      id: undefined,
      deadline: undefined,
      renewal: undefined,
      renewing: false,
    }));
    this.#session = new ApiSession({ doors, credentials, budget, serverTime, send: (text) => this.#line.send(text) });
    this.#line = new Line(doors, budget, format, `${url}${format.query === '' ? '' : `?${format.query}`}`, line, {
      opened: () => this.#subscribeSoon(this.#subscriptions),
      frame: (frame, bytes) => this.#frame(frame, bytes),
      proved: (at) => handlers.proved(at),
      closed: (reason, error) => this.#end(reason, error),
      ask: () => this.#ask(),
    });
  }

  get deadline(): number | undefined {
    const deadlines = this.#subscriptions.flatMap(({ deadline }) => deadline ?? []);
    return deadlines.length === 0 ? undefined : Math.min(...deadlines);
  }

  get waitingSince(): number | undefined {
    return this.#line.waitingSince;
  }

  prove(): void {
    this.#line.prove();
  }

  close(): void {
    this.#closed = true;
    for (const { renewal } of this.#subscriptions) renewal?.cancel();
    this.#session.end('the connection was closed');
    this.#line.close();
  }

  #ask(): void {
    this.#session
      .request('ping')
      .then(
        () => this.#line.answered(),
        // What it says of the line is the line's to judge: an error is an answer too, silence runs into the line's own bound.
        (cause: unknown) => {
          if (cause instanceof VenueError) this.#line.answered();
        },
      )
      .catch(this.#options.fault);
  }

  #frame(frame: Frame, bytes: number): void {
    switch (frame.kind) {
      case 'event':
        this.#event(frame, bytes);
        return;
      case 'answer':
        if (!this.#session.answer(frame) && frame.error !== undefined) this.#spoken(frame);
        return;
      case 'resume':
        return;
      case 'unreadable':
        this.#end(`the venue sent what is no frame: ${frame.problem}`, undefined);
    }
  }

  /**
   * An error that answers nothing: the venue speaks of the session itself, such as a revoked key (derivatives §2.4), or a limit
   * that was passed (spot-margin §1.5). Only a limit says what comes next; of anything else the next connection learns.
   */
  #spoken(frame: AnswerFrame): void {
    const limit = this.#session.refusal('the session', frame);
    const { code = 0, msg = '' } = frame.error ?? {};
    this.#end(`the venue ended the session: ${msg} (${code})`, limit instanceof RateLimitError ? limit : undefined);
  }

  #event(frame: EventFrame, bytes: number): void {
    const { subscriptionId, event, position } = frame;
    if (subscriptionId === undefined) {
      if (event.e === 'serverShutdown') this.#shutdownAnnounced();
      return;
    }
    const subscription = this.#byId.get(subscriptionId);
    if (subscription === undefined) {
      // With none under way it belongs to a subscription that has ended.
      if (this.#subscribing === 0) return;
      if (this.#early.length >= EARLY_EVENTS_MAX) this.#end('events came before their subscription', undefined);
      else this.#early.push({ frame, bytes });
    } else if (event.e === 'eventStreamTerminated') {
      this.#terminated(subscription);
    } else {
      this.#handlers.event(subscription.scope, { event, position, bytes });
    }
  }

  #shutdownAnnounced(): void {
    this.#line.shutdownAnnounced();
    this.#handlers.shutdownAnnounced();
  }

  /** The grant lapsed while the connection lives: another grant, on the same session. */
  #terminated(subscription: Subscription): void {
    const { deadline = Number.POSITIVE_INFINITY } = subscription;
    subscription.life.take(this.#options.doors.clock.now() >= deadline ? 'deadline' : 'revoke');
    if (subscription.id !== undefined) this.#byId.delete(subscription.id);
    subscription.id = undefined;
    subscription.deadline = undefined;
    subscription.renewal?.cancel();
    this.#options.tokens?.forget(subscription.scope);
    this.#handlers.lost(subscription.scope, 'the venue terminated the subscription');
    // What is under way will open another.
    if (!this.#closed && !subscription.renewing) this.#subscribeSoon([subscription]);
  }

  #subscribeSoon(subscriptions: readonly Subscription[]): void {
    this.#waiting.push(...subscriptions);
    while (this.#subscribing < SUBSCRIBING_MAX) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#subscribing++;
      this.#subscribe(next)
        .then(
          () => this.#subscribed(),
          (cause: unknown) => this.#end(`no subscription of ${next.scope}`, streamError(cause)),
        )
        .catch(this.#options.fault);
    }
  }

  #subscribed(): void {
    this.#subscribing--;
    if (this.#subscribing === 0) this.#early = [];
    if (!this.#closed) this.#subscribeSoon([]);
  }

  async #subscribe(subscription: Subscription): Promise<void> {
    const result = await this.#grant(subscription);
    if (!this.#closed) this.#opened(subscription, result);
  }

  #opened(subscription: Subscription, result: SubscribeResult): void {
    subscription.life.take('subscribe');
    subscription.id = result.subscriptionId;
    this.#byId.set(result.subscriptionId, subscription);
    this.#renewLater(subscription);
    const { position, recovered, missed } = result;
    this.#handlers.joined(subscription.scope, { at: this.#options.doors.clock.now(), position, recovered, missed });
    this.#deliverEarly(result.subscriptionId);
  }

  #deliverEarly(id: number): void {
    const mine = this.#early.filter(({ frame }) => frame.subscriptionId === id);
    if (mine.length === 0) return;
    this.#early = this.#early.filter(({ frame }) => frame.subscriptionId !== id);
    for (const { frame, bytes } of mine) this.#event(frame, bytes);
  }

  /** Also a renewal: the second subscribe of a stream extends the first (spot-margin §3.5). */
  async #grant(subscription: Subscription): Promise<SubscribeResult> {
    const { tokens } = this.#options;
    const resume = this.#resumeOf(subscription.scope);
    const params: RequestParams = resume === undefined ? {} : { resume };
    if (tokens === undefined) {
      return (await this.#session.signed('userDataStream.subscribe.signature', params)) as SubscribeResult;
    }
    const { token, deadline } = await tokens.fresh(subscription.scope);
    try {
      const answer = await this.#session.request('userDataStream.subscribe.listenToken', {
        ...params,
        listenToken: token,
      });
      subscription.deadline = deadline;
      return answer as SubscribeResult;
    } catch (cause) {
      tokens.forget(subscription.scope);
      throw cause;
    }
  }

  #renewed(subscription: Subscription): void {
    this.#options.budget.succeeded();
    subscription.life.take('subscribe');
    this.#renewLater(subscription);
  }

  #renewLater(subscription: Subscription): void {
    const { clock, random } = this.#options.doors;
    const { deadline } = subscription;
    if (deadline === undefined) return;
    const delayMs = jittered((deadline - clock.now()) * RENEW_AT, random);
    subscription.renewal?.cancel();
    subscription.renewal = clock.after(delayMs, () => this.#renew(subscription));
  }

  /**
   * The token may lapse while this is under way, and the answer is then of a new subscription. So it says where to go on, like
   * any other: a subscription without positions could not be given any later (-1128).
   */
  #renew(subscription: Subscription): void {
    subscription.renewing = true;
    this.#subscribing++;
    this.#grant(subscription)
      .finally(() => {
        subscription.renewing = false;
      })
      .then(
        (result) => this.#renewalAnswered(subscription, result),
        (cause: unknown) => this.#renewalFailed(subscription, streamError(cause)),
      )
      .finally(() => this.#subscribed())
      .catch(this.#options.fault);
  }

  #renewalAnswered(subscription: Subscription, result: SubscribeResult): void {
    if (this.#closed) return;
    if (subscription.life.state !== 'live') return this.#opened(subscription, result);
    if (result.subscriptionId === subscription.id) return this.#renewed(subscription);
    // The old one had ended unseen, and this is a new one: what lay between is not proven.
    this.#end('a renewal found its subscription gone', undefined);
  }

  /** Tries again while the token lives, and lets it lapse then: the venue terminates, and that is one path with all others. */
  #renewalFailed(subscription: Subscription, error: UserDataStreamError): void {
    const { doors, budget } = this.#options;
    if (this.#closed) return;
    if (subscription.life.state !== 'live') return this.#subscribeSoon([subscription]);
    if (subscription.deadline === undefined) return;
    const wrongToken = error instanceof VenueError && error.code === INVALID_LISTEN_TOKEN;
    if (!error.shouldRetry() && !wrongToken) return this.#end(`no renewal of ${subscription.scope}`, error);
    const leftMs = subscription.deadline - doors.clock.now();
    if (leftMs <= 0) return;
    const pauseMs = Math.max(PAUSE_MS_MIN, Math.min(budget.failed(), leftMs * RENEW_AT));
    subscription.renewal = doors.clock.after(pauseMs, () => this.#renew(subscription));
  }

  #end(reason: string, error: UserDataStreamError | undefined): void {
    if (this.#closed) return;
    this.close();
    this.#handlers.ended({ reason, error });
  }
}
