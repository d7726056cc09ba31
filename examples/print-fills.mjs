// @ts-check
/**
 * Prints every fill of a USDⓈ-M account, for as long as it runs: keys, tokens, reconnects and handovers are the SDK's business.
 *
 *   npm start                                            (in another terminal)
 *   export LISTENPOST_URL=http://127.0.0.1:9010 API_KEY=demoHmacKey0demoHmacKey0demoHmacKey0demoHmacKey0demoHmacKey0demo
 *   npm run example examples/print-fills.mjs
 *   bin/listenpost trigger order.filled                  (in a third)
 *
 * With Binance: leave LISTENPOST_URL out, and give an API key of yours.
 */
import { listenpost, userDataStream } from '@listenpost/client';

const venue = process.env.LISTENPOST_URL ? listenpost(process.env.LISTENPOST_URL) : 'production';
for await (const item of userDataStream({ product: 'usdm', apiKey: process.env.API_KEY ?? '', venue })) {
  if (item.e === 'ORDER_TRADE_UPDATE' && item.o.x === 'TRADE') console.log(item.o.S, item.o.l, item.o.s, item.o.L);
}
