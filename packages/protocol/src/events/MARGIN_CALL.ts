import type { EventTable } from './table.ts';
import { POSITION_SIDE } from './values.ts';

/** Advice only: the position may be gone before it arrives. The one futures event without `T`. */
export const MARGIN_CALL = {
  name: 'MARGIN_CALL',
  meaning: 'positions came near their maintenance margin',
  shapes: [
    {
      products: ['usdm', 'coinm'],
      source: 'derivatives §4.3',
      identity: ['E', 'cw', 'p[].s', 'p[].ps', 'p[].pa', 'p[].mp', 'p[].mm'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        i: { in: '- +', type: 'str', meaning: 'account alias' },
        cw: { in: '? ?', type: 'dec', meaning: 'cross wallet balance; only for a cross margin call' },
        p: {
          type: 'array',
          meaning: 'positions called',
          fields: {
            s: { type: 'str', meaning: 'symbol' },
            ps: { type: 'str', meaning: 'position side', values: POSITION_SIDE },
            pa: { type: 'dec', meaning: 'position amount, signed' },
            mt: { type: 'str', meaning: 'margin type, upper case here', values: ['CROSSED', 'ISOLATED'] },
            iw: { type: 'dec', meaning: 'isolated wallet; 0 for cross positions' },
            mp: { type: 'dec', meaning: 'mark price' },
            up: { type: 'dec', meaning: 'unrealised profit' },
            mm: { type: 'dec', meaning: 'maintenance margin required' },
          },
        },
      },
    },
  ],
} as const satisfies EventTable;
