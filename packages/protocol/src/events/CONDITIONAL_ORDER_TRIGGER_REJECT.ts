import type { EventTable } from './table.ts';

/** Replaced by `rm` of `ALGO_UPDATE`; kept for venues and recordings that still have it. */
export const CONDITIONAL_ORDER_TRIGGER_REJECT = {
  name: 'CONDITIONAL_ORDER_TRIGGER_REJECT',
  meaning: 'a triggered conditional order was refused',
  deprecated: '2025-12-15',
  shapes: [
    {
      products: ['usdm'],
      source: 'derivatives §4.8',
      identity: ['or.s', 'or.i', 'or.r'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        T: { type: 'int', time: true, meaning: 'send time' },
        or: {
          type: 'object',
          meaning: 'the refusal',
          fields: {
            s: { type: 'str', meaning: 'symbol' },
            i: { type: 'int', wide: true, meaning: 'order id' },
            r: { type: 'str', meaning: 'reason in words' },
          },
        },
      },
    },
  ],
} as const satisfies EventTable;
