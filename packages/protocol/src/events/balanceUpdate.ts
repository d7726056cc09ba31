import type { EventTable } from './table.ts';

/** Deposits, withdrawals and transfers; never trades. */
export const balanceUpdate = {
  name: 'balanceUpdate',
  meaning: 'a balance changed by a transfer',
  shapes: [
    {
      products: ['spot', 'margin', 'isolated', 'pm'],
      source: 'spot-margin §6.2; derivatives §4.11',
      identity: ['T', 'U', 'a', 'd'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        a: { type: 'str', meaning: 'asset' },
        d: { type: 'dec', meaning: 'difference, signed' },
        U: { in: '- - - +', type: 'int', wide: true, meaning: 'update id' },
        T: { type: 'int', time: true, meaning: 'clear time' },
      },
    },
  ],
} as const satisfies EventTable;
