/** Calls on one venue's REST API, as one API key makes them. */
import type { Doors, HttpRequest, HttpResponse } from '../doors.ts';
import { NetworkError, OptionsError, RateLimitError, VenueError } from '../errors.ts';
import type { Budget } from '../keep/budget.ts';
import { queryText, type RequestParams, signedQuery } from './request-text.ts';
import { retryAfterMs } from './retry-after.ts';
import type { ServerTime } from './server-time.ts';
import type { Signer } from './signer.ts';

/** The venue itself gives up after ten seconds (spot-margin §1.4). */
const ANSWER_WITHIN_MS = 10_000;

/** Milliseconds in which a signed request must arrive; the venue's own default (spot-margin §2.3). */
export const RECV_WINDOW_MS = 5000;

/** "Timestamp for this request is outside of the recvWindow": mended by asking for the time, once. */
export const OUTSIDE_RECV_WINDOW = -1021;

export interface Credentials {
  readonly apiKey: string;
  readonly signer: Signer | undefined;
}

export interface RestOptions {
  readonly doors: Doors;
  /** `https://fapi.binance.com`, without a path. */
  readonly origin: string;
  readonly credentials: Credentials;
  readonly budget: Budget;
  readonly serverTime: ServerTime;
  /** `https://fapi.binance.com/fapi/v1/time`; undefined where the venue has no such call. */
  readonly timeUrl: string | undefined;
  /** Aborts what is under way: the stream is closed. */
  readonly signal: AbortSignal;
}

export class Rest {
  readonly #options: RestOptions;

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /**
   * The answer's JSON. `signed`: with timestamp and signature, and once more by the venue's time where ours was refused.
   * Throws `VenueError`, `RateLimitError` (also without asking, while the venue wants silence) and `NetworkError`.
   */
  async call(
    method: HttpRequest['method'],
    path: string,
    params: RequestParams = {},
    signed = false,
  ): Promise<unknown> {
    try {
      return await this.#once(method, path, params, signed);
    } catch (cause) {
      const { timeUrl } = this.#options;
      const late = cause instanceof VenueError && cause.code === OUTSIDE_RECV_WINDOW;
      if (!late || !signed || timeUrl === undefined) throw cause;
      await this.#measure(timeUrl).catch((noTime: unknown) => {
        // A venue that does not tell the time has refused the call all the same, and for its time.
        throw noTime instanceof VenueError && !(noTime instanceof RateLimitError) ? cause : noTime;
      });
      return this.#once(method, path, params, signed);
    }
  }

  async #measure(url: string): Promise<void> {
    const { doors, serverTime } = this.#options;
    const askedAt = doors.clock.now();
    const call = `GET ${new URL(url).pathname}`;
    const answer = await this.#send({ method: 'GET', url, headers: {} }, call);
    const time = (answer as { readonly serverTime?: unknown } | null)?.serverTime;
    if (typeof time === 'number') serverTime.measured(askedAt, doors.clock.now(), time);
  }

  async #once(method: HttpRequest['method'], path: string, params: RequestParams, signed: boolean): Promise<unknown> {
    const { origin, credentials } = this.#options;
    const text = signed ? await this.#signed(params) : queryText(params);
    const url = `${origin}${path}${text === '' ? '' : `?${text}`}`;
    return this.#send({ method, url, headers: { 'X-MBX-APIKEY': credentials.apiKey } }, `${method} ${path}`);
  }

  async #send(request: HttpRequest, call: string): Promise<unknown> {
    const { blockedUntil } = this.#options.budget;
    if (blockedUntil > 0) {
      throw new RateLimitError(-1003, 429, `${call} was not sent: the venue asked for silence`, blockedUntil);
    }
    return this.#read(await this.#answer(request, call), call);
  }

  #signed(params: RequestParams): Promise<string> {
    const { credentials, serverTime } = this.#options;
    if (credentials.signer === undefined) throw new OptionsError('secret or privateKey: this call must be signed');
    return signedQuery({ ...params, recvWindow: RECV_WINDOW_MS, timestamp: serverTime.now() }, credentials.signer);
  }

  /** The URL may hold a signature or a listenKey, so that no error names more of it than its path. */
  async #answer(request: HttpRequest, call: string): Promise<HttpResponse> {
    const { doors, signal, origin } = this.#options;
    // What was waited for before the call may have outlived the stream.
    if (signal.aborted) throw new NetworkError(`${call} was not sent: the stream is closed`);
    const late = new AbortController();
    const timer = doors.clock.after(ANSWER_WITHIN_MS, () => late.abort());
    try {
      return await doors.http(request, AbortSignal.any([late.signal, signal]));
    } catch (cause) {
      const why = late.signal.aborted ? `within ${ANSWER_WITHIN_MS} ms` : `(${codeOf(cause)})`;
      throw new NetworkError(`${call} at ${origin} was not answered ${why}`);
    } finally {
      timer.cancel();
    }
  }

  #read({ status, headers, text }: HttpResponse, call: string): unknown {
    const body = jsonOf(text);
    if (status === 200) {
      if (body === undefined) throw new NetworkError(`${call} answered what is not JSON`);
      return body;
    }
    const { code = 0, msg = '' } = (body ?? {}) as { readonly code?: number; readonly msg?: string };
    const message = `${call} was refused: ${msg || `HTTP ${status}`}`;
    if (status !== 429 && status !== 418) throw new VenueError(code, status, message);
    const { budget, doors } = this.#options;
    const retryAt = doors.clock.now() + retryAfterMs(headers['retry-after']);
    budget.refused(retryAt);
    throw new RateLimitError(code, status, message, retryAt);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeOf(cause: unknown): string {
  const { code, name, cause: inner } = (cause ?? {}) as { code?: unknown; name?: unknown; cause?: { code?: unknown } };
  return String(code ?? inner?.code ?? name ?? 'no answer');
}
