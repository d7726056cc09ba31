import type { EventTable } from './table.ts';

export const GREEK_UPDATE = {
  name: 'GREEK_UPDATE',
  meaning: 'the greeks per underlying, on a position change and every 10 s with a position',
  shapes: [
    {
      products: ['options'],
      source: 'derivatives §4.10',
      identity: ['T', 'G[].u', 'G[].d', 'G[].g', 'G[].t', 'G[].v'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        T: { type: 'int', time: true, meaning: 'transaction time' },
        G: {
          type: 'array',
          meaning: 'greeks',
          fields: {
            u: { type: 'str', meaning: 'underlying' },
            d: { type: 'dec', meaning: 'delta' },
            g: { type: 'dec', meaning: 'gamma' },
            t: { type: 'dec', meaning: 'theta' },
            v: { type: 'dec', meaning: 'vega' },
          },
        },
      },
    },
  ],
} as const satisfies EventTable;
