import { type EventRow, eventRow, parseExact, productOfScope } from '@listenpost/protocol';
import { redacted } from '../redaction.ts';
import { summaryOf } from './summary.ts';

/** An event as the journal holds it, with what lists show of it. */
export interface JournalEvent {
  /** Stream and position: no two events have one. */
  readonly key: string;
  readonly account: string;
  readonly scope: string;
  readonly position: string;
  readonly type: string;
  /** When it became durable, in ms of the server's time; undefined where it was read from the journal. */
  readonly at: number | undefined;
  /** The moment of the push that it names itself, in ms. */
  readonly eventTime: number | undefined;
  /** With bigints where a number would lose digits, and with its secrets: what shows it redacts it. */
  readonly payload: unknown;
  /** In one line, without secrets. */
  readonly summary: string;
}

export interface Place {
  readonly account: string;
  readonly scope: string;
  readonly position: string;
  readonly at?: number;
}

export function journalEvent({ account, scope, position, at }: Place, payload: unknown): JournalEvent {
  const shown = membersOf(redacted(payload).value);
  const time = Number(shown['E']);
  return {
    key: `${account}/${scope} ${position}`,
    account,
    scope,
    position,
    type: String(shown['e'] ?? ''),
    at,
    eventTime: Number.isFinite(time) && time > 0 ? time : undefined,
    payload,
    summary: summaryOf(shown),
  };
}

/** The event's row in the tables of the protocol; undefined for one that its product does not know. */
export function rowOf({ scope, type }: JournalEvent): EventRow | undefined {
  const product = productOfScope(scope);
  return product === undefined ? undefined : eventRow(product.id, type);
}

export const parsedJson = (text: string): unknown => parseExact(text);

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
