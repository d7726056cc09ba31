/**
 * SBE on the WebSocket API (spot-margin §7): asked for in the URL, and read into the very frames that JSON gives. Apart from `json()`,
 * so that who does not ask for it does not bundle the schema.
 *
 * What the schema cannot carry, an event does not have: members that it does not list, trailing zeros beyond what decimals that
 * share an exponent keep, `b`, `k`, `A` and `uS` of an `executionReport` with their plain values (AUTO_MATCH, EXCHANGE, 0, false).
 */
import { decodeMessage, eventForm, responseForm, type SbeMessage, SPOT_3_5 } from '@listenpost/protocol';
import type { WireEvent } from '../events.ts';
import {
  decodeJson,
  type Format,
  type FormatOptions,
  type Frame,
  type RateLimit,
  unreadable,
  type WireError,
} from './event-frame.ts';

/** Times are in ms as JSON's are, unless asked for in µs, as the frames hold them. */
export function sbe({ timeUnit = 'MILLISECOND' }: FormatOptions = {}): Format {
  const query = `responseFormat=sbe&sbeSchemaId=${SPOT_3_5.schemaId}&sbeSchemaVersion=${SPOT_3_5.version}`;
  return {
    name: 'sbe',
    query,
    // Text frames are no part of an SBE session; one that comes all the same says in JSON what is wrong.
    decode: (data) => (typeof data === 'string' ? decodeJson(data) : decodeSbe(data, timeUnit)),
  };
}

type TimeUnit = NonNullable<FormatOptions['timeUnit']>;

function decodeSbe(data: Uint8Array, timeUnit: TimeUnit): Frame {
  try {
    return frameOf(decodeMessage(data), timeUnit);
  } catch (error) {
    return unreadable(`a binary frame that is no SBE: ${error instanceof Error ? error.message : 'unknown'}`);
  }
}

function frameOf(message: SbeMessage, timeUnit: TimeUnit): Frame {
  const told = eventForm(message, timeUnit);
  if (told !== undefined) {
    const { event, subscriptionId } = told;
    return { kind: 'event', event: event as WireEvent, stream: undefined, subscriptionId, position: undefined };
  }
  const answer = responseForm(message, timeUnit);
  if (answer === undefined) return unreadable(`${message.name}: what the venue means cannot be said in this schema`);
  return {
    kind: 'answer',
    id: answer.id === '' ? null : answer.id,
    status: answer.status,
    result: answer.result,
    error: answer.error as WireError | undefined,
    rateLimits: answer.rateLimits as readonly RateLimit[] | undefined,
  };
}
