import type { FaultRow } from './fault.ts';
import { anyOf, taken } from './settings.ts';

/** Users' sockets that stay open, answer pings and carry no event any more (users-and-peers: "enters a zombie state"). */
export const zombie: FaultRow = {
  name: 'zombie',
  does: 'the connection stays open and answers pings, and sends nothing',
  occasion: 'connection',
  aims: ['account', 'product', 'connection'],
  bounds: ['probability', 'times', 'for'],
  takes: {
    withholds: taken(anyOf(['all', 'events']), 'all|events', 'events: requests are still answered (default: all)'),
  },
  acts: ({ settings: { withholds = 'all' } }) => ({
    meets: true,
    line: () => {
      let met = false;
      return {
        meet(occasion) {
          met = occasion.takes();
        },
        frame(item, { tell }) {
          if (!met || (withholds === 'events' && item.kind !== 'event')) return [item];
          tell('withheld');
          return [];
        },
      };
    },
  }),
};
