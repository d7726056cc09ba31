import type { ErrorName, Operation, PoolId, Product, Security, TakenParameters, TimeUnit } from '@listenpost/protocol';
import type { ApiKey } from '../registry/accounts.ts';
import type { Params } from './params.ts';
import type { Session } from './session.ts';
import type { WireError } from './wire-error.ts';

/** Who stands at the door, whichever door it is. */
export interface Caller {
  readonly ip: string;
  /** The API key that came with this very request. */
  readonly apiKey: string | undefined;
  /** The WebSocket API session it came on. */
  readonly session: Session | undefined;
  /** Of the times in the answer; undefined where one was asked for in a spelling that nobody takes. */
  readonly timeUnit: TimeUnit | undefined;
  /** What this door answers when no API key came; a blank in its words is filled with `apiKey`. */
  readonly missingKeyError: ErrorName;
  /** The texts a signature of this request may have been made over. */
  signedPayloads(params: Params): readonly string[];
}

/** One request, from either door: the row it matched, and what it brought. */
export interface Request {
  readonly operation: Operation;
  readonly product: Product;
  readonly security: Security;
  readonly pool: PoolId;
  /** The path or method, for pools that count each endpoint on its own. */
  readonly endpoint: string;
  readonly weight: number;
  readonly takes?: TakenParameters | undefined;
  /** Why nothing could carry the answer, so that nothing may be done. */
  readonly unanswerable?: WireError | undefined;
  readonly caller: Caller;
  readonly params: Params;
}

/** What a handler sees once the caller is known. */
export interface Call {
  readonly operation: Operation;
  readonly product: Product;
  readonly params: Params;
  /** Present unless the row's security is NONE. */
  readonly apiKey: ApiKey | undefined;
  readonly session: Session | undefined;
  /** An instant, in ms, in the unit that the caller reads. */
  instant(ms: number): number;
}

/** A handler's answer: the `result` of the WebSocket API, the body of REST. */
export type Result = Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];
