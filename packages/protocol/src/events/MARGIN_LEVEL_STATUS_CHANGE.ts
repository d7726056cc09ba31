import type { EventTable } from './table.ts';

export const MARGIN_LEVEL_STATUS_CHANGE = {
  name: 'MARGIN_LEVEL_STATUS_CHANGE',
  meaning: 'the cross margin level changed its status',
  shapes: [
    {
      products: ['risk'],
      source: 'spot-margin §6.8',
      identity: ['E', 's', 'l'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        l: { type: 'dec', meaning: 'margin level' },
        s: {
          type: 'str',
          meaning: 'status',
          values: ['EXCESSIVE', 'NORMAL', 'MARGIN_CALL', 'PRE_LIQUIDATION', 'FORCE_LIQUIDATION'],
        },
      },
    },
  ],
} as const satisfies EventTable;
