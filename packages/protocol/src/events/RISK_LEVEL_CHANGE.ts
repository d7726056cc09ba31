import type { EventTable } from './table.ts';

/** Options only. Portfolio margin's event of a like name is `riskLevelChange`. */
export const RISK_LEVEL_CHANGE = {
  name: 'RISK_LEVEL_CHANGE',
  meaning: 'the risk level changed',
  shapes: [
    {
      products: ['options'],
      source: 'derivatives §4.10',
      identity: ['E', 's', 'mb', 'mm'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        s: { type: 'str', meaning: 'risk level', values: ['NORMAL', 'REDUCE_ONLY'] },
        mb: { type: 'dec', meaning: 'margin balance' },
        mm: { type: 'dec', meaning: 'maintenance margin' },
      },
    },
  ],
} as const satisfies EventTable;
