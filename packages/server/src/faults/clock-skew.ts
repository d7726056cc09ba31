import type { Reply } from '@listenpost/core';
import { instantIn } from '@listenpost/protocol';
import type { FaultRow } from './fault.ts';
import { signedDuration, taken } from './settings.ts';

/**
 * Without it a timestamp passes in the emulator when it fits the virtual clock or the machine's. With it the strict rule
 * holds, by one clock that is off, and the server says the same time as it checks: a client that asks can correct itself.
 */
export const clockSkew: FaultRow = {
  name: 'clock-skew',
  does: "the server's clock is off: timestamps are checked strictly by it, and the time it tells is its own",
  occasion: 'none: it holds while it is set',
  aims: ['account', 'product'],
  bounds: ['for'],
  takes: {
    by: taken(signedDuration, '<duration>', 'ahead, or with a minus behind (default: 0s, the strict rule alone)'),
  },
  acts({ settings }) {
    const clockOffMs = (settings['by'] as number | undefined) ?? 0;
    return {
      clockOffMs,
      async call({ request, walk }, { tell }) {
        tell('answered by the skewed clock');
        return off(await walk(), instantIn(request.caller.timeUnit ?? 'MILLISECOND', clockOffMs));
      },
    };
  },
};

/** Whatever result tells the server's time. */
function off(reply: Reply, by: number): Reply {
  if (!('result' in reply) || Array.isArray(reply.result)) return reply;
  const { serverTime } = reply.result as { readonly serverTime?: unknown };
  if (typeof serverTime !== 'number') return reply;
  return { ...reply, result: { ...reply.result, serverTime: serverTime + by } };
}
