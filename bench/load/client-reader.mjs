/**
 * One reader of the Spot demo account's events, on Node: the SDK as it is bundled, or the official connector as it is on npm.
 * Reads so many events to warm up, then counts what the next ones cost, and prints one line of JSON.
 *
 * Run with `--expose-gc` and a young generation that nothing of a round fills, so that what the heap has grown by is what was
 * allocated; a collection in between voids the figure, and says so.
 */
import { PerformanceObserver } from 'node:perf_hooks';

const { reader, urls, sdk, apiKey, secret, warmUp, count } = JSON.parse(process.argv[2]);

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ['gc'] });

let seen = 0;
let from;
let finish;
const finished = new Promise((resolve) => {
  finish = resolve;
});

/** What a bot does at the least with each event: look at its type. */
function handled(event) {
  if (typeof event.e !== 'string') throw new Error('no event');
  seen++;
  if (seen === warmUp) {
    globalThis.gc();
    // That of this very line is told later.
    collections = -1;
    from = { cpu: process.cpuUsage(), heap: process.memoryUsage().heapUsed, at: performance.now() };
    tell({ warm: true });
  }
  if (seen === warmUp + count) {
    const cpu = process.cpuUsage(from.cpu);
    tell({
      cpuPerEventUs: (cpu.user + cpu.system) / count,
      allocatedPerEventBytes: (process.memoryUsage().heapUsed - from.heap) / count,
      eventsPerS: (count / (performance.now() - from.at)) * 1000,
      collections,
    });
    finish();
  }
}

const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

async function bySdk() {
  const { userDataStream, listenpost } = await import(sdk.index);
  const format = reader.format === 'sbe' ? { format: (await import(sdk.sbe)).sbe() } : {};
  const venue = { ...listenpost(urls.https), resume: reader.resume };
  const stream = userDataStream({ product: 'spot', apiKey, secret, venue, check: false, ...format });
  stream.onStatus(({ verdict }) => {
    if (verdict === 'quiet') tell({ listening: true });
  });
  for await (const event of stream) {
    handled(event);
    if (seen === warmUp + count) break;
  }
}

async function byConnector() {
  const { Spot } = await import('@binance/spot');
  const wsURL = `${urls.https.replace(/^https/, 'wss')}/ws-api/v3`;
  const { websocketAPI } = new Spot({ configurationWebsocketAPI: { apiKey, apiSecret: secret, wsURL } });
  const api = await websocketAPI.connect();
  const { stream } = await api.userDataStreamSubscribeSignature();
  stream.on('message', handled);
  tell({ listening: true });
  await finished;
}

await (reader.connector ? byConnector() : bySdk());
process.exit(0);
