/**
 * Every view of the console with something in it, in either light: read as those read it who do not see it, and, by
 * `npm run screenshots`, taken for the documents.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { launchChromium } from './chromium.mjs';
import { accessibilityFaults, openConsole, until } from './console-page.mjs';
import { HMAC_KEY } from './demo-account.mjs';
import { adminUrl, advanceClock, callAdmin, plainUrl, trigger } from './dev-server.mjs';

const { browser, missing } = await launchChromium();
const taken = process.env.LISTENPOST_SCREENSHOTS === '1';
const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
/** So that the charts of the pictures have something to show. */
const TRAFFIC_MS = taken ? 60_000 : 0;

const sockets = [];
after(async () => {
  for (const socket of sockets) socket.terminate();
  await browser?.close();
});

const DEMO2_KEY = 'demo2HmacKey0'.repeat(5).slice(0, 64);

async function post(path, apiKey = HMAC_KEY.apiKey) {
  const response = await fetch(plainUrl + path, { method: 'POST', headers: { 'X-MBX-APIKEY': apiKey } });
  return response.json();
}

async function connected(path, ...frames) {
  const socket = new WebSocket(plainUrl.replace('http', 'ws') + path);
  sockets.push(socket);
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  for (const frame of frames) socket.send(JSON.stringify(frame));
}

/** Two accounts whose clients listen, one of whose keys is about to run out. */
async function settle() {
  const keys = {};
  for (const path of ['fapi', 'dapi', 'eapi', 'papi']) {
    keys[path] = (await post(`/${path}/v1/listenKey`)).listenKey;
  }
  const other = (await post('/fapi/v1/listenKey', DEMO2_KEY)).listenKey;
  await connected(`/private/ws/${keys.fapi}`);
  await connected(`/private/ws/${other}`);
  await connected(`/stream?streams=${keys.dapi}`);
  await connected(`/pm/ws/${keys.papi}`);
  await advanceClock('56m');
  for (const path of ['fapi', 'dapi']) await post(`/${path}/v1/listenKey`);
  await post('/fapi/v1/listenKey', DEMO2_KEY);
  const { token } = await post('/sapi/v1/userListenToken');
  const params = { listenToken: token };
  await connected('/ws-api/v3', { id: 1, method: 'userDataStream.subscribe.listenToken', params });
  await callAdmin('/faults', { fault: 'delay', by: '2s', account: 'demo2' });
}

/** Bots at work, until nobody looks any more. */
async function traffic(looking) {
  const scenarios = [
    ['order.filled', 'usdm', {}],
    ['order.partially-filled', 'coinm', { fills: 3 }],
    ['order.canceled', 'usdm', { symbol: 'ETHUSDT' }],
    ['order.filled', 'spot', {}],
    ['transfer', 'usdm', {}],
    ['order.new', 'pm', {}],
    ['leverage-change', 'usdm', {}],
    ['order.filled', 'usdm', { account: 'demo2', side: 'SELL' }],
  ];
  for (let round = 0; round < scenarios.length || !looking.aborted; round++) {
    const [scenario, scope, parameters] = scenarios[round % scenarios.length];
    await trigger(scenario, scope, parameters);
    await new Promise((resolve) => setTimeout(resolve, 40 + 300 * Math.sin(round / 20) ** 2));
  }
}

const VIEWS = [
  { name: 'grants', region: 'listenKeys', holds: 'demo/usdm' },
  { name: 'sessions', region: 'Connections', holds: 'demo/margin' },
  { name: 'tail', region: 'Live tail', holds: 'ACCOUNT_UPDATE', choose: /ACCOUNT_UPDATE/, live: true },
  { name: 'rates', holds: '/s' },
  { name: 'replay', at: 'replay?account=demo&scope=usdm', region: 'Journal', holds: 'TRADE_LITE', choose: /FILLED/ },
  { name: 'emulator', at: 'emulator?scenario=order.filled', region: 'Scenarios', holds: 'TRADE_LITE', trigger: true },
];

test('every view can be read without sight and in either light', async (t) => {
  if (browser === undefined) return t.skip(missing);
  await settle();
  const looking = new AbortController();
  if (!taken) looking.abort();
  const working = traffic(looking.signal);
  await new Promise((resolve) => setTimeout(resolve, TRAFFIC_MS));
  for (const colorScheme of ['light', 'dark']) {
    for (const view of VIEWS) await look(view, colorScheme);
  }
  looking.abort();
  await working;
});

async function look({ name, at = name, region, holds, choose, live, trigger: triggers }, colorScheme) {
  const options = { view: at, colorScheme, viewport: { width: 1440, height: 810 } };
  const { page, close } = await openConsole(browser, adminUrl, options);
  if (live) {
    await page.getByText('live', { exact: true }).waitFor();
    for (const scenario of ['order.filled', 'margin-call', 'leverage-change', 'order.partially-filled', 'transfer']) {
      await trigger(scenario, 'usdm', scenario === 'order.partially-filled' ? { fills: 2 } : {});
    }
  }
  const place = region === undefined ? page.locator('main') : page.getByRole('region', { name: region, exact: true });
  await until(
    () => place.textContent(),
    (text) => text.includes(holds),
  );
  if (choose !== undefined) await page.getByRole('option').filter({ hasText: choose }).first().click();
  if (triggers) {
    await page.getByRole('button', { name: 'Trigger', exact: true }).click();
    await page.getByRole('region', { name: 'Triggered' }).getByRole('listitem').first().waitFor();
    await page.mouse.move(640, 20);
  }
  assert.equal(await page.locator('html').getAttribute('data-theme'), colorScheme);
  assert.deepEqual([name, await accessibilityFaults(page)], [name, []]);
  if (taken) writeFileSync(`${DOCS}images/console-${name}-${colorScheme}.webp`, await picture(page));
  await close();
}

/** As small as it can be without loss that one sees. */
async function picture(page) {
  const png = (await page.screenshot()).toString('base64');
  const blank = await page.context().newPage();
  const webp = await blank.evaluate(async (data) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext('2d').drawImage(bitmap, 0, 0);
    const bytes = new Uint8Array(
      await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.75 })).arrayBuffer(),
    );
    return btoa(String.fromCharCode(...bytes));
  }, png);
  await blank.close();
  return Buffer.from(webp, 'base64');
}

test('the documents show pictures that are there', () => {
  const shown = ['console.md', '../README.md'].flatMap((path) => {
    const text = readFileSync(DOCS + path, 'utf8');
    return [...text.matchAll(/images\/(console-[\w-]+\.webp)/g)].map((match) => match[1]);
  });
  assert.ok(shown.length >= 12);
  assert.deepEqual(
    shown.filter((name) => !existsSync(`${DOCS}images/${name}`)),
    [],
  );
});
