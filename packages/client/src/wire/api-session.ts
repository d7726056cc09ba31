/**
 * Requests and answers on one WebSocket API connection (spot-margin §1.5, §1.6): each request gets one answer, the venue's
 * error, or an end in time.
 */
import type { Doors, Timer } from '../doors.ts';
import { NetworkError, OptionsError, RateLimitError, VenueError } from '../errors.ts';
import type { Budget } from '../keep/budget.ts';
import type { AnswerFrame } from './event-frame.ts';
import { type RequestParams, signedParams } from './request-text.ts';
import { type Credentials, OUTSIDE_RECV_WINDOW, RECV_WINDOW_MS } from './rest.ts';
import type { ServerTime } from './server-time.ts';
import { msOf } from './time-unit.ts';

/** The venue itself gives up after ten seconds (spot-margin §1.4). */
const ANSWER_WITHIN_MS = 10_000;

export interface ApiSessionOptions {
  readonly doors: Doors;
  readonly credentials: Credentials;
  readonly budget: Budget;
  readonly serverTime: ServerTime;
  send(text: string): void;
}

interface Pending {
  readonly method: string;
  readonly timer: Timer;
  resolve(result: unknown): void;
  reject(cause: Error): void;
}

export class ApiSession {
  readonly #options: ApiSessionOptions;
  readonly #pending = new Map<string, Pending>();
  #nextId = 1;
  /** Why the connection is gone, once it is. */
  #ended: string | undefined;

  constructor(options: ApiSessionOptions) {
    this.#options = options;
  }

  /** Requests that wait for their answer. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Throws `VenueError`, `RateLimitError` and `NetworkError`. */
  request(method: string, params: RequestParams = {}): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(new NetworkError(`${method} was not sent: ${this.#ended}`));
    const { blockedUntil } = this.#options.budget;
    if (blockedUntil > 0) {
      const message = `${method} was not sent: the venue asked for silence`;
      return Promise.reject(new RateLimitError(-1003, 429, message, blockedUntil));
    }
    const id = `lp-${this.#nextId++}`;
    return new Promise((resolve, reject) => {
      const timer = this.#options.doors.clock.after(ANSWER_WITHIN_MS, () => {
        this.#pending.delete(id);
        reject(new NetworkError(`${method} was not answered within ${ANSWER_WITHIN_MS} ms`));
      });
      this.#pending.set(id, { method, timer, resolve, reject });
      this.#options.send(JSON.stringify({ id, method, params }));
    });
  }

  /** The same with timestamp and signature, and once more by the venue's time where ours was refused. */
  async signed(method: string, params: RequestParams = {}): Promise<unknown> {
    try {
      return await this.request(method, await this.#sign(params));
    } catch (cause) {
      if (!(cause instanceof VenueError) || cause.code !== OUTSIDE_RECV_WINDOW) throw cause;
      await this.#measure();
      return this.request(method, await this.#sign(params));
    }
  }

  /** An answer came. False where no request of ours waits for it. */
  answer(frame: AnswerFrame): boolean {
    const id = String(frame.id);
    const pending = this.#pending.get(id);
    if (pending === undefined) return false;
    this.#pending.delete(id);
    pending.timer.cancel();
    if (frame.error === undefined) pending.resolve(frame.result);
    else pending.reject(this.refusal(pending.method, frame));
    return true;
  }

  /** The connection is gone. */
  end(reason: string): void {
    this.#ended = reason;
    for (const { method, timer, reject } of this.#pending.values()) {
      timer.cancel();
      reject(new NetworkError(`${method} was not answered: ${reason}`));
    }
    this.#pending.clear();
  }

  #sign(params: RequestParams): Promise<RequestParams> {
    const { apiKey, signer } = this.#options.credentials;
    if (signer === undefined) throw new OptionsError('secret or privateKey: this product signs its requests');
    const timestamp = this.#options.serverTime.now();
    return signedParams({ ...params, apiKey, recvWindow: RECV_WINDOW_MS, timestamp }, signer);
  }

  async #measure(): Promise<void> {
    const { clock } = this.#options.doors;
    const askedAt = clock.now();
    const { serverTime } = (await this.request('time')) as { readonly serverTime: number };
    this.#options.serverTime.measured(askedAt, clock.now(), msOf(serverTime));
  }

  /** The venue's refusal of `what`, as an error; where it is a limit, all streams of the process keep it. */
  refusal(what: string, { status, error }: AnswerFrame): VenueError {
    const { code = 0, msg = '', data } = error ?? {};
    const message = `${what} was refused: ${msg}`;
    if (status !== 429 && status !== 418) return new VenueError(code, status, message);
    const { budget, doors } = this.#options;
    const now = doors.clock.now();
    const { serverTime, retryAfter } = (data ?? {}) as { readonly serverTime?: number; readonly retryAfter?: number };
    // Told by the venue's clock; what counts here is how far ahead it lies.
    const aheadMs = serverTime === undefined || retryAfter === undefined ? 60_000 : msOf(retryAfter) - msOf(serverTime);
    budget.refused(now + aheadMs);
    return new RateLimitError(code, status, message, now + aheadMs);
  }
}
