import {
  encodeEvent,
  encodeResponse,
  type ProductId,
  type SbeChoice,
  SbeError,
  type SbeResponse,
  type TimeUnit,
} from '@listenpost/protocol';
import type { Result } from '../control/call.ts';
import type { Frame } from '../socket.ts';
import { CONNECTION_EVENT_OPENING, eventFrame, positioned } from './envelope.ts';
import type { MicrosecondBodies } from './microseconds.ts';
import type { SbeFrames } from './sbe-frames.ts';

/** JSON text of a request's id, as it is echoed: a number beyond 2^53 would lose digits as a number. */
export type RequestId = string;

/** An answer with its times in the encoding's unit. */
export interface ApiResponse {
  readonly id: RequestId;
  readonly status: number;
  /** Whose result it is. */
  readonly method?: string;
  readonly result?: Result;
  readonly error?: { readonly code: number; readonly msg: string; readonly data?: object };
  /** Left out when hidden. */
  readonly rateLimits?: readonly object[];
}

/** What an event's frame says of the subscription that reads it. */
export interface EventReader {
  readonly id: number;
  readonly product: ProductId;
  /** Of its JSON frames: `eventOpening` of its id. */
  readonly opening: string;
  /** Present when its frames say where each event stands. */
  readonly resume?: { readonly closing: string } | undefined;
}

/** The frames of one WebSocket API connection: chosen by its URL, for its whole life (spot-margin §1.2, §7.4). */
export interface Encoding {
  /** Of the times in `ApiResponse` and in connection events. */
  readonly timeUnit: TimeUnit;
  /** Whether its frames can say where an event stands. */
  readonly carriesPosition: boolean;
  /** Of what the client can read; undefined for JSON. */
  readonly sbe: SbeChoice | undefined;
  response(response: ApiResponse): Frame;
  /**
   * `body` is the record's, with its times in milliseconds; the system's own events have no `sequence`. What is the same for
   * all readers is made once.
   */
  event(reader: EventReader, type: string, body: string, sequence?: number): Frame;
  /** An event of the connection itself, which has no subscription. */
  connectionEvent(event: { readonly e: string; readonly E: number }): Frame;
}

export class JsonEncoding implements Encoding {
  readonly timeUnit: TimeUnit;
  readonly carriesPosition = true;
  readonly sbe = undefined;
  readonly #microsecondBodies: MicrosecondBodies;

  constructor(microsecondBodies: MicrosecondBodies, timeUnit: TimeUnit) {
    this.#microsecondBodies = microsecondBodies;
    this.timeUnit = timeUnit;
  }

  response({ id, method: _, ...members }: ApiResponse): string {
    return `{"id":${id},${JSON.stringify(members).slice(1)}`;
  }

  event({ product, opening, resume }: EventReader, type: string, body: string, sequence?: number): string {
    const inUnit = this.timeUnit === 'MICROSECOND' ? this.#microsecondBodies.of(product, type, body) : body;
    if (resume === undefined || sequence === undefined) return eventFrame(opening, inUnit);
    return positioned(opening, inUnit, resume.closing, sequence);
  }

  connectionEvent(event: object): string {
    return eventFrame(CONNECTION_EVENT_OPENING, JSON.stringify(event));
  }
}

/** Binary frames; events stand by themselves, answers in a `WebSocketResponse` (spot-margin §7.4, §10 U13). */
export class SbeEncoding implements Encoding {
  /** Whatever the URL says (spot-margin §7.1). */
  readonly timeUnit = 'MICROSECOND';
  /** The schema is the exchange's and has no such field. */
  readonly carriesPosition = false;
  readonly sbe: SbeChoice;
  readonly #frames: SbeFrames;

  constructor(frames: SbeFrames, choice: SbeChoice) {
    this.#frames = frames;
    this.sbe = choice;
  }

  response({ id, method, ...members }: ApiResponse): Uint8Array {
    const response = { ...members, id: idOf(id) };
    try {
      return this.#response(method, response);
    } catch (cause) {
      if (!(cause instanceof SbeError)) throw cause;
      // What the schema cannot carry is told as such, under the id that waits for it.
      const { result: _result, error: _error, ...envelope } = response;
      return this.#response(undefined, envelope);
    }
  }

  event({ id }: EventReader, _type: string, body: string): Uint8Array {
    return this.#frames.of(this.sbe.version, id, body);
  }

  connectionEvent(event: object): Uint8Array {
    return encodeEvent(this.sbe.version, event, { timeUnit: this.timeUnit });
  }

  #response(method: string | undefined, response: SbeResponse): Uint8Array {
    const { version, deprecated } = this.sbe;
    return encodeResponse(version, method, response, { deprecated, timeUnit: this.timeUnit });
  }
}

const PLAIN_INTEGER = /^-?\d+$/;

/** A string's text, an integer's digits, null. Integers that came as `1e3` are written out. */
function idOf(id: RequestId): string | null {
  if (PLAIN_INTEGER.test(id)) return id;
  const value = JSON.parse(id) as string | number | null;
  return value === null ? null : String(value);
}
