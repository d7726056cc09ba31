import type { EventTable } from './table.ts';

/** Lists only the assets that may have changed; amounts are totals, not differences. */
export const outboundAccountPosition = {
  name: 'outboundAccountPosition',
  meaning: 'balances changed',
  shapes: [
    {
      products: ['spot', 'margin', 'isolated', 'pm'],
      source: 'spot-margin §6.1; derivatives §4.11',
      identity: ['u', 'U', 'B[].a', 'B[].f', 'B[].l'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        u: { type: 'int', time: true, meaning: 'time of the last account update' },
        U: { in: '- - - +', type: 'int', wide: true, meaning: 'update id' },
        B: {
          type: 'array',
          meaning: 'balances',
          fields: {
            a: { type: 'str', meaning: 'asset' },
            f: { type: 'dec', meaning: 'free' },
            l: { type: 'dec', meaning: 'locked' },
          },
        },
      },
    },
  ],
} as const satisfies EventTable;
