const KEEPALIVE_EVERY_MS = 30 * 60_000;

/** The connectors' own second is too short where many checks run at once; no check is about it. */
export const TIMEOUT_MS = 10_000;

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** A connector of Binance's that listens by a listenKey: they have the same methods. */
export async function listenByKey(client) {
  const { listenKey } = await (await client.restAPI.startUserDataStream()).data();
  setInterval(() => {
    client.restAPI.keepaliveUserDataStream().catch((error) => process.stderr.write(`${error.message}\n`));
  }, KEEPALIVE_EVERY_MS);
  const streams = await client.websocketStreams.connect();
  const subscribed = new Promise((resolve) => {
    streams.on('message', (text) => JSON.parse(text).result === null && resolve());
  });
  streams.userData(listenKey).on('message', (event) => say({ event }));
  await subscribed;
  say({ ready: true });
}
