import { textAnswer } from './answer.ts';
import { bodyText } from './body.ts';
import { acceptedBody, type Retry } from './intake.ts';
import { PRODUCER_ID } from './producers.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './route.ts';

/** Durable when answered: one JSON object or NDJSON lines, all of them or none (design §4.3). */
export const postEvents: Route = {
  method: 'POST',
  path: '/admin/v1/events',
  role: 'publish',
  async handle({ request, url }, { intake }) {
    const retry = retryOf(request.headers.get('idempotency-key'), url.searchParams.get('producer'));
    const text = await bodyText(request);
    const accepted = await (isNdjson(request) ? intake.publishLines(text, retry) : intake.publish(text, retry));
    return textAnswer(acceptedBody(accepted), 200, accepted.repeated ? REPEATED : {});
  },
};

/** Tells a caller who cares that nothing was appended this time; the body is the first answer's. */
const REPEATED = { 'Idempotent-Replayed': 'true' } as const;

/** Asked for by name; otherwise the body itself shows what it is: some tools post NDJSON as application/json. */
function isNdjson(request: Request): boolean {
  return /^application\/(x-)?ndjson\b/i.test(request.headers.get('content-type') ?? '');
}

/** Visible ASCII and blanks between, as a header can carry. */
const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,255}$/;

function retryOf(key: string | null, producer: string | null): Retry {
  if (key === null) return producer === null ? { kind: 'none' } : producerRetry(producer);
  if (producer !== null) {
    throw new Refusal(400, 'Idempotency-Key: not together with ?producer=; either alone makes sending again safe');
  }
  if (!IDEMPOTENCY_KEY.test(key)) {
    throw new Refusal(400, 'Idempotency-Key: expected 1 to 255 visible ASCII characters');
  }
  return { kind: 'key', key };
}

export function producerRetry(producer: string): Retry {
  if (PRODUCER_ID.test(producer)) return { kind: 'producer', producer };
  throw new Refusal(400, 'producer: expected 1 to 64 of A-Z a-z 0-9 . _ -');
}
