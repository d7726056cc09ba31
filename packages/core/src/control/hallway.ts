import { instantIn } from '@listenpost/protocol';
import type { House } from '../house.ts';
import { JournalError } from '../journal.ts';
import { METHOD_HANDLERS } from '../methods/index.ts';
import { RegistryStoreError } from '../registry-store.ts';
import { authenticate } from './authenticate.ts';
import type { Request, Result } from './call.ts';
import type { Usage } from './rate-limits.ts';
import { WireError } from './wire-error.ts';

export type Reply =
  | { readonly status: 200; readonly result: Result; readonly usage: Usage }
  | {
      readonly status: number;
      readonly error: { readonly code: number; readonly msg: string };
      readonly usage: Usage;
      /** Set on 429 and 418, in ms since the Unix epoch. */
      readonly retryAt: number | undefined;
    };

/**
 * The control hallway: request → weigh → authenticate → method → registry → reply. Both doors walk it; errors of every
 * stage are caught here and nowhere else.
 *
 * Weight is charged first (spot-margin §3.10): a request that fails later has cost it too. A pool counted by UID can only be
 * charged once the caller is known, so there the two stages change places.
 */
export async function answer(house: House, request: Request): Promise<Reply> {
  const reply = await walk(house, request);
  house.requests.count(request.operation, reply.status);
  return reply;
}

async function walk(house: House, request: Request): Promise<Reply> {
  const { operation, product, pool, endpoint, weight, caller, params, unanswerable } = request;
  const { session, timeUnit } = caller;
  const byUid = house.limits.isByUid(pool);
  let subject = caller.ip;
  try {
    house.limits.assertNotBanned(caller.ip);
    if (!byUid) house.limits.charge(pool, endpoint, subject, weight);
    if (timeUnit === undefined) throw new WireError('INVALID_TIME_UNIT');
    if (unanswerable !== undefined) throw unanswerable;
    const apiKey = identify(house, request);
    if (byUid) {
      subject = apiKey?.account.id ?? caller.ip;
      house.limits.charge(pool, endpoint, subject, weight);
    }
    const handler = METHOD_HANDLERS[operation];
    const instant = (ms: number) => instantIn(timeUnit, ms);
    const result = await handler({ operation, product, params, apiKey, session, instant }, house);
    return { status: 200, result, usage: house.limits.usageOf(pool, endpoint, subject) };
  } catch (cause) {
    const error = refusal(house, cause);
    const { code, status, msg } = error.in(product.errors);
    return {
      status,
      error: { code, msg },
      usage: house.limits.usageOf(pool, endpoint, subject),
      retryAt: error.retryAt,
    };
  }
}

/** Who calls. One whom nobody knows pays by address where the pool counts by UID. */
function identify(house: House, request: Request) {
  const { security, product, pool, endpoint, weight, caller, params, takes } = request;
  try {
    return authenticate(house, security, product, caller, params, takes);
  } catch (cause) {
    const { strangers } = house.limits.pools[pool];
    if (strangers !== undefined) house.limits.charge(strangers, endpoint, caller.ip, weight);
    throw cause;
  }
}

/** The wire's name for what went wrong. What nobody expected is reported to the operator and answered as unknown. */
function refusal(house: House, cause: unknown): WireError {
  if (cause instanceof WireError) return cause;
  if (cause instanceof RegistryStoreError) return new WireError('DISCONNECTED');
  house.report(cause);
  return new WireError(cause instanceof JournalError ? 'DISCONNECTED' : 'UNKNOWN');
}
