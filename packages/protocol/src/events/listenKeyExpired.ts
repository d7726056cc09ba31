import type { EventTable } from './table.ts';

/** To every connection that uses the key, which stays open. Portfolio Margin Pro's is assumed to be USDⓈ-M's. */
export const listenKeyExpired = {
  name: 'listenKeyExpired',
  meaning: 'the listenKey is no longer valid',
  system: true,
  shapes: [
    {
      products: ['usdm', 'coinm', 'pm', 'pmpro', 'risk', 'spot', 'margin', 'isolated'],
      source: 'derivatives §4.1; spot-margin §6.7',
      identity: ['listenKey'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        listenKey: { in: '+ + - + + + + +', type: 'str', meaning: 'the key' },
      },
    },
    {
      products: ['options'],
      source: 'derivatives §4.1',
      identity: ['listenKey'],
      fields: {
        E: { type: 'digits', time: true, meaning: 'event time' },
        listenKey: { type: 'str', meaning: 'the key' },
      },
    },
  ],
} as const satisfies EventTable;
