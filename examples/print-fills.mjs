// @ts-check
/**
 * Prints every fill of a USDⓈ-M account, for as long as it runs: keys, tokens, reconnects and handovers are the SDK's business.
 *
 *   npm start                                            (in another terminal)
 *   export LISTENPOST_URL=http://127.0.0.1:9010 API_KEY=demoHmacKey0demoHmacKey0demoHmacKey0demoHmacKey0demoHmacKey0demo
 *   npm run example examples/print-fills.mjs
 *   bin/listenpost trigger order.filled                  (in a third)
 *
 * With Binance: leave `venue` out, and give an API key of yours.
 */
import { listenpost, userDataStream } from '@listenpost/client';

const { LISTENPOST_URL = '', API_KEY = '' } = process.env;
const stream = userDataStream({ product: 'usdm', apiKey: API_KEY, venue: listenpost(LISTENPOST_URL) });
for await (const event of stream) {
  if (event.e !== 'ORDER_TRADE_UPDATE' || event.o.x !== 'TRADE') continue;
  console.log(event.o.S, event.o.l, event.o.s, '@', event.o.L);
}
