// @ts-check
/**
 * Moves to another connection at a time of its own choosing, here every `HANDOVER_EVERY_MS`: say at a quiet minute, before the venue
 * would cut. The next connection is open and proven before the old one goes, and what comes on both is handed out once.
 *
 *   LISTENPOST_URL=http://127.0.0.1:9010 HANDOVER_EVERY_MS=5000 npm run example examples/no-gap-handover.mjs
 */
import { listenpost, metaOf, userDataStream } from '@listenpost/client';

const { LISTENPOST_URL = 'http://127.0.0.1:9010', HANDOVER_EVERY_MS = '60000' } = process.env;
const apiKey = process.env.API_KEY ?? 'demoHmacKey0'.repeat(6).slice(0, 64);

const stream = userDataStream({ product: 'usdm', apiKey, venue: listenpost(LISTENPOST_URL) });
let handingOver = false;
let handovers = 0;
stream.onStatus((status) => {
  if (handingOver && !status.handingOver)
    console.log(`handed over ${++handovers} times, by ${status.connections} connection`);
  handingOver = status.handingOver;
});
setInterval(() => stream.handOver(), Number(HANDOVER_EVERY_MS));
for await (const event of stream)
  console.log(event.e === 'gap' ? `GAP: ${event.reason}` : `${metaOf(event)?.position} ${event.e}`);
