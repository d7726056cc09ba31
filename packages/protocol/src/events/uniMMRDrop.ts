import type { EventTable } from './table.ts';

/** Announced without its payload: whatever else it carries passes as unknown fields (derivatives §4.12, §8 row 26). */
export const uniMMRDrop = {
  name: 'uniMMRDrop',
  meaning: 'uniMMR fell by more than 5 % from its reference',
  since: { pmpro: '2026-10-29' },
  shapes: [
    {
      products: ['pmpro'],
      source: 'derivatives §4.12',
      identity: ['E'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
      },
    },
  ],
} as const satisfies EventTable;
