/**
 * What can go wrong, as classes. Each answers `shouldRetry()`: whether the same call may go well later, or only after
 * somebody has changed something. Messages never hold a listenKey, token, API key, secret or signed URL.
 */

/** The one class that all errors of the SDK share. */
export abstract class UserDataStreamError extends Error {
  /** Whether the same may go well later with nothing changed. False: somebody must mend something first. */
  abstract shouldRetry(): boolean;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Something the caller gave makes no sense; the message names the option and what would be right. */
export class OptionsError extends UserDataStreamError {
  override shouldRetry(): boolean {
    return false;
  }
}

/** Codes that trying again does not mend: the key, its permissions or its signature are wrong, or a call is (spot-margin §8). */
const LASTING_CODES: ReadonlySet<number> = new Set([
  -1002, -1013, -1020, -1022, -1099, -1100, -1101, -1102, -1104, -1105, -1106, -1121, -1128, -1130, -1135, -2008, -2014,
  -2015, -3003, -5000,
]);

/** The venue answered, and said no. */
export class VenueError extends UserDataStreamError {
  /** The venue's own number, such as -1125; 0 where its answer had none. */
  readonly code: number;
  /** HTTP status, or `status` of a WebSocket API answer. */
  readonly status: number;

  constructor(code: number, status: number, message: string) {
    super(`${message} (code ${code}, status ${status})`);
    this.code = code;
    this.status = status;
  }

  override shouldRetry(): boolean {
    if (this.status >= 500) return true;
    return this.status !== 404 && this.status !== 410 && !LASTING_CODES.has(this.code);
  }
}

/** 429 or 418: nothing may be sent to this venue before `retryAt`. */
export class RateLimitError extends VenueError {
  /** Milliseconds since the Unix epoch, as a clock has it that began with the machine's and is never set. */
  readonly retryAt: number;

  constructor(code: number, status: number, message: string, retryAt: number) {
    super(code, status, message);
    this.retryAt = retryAt;
  }

  override shouldRetry(): boolean {
    return true;
  }
}

/** No answer came: whether the venue has seen the request is not known. */
export class NetworkError extends UserDataStreamError {
  override shouldRetry(): boolean {
    return true;
  }
}

/**
 * The consumer reads more slowly than the venue sends, and what waits has reached `bufferBytesMax`. What was buffered has been
 * given out; `cursor` stands behind the last of it, so that a new stream with `from: cursor` goes on there.
 */
export class BackpressureError extends UserDataStreamError {
  /** What `from` of the next stream takes. */
  readonly cursor: string;

  constructor(bufferBytesMax: number, cursor: string) {
    super(
      `the consumer is too slow: more than ${bufferBytesMax} bytes of events wait. Handle events faster, raise bufferBytesMax, or go on later with { from: error.cursor }`,
    );
    this.cursor = cursor;
  }

  override shouldRetry(): boolean {
    return true;
  }
}

/** The cursor store failed: going on would hand out events whose place could not be kept. */
export class CursorStoreError extends UserDataStreamError {
  override shouldRetry(): boolean {
    return true;
  }
}

/** A state that nobody foresaw: a fault of the SDK or of a door. The stream ends with it rather than go on in doubt. */
export class UnexpectedError extends UserDataStreamError {
  override shouldRetry(): boolean {
    return false;
  }
}

/** What was thrown, as one of the above. */
export function streamError(cause: unknown): UserDataStreamError {
  if (cause instanceof UserDataStreamError) return cause;
  const message = cause instanceof Error ? cause.message : 'something that is no error was thrown';
  return new UnexpectedError(message, { cause });
}
