import type { EventTable } from './table.ts';

/** The last event of a WebSocket API subscription; its causes: spot-margin §3.9. */
export const eventStreamTerminated = {
  name: 'eventStreamTerminated',
  meaning: 'the subscription ended',
  system: true,
  shapes: [
    {
      products: ['spot', 'margin', 'isolated'],
      source: 'spot-margin §6.6',
      identity: ['E'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
      },
    },
  ],
} as const satisfies EventTable;
