import type { EventTable } from './table.ts';

export const PM_PRO_ACCOUNT_UPDATE = {
  name: 'PM_PRO_ACCOUNT_UPDATE',
  meaning: 'summary of the account, every 5 s',
  since: { pmpro: '2026-04-17' },
  shapes: [
    {
      products: ['pmpro'],
      source: 'derivatives §4.12',
      identity: ['E', 'u', 'eq', 'ae', 'im', 'mm', 'avb', 'vmw'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        u: { type: 'dec', meaning: 'uniMMR' },
        eq: { type: 'dec', meaning: 'equity in USD' },
        ae: { type: 'dec', meaning: 'equity in USD without collateral rate' },
        im: { type: 'dec', meaning: 'initial margin' },
        mm: { type: 'dec', meaning: 'maintenance margin' },
        avb: { type: 'dec', meaning: 'available balance' },
        vmw: { type: 'dec', meaning: 'virtual maximum withdrawal' },
      },
    },
  ],
} as const satisfies EventTable;
