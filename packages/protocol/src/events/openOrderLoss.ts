import type { EventTable } from './table.ts';

export const openOrderLoss = {
  name: 'openOrderLoss',
  meaning: 'loss reserved for open margin orders changed',
  shapes: [
    {
      products: ['pm'],
      source: 'derivatives §4.11',
      identity: ['E', 'O[].a', 'O[].o'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        O: {
          type: 'array',
          meaning: 'losses',
          fields: {
            a: { type: 'str', meaning: 'asset' },
            o: { type: 'dec', meaning: 'amount, negative' },
          },
        },
      },
    },
  ],
} as const satisfies EventTable;
