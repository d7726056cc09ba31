// @ts-check
/**
 * A relay in a hundred lines: one account's stream from a venue goes into a Listenpost of yours, and any number of bots read it there. They
 * cannot hurt one another: each has its own connection, its own place in the journal, and as much time as it wants.
 *
 *   bin/listenpost serve --config listenpost.json --data relay      the Listenpost that your bots read, with the account `desk`
 *   BINANCE_API_KEY=… ACCOUNT=desk STATE=relay-state npm run example examples/relay.mjs
 *   bin/listenpost watch --api-key … --url http://127.0.0.1:9010    a bot, or ten of them, each with `listenpost(url)` as its venue
 *
 * Nothing is stored twice: each event goes out with a count, and the server passes over what it has. From a venue that numbers its
 * events the count is their own, so that a relay that is killed and comes back sends the same again under the same counts. From Binance,
 * which replays nothing, it is a clock's: it only ever grows.
 */
import { customVenue, fileCursorStore, listenpost, metaOf, printExact, userDataStream } from '@listenpost/client';
import WebSocket from 'ws';

const { ACCOUNT = 'demo', ADMIN_URL = 'http://127.0.0.1:9011', ADMIN_TOKEN = '' } = process.env;
const { STATE = 'relay-state', PRODUCT = 'usdm', UPSTREAM_URL, UPSTREAM_RESUMES } = process.env;
const { BINANCE_API_KEY = 'demoHmacKey0'.repeat(6).slice(0, 64), BINANCE_API_SECRET } = process.env;

/** `GET /admin/v1/ingest` under one producer's name: a line at a time, sent again until the server says that it is durable. */
class Ingest {
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {{ line: string, stored: () => void, refused: (error: Error) => void } | undefined} */
  #waiting;

  /** @param {string} producer */
  constructor(producer) {
    this.producer = producer;
    this.#connect();
  }

  /** @param {string} line @returns {Promise<void>} */
  put(line) {
    return new Promise((stored, refused) => {
      this.#waiting = { line, stored, refused };
      if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(line);
    });
  }

  close() {
    this.#socket?.removeAllListeners('close');
    this.#socket?.close();
  }

  #connect() {
    const url = `${ADMIN_URL.replace(/^http/, 'ws')}/admin/v1/ingest?producer=${this.producer}`;
    const socket = new WebSocket(url, {
      headers: ADMIN_TOKEN === '' ? {} : { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    socket.on('open', () => this.#waiting && socket.send(this.#waiting.line));
    socket.on('message', (text) => this.#answered(JSON.parse(String(text))));
    socket.on('error', (error) => console.error(`ingest: ${error.message}`));
    // The server may have had the line: it goes out again under the same count.
    socket.on('close', () => setTimeout(() => this.#connect(), 500));
    this.#socket = socket;
  }

  /** @param {{ error?: { reason: string } }} answer */
  #answered({ error }) {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) waiting?.stored();
    else waiting?.refused(new Error(`the server does not take it: ${error.reason}`));
  }
}

/** @type {Ingest | undefined} */
let ingest;
let count = 0;
const own =
  UPSTREAM_URL === undefined ? undefined : (UPSTREAM_RESUMES === 'yes' ? listenpost : customVenue)(UPSTREAM_URL);
const stream = userDataStream({
  product: /** @type {'usdm'} */ (PRODUCT),
  apiKey: BINANCE_API_KEY,
  ...(BINANCE_API_SECRET === undefined ? {} : { secret: BINANCE_API_SECRET }),
  venue: own ?? 'production',
  cursorStore: fileCursorStore(STATE),
});
stream.onStatus(({ verdict, reason }) => console.error(`upstream ${verdict}: ${reason}`));
for await (const event of stream) {
  const meta = metaOf(event);
  if (meta === undefined) {
    // The SDK's own word: what may be missing upstream is missing here too, and somebody has to look.
    console.error(`GAP upstream: ${printExact(event)}`);
    continue;
  }
  const [epoch = 'venue', sequence] = meta.position?.split(':') ?? [];
  count = sequence === undefined ? Math.max(count + 1, Date.now() * 1000) : Number(sequence);
  // A venue that begins to number anew is another producer, whose counts begin anew too.
  const producer = `relay-${ACCOUNT}-${PRODUCT}-${epoch}`;
  if (ingest?.producer !== producer) {
    ingest?.close();
    ingest = new Ingest(producer);
  }
  await ingest.put(`{"n":${count},"account":"${ACCOUNT}","scope":"${meta.scope}","event":${printExact(event)}}`);
}
