/**
 * `@binance/spot` as its README has it: `connect`, `sessionLogon`, `userDataStreamSubscribe`. With `again` its user subscribes
 * once more after each `open` and each `serverShutdown`, which its README does not say and ours does.
 */
import { Spot } from '@binance/spot';

/** What the venue says of the stream, and not of the account. */
const WORDS_OF_THE_VENUE = new Set(['eventStreamTerminated', 'serverShutdown']);

const LOGGED_ON_WITHIN_MS = 10_000;

export async function run({ restUrl, wsUrl, streams, again, tell, deliver }) {
  const [{ account }, second] = streams;
  const configuration = { ...account.ed25519, wsURL: `${wsUrl}/ws-api/v3`, timeout: 10_000 };
  const api = await new Spot({ configurationWebsocketAPI: configuration }).websocketAPI.connect();
  api.on('close', (code) => tell(`close ${code}`));
  api.on('error', (error) => tell(`error ${error.message}`));
  await api.sessionLogon();
  const onMessage = (data) => {
    if (data.e === 'executionReport') deliver(0, data.c);
    else if (WORDS_OF_THE_VENUE.has(data.e)) tell(data.e);
  };
  const { stream } = await api.userDataStreamSubscribe();
  stream.on('message', onMessage);
  if (second !== undefined) await subscribeByToken(api, restUrl, second.account);
  if (!again) return;
  const subscribe = () => {
    subscribeAgain(api).catch((error) => tell(error.message));
  };
  api.on('open', subscribe);
  api.on('message', (text) => {
    if (JSON.parse(text).event?.e === 'serverShutdown') subscribe();
  });
}

/** The second account on the same connection, as the WebSocket API allows. The connector has a call for it, and no callback of its own. */
async function subscribeByToken(api, restUrl, { hmac }) {
  const response = await fetch(`${restUrl}/sapi/v1/userListenToken`, {
    method: 'POST',
    headers: { 'X-MBX-APIKEY': hmac.apiKey },
  });
  const { token } = await response.json();
  await api.sendMessage('userDataStream.subscribe.listenToken', { listenToken: token });
}

/**
 * The callback is still there; what is missing is the subscription. The logon that the connector sends by itself must be through, and a
 * connection that still has its subscription refuses a second one: until then it is tried again.
 */
async function subscribeAgain(api) {
  const deadline = Date.now() + LOGGED_ON_WITHIN_MS;
  for (;;) {
    try {
      return await api.userDataStreamSubscribe();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
