import type { EventTable } from './table.ts';
import { STRATEGY_STATUS } from './values.ts';

/** Codes of `su.c`, 8001 to 8015: derivatives §4.7. */
export const STRATEGY_UPDATE = {
  name: 'STRATEGY_UPDATE',
  meaning: 'a strategy was made, cancelled, expired or changed',
  shapes: [
    {
      products: ['usdm', 'coinm'],
      source: 'derivatives §4.7',
      identity: ['T', 'su.s', 'su.si', 'su.ss', 'su.ut', 'su.c'],
      fields: {
        T: { type: 'int', time: true, meaning: 'transaction time' },
        E: { type: 'int', time: true, meaning: 'event time' },
        su: {
          type: 'object',
          meaning: 'the strategy',
          fields: {
            si: { type: 'int', wide: true, meaning: 'strategy id' },
            st: { type: 'str', meaning: 'strategy type' },
            ss: { type: 'str', meaning: 'strategy status', values: STRATEGY_STATUS },
            s: { type: 'str', meaning: 'symbol' },
            ut: { type: 'int', time: true, meaning: 'update time' },
            c: { type: 'int', meaning: 'code of what happened' },
          },
        },
      },
    },
  ],
} as const satisfies EventTable;
