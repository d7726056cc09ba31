// @ts-check
/**
 * A bot that counts its fills, each exactly once, whenever it is killed: what it knows and how far it has come are written together,
 * in one file that is replaced whole. The cursor store is that file, so that no crash can come between the two.
 *
 *   LISTENPOST_URL=http://127.0.0.1:9010 STATE=fills.json npm run example examples/exactly-once.mjs
 *   bin/listenpost trigger order.filled, kill -9 the bot, trigger some more, start it again: it goes on where it was.
 *
 * With Binance nothing is replayed: what was missed meanwhile comes as a `gap`, with the exact interval to look up.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { listenpost, userDataStream } from '@listenpost/client';

const { LISTENPOST_URL = 'http://127.0.0.1:9010', STATE = 'fills.json' } = process.env;
const apiKey = process.env.API_KEY ?? 'demoHmacKey0'.repeat(6).slice(0, 64);

/** @type {{ fills: number, quantity: Record<string, number>, gaps: number, cursor?: string }} */
const state = saved() ?? { fills: 0, quantity: {}, gaps: 0 };

/** @type {import('@listenpost/client').CursorStore} */
const cursorStore = {
  load: async () => state.cursor,
  // Called behind each event, before the next is handed out: the event's effect on `state` goes with its place.
  async save(_, cursor) {
    state.cursor = cursor;
    writeFileSync(`${STATE}.new`, JSON.stringify(state), { flush: true });
    renameSync(`${STATE}.new`, STATE);
  },
};

const stream = userDataStream({ product: 'usdm', apiKey, venue: listenpost(LISTENPOST_URL), cursorStore });
stream.onStatus(({ verdict, reason }) => console.error(`${verdict}: ${reason}`));
for await (const event of stream) {
  if (event.e === 'gap') state.gaps++;
  if (event.e !== 'ORDER_TRADE_UPDATE' || event.o.x !== 'TRADE') continue;
  const { s: symbol, S: side, l: quantity } = event.o;
  state.fills++;
  state.quantity[symbol] = (state.quantity[symbol] ?? 0) + (side === 'BUY' ? 1 : -1) * Number(quantity);
  console.log(`${state.fills} fills: ${JSON.stringify(state.quantity)}`);
}

function saved() {
  try {
    return JSON.parse(readFileSync(STATE, 'utf8'));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}
