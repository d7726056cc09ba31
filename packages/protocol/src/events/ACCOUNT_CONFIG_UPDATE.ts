import type { EventTable } from './table.ts';
import { BUSINESS_UNIT } from './values.ts';

export const ACCOUNT_CONFIG_UPDATE = {
  name: 'ACCOUNT_CONFIG_UPDATE',
  meaning: "a symbol's leverage or the multi-assets mode changed",
  shapes: [
    {
      products: ['usdm', 'coinm', 'pm'],
      source: 'derivatives §4.6',
      identity: ['fs', 'T', 'ac.s', 'ac.l', 'ai.j'],
      exactlyOneOf: ['ac', 'ai'],
      fields: {
        fs: { in: '- - +', type: 'str', meaning: 'business unit', values: BUSINESS_UNIT },
        E: { type: 'int', time: true, meaning: 'event time' },
        T: { type: 'int', time: true, meaning: 'transaction time' },
        ac: {
          in: '? + +',
          type: 'object',
          meaning: 'leverage of a symbol',
          fields: {
            s: { type: 'str', meaning: 'symbol' },
            l: { type: 'int', meaning: 'leverage' },
          },
        },
        ai: {
          in: '? - -',
          type: 'object',
          meaning: 'settings of the account',
          fields: {
            j: { type: 'bool', meaning: 'multi-assets mode' },
          },
        },
      },
    },
  ],
} as const satisfies EventTable;
