import type { EventTable } from './table.ts';

/** An event of the connection, of no stream: it reaches every connection that is about to be closed. */
export const serverShutdown = {
  name: 'serverShutdown',
  meaning: 'the server is about to stop',
  system: true,
  shapes: [
    {
      products: ['spot', 'margin', 'isolated', 'risk'],
      source: 'spot-margin §1.3',
      identity: ['E'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
      },
    },
  ],
} as const satisfies EventTable;
