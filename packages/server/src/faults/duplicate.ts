import type { FaultRow } from './fault.ts';

export const duplicate: FaultRow = {
  name: 'duplicate',
  does: 'an event arrives twice',
  occasion: 'event',
  aims: ['account', 'product', 'connection'],
  bounds: ['probability', 'after', 'times', 'for'],
  takes: {},
  acts: () => ({
    line: () => ({
      frame(item, { takes, tell }) {
        if (item.kind !== 'event' || !takes()) return [item];
        tell('sent twice');
        return [item, item];
      },
    }),
  }),
};
