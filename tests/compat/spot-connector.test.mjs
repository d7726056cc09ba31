import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, createServer } from 'node:net';
import { after, test } from 'node:test';
import { Spot } from '@binance/spot';
import { ED25519_KEY, HMAC_KEY } from './demo-account.mjs';
import { advanceClock, endLastSession, publish, restUrl, startAnother, wsUrl } from './dev-server.mjs';
import { leave } from './leave.mjs';
import { Received } from './received.mjs';

const wsURL = `${wsUrl}/ws-api/v3`;

/** A connection of the connector with this API key. */
async function connect(key, more = {}) {
  const { websocketAPI } = new Spot({ configurationWebsocketAPI: { ...key, wsURL, ...more } });
  const api = await websocketAPI.connect();
  after(() => leave(api));
  return api;
}

/** What a stream's callback is given. */
function eventsOf(stream) {
  const events = new Received();
  stream.on('message', events.push);
  return events;
}

const TRANSFER = { e: 'balanceUpdate', E: 1767225600123, a: 'USDT', d: '-12.50000000', T: 1767225600120 };

const terminated = ({ e }) => e === 'eventStreamTerminated';

/** A listenToken; Spot's connector has no call for it, and margin's makes this one. */
async function listenToken() {
  const response = await fetch(`${restUrl}/sapi/v1/userListenToken`, {
    method: 'POST',
    headers: { 'X-MBX-APIKEY': HMAC_KEY.apiKey },
    body: new URLSearchParams({ validity: '60000' }),
  });
  return response.json();
}

test('logs on, subscribes by the logon, and unsubscribes', async () => {
  const api = await connect(ED25519_KEY);
  await assert.rejects(api.userDataStreamSubscribe(), { code: -2015 });
  const [{ data: session }] = await api.sessionLogon();
  assert.equal(session.apiKey, ED25519_KEY.apiKey);
  assert.equal(session.userDataStream, false);

  const { response, stream } = await api.userDataStreamSubscribe();
  assert.deepEqual(response.data, { subscriptionId: 0 });
  const events = eventsOf(stream);
  await publish('spot', TRANSFER);
  assert.deepEqual(await events.atLeast(1), [TRANSFER]);

  await assert.rejects(api.userDataStreamSubscribe(), { code: -2035 });
  assert.deepEqual((await api.sessionSubscriptions()).data, [{ subscriptionId: 0 }]);
  assert.equal((await api.sessionStatus()).data.userDataStream, true);
  assert.deepEqual((await api.userDataStreamUnsubscribe({ subscriptionId: 0 })).data, {});
  assert.equal((await events.first(terminated)).e, 'eventStreamTerminated');
  assert.deepEqual((await api.sessionSubscriptions()).data, []);
  assert.equal((await api.sessionLogout())[0].data.apiKey, null);
});

test('subscribes by signature, with an HMAC key and with an Ed25519 key that is logged on', async () => {
  const plain = await connect(HMAC_KEY);
  const byHmac = await plain.userDataStreamSubscribeSignature({ recvWindow: 5000 });
  assert.deepEqual(byHmac.response.data, { subscriptionId: 0 });
  const session = await connect(ED25519_KEY);
  await session.sessionLogon();
  const bySession = await session.userDataStreamSubscribeSignature();
  assert.deepEqual(bySession.response.data, { subscriptionId: 0 });
  const received = [eventsOf(byHmac.stream), eventsOf(bySession.stream)];
  await publish('spot', TRANSFER);
  for (const events of received) assert.deepEqual(await events.atLeast(1), [TRANSFER]);

  await session.sessionLogout();
  await publish('spot', { ...TRANSFER, d: '1.00000000' });
  for (const events of received) assert.equal((await events.atLeast(2))[1].d, '1.00000000');
});

test('refuses a logon with an HMAC key', async () => {
  const api = await connect(HMAC_KEY);
  await assert.rejects(api.sessionLogon(), { code: -1022 });
});

test('reads times in the unit that it asks for', async () => {
  const api = await connect(ED25519_KEY, { timeUnit: 'MICROSECOND' });
  const [{ data: session }] = await api.sessionLogon();
  assert.match(String(session.serverTime), /^\d{13}000$/);
  const { stream } = await api.userDataStreamSubscribe();
  const events = eventsOf(stream);
  await publish('spot', TRANSFER);
  assert.deepEqual(await events.atLeast(1), [{ ...TRANSFER, E: 1767225600123000, T: 1767225600120000 }]);
});

test('gives every callback the events of all subscriptions, as its users must know', async () => {
  const api = await connect(HMAC_KEY);
  const { stream } = await api.userDataStreamSubscribeSignature();
  const events = eventsOf(stream);
  const { token, expirationTime } = await listenToken();
  const { data } = await api.sendMessage('userDataStream.subscribe.listenToken', { listenToken: token });
  assert.deepEqual(data, { subscriptionId: 1, expirationTime });
  await publish('margin', { ...TRANSFER, a: 'BNB' });
  assert.equal((await events.atLeast(1))[0].a, 'BNB', "margin's event at the callback of the spot account");

  await advanceClock('61s');
  await events.first(terminated);
  assert.deepEqual((await api.sessionSubscriptions()).data, [{ subscriptionId: 0 }]);
});

test('logs on again after a cut, but does not subscribe again, as its users must know', async () => {
  const api = await connect(ED25519_KEY, { reconnectDelay: 50 });
  await api.sessionLogon();
  await api.userDataStreamSubscribe();
  const opened = new Received();
  api.on('open', () => opened.push('open'));
  await endLastSession();
  await opened.atLeast(1);
  const sessions = new Received();
  const timer = setInterval(() => {
    api.sessionStatus().then(({ data }) => sessions.push(data), sessions.push);
  }, 50);
  after(() => clearInterval(timer));
  const session = await sessions.first(({ apiKey }) => apiKey === ED25519_KEY.apiKey);
  clearInterval(timer);
  assert.equal(session.userDataStream, false);
});

/** What stands before servers that take turns: every connection goes to the port that `target` holds when it opens. */
async function relayTo(target) {
  const relay = createServer((near) => {
    const far = connectTcp(target.port, new URL(wsUrl).hostname);
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  relay.listen(0, new URL(wsUrl).hostname);
  await once(relay, 'listening');
  after(() => relay.close());
  return relay.address().port;
}

test('moves to another server when the one it reads announces its stop', async () => {
  const { server, urls } = await startAnother();
  const target = { port: Number(new URL(urls.https).port) };
  const url = new URL(wsURL);
  url.port = String(await relayTo(target));
  const api = await connect(HMAC_KEY, { wsURL: url.href });
  await api.userDataStreamSubscribeSignature();
  const told = new Received();
  api.on('message', (text) => told.push(JSON.parse(text)));
  const cuts = [];
  api.on('close', (code) => cuts.push(code));
  const ended = once(server, 'exit');
  target.port = Number(new URL(wsUrl).port);
  server.kill('SIGTERM');
  const { event } = await told.first(({ event }) => event?.e === 'serverShutdown');
  assert.equal(typeof event.E, 'number');
  assert.deepEqual(await ended, [0, null]);
  assert.deepEqual(cuts, [], 'the connector left by itself');

  assert.deepEqual((await api.sessionSubscriptions()).data, [], 'its users subscribe again by themselves');
  const { stream } = await api.userDataStreamSubscribeSignature();
  const events = eventsOf(stream);
  await publish('spot', TRANSFER);
  assert.deepEqual(await events.atLeast(1), [TRANSFER]);
});
