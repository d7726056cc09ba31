import type { FaultRow } from './fault.ts';

/** As their deadline ends them, with all that the product says then. A token that is expired so opens nothing any more. */
export const expireNow: FaultRow = {
  name: 'expire-now',
  does: 'live listenKeys, and listenTokens that are subscribed by, expire now',
  occasion: 'none: it happens once, at once',
  aims: ['account', 'product'],
  bounds: [],
  takes: {},
  acts: () => ({
    now({ house, aimsAt }) {
      const keys = [...house.listenKeys.all()].filter(({ stream }) => aimsAt(stream));
      for (const key of keys) house.listenKeys.expire(key);
      const tokens = [...house.connections].map((connection) => connection.expireTokens(aimsAt));
      return tokens.reduce((sum, count) => sum + count, keys.length);
    },
  }),
};
