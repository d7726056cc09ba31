/**
 * The SDK as a client of `listenpost conformance`: two accounts, a line for each event.
 *
 * Bundled for Node by whoever runs it: this workspace imports TypeScript.
 */
import { listenpost, userDataStream } from '@listenpost/client';

const env = process.env;
const accounts = [
  { account: '1', apiKey: env.LISTENPOST_API_KEY, secret: env.LISTENPOST_API_SECRET },
  { account: '2', apiKey: env.LISTENPOST_API_KEY_2, secret: env.LISTENPOST_API_SECRET_2 },
];

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const listening = accounts.map(({ account, apiKey, secret }) => {
  // Without `resume`: as at Binance, which has none.
  const venue = { ...listenpost(env.LISTENPOST_REST_URL), resume: false };
  const stream = userDataStream({ product: env.LISTENPOST_PRODUCT, venue, apiKey, secret });
  stream.on('*', (event) => {
    if (event.e !== 'gap' && event.e !== 'snapshot') say({ account, event });
  });
  return new Promise((resolve) => {
    const ask = () => {
      if (['live', 'quiet'].includes(stream.status.verdict)) resolve();
    };
    stream.onStatus(ask);
    ask();
  });
});

await Promise.all(listening);
say({ ready: true });
