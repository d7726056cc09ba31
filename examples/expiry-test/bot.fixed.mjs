/** The bot of bot.mjs with the one line that it lacked. */
import { createHmac } from 'node:crypto';
import { WebSocket } from 'ws';

const KEEPALIVE_EVERY_MS = 30 * 60_000;

export async function startBot(urls, { apiKey, secret }) {
  const bot = { position: 0, close };
  let socket;
  await listen();
  const keepalive = setInterval(() => {
    rest('PUT', '/fapi/v1/listenKey').catch(() => undefined);
  }, KEEPALIVE_EVERY_MS);
  return bot;

  async function listen() {
    const { listenKey } = await rest('POST', '/fapi/v1/listenKey');
    socket = new WebSocket(`${urls.ws}/private/ws/${listenKey}`);
    socket.on('message', handle);
    await new Promise((opened) => socket.once('open', opened));
    const [position] = await rest('GET', '/fapi/v3/positionRisk', signed());
    bot.position = Number(position?.positionAmt ?? 0);
  }

  function handle(text) {
    const event = JSON.parse(text);
    if (event.e === 'ACCOUNT_UPDATE') bot.position = Number(event.a.P[0]?.pa ?? bot.position);
    if (event.e === 'listenKeyExpired') listen().catch(console.error);
  }

  async function rest(method, path, query = '') {
    const response = await fetch(urls.http + path + query, { method, headers: { 'X-MBX-APIKEY': apiKey } });
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  }

  function signed() {
    const query = `timestamp=${Date.now()}`;
    return `?${query}&signature=${createHmac('sha256', secret).update(query).digest('hex')}`;
  }

  function close() {
    clearInterval(keepalive);
    socket.close();
  }
}
