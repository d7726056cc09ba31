/** An entry as the admin API shows it: one JSON object, with what is secret taken out. */
import type { Frame } from '@listenpost/core';
import { decodeMessage, eventForm, messageForm, responseForm, SbeError } from '@listenpost/protocol';
import type { Entry } from './entry.ts';

/** JSON text. `redacted`: what becomes of texts of the wire. */
export function printedEntry(entry: Entry, redacted: (text: string) => string): string {
  const { number, at, kind, from, account, product, connection, streams, method, fault, explanation } = entry;
  const text = (value: string | undefined) => (value === undefined || value === '' ? undefined : redacted(value));
  const members = Object.entries({
    id: `j${number}`,
    at: new Date(at).toISOString(),
    kind,
    from,
    account,
    product,
    connection,
    streams,
    event: eventTypesOf(entry)[0],
    method,
    path: text(entry.path),
    query: text(entry.query),
    body: text(entry.body),
    status: entry.status,
    code: entry.code,
    reason: entry.reason,
    fault,
    explanation,
  })
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        `${JSON.stringify(name)}:${name === 'explanation' ? redacted(JSON.stringify(value)) : JSON.stringify(value)}`,
    );
  const frames = [framed('frame', entry.frame, redacted), framed('answer', entry.answer, redacted)];
  return `{${[...members, ...frames.filter((each) => each !== undefined)].join(',')}}`;
}

/** A frame that is JSON stands as it is, digit for digit; another one as a text. */
function framed(name: string, frame: Frame | undefined, redacted: (text: string) => string): string | undefined {
  if (frame === undefined) return undefined;
  const shown = redacted(textOf(frame));
  return `${JSON.stringify(name)}:${parsed(shown) === undefined ? JSON.stringify(shown) : shown}`;
}

/** What a binary frame says, in the JSON form of the WebSocket API. */
export function textOf(frame: Frame): string {
  if (typeof frame === 'string') return frame;
  try {
    const message = decodeMessage(frame);
    const form = eventForm(message) ?? responseForm(message) ?? messageForm(message);
    return JSON.stringify({ sbe: message.name, ...(form as object) }, bigintsAsText);
  } catch (cause) {
    if (cause instanceof SbeError) return `${frame.length} bytes that are no SBE message: ${cause.message}`;
    throw cause;
  }
}

const bigintsAsText = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

/** The type of the event that a push carries, whatever stands around it. */
export function eventTypesOf({ kind, frame }: Pick<Entry, 'kind' | 'frame'>): readonly string[] {
  if (kind !== 'push' || frame === undefined) return [];
  const message = parsed(textOf(frame));
  return [message?.['e'], inner(message, 'data'), inner(message, 'event')].filter((type) => typeof type === 'string');
}

function inner(message: Members | undefined, name: string): unknown {
  const member = message?.[name];
  return typeof member === 'object' && member !== null ? (member as Members)['e'] : undefined;
}

type Members = Readonly<Record<string, unknown>>;

export function parsed(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Members) : undefined;
  } catch {
    return undefined;
  }
}
