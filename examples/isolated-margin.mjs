// @ts-check
/**
 * The cross margin account and several isolated ones on one connection, each by a listenToken of its own. The tokens are short here, so that
 * their renewal can be watched: it happens at half of what is left, on the same connection, and no event is missed or repeated.
 *
 *   LISTENPOST_URL=http://127.0.0.1:9010 npm run example examples/isolated-margin.mjs
 *   bin/listenpost trigger order.filled --scope isolated:ETHUSDT
 */
import { listenpost, metaOf, userDataStream } from '@listenpost/client';

const {
  LISTENPOST_URL = 'http://127.0.0.1:9010',
  SYMBOLS = 'BTCUSDT,ETHUSDT',
  TOKEN_VALIDITY_MS = '60000',
} = process.env;
const apiKey = process.env.API_KEY ?? 'demoHmacKey0'.repeat(6).slice(0, 64);
const secret = process.env.API_SECRET ?? 'demoHmacSecret0'.repeat(5).slice(0, 64);

const stream = userDataStream({
  product: 'margin',
  apiKey,
  secret,
  venue: listenpost(LISTENPOST_URL),
  cross: true,
  symbols: SYMBOLS.split(','),
  tokenValidityMs: Number(TOKEN_VALIDITY_MS),
});
let deadline = 0;
setInterval(() => {
  const { grantDeadline = 0 } = stream.status;
  if (grantDeadline > deadline && deadline > 0) console.log(`renewed, until ${new Date(grantDeadline).toISOString()}`);
  deadline = grantDeadline;
}, 100);
for await (const event of stream) {
  // Routed by subscriptionId, so that two accounts that trade the same symbol are not mixed up.
  if (event.e === 'executionReport')
    console.log(`${metaOf(event)?.scope}: ${event.S} ${event.q} ${event.s} ${event.X}`);
  if (event.e === 'gap') console.log(`${event.scope}: GAP, ${event.reason}`);
}
