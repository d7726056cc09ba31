/**
 * A small bot as somebody might have written it: one key, one socket, one position. `careless` does what many do: it extends its
 * key by a timer, and believes that this is enough.
 */
import { createHmac } from 'node:crypto';
import { WebSocket } from 'ws';

const KEEPALIVE_EVERY_MS = 30 * 60_000;

export async function startBot(urls, { apiKey, secret }, { careless = process.env.BOT === 'careless' } = {}) {
  const bot = { position: 0, close };
  let socket;
  const timer = setInterval(() => {
    rest('PUT', '/fapi/v1/listenKey').catch(() => undefined);
  }, KEEPALIVE_EVERY_MS);
  await listen();
  return bot;

  async function listen() {
    const { listenKey } = await rest('POST', '/fapi/v1/listenKey');
    socket = new WebSocket(`${urls.ws}/private/ws/${listenKey}`);
    socket.on('message', handle);
    await new Promise((opened) => socket.once('open', opened));
    if (!careless) await reconcile();
  }

  function handle(text) {
    const event = JSON.parse(text);
    if (event.e === 'ACCOUNT_UPDATE') bot.position = Number(event.a.P[0]?.pa ?? bot.position);
    if (event.e === 'listenKeyExpired' && !careless) listen().catch((cause) => socket.emit('error', cause));
  }

  /** What happened while nobody listened. */
  async function reconcile() {
    const query = `timestamp=${Date.now()}`;
    const signature = createHmac('sha256', secret).update(query).digest('hex');
    const positions = await rest('GET', `/fapi/v3/positionRisk?${query}&signature=${signature}`);
    bot.position = Number(positions[0]?.positionAmt ?? 0);
  }

  async function rest(method, path) {
    const response = await fetch(urls.http + path, { method, headers: { 'X-MBX-APIKEY': apiKey } });
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  }

  function close() {
    clearInterval(timer);
    socket.terminate();
  }
}
