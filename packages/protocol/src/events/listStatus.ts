import type { EventTable } from './table.ts';

/** Documents also write ListStatus; the wire value is this one. Sent beside the orders' `executionReport`s. */
export const listStatus = {
  name: 'listStatus',
  meaning: 'an order list changed',
  shapes: [
    {
      products: ['spot', 'margin', 'isolated'],
      source: 'spot-margin §6.4',
      identity: ['s', 'g', 'l', 'L', 'T', 'O[].i', 'O[].c'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        s: { type: 'str', meaning: 'symbol' },
        g: { type: 'int', wide: true, meaning: 'order list id' },
        c: { type: 'str', meaning: 'contingency type', values: ['OCO', 'OTO'] },
        l: {
          type: 'str',
          meaning: 'list status type',
          values: ['RESPONSE', 'EXEC_STARTED', 'UPDATED', 'ALL_DONE'],
        },
        L: { type: 'str', meaning: 'list order status', values: ['EXECUTING', 'ALL_DONE', 'REJECT'] },
        r: { type: 'str', meaning: 'reject reason', values: ['NONE'] },
        C: { type: 'str', meaning: 'list client order id' },
        T: { type: 'int', time: true, meaning: 'transaction time' },
        O: {
          type: 'array',
          meaning: 'orders of the list',
          fields: {
            s: { type: 'str', meaning: 'symbol' },
            i: { type: 'int', wide: true, meaning: 'order id' },
            c: { type: 'str', meaning: 'client order id' },
          },
        },
      },
    },
  ],
} as const satisfies EventTable;
