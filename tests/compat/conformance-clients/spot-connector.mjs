/** `@binance/spot` as its own README uses it for a user data stream, and nothing added: a logon, a subscription, a callback. */
import { Spot } from '@binance/spot';

const env = process.env;
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const { websocketAPI } = new Spot({
  configurationWebsocketAPI: {
    apiKey: env.LISTENPOST_ED25519_API_KEY,
    privateKey: env.LISTENPOST_PRIVATE_KEY,
    wsURL: `${env.LISTENPOST_WSS_URL}/ws-api/v3`,
  },
});
const connection = await websocketAPI.connect();
await connection.sessionLogon();
const { stream } = await connection.userDataStreamSubscribe();
stream.on('message', (event) => say({ event }));
say({ ready: true });
