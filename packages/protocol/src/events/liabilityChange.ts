import type { EventTable } from './table.ts';

/** `T` is an id here, beyond 2^53, and never a time: rescaling or re-serialising it would destroy it. */
export const liabilityChange = {
  name: 'liabilityChange',
  meaning: 'a margin liability changed',
  shapes: [
    {
      products: ['pm'],
      source: 'derivatives §4.11',
      identity: ['T', 'a', 't', 'p', 'i', 'l'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        a: { type: 'str', meaning: 'asset' },
        t: { type: 'str', meaning: 'kind of change', values: ['BORROW'] },
        T: { type: 'int', wide: true, meaning: 'transaction id' },
        p: { type: 'dec', meaning: 'principal' },
        i: { type: 'dec', meaning: 'interest' },
        l: { type: 'dec', meaning: 'total liability' },
      },
    },
  ],
} as const satisfies EventTable;
