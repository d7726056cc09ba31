import type { EventTable } from './table.ts';

/** On change only, and of changed symbols only. */
export const BALANCE_POSITION_UPDATE = {
  name: 'BALANCE_POSITION_UPDATE',
  meaning: 'balances and positions changed',
  shapes: [
    {
      products: ['options'],
      source: 'derivatives §4.10',
      identity: ['T', 'm', 'B[].a', 'B[].b', 'B[].bc', 'P[].s', 'P[].c', 'P[].a'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        T: { type: 'int', time: true, meaning: 'transaction time' },
        m: { type: 'str', meaning: 'reason', values: ['DEPOSIT', 'WITHDRAW', 'ORDER'] },
        B: {
          type: 'array',
          meaning: 'changed balances',
          fields: {
            a: { type: 'str', meaning: 'asset' },
            b: { type: 'dec', meaning: 'balance' },
            bc: { type: 'dec', meaning: 'balance change without profit and commission' },
          },
        },
        P: {
          type: 'array',
          meaning: 'changed positions',
          fields: {
            s: { type: 'str', meaning: 'symbol' },
            c: { type: 'dec', meaning: 'quantity, signed' },
            p: { type: 'dec', meaning: 'position value' },
            a: { type: 'dec', meaning: 'average entry price' },
          },
        },
      },
    },
  ],
} as const satisfies EventTable;
