import type { Timer } from '@listenpost/core';
import type { FaultRow } from './fault.ts';
import { duration, taken } from './settings.ts';

const GRACE_MS = 10_000;

/** What a drain does to a connection, while the server lives: those who come back are let in. */
export const shutdown: FaultRow = {
  name: 'shutdown',
  does: 'a planned stop as the connection sees it: serverShutdown where the product has it, then close 1001',
  occasion: 'connection',
  aims: ['account', 'product', 'connection'],
  bounds: ['probability', 'times', 'for'],
  takes: { grace: taken(duration, '<duration>', 'from the announcement to the close (default: 10s)') },
  acts: ({ settings }) => ({
    meets: true,
    line: ({ connection, house: { clock } }) => {
      const graceMs = (settings['grace'] as number | undefined) ?? GRACE_MS;
      let closing: Timer | undefined;
      return {
        meet({ takes, tell }) {
          if (!takes()) return;
          tell(connection.announceShutdown() ? 'announced a shutdown' : 'will close, and the product does not say so');
          closing = clock.at(clock.now() + graceMs, () => connection.end('shutdown'));
        },
        letGo: () => closing?.cancel(),
      };
    },
  }),
};
