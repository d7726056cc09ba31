import type { EventTable } from './table.ts';

export const USER_LIABILITY_CHANGE = {
  name: 'USER_LIABILITY_CHANGE',
  meaning: 'a cross margin liability changed by borrowing, repaying or interest',
  shapes: [
    {
      products: ['risk'],
      source: 'spot-margin §6.8',
      identity: ['E', 'a', 't', 'p', 'i'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        a: { type: 'str', meaning: 'asset' },
        t: { type: 'str', meaning: 'kind of change', values: ['BORROW', 'REPAY', 'INTEREST'] },
        p: { type: 'dec', meaning: 'principal' },
        i: { type: 'dec', meaning: 'interest' },
      },
    },
  ],
} as const satisfies EventTable;
