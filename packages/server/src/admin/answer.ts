import { JournalError, RegistryStoreError } from '@listenpost/core';
import { errorBody, Refusal } from './refusal.ts';

const HEADERS = {
  'Content-Type': 'application/json',
  // Keys, sessions and accounts belong in no cache, and nothing here is to be taken for a script by a page.
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
} as const;

export function jsonAnswer(value: unknown, status = 200): Response {
  return textAnswer(JSON.stringify(value), status);
}

/** For JSON that is already text. */
export function textAnswer(json: string, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(json, { status, headers: { ...HEADERS, ...headers } });
}

/** How long a publisher should wait, by what is wrong: an overload passes at once, a full disk does not. */
const RETRY_AFTER_SECONDS = { overloaded: '1', failed: '5', corrupt: '5', closed: '5' } as const;

/** What went wrong below the handler, as the caller may know it; undefined for what nobody expected. */
export function refusalOf(cause: unknown): Refusal | undefined {
  if (cause instanceof Refusal) return cause;
  if (cause instanceof JournalError) {
    return new Refusal(503, `journal: ${cause.message}`, {
      headers: { 'Retry-After': RETRY_AFTER_SECONDS[cause.fault] },
    });
  }
  if (cause instanceof RegistryStoreError) {
    return new Refusal(503, `registry: ${cause.message}`, { headers: { 'Retry-After': '5' } });
  }
  return undefined;
}

export function refusedAnswer(refusal: Refusal): Response {
  return textAnswer(errorBody(refusal.message, refusal.line), refusal.status, refusal.headers);
}
