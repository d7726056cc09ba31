// @ts-check
/**
 * Positions that are right from the first moment: a snapshot is taken after subscribing and handed out before every event that follows, so that
 * no change falls between the two. It is taken again behind each gap.
 *
 * The snapshot comes from the server's journal here, which the admin API reads. With Binance, ask `GET /fapi/v3/positionRisk` instead.
 *
 *   LISTENPOST_URL=http://127.0.0.1:9010 ADMIN_URL=http://127.0.0.1:9011 npm run example examples/snapshot-join.mjs
 */
import { listenpost, userDataStream } from '@listenpost/client';

const { LISTENPOST_URL = 'http://127.0.0.1:9010', ADMIN_URL = 'http://127.0.0.1:9011' } = process.env;
const apiKey = process.env.API_KEY ?? 'demoHmacKey0'.repeat(6).slice(0, 64);

/** @type {Map<string, string>} By symbol: the amount of the position, signed. */
let positions = new Map();

const stream = userDataStream({ product: 'usdm', apiKey, venue: listenpost(LISTENPOST_URL), snapshot });
for await (const event of stream) {
  if (event.e === 'snapshot') positions = event.state;
  // A change that the snapshot knows already is told once more at most: amounts are absolute, so that it harms nothing.
  if (event.e === 'ACCOUNT_UPDATE') apply(positions, event);
  if (event.e === 'snapshot' || event.e === 'ACCOUNT_UPDATE')
    console.log(event.e, JSON.stringify(Object.fromEntries(positions)));
}

/** @param {import('@listenpost/client').SnapshotContext} context */
async function snapshot({ signal }) {
  const known = new Map();
  for (let from = ''; ; ) {
    const response = await fetch(`${ADMIN_URL}/admin/v1/streams/demo/usdm/events?limit=1000${from}`, { signal });
    const { events, next } = await response.json();
    for (const { event } of events) if (event.e === 'ACCOUNT_UPDATE') apply(known, event);
    if (next === undefined) return known;
    from = `&from=${next}`;
  }
}

/**
 * @param {Map<string, string>} known
 * @param {{ readonly a: { readonly P: readonly { readonly s: string, readonly pa: string }[] } }} update
 */
function apply(known, { a }) {
  for (const { s, pa } of a.P) known.set(s, pa);
}
