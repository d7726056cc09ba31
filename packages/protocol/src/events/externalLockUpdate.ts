import type { EventTable } from './table.ts';

/** Of the spot wallet only (spot-margin §6, §10 U22). */
export const externalLockUpdate = {
  name: 'externalLockUpdate',
  meaning: 'another system locked or unlocked a part of the wallet',
  shapes: [
    {
      products: ['spot'],
      source: 'spot-margin §6.5',
      identity: ['T', 'a', 'd'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        a: { type: 'str', meaning: 'asset' },
        d: { type: 'dec', meaning: 'difference: positive locks, negative unlocks' },
        T: { type: 'int', time: true, meaning: 'transaction time' },
      },
    },
  ],
} as const satisfies EventTable;
