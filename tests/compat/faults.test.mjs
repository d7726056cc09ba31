/**
 * What Binance's own connectors do under each fault of the emulator, as observed: for authors who build on them, and as the
 * reason why the SDK does more. Each fault is aimed at the one connection of its test.
 */
import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures';
import { Spot } from '@binance/spot';
import { ED25519_KEY, HMAC_KEY } from './demo-account.mjs';
import { openSessions, passed, publish, removeFaults, restUrl, setFault, wsUrl } from './dev-server.mjs';
import { leave } from './leave.mjs';
import { Received } from './received.mjs';

afterEach(removeFaults);

const futures = new DerivativesTradingUsdsFutures({
  configurationRestAPI: { ...HMAC_KEY, basePath: restUrl, backoff: 10, timeout: 5000 },
  configurationWebsocketStreams: { wsURL: wsUrl, reconnectDelay: 50 },
});

const published = (mark) =>
  publish('usdm', {
    e: 'ACCOUNT_CONFIG_UPDATE',
    E: 1790000001005 + mark,
    T: 1790000001002 + mark,
    ac: { s: 'BTCUSDT', l: mark },
  });

/** A stream of the connector that reads: the marks that its callback is given, its own words, and its connection's id. */
async function reading() {
  const before = new Set((await openSessions()).map(({ id }) => id));
  const { listenKey } = await (await futures.restAPI.startUserDataStream()).data();
  const streams = await futures.websocketStreams.connect();
  after(() => leave(streams));
  const answers = new Received();
  const marks = new Received();
  const words = new Received();
  streams.on('message', (text) => answers.push(JSON.parse(text)));
  for (const word of ['open', 'close', 'error'])
    streams.on(word, (code) => words.push(code === undefined ? word : `${word} ${code}`));
  streams.userData(listenKey).on('message', (event) => marks.push(event.ac?.l ?? event.e));
  await answers.first((message) => message.result === null);
  // The connector opens one connection for each kind of stream.
  const session = (await openSessions()).find(({ id, subscriptions }) => !before.has(id) && subscriptions.length > 0);
  return { connection: session.id, marks, words, listenKey };
}

/** Until somebody else than `connection` reads the demo account's stream. */
async function readAgain(connection) {
  for (;;) {
    const sessions = await openSessions();
    if (
      sessions.some(
        ({ id, subscriptions }) =>
          Number(id.slice(1)) > Number(connection.slice(1)) && subscriptions.includes('demo/usdm'),
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("the USDⓈ-M connector's stream", () => {
  test('zombie: is not noticed, and what was withheld is lost without a word', async () => {
    const { connection, marks, words } = await reading();
    await setFault('zombie', { connection });
    await published(1);
    await removeFaults();
    await published(2);
    assert.deepEqual(await marks.atLeast(1), [2]);
    assert.deepEqual(words.soFar, []);
  });

  test('cut: it connects and subscribes again; what came meanwhile is lost without a word', async () => {
    const { connection, marks, words } = await reading();
    await setFault('cut', { connection });
    await published(1);
    await readAgain(connection);
    await published(2);
    assert.deepEqual(await marks.atLeast(1), [2]);
    assert.equal(words.soFar[0], 'close 1006');
  });

  test('half-open: is not noticed: it sends no pings, and takes what waited when the network is back', async () => {
    const { connection, marks, words } = await reading();
    await setFault('half-open', { connection });
    await published(1);
    await removeFaults();
    await published(2);
    assert.deepEqual(await marks.atLeast(2), [1, 2]);
    assert.deepEqual(words.soFar, []);
    const pings = await passed(`?kind=ping&connection=${connection}`);
    assert.deepEqual(
      pings.filter(({ from }) => from === 'client'),
      [],
    );
  });

  test('delay: events come late and in order', async () => {
    const { connection, marks } = await reading();
    await setFault('delay', { connection, by: '200ms', times: 1 });
    for (const mark of [1, 2]) await published(mark);
    assert.deepEqual(await marks.atLeast(2), [1, 2]);
  });

  test('duplicate: its callback is given the event twice', async () => {
    const { connection, marks } = await reading();
    await setFault('duplicate', { connection, times: 1 });
    for (const mark of [1, 2]) await published(mark);
    assert.deepEqual(await marks.atLeast(3), [1, 1, 2]);
  });

  test('swap: its callback is given the later event first', async () => {
    const { connection, marks } = await reading();
    await setFault('swap', { connection, times: 1 });
    for (const mark of [1, 2, 3]) await published(mark);
    assert.deepEqual(await marks.atLeast(3), [2, 1, 3]);
  });

  test('expire-now: it hands out listenKeyExpired, and goes on listening to the dead key', async () => {
    const { connection, marks, words, listenKey } = await reading();
    await setFault('expire-now', { account: 'demo', product: 'usdm' });
    assert.deepEqual(await marks.atLeast(1), ['listenKeyExpired']);
    const fresh = await reading();
    assert.notEqual(fresh.listenKey, listenKey);
    await published(1);
    assert.deepEqual(await fresh.marks.atLeast(1), [1]);
    assert.deepEqual([marks.soFar, words.soFar], [['listenKeyExpired'], []]);
    assert.ok((await openSessions()).some(({ id, subscriptions }) => id === connection && subscriptions.length === 0));
  });

  test('shutdown: USDⓈ-M announces none; it comes back after the close', async () => {
    const { connection, marks, words } = await reading();
    await setFault('shutdown', { connection, grace: '100ms' });
    await published(1);
    await readAgain(connection);
    await published(2);
    assert.deepEqual(await marks.atLeast(2), [1, 2]);
    assert.equal(words.soFar[0], 'close 1001');
  });
});

describe("the USDⓈ-M connector's REST", () => {
  const keepalive = () => futures.restAPI.keepaliveUserDataStream();
  const puts = async () => (await passed('?kind=request&method=PUT')).length;

  for (const [status, name] of [
    [429, 'TooManyRequestsError'],
    [418, 'RateLimitBanError'],
    [500, 'ServerError'],
    [502, 'ServerError'],
    [503, 'ServerError'],
    [504, 'ServerError'],
  ]) {
    test(`http ${status}: a keepalive rejects with ${name}, and is not tried again`, async () => {
      const before = await puts();
      await setFault('http', { status, times: 1 });
      await assert.rejects(keepalive(), { name });
      assert.equal(await puts(), before + 1);
    });
  }

  test('http 503: what only reads is tried again', async () => {
    await setFault('http', { status: 503, times: 2 });
    assert.equal(typeof (await (await futures.restAPI.checkServerTime()).data()).serverTime, 'number');
  });

  test('drop-keepalive: rejects with NetworkError, whether the request was lost or its answer, and is not tried again', async () => {
    await futures.restAPI.startUserDataStream();
    for (const loses of ['request', 'answer']) {
      const before = await puts();
      await setFault('drop-keepalive', { loses });
      await assert.rejects(keepalive(), { name: 'NetworkError' });
      assert.equal(await puts(), before + 1);
      await removeFaults();
    }
  });
});

describe("Spot's connector", () => {
  async function connected(key = ED25519_KEY) {
    const { websocketAPI } = new Spot({
      configurationWebsocketAPI: { ...key, wsURL: `${wsUrl}/ws-api/v3`, reconnectDelay: 50 },
    });
    const api = await websocketAPI.connect();
    after(() => leave(api));
    return api;
  }

  test('clock-skew: is told -1021 each time, and does not ask for the time by itself', async () => {
    await setFault('clock-skew', { by: '-40s', account: 'demo' });
    const api = await connected();
    for (let time = 0; time < 2; time++) await assert.rejects(api.sessionLogon(), { code: -1021 });
  });

  test('http 429 on the WebSocket API: rejects with what the server said', async () => {
    const api = await connected(HMAC_KEY);
    await setFault('http', { status: 429, path: '/ws-api/v3', method: 'time' });
    await assert.rejects(api.time(), { code: -1003 });
  });

  test('shutdown: it moves to another connection when the stop is announced, and subscribes to nothing', async () => {
    const before = new Set((await openSessions()).map(({ id }) => id));
    const api = await connected(HMAC_KEY);
    await api.userDataStreamSubscribeSignature();
    const { id } = (await openSessions()).find((session) => !before.has(session.id));
    const told = new Received();
    api.on('message', (text) => told.push(JSON.parse(text)));
    await setFault('shutdown', { connection: id, grace: '2s' });
    await told.first(({ event }) => event?.e === 'serverShutdown');
    while ((await openSessions()).some((session) => session.id === id))
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual((await api.sessionSubscriptions()).data, []);
  });
});
