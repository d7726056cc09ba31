// @ts-check
/**
 * Is nothing happening, or is nothing arriving? A stream that brings nothing looks the same either way. The verdict tells them apart:
 * `live` and `quiet` are proven, `suspect` says what speaks against it, `dead` what is being done.
 *
 *   LISTENPOST_URL=http://127.0.0.1:9010 npm run example examples/quiet-or-dead.mjs
 *   Stop the emulator and start it again, or leave it alone for a minute.
 */
import { listenpost, userDataStream } from '@listenpost/client';

const { LISTENPOST_URL = 'http://127.0.0.1:9010' } = process.env;
const apiKey = process.env.API_KEY ?? 'demoHmacKey0'.repeat(6).slice(0, 64);

const stream = userDataStream({
  product: 'usdm',
  apiKey,
  venue: listenpost(LISTENPOST_URL),
  // How soon a connection must have answered, and for how long an account may be silent before it is asked itself.
  line: { proveEveryMs: 2000, deadAfterMs: 4000 },
  quietAfterMs: 5000,
  checkAfterMs: 10_000,
});
stream.onStatus(({ verdict, reason, lastEventAt, provenUntil }) => {
  const ago = (/** @type {number | undefined} */ at) =>
    at === undefined ? 'never' : `${((Date.now() - at) / 1000).toFixed(1)} s ago`;
  console.log(
    `${verdict}: ${reason}; last event ${ago(lastEventAt)}, all has arrived that was sent until ${ago(provenUntil)}`,
  );
});
for await (const event of stream) {
  // A watchdog that stops trading has all it needs here: what may be missing, and since when.
  if (event.e === 'gap') console.log(`gap of ${event.to - event.from} ms: ${event.reason}`);
}
