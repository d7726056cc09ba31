/**
 * What a frame from a venue says, taken out of its envelope (derivatives §3.3; spot-margin §1.6, §1.7, §5.1). JSON here; SBE
 * (`sbe.ts`) gives the same values.
 *
 * On the path of every event: one parse of the frame, one object around the event.
 */
import { parseExact } from '@listenpost/protocol';
import type { WireEvent } from '../events.ts';

/** An event of an account or of the connection, in whichever envelope it came. */
export interface EventFrame {
  readonly kind: 'event';
  readonly event: WireEvent;
  /** Name of the stream, in the combined form: a listenKey, or `<listenKey>@<event>`, or `!serverShutdown`. A secret. */
  readonly stream: string | undefined;
  /** On the WebSocket API, of every event but the connection's own. */
  readonly subscriptionId: number | undefined;
  /** Of a resumed stream. */
  readonly position: string | undefined;
}

/** What resuming came to: the first frame of a resumed stream in the combined form. */
export interface ResumeFrame {
  readonly kind: 'resume';
  readonly stream: string;
  /** Behind the last event that went before: where the stream goes on. Null where the name reads nothing. */
  readonly position: string | null;
  /** Whether everything after the position that was asked for follows; undefined where none was asked for. */
  readonly recovered: boolean | undefined;
  readonly missed: Missed | undefined;
}

export interface Missed {
  readonly from: string;
  readonly to: string;
}

export interface WireError {
  readonly code: number;
  readonly msg: string;
  /** With 429 and 418: `serverTime` and `retryAfter`. */
  readonly data?: { readonly [member: string]: unknown };
}

/** What a request was answered, on the WebSocket API or as a control message of a stream connection. */
export interface AnswerFrame {
  readonly kind: 'answer';
  /** As it was sent; null where the request could not be read, and where the session was revoked. On SBE always text. */
  readonly id: string | number | null;
  /** As in HTTP. Stream connections send none: 200 there for a result, 400 for an error. */
  readonly status: number;
  readonly result: unknown;
  readonly error: WireError | undefined;
  /** Undefined where hidden. */
  readonly rateLimits: readonly RateLimit[] | undefined;
}

export interface RateLimit {
  readonly rateLimitType: string;
  readonly interval: string;
  readonly intervalNum: number;
  readonly limit: number;
  /** Used, this request included. */
  readonly count: number;
}

/** Not of this protocol, or not to be had in this format: it may have been an event. `problem` holds nothing of the frame. */
export interface UnreadableFrame {
  readonly kind: 'unreadable';
  readonly problem: string;
}

export type Frame = EventFrame | ResumeFrame | AnswerFrame | UnreadableFrame;

/** How a connection speaks: what its URL asks for, and how its frames are read. */
export interface Format {
  /** The encoding. */
  readonly name: 'json' | 'sbe';
  /** For the URL of the WebSocket API, without `?` or `&`; empty where nothing need be asked for. */
  readonly query: string;
  /**
   * Never throws.
   *
   * @internal
   */
  decode(data: string | Uint8Array): Frame;
}

/** Of the times in events and answers. Microseconds exist on Spot and margin only (spot-margin §1.2). */
export interface FormatOptions {
  /** Milliseconds unless said otherwise. */
  readonly timeUnit?: 'MILLISECOND' | 'MICROSECOND';
}

/** What venues speak unless asked. Integers beyond 2^53 are bigints. */
export function json({ timeUnit = 'MILLISECOND' }: FormatOptions = {}): Format {
  const query = timeUnit === 'MILLISECOND' ? '' : `timeUnit=${timeUnit}`;
  return { name: 'json', query, decode: decodeJson };
}

export function unreadable(problem: string): UnreadableFrame {
  return { kind: 'unreadable', problem };
}

/** A text frame. */
export function decodeJson(data: string | Uint8Array): Frame {
  if (typeof data !== 'string') return unreadable('a binary frame on a connection that speaks JSON');
  let frame: unknown;
  try {
    frame = parseExact(data);
  } catch {
    return unreadable('a text frame that is not JSON');
  }
  return isMembers(frame) ? frameOf(frame) : unreadable('a text frame that is no JSON object');
}

type Members = { readonly [member: string]: unknown };

/** Events before answers: of nearly all frames the first question is the last. */
function frameOf(frame: Members): Frame {
  if (isEvent(frame)) return eventFrame(frame, {});
  const { event, data, stream, resume } = frame;
  if (isEvent(event)) return eventFrame(event, frame);
  if (isEvent(data) && typeof stream === 'string') return eventFrame(data, frame);
  if (isMembers(resume) && typeof stream === 'string') return resumeFrame(stream, resume);
  if ('id' in frame || 'error' in frame) return answerFrame(frame);
  return unreadable('a JSON object that is neither event nor answer');
}

function eventFrame(event: WireEvent, { stream, subscriptionId, position }: Members): EventFrame {
  return {
    kind: 'event',
    event,
    stream: typeof stream === 'string' ? stream : undefined,
    subscriptionId: typeof subscriptionId === 'number' ? subscriptionId : undefined,
    position: typeof position === 'string' ? position : undefined,
  };
}

function resumeFrame(stream: string, { position, recovered, missed }: Members): Frame {
  if (typeof position !== 'string' && position !== null) return unreadable('a resume frame without a position');
  const said = typeof recovered === 'boolean' ? recovered : undefined;
  return { kind: 'resume', stream, position, recovered: said, missed: missedOf(missed) };
}

/** Of a resume frame, or of the answer to a subscription that resumes. */
export function missedOf(value: unknown): Missed | undefined {
  if (!isMembers(value) || typeof value['from'] !== 'string' || typeof value['to'] !== 'string') return undefined;
  return { from: value['from'], to: value['to'] };
}

/** Stream connections put an error under `error`; their documents write it flat, beside the id (spot-margin §10 U9). */
function answerFrame(frame: Members): AnswerFrame {
  const error = 'error' in frame ? (errorOf(frame['error']) ?? NAMELESS) : errorOf(frame);
  const { id, status, rateLimits } = frame;
  return {
    kind: 'answer',
    id: typeof id === 'string' || typeof id === 'number' ? id : null,
    status: typeof status === 'number' ? status : error === undefined ? 200 : 400,
    result: frame['result'],
    error,
    rateLimits: Array.isArray(rateLimits) ? rateLimits : undefined,
  };
}

/** What stands for an `error` member of no known shape: taking it for success would be worse. */
const NAMELESS: WireError = { code: 0, msg: '' };

function errorOf(value: unknown): WireError | undefined {
  if (!isMembers(value) || !('code' in value || 'msg' in value)) return undefined;
  const { code, msg, data } = value;
  const error = { code: typeof code === 'number' ? code : 0, msg: typeof msg === 'string' ? msg : '' };
  return isMembers(data) ? { ...error, data } : error;
}

function isEvent(value: unknown): value is WireEvent {
  return isMembers(value) && typeof value['e'] === 'string';
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
