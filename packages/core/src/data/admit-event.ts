import { checkEvent, eventRow, productOfScope } from '@listenpost/protocol';
import type { House } from '../house.ts';
import type { NewEvent } from '../journal.ts';

export type Validation = 'strict' | 'types' | 'off';

/** Why an event was not let in, in a sentence that names the field and what it should be. */
export class AdmissionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AdmissionError';
  }
}

/** What a type may look like that no row knows: it is stored beside each of its events, and filters name it. */
const EVENT_TYPE = /^\w{1,64}$/;

/** The largest event: a socket's outbox must hold several, and no known event comes near a tenth of it. */
export const EVENT_BYTES_MAX = 64 * 1024;

/**
 * The door of the data hallway: whose event is it, and is it shaped as its row says? Throws `AdmissionError`.
 *
 * `body` is the event's JSON text and `event` the same text parsed. The body goes on untouched: validation looks, it never
 * rewrites, so fields the row does not know reach the client as they came.
 */
export function admitEvent(
  house: House,
  accountId: string,
  scope: string,
  body: string,
  event: unknown,
  validation: Validation = house.validation,
): NewEvent {
  const account = house.accounts.get(accountId);
  if (account === undefined) throw new AdmissionError(`account: there is no account "${accountId}"`);
  const place = account.place(scope, house.knownSymbols);
  if (place === undefined) throw new AdmissionError(scopeFault(accountId, scope));
  const { stream, product } = place;
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    throw new AdmissionError('event: expected a JSON object');
  }
  if (!fits(body)) throw new AdmissionError(`event: larger than ${EVENT_BYTES_MAX} bytes`);
  const type = (event as { e?: unknown }).e;
  if (typeof type !== 'string' || type === '') throw new AdmissionError('event.e: expected the event type, a string');
  const row = eventRow(product.id, type);
  if (row === undefined && !EVENT_TYPE.test(type)) {
    throw new AdmissionError('event.e: expected an event type of 1 to 64 letters, digits or underscores');
  }
  if (row === undefined ? SYSTEM_EVENTS.has(type) : row.system) {
    throw new AdmissionError(`event.e: "${type}" is the system's own event and cannot be published`);
  }
  if (validation !== 'off') {
    if (row !== undefined) {
      const violation = checkEvent(row, event, validation);
      if (violation !== null) throw new AdmissionError(`event.${violation.path}: ${violation.problem}`);
    } else if (validation === 'strict') {
      throw new AdmissionError(`event.e: ${product.title} has no event "${type}"`);
    }
  }
  return { stream, type, body };
}

/** In UTF-8. A UTF-16 unit becomes at most three bytes, so that short bodies need no counting. */
function fits(body: string): boolean {
  if (body.length * 3 <= EVENT_BYTES_MAX) return true;
  let bytes = body.length;
  for (let at = 0; at < body.length && bytes <= EVENT_BYTES_MAX; at++) {
    const unit = body.charCodeAt(at);
    if (unit < 0x80) continue;
    // A surrogate is half of a character of four bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes <= EVENT_BYTES_MAX;
}

function scopeFault(accountId: string, scope: string): string {
  if (productOfScope(scope) !== undefined) return `scope: account "${accountId}" has no scope "${scope}"`;
  return `scope: "${scope}" is none; expected spot, margin, isolated:<SYMBOL>, usdm, coinm, options, pm, pmpro or risk`;
}

/** Refused for every product, also where the product has no such row: a forged one would end a client's stream. */
const SYSTEM_EVENTS: ReadonlySet<string> = new Set(['listenKeyExpired', 'eventStreamTerminated', 'serverShutdown']);
