import type { FaultRow } from './fault.ts';

/** What waits is bounded as any outbox is: beyond it the server gives the client up as a slow consumer. */
export const halfOpen: FaultRow = {
  name: 'half-open',
  does: 'the network is gone and neither side is told: nothing arrives, not even pings; removed, all that waited arrives',
  occasion: 'connection',
  aims: ['account', 'product', 'connection'],
  bounds: ['probability', 'times', 'for'],
  takes: {},
  acts: () => ({
    meets: true,
    line: (line) => {
      let met = false;
      return {
        meet({ takes, tell }) {
          if (!takes()) return;
          met = true;
          tell('stalled');
          line.stall();
        },
        letGo() {
          if (met) line.unstall();
        },
      };
    },
  }),
};
