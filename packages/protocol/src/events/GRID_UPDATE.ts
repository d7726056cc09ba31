import type { EventTable } from './table.ts';
import { STRATEGY_STATUS } from './values.ts';

export const GRID_UPDATE = {
  name: 'GRID_UPDATE',
  meaning: 'a sub-order of a grid was filled',
  deprecated: true,
  shapes: [
    {
      products: ['usdm', 'coinm'],
      source: 'derivatives §4.7',
      identity: ['T', 'gu.s', 'gu.si', 'gu.ss', 'gu.ut', 'gu.r', 'gu.up', 'gu.uq', 'gu.mp'],
      fields: {
        T: { type: 'int', time: true, meaning: 'transaction time' },
        E: { type: 'int', time: true, meaning: 'event time' },
        gu: {
          type: 'object',
          meaning: 'the grid',
          fields: {
            si: { type: 'int', wide: true, meaning: 'strategy id' },
            st: { type: 'str', meaning: 'strategy type' },
            ss: { type: 'str', meaning: 'strategy status', values: STRATEGY_STATUS },
            s: { type: 'str', meaning: 'symbol' },
            r: { type: 'dec', meaning: 'realised profit' },
            up: { type: 'dec', meaning: 'average price of the unmatched quantity' },
            uq: { type: 'dec', meaning: 'unmatched quantity' },
            uf: { type: 'dec', meaning: 'fee of the unmatched quantity' },
            mp: { type: 'dec', meaning: 'matched profit' },
            ut: { type: 'int', time: true, meaning: 'update time' },
          },
        },
      },
    },
  ],
} as const satisfies EventTable;
