// @ts-check
/**
 * Positions that are right from the first moment: a snapshot is taken after subscribing and handed out before every event that
 * follows, so that no change falls between the two. It is taken again behind each gap.
 *
 *   LISTENPOST_URL=http://127.0.0.1:9010 npm run example examples/snapshot-join.mjs
 *   bin/listenpost trigger order.filled --symbol SOLUSDT
 */
import { createHmac } from 'node:crypto';
import { listenpost, userDataStream } from '@listenpost/client';

const { LISTENPOST_URL = 'http://127.0.0.1:9010' } = process.env;
const apiKey = process.env.API_KEY ?? 'demoHmacKey0'.repeat(6).slice(0, 64);
const secret = process.env.API_SECRET ?? 'demoHmacSecret0'.repeat(5).slice(0, 64);

/** @typedef {Map<string, { readonly amount: string, readonly at: number }>} Positions by symbol and side */
/** @type {Positions} */
let positions = new Map();

const stream = userDataStream({ product: 'usdm', apiKey, venue: listenpost(LISTENPOST_URL), snapshot });
for await (const event of stream) {
  if (event.e === 'snapshot') positions = event.state;
  if (event.e === 'ACCOUNT_UPDATE') {
    for (const { s, ps, pa } of event.a.P) {
      // What the snapshot knows already may come once more behind it.
      const before = positions.get(`${s} ${ps}`)?.at ?? 0;
      if (event.T > before) positions.set(`${s} ${ps}`, { amount: pa, at: event.T });
    }
  }
  if (event.e !== 'snapshot' && event.e !== 'ACCOUNT_UPDATE') continue;
  console.log(event.e, [...positions].map(([name, { amount }]) => `${name} ${Number(amount)}`).join(', '));
}

/** @param {import('@listenpost/client').SnapshotContext} context @returns {Promise<Positions>} */
async function snapshot({ signal }) {
  const query = `timestamp=${Date.now()}`;
  const signature = createHmac('sha256', secret).update(query).digest('hex');
  const url = `${LISTENPOST_URL}/fapi/v3/positionRisk?${query}&signature=${signature}`;
  const response = await fetch(url, { headers: { 'X-MBX-APIKEY': apiKey }, signal });
  if (!response.ok) throw new Error(`positionRisk answered ${response.status}: ${await response.text()}`);
  /** @type {{ symbol: string, positionSide: string, positionAmt: string, updateTime: number }[]} */
  const rows = await response.json();
  return new Map(
    rows.map((row) => [`${row.symbol} ${row.positionSide}`, { amount: row.positionAmt, at: row.updateTime }]),
  );
}
