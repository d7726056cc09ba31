import type { EventTable } from './table.ts';
import { SIDE } from './values.ts';

/** Pushed for executions of type TRADE only, beside the `ORDER_TRADE_UPDATE` that says the same in full. */
export const TRADE_LITE = {
  name: 'TRADE_LITE',
  meaning: 'an order traded: the fast, small form',
  since: { usdm: '2024-09-03' },
  shapes: [
    {
      products: ['usdm'],
      source: 'derivatives §4.5',
      identity: ['T', 's', 'i', 't'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        T: { type: 'int', time: true, meaning: 'transaction time' },
        s: { type: 'str', meaning: 'symbol' },
        q: { type: 'dec', meaning: 'original quantity' },
        p: { type: 'dec', meaning: 'original price' },
        m: { type: 'bool', meaning: 'own side was the maker' },
        c: { type: 'str', meaning: 'client order id' },
        S: { type: 'str', meaning: 'side', values: SIDE },
        L: { type: 'dec', meaning: 'last filled price' },
        l: { type: 'dec', meaning: 'last filled quantity' },
        t: { type: 'int', wide: true, meaning: 'trade id' },
        i: { type: 'int', wide: true, meaning: 'order id' },
      },
    },
  ],
} as const satisfies EventTable;
