/** A user's program: reads a stream until an order has been filled, and says what it sees. */
import { listenpost, metaOf, userDataStream } from '@listenpost/client';
import { sbe } from '@listenpost/client/sbe';

const { url, format, ...options } = JSON.parse(process.argv[2]);
const stream = userDataStream({ ...options, venue: listenpost(url), ...(format === 'sbe' && { format: sbe() }) });

const say = (word) =>
  console.log(JSON.stringify(word, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
let listening = false;
stream.onStatus(({ verdict }) => {
  if (listening || verdict === 'dead') return;
  listening = true;
  say('listening');
});

for await (const event of stream) {
  say({ event, position: metaOf(event)?.position });
  if ([event.X, event.o?.X].includes('FILLED')) break;
}
