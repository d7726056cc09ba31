/**
 * The web console, used as a person would, in a real browser, on the server as it is started: by mouse and by keyboard, light and
 * dark, with hostile payloads, and on a service that asks for a token.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import WebSocket from 'ws';
import { launchChromium } from './chromium.mjs';
import { goTo, openConsole, until } from './console-page.mjs';
import { HMAC_KEY } from './demo-account.mjs';
import { adminUrl, advanceClock, callAdmin, plainUrl, startAnother, trigger } from './dev-server.mjs';

const { browser, missing } = await launchChromium();
const folder = mkdtempSync(join(tmpdir(), 'listenpost-console-'));
const sockets = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await callAdmin('/faults', undefined, 'DELETE');
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A test in the browser, or why it is not run. */
function inBrowser(name, run) {
  test(name, async (t) => {
    if (browser === undefined) return t.skip(missing);
    await run(t);
  });
}

async function post(path, url = plainUrl) {
  const response = await fetch(url + path, { method: 'POST', headers: { 'X-MBX-APIKEY': HMAC_KEY.apiKey } });
  assert.equal(response.status, 200);
  return response.json();
}

/** A socket that is open; it is dropped after the test. */
async function connected(path) {
  const socket = new WebSocket(plainUrl.replace('http', 'ws') + path);
  sockets.push(socket);
  const frames = [];
  socket.on('message', (data) => frames.push(JSON.parse(String(data))));
  const closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: `${reason}` })));
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  return { socket, frames, closed };
}

async function subscribedByToken() {
  const { token } = await post('/sapi/v1/userListenToken');
  const peer = await connected('/ws-api/v3');
  const params = { listenToken: token };
  peer.socket.send(JSON.stringify({ id: 1, method: 'userDataStream.subscribe.listenToken', params }));
  await until(
    () => peer.frames.length,
    (count) => count > 0,
  );
  return peer;
}

const rowOf = (page, region, text) =>
  page.getByRole('region', { name: region, exact: true }).getByRole('row').filter({ hasText: text });
/** By keyboard: what a script sets in a field counts as nobody's input, and may move nothing. */
async function chosen(page, select, value) {
  await select.focus();
  await page.keyboard.type(value);
  assert.equal(await select.inputValue(), value);
}

const fieldOf = (page, name) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });

inBrowser('a deadline counts down on the server’s own clock, and a key that expired stays in sight', async () => {
  await post('/fapi/v1/listenKey');
  const { page, close } = await openConsole(browser, adminUrl, { view: 'grants' });
  const row = rowOf(page, 'listenKeys', 'demo/usdm').last();
  await until(
    () => row.textContent(),
    (text) => /5\d:\d\d/.test(text),
  );
  await advanceClock('55m');
  await until(
    () => row.textContent(),
    (text) => /0[45]:\d\d/.test(text),
  );
  await advanceClock('6m');
  await until(
    () => row.textContent(),
    (text) => text.includes('expired') && text.includes('ended'),
  );
  assert.equal(await row.getByRole('button').count(), 0);
  await page.getByRole('button', { name: 'Clear 1 ended' }).click();
  await row.waitFor({ state: 'detached' });
  await close();
});

inBrowser('a listenKey is ended by keyboard alone, after a question that names it', async () => {
  await post('/dapi/v1/listenKey');
  const [key] = (await callAdmin('/keys?account=demo')).keys.filter(({ scope }) => scope === 'coinm');
  const { page, close } = await openConsole(browser, adminUrl, { view: 'grants' });
  const end = page.getByRole('button', { name: `End ${key.id}`, exact: true });
  await end.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: `End the listenKey ${key.id}?` });
  await dialog.waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  assert.equal(
    (await callAdmin('/keys?account=demo')).keys.some(({ id }) => id === key.id),
    true,
  );
  await until(() => end.evaluate((button) => button === document.activeElement), Boolean);
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'End the key' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText(`The listenKey ${key.id} has ended.`).waitFor();
  assert.equal(
    (await callAdmin('/keys?account=demo')).keys.some(({ id }) => id === key.id),
    false,
  );
  await close();
});

inBrowser('a token is listed by what it reads, and ending it leaves the connection', async () => {
  const peer = await subscribedByToken();
  const { page, close } = await openConsole(browser, adminUrl, { view: 'grants' });
  const row = rowOf(page, 'Tokens, logons and signatures', 'demo/margin').last();
  await until(
    () => row.textContent(),
    (text) => /^token.*23:5\d:\d\d/.test(text),
  );
  await row.getByRole('button', { name: /^End/ }).click();
  await page.getByRole('button', { name: 'End the subscription' }).click();
  await until(
    () => peer.frames.at(-1)?.event?.e,
    (type) => type === 'eventStreamTerminated',
  );
  assert.equal(peer.socket.readyState, WebSocket.OPEN);
  await close();
});

inBrowser('a session is found by what it reads, and ended', async () => {
  const { listenKey } = await post('/fapi/v1/listenKey');
  const reader = await connected(`/private/ws/${listenKey}`);
  const other = await connected('/ws-fapi/v1');
  const { page, close } = await openConsole(browser, adminUrl, { view: 'sessions' });
  await rowOf(page, 'Connections', 'WebSocket API').first().waitFor();
  await page.getByRole('searchbox').fill('demo/usdm');
  const rows = rowOf(page, 'Connections', '127.0.0.1');
  await until(
    () => rows.count(),
    (count) => count === 1,
  );
  assert.match(await rows.textContent(), /stream usdm.*demo.*demo\/usdm listenKey/);
  assert.match(page.url(), /#\/sessions\?text=demo%2Fusdm$/);
  await rows.getByRole('button', { name: /^End/ }).click();
  await page.getByRole('button', { name: 'End the connection' }).click();
  assert.equal((await reader.closed).code, 1008);
  assert.equal(other.socket.readyState, WebSocket.OPEN);
  await close();
});

inBrowser('the live tail shows, filters, pauses by keyboard, and says what each field means', async () => {
  const { page, close } = await openConsole(browser, adminUrl, { view: 'tail' });
  await page.getByText('live', { exact: true }).waitFor();
  await trigger('order.filled', 'usdm', { symbol: 'ETHUSDT' });
  const list = page.getByRole('listbox', { name: 'Events, newest first' });
  const shown = () => list.getByRole('option').allTextContents();
  await until(shown, ({ length }) => length === 4);
  assert.match((await shown())[0], /demo\/usdmORDER_TRADE_UPDATEBUY .* ETHUSDT @ .* TRADE → FILLED/);

  await list.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const detail = page.getByRole('region', { name: 'Event', exact: true });
  await detail.getByRole('heading', { name: 'ACCOUNT_UPDATE' }).waitFor();
  assert.match(await fieldOf(page, 'wb').first().textContent(), /^wb[\d.]+wallet balance/);
  await page.keyboard.press('Space');
  await page.getByText('paused', { exact: true }).waitFor();
  await trigger('order.new', 'usdm');
  await page.getByText('1 new since').waitFor();
  assert.equal((await shown()).length, 4);
  await page.keyboard.press('Space');
  await until(shown, ({ length }) => length === 5);
  assert.equal(await list.getByRole('option', { selected: true }).getAttribute('aria-posinset'), '3');

  await page.getByLabel('Event type').fill('TRADE_LITE');
  await until(
    () => page.url(),
    (url) => url.endsWith('#/tail?type=TRADE_LITE'),
  );
  await until(shown, ({ length }) => length === 0);
  await page.getByText('live', { exact: true }).waitFor();
  await trigger('order.filled', 'usdm', { symbol: 'BTCUSDT' });
  await until(shown, ({ length }) => length === 1);
  assert.match((await shown())[0], /TRADE_LITE.*BTCUSDT/);
  await close();
});

inBrowser('ten thousand events go by, and a thousand stay', async () => {
  const { page, close } = await openConsole(browser, adminUrl, { view: 'tail?account=demo2' });
  await page.getByText('live', { exact: true }).waitFor();
  const event = (l) => ({ e: 'ACCOUNT_CONFIG_UPDATE', E: 1, T: 1, ac: { s: 'BTCUSDT', l } });
  const lines = Array.from({ length: 10_000 }, (_, at) =>
    JSON.stringify({ account: 'demo2', scope: 'usdm', event: event(at + 1) }),
  );
  const body = lines.join('\n');
  const headers = { 'Content-Type': 'application/x-ndjson' };
  assert.equal((await fetch(`${adminUrl}/admin/v1/events`, { method: 'POST', headers, body })).status, 200);
  await page.getByText('10000 events, the latest 1000 kept').waitFor();
  const newest = page.getByRole('option').first();
  assert.match(await newest.textContent(), /ac\.l 10000$/);
  assert.equal(await newest.getAttribute('aria-setsize'), '1000');
  assert.ok((await page.getByRole('option').count()) < 60, 'only what is in sight is drawn');
  await close();
});

inBrowser(
  'hostile payloads are text, ids keep their digits, and secrets are not shown until somebody asks',
  async () => {
    const { page, close } = await openConsole(browser, adminUrl, { view: 'tail?account=demo&scope=usdm' });
    await page.getByText('live', { exact: true }).waitFor();
    const { events } = await callAdmin('/streams/demo/usdm/events?limit=1000');
    const order = events.map(({ event }) => event).find(({ e }) => e === 'ORDER_TRADE_UPDATE');
    const markup = '<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>';
    const listenKey = 'kEy0'.repeat(16);
    const hostile = JSON.stringify({
      ...order,
      o: { ...order.o, c: markup, s: '"><svg onload=globalThis.hacked=1>' },
      [markup]: { [markup]: markup },
      listenKey,
      note: { somewhere: `${listenKey}` },
      deep: 0,
    })
      .replace('"deep":0', `"deep":${'['.repeat(500)}${']'.repeat(500)},"__proto__":{"polluted":true}`)
      .replace(`"i":${order.o.i}`, '"i":9223372036854775807');
    const line = `{"account":"demo","scope":"usdm","event":${hostile}}`;
    const answer = await fetch(`${adminUrl}/admin/v1/events`, { method: 'POST', body: line });
    assert.equal(answer.status, 200, await answer.text());
    await page.getByRole('option').first().click();

    assert.match(await fieldOf(page, 'c').textContent(), /<img src=x onerror/);
    assert.match(await fieldOf(page, 'listenKey').textContent(), /^listenKey\[redacted\]/);
    assert.match(await fieldOf(page, 'somewhere').textContent(), /\[redacted\]/);
    const payload = page.getByRole('region', { name: 'Payload' });
    await page.getByRole('button', { name: 'JSON' }).click();
    const json = await payload.textContent();
    assert.match(json, /"i": 9223372036854775807/);
    assert.equal(json.includes(listenKey), false);
    assert.equal(await page.locator('main img, main script, main svg').count(), 0);
    await page.getByRole('button', { name: 'Reveal secrets' }).click();
    assert.equal((await payload.textContent()).includes(listenKey), true);
    await page.getByRole('button', { name: 'Hide secrets' }).click();
    assert.equal((await payload.textContent()).includes(listenKey), false);
    assert.equal(await page.evaluate(() => globalThis.hacked ?? {}.polluted), undefined);
    await close();
  },
);

inBrowser('rates are drawn and told, for the moment that is pointed at', async () => {
  const { page, close } = await openConsole(browser, adminUrl, { view: 'rates' });
  const events = page.getByRole('figure', { name: /^Events:/ });
  await until(
    async () => {
      await trigger('order.filled', 'usdm');
      return events.getAttribute('aria-label');
    },
    (label) => /^Events: durable [1-9][\d.]*\/s$/.test(label),
  );
  const commit = page.getByRole('figure', { name: /^Commit latency: median/ });
  await until(
    () => commit.getAttribute('aria-label'),
    (label) => /median [\d.]+ ms, 99th percentile [\d.]+ ms/.test(label),
  );
  assert.equal(await page.getByRole('figure').count(), 6);
  const drawn = await events.locator('canvas').evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Set(data.filter((_, index) => index % 4 === 3)).size;
  });
  assert.ok(drawn > 2, 'the plot has lines');
  await events.focus();
  await page.keyboard.press('ArrowLeft');
  await until(
    () => events.locator('.chart-time').textContent(),
    (text) => /^\d\d:\d\d:\d\d$/.test(text),
  );
  await close();
});

inBrowser('a scenario is triggered with its parameters, and what is wrong with them is told', async () => {
  const { page, close } = await openConsole(browser, adminUrl, {
    view: 'emulator',
    expectErrors: [/400 .*\/trigger\/order\.partially-filled/],
  });
  await page.getByLabel(/^Scenarios \(/).pressSequentially('partially');
  await page.getByRole('button', { name: /^order\.partially-filled/ }).click();
  await chosen(page, page.getByRole('combobox', { name: 'product' }), 'coinm');
  await page.getByLabel('fills', { exact: true }).fill('many');
  await page.getByRole('button', { name: 'Trigger', exact: true }).click();
  await page.getByRole('alert').getByText('fills: must be a whole number from 1 to 100, such as 3').waitFor();
  await page.getByLabel('fills', { exact: true }).fill('2');
  await page.keyboard.press('Enter');
  const runs = page.getByRole('region', { name: 'Triggered' }).getByRole('listitem');
  await until(
    () => runs.allTextContents(),
    ([text]) => /order\.partially-filled.*demo\/coinm5 events$/.test(text ?? ''),
  );
  await runs.getByRole('link', { name: 'demo/coinm' }).click();
  assert.match(page.url(), /#\/tail\?account=demo&scope=coinm$/);
  assert.equal((await callAdmin('/streams/demo/coinm/events')).events.at(-1).event.o.x, 'TRADE');
  await close();
});

inBrowser('time is frozen, moved and let go', async () => {
  const { page, close } = await openConsole(browser, adminUrl, {
    view: 'emulator',
    expectErrors: [/400 .*\/clock/],
  });
  const clock = page.getByRole('region', { name: 'Clock' });
  await clock.getByRole('button', { name: 'Freeze' }).click();
  await clock.getByText('frozen').waitFor();
  const { now } = await callAdmin('/clock');
  await clock.getByRole('button', { name: '+61 min' }).click();
  await page.getByText('The clock went forward by 61m.').waitFor();
  assert.equal((await callAdmin('/clock')).now, now + 61 * 60_000);
  const iso = new Date(now + 61 * 60_000).toISOString().replace('T', ' ').slice(0, 19);
  await until(
    () => page.locator('.clock-time').textContent(),
    (text) => text === iso,
  );
  await clock.getByLabel('Advance by').fill('soon');
  await page.keyboard.press('Enter');
  await page.getByText(/expected milliseconds, or a duration/).waitFor();
  await page.getByRole('button', { name: 'Close the notice' }).last().click();
  await clock.getByLabel('Set to').fill(new Date(now + 62 * 60_000).toISOString());
  await page.keyboard.press('Enter');
  await until(
    async () => (await callAdmin('/clock')).now,
    (moved) => moved === now + 62 * 60_000,
  );
  await clock.getByRole('button', { name: 'Resume' }).click();
  await until(
    async () => (await callAdmin('/clock')).frozen,
    (frozen) => !frozen,
  );
  await clock.getByText('flowing').waitFor();
  await close();
});

inBrowser('a fault is set, acts, and is removed', async () => {
  const { page, close } = await openConsole(browser, adminUrl, { view: 'emulator' });
  const faults = page.getByRole('region', { name: 'Faults' });
  await chosen(page, faults.getByLabel('Fault', { exact: true }), 'http');
  await chosen(page, faults.getByLabel('status'), '503');
  await faults.getByLabel('path').fill('/eapi/v1/listenKey');
  await faults.getByRole('button', { name: 'Set the fault' }).click();
  const row = faults.getByRole('listitem');
  await until(
    () => row.allTextContents(),
    ([text]) => /^http.*status 503.*path \/eapi/.test(text ?? ''),
  );
  const headers = { 'X-MBX-APIKEY': HMAC_KEY.apiKey };
  assert.equal((await fetch(`${plainUrl}/eapi/v1/listenKey`, { method: 'POST', headers })).status, 503);
  await until(
    () => row.textContent(),
    (text) => text.includes('1×'),
  );
  await row.getByRole('button', { name: /^Remove http/ }).click();
  await row.waitFor({ state: 'detached' });
  assert.equal((await fetch(`${plainUrl}/eapi/v1/listenKey`, { method: 'POST', headers })).status, 200);
  await close();
});

inBrowser('the journal is read from a position, page by page and back', async () => {
  await trigger('order.filled', 'spot', { fills: 40 });
  const { events } = await callAdmin('/streams/demo/spot/events?limit=1000');
  const { page, close } = await openConsole(browser, adminUrl, { view: 'replay', expectErrors: [/400 .*\/streams\//] });
  await page.getByLabel('Account').fill('demo');
  await page.getByLabel('Scope').fill('spot');
  await page.keyboard.press('Enter');
  const first = page.getByRole('listbox').getByRole('option').first();
  const position = page.locator('.facts dd').nth(1);
  await until(
    () => position.textContent(),
    (text) => text === events[0].position,
  );
  await page.getByRole('button', { name: 'Next page' }).click();
  await until(
    () => position.textContent(),
    (text) => text === events[50].position,
  );
  assert.match(page.url(), /from=/);
  await page.getByRole('button', { name: 'Page before' }).click();
  await until(
    () => position.textContent(),
    (text) => text === events[0].position,
  );
  await page.getByLabel('From position').fill(events[7].position);
  await page.getByRole('button', { name: 'Read', exact: true }).click();
  await until(
    () => position.textContent(),
    (text) => text === events[7].position,
  );
  assert.match(await first.textContent(), new RegExp(events[7].event.e));
  await page.getByLabel('From position').fill('nowhere');
  await page.keyboard.press('Enter');
  await page.getByText(/"nowhere" is no position; expected <epoch>:<sequence>/).waitFor();
  await close();
});

inBrowser('the switch overrules the system’s light, and is remembered', async () => {
  const { page, close } = await openConsole(browser, adminUrl, { colorScheme: 'dark' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.getByRole('button', { name: 'light', exact: true }).click();
  await until(ground, (colour) => colour !== dark);
  await page.reload();
  assert.notEqual(await ground(), dark);
  await page.getByRole('button', { name: 'system', exact: true }).click();
  await until(ground, (colour) => colour === dark);
  await close();
});

inBrowser('all is reached by keyboard, in the order in which it is read', async () => {
  const { page, close } = await openConsole(browser, adminUrl, { view: 'tail' });
  await page.getByText('live', { exact: true }).waitFor();
  const reached = [];
  for (let presses = 0; presses < 18; presses++) {
    await page.keyboard.press('Tab');
    reached.push(
      await page.evaluate(
        () => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent,
      ),
    );
  }
  assert.deepEqual(reached.slice(0, 7), [
    'Skip to the view',
    ...['Accounts and grants', 'Sessions', 'Live tail', 'Rates and lag', 'Replay', 'Emulator'],
  ]);
  assert.ok(reached.includes('Events, newest first'), `not among ${reached.join(', ')}`);
  await page.keyboard.press('Home');
  await page.getByRole('button', { name: 'Skip to the view' }).focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'view');
  await close();
});

inBrowser('on a narrow screen nothing is cut off sideways', async () => {
  const { page, close } = await openConsole(browser, adminUrl, { viewport: { width: 390, height: 780 } });
  for (const title of ['Accounts and grants', 'Sessions', 'Live tail', 'Rates and lag', 'Replay', 'Emulator']) {
    await goTo(page, title);
    const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
    const main = await page.locator('main').evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
    assert.deepEqual([title, wide, main], [title, 390, 0]);
  }
  await close();
});

inBrowser('a service asks for its token, and shows neither buttons nor secrets that are the emulator’s', async () => {
  const config = join(folder, 'listenpost.json');
  const [admin, read] = ['a'.repeat(32), 'r'.repeat(32)];
  const tokens = [
    { token: admin, role: 'admin' },
    { token: read, role: 'read' },
  ];
  const apiKeys = [{ ...HMAC_KEY, type: 'HMAC', secret: HMAC_KEY.apiSecret }].map(({ apiSecret: _, ...key }) => key);
  writeFileSync(config, JSON.stringify({ accounts: [{ id: 'alice', apiKeys }], admin: { tokens } }));
  const ports = ['--port', '0', '--admin-port', '0', '--data', join(folder, 'data')];
  const { server, urls } = await startAnother(['serve', '--config', config, ...ports]);
  await post('/fapi/v1/listenKey', urls.http);
  const { page, close } = await openConsole(browser, urls.admin, { expectErrors: [/401/, /403/] });

  const dialog = page.getByRole('dialog', { name: 'Admin token' });
  await dialog.getByText('This server’s admin API asks for a token.').waitFor();
  await dialog.getByLabel('Token').fill('wrong');
  await page.keyboard.press('Enter');
  await dialog.getByText('That token is not known here.').waitFor();
  await dialog.getByLabel('Token').fill(read);
  await page.keyboard.press('Enter');
  const row = rowOf(page, 'listenKeys', 'alice/usdm');
  await row.waitFor();
  assert.equal(await dialog.isVisible(), false);
  assert.equal(await page.getByRole('link', { name: 'Emulator' }).count(), 0);
  await row.getByRole('button', { name: /^End/ }).click();
  await page.getByRole('button', { name: 'End the key' }).click();
  await page.getByText('this token has the role "read"; this call needs "admin"').waitFor();
  assert.equal(
    await page.evaluate(() => JSON.stringify(localStorage) + location.href).then((text) => text.includes(read)),
    false,
  );

  await page.getByRole('button', { name: 'Forget the token' }).click();
  await dialog.getByLabel('Token').fill(admin);
  await page.keyboard.press('Enter');
  await goTo(page, 'Live tail');
  await page.getByText('live', { exact: true }).waitFor();
  const secret = { e: 'ACCOUNT_CONFIG_UPDATE', E: 1, T: 1, ac: { s: 'BTCUSDT', l: 3 }, listenKey: 'kEy0'.repeat(16) };
  const headers = { Authorization: `Bearer ${admin}` };
  const body = JSON.stringify({ account: 'alice', scope: 'usdm', event: secret });
  assert.equal((await fetch(`${urls.admin}/admin/v1/events`, { method: 'POST', headers, body })).status, 200);
  await page.getByRole('option').first().click();
  await fieldOf(page, 'listenKey').getByText('[redacted]').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Reveal secrets' }).count(), 0);
  await close();
  server.kill('SIGTERM');
});

inBrowser('a server that goes away is missed in words, and taken up again when it is back', async () => {
  const { server, urls } = await startAnother();
  const port = new URL(urls.admin).port;
  const { page, close } = await openConsole(browser, urls.admin, { view: 'tail', expectErrors: [/net::ERR_/] });
  await page.getByText('live', { exact: true }).waitFor();
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
  await page.getByText('no answer').waitFor();
  await page
    .getByText(/does not answer; see whether listenpost runs there/)
    .first()
    .waitFor();
  await page.getByText('broken', { exact: true }).waitFor();
  const again = await startAnother(['dev', '--port', '0', '--tls-port', '0', '--admin-port', port]);
  await page.getByText('ready', { exact: true }).waitFor();
  await page.getByText('live', { exact: true }).waitFor({ timeout: 20_000 });
  await close();
  again.server.kill('SIGTERM');
});
