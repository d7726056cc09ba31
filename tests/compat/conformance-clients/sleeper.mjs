/** A client that extends its key in a loop; how it sleeps in between, its argument says. */
import { setTimeout as sleep, setInterval as ticks } from 'node:timers/promises';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';

const env = process.env;
const KEEPALIVE_EVERY_MS = 30 * 60_000;
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function listenKey(method) {
  const headers = { 'X-MBX-APIKEY': env.LISTENPOST_API_KEY };
  const response = await fetch(`${env.LISTENPOST_REST_URL}/fapi/v1/listenKey`, { method, headers });
  return (await response.json()).listenKey;
}

const socket = new WebSocket(`${env.LISTENPOST_WS_URL}/private/ws/${await listenKey('POST')}`);
socket.on('message', (text) => say({ event: JSON.parse(text) }));
await new Promise((opened) => socket.once('open', opened));
say({ ready: true });

const WAYS = {
  async promisify() {
    const wait = promisify(setTimeout);
    for (;;) {
      await wait(KEEPALIVE_EVERY_MS);
      await listenKey('PUT');
    }
  },
  async sleep() {
    for (;;) {
      await sleep(KEEPALIVE_EVERY_MS);
      await listenKey('PUT');
    }
  },
  async interval() {
    for await (const _ of ticks(KEEPALIVE_EVERY_MS)) await listenKey('PUT');
  },
};
await WAYS[process.argv[2]]();
