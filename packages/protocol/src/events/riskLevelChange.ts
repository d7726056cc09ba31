import type { EventTable } from './table.ts';

/** Documents title it RISK_LEVEL_CHANGE; the wire value is this one. */
export const riskLevelChange = {
  name: 'riskLevelChange',
  meaning: 'the unified maintenance margin ratio crossed a level',
  shapes: [
    {
      products: ['pm', 'pmpro'],
      source: 'derivatives §4.11',
      identity: ['E', 's', 'u', 'eq', 'ae', 'm'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        u: { type: 'dec', meaning: 'uniMMR' },
        s: { type: 'str', meaning: 'level', values: ['MARGIN_CALL', 'REDUCE_ONLY', 'FORCE_LIQUIDATION'] },
        eq: { type: 'dec', meaning: 'equity in USD' },
        ae: { type: 'dec', meaning: 'equity in USD without collateral rate' },
        m: { type: 'dec', meaning: 'total maintenance margin' },
      },
    },
  ],
} as const satisfies EventTable;
