/**
 * A user's page. It holds no API key: its own server asks the venue for listenKeys and listenTokens, and hands them to
 * whoever may read.
 */
import { listenpost, metaOf, userDataStream } from '@listenpost/client';

const given = async (path, query = {}) => {
  const response = await fetch(`${path}?${new URLSearchParams(query)}`, { method: 'POST' });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.text();
};

const GRANTS = {
  margin: { listenToken: (scope, validityMs) => given('/listen-token', { scope, validityMs }) },
  usdm: { listenKey: () => given('/listen-key') },
};

/** Reads until an order has been filled: what came, and where to go on. `listening` is called once it reads. */
globalThis.readUntilFilled = async ({ url, product, from }) => {
  const stream = userDataStream({ product, ...GRANTS[product], venue: listenpost(url), ...(from && { from }) });
  stream.onStatus(({ verdict }) => verdict !== 'dead' && globalThis.listening());
  const read = [];
  let { cursor } = stream;
  for await (const event of stream) {
    read.push({ name: event.e, position: metaOf(event)?.position, status: event.o?.X ?? event.X });
    if (read.at(-1).status !== 'FILLED') continue;
    await stream.commit();
    cursor = stream.cursor;
    break;
  }
  return { read, cursor };
};
