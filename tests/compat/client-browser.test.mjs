/**
 * The SDK's package in a page of a real browser: streams by listenTokens and listenKeys that the page's own server asks for, and a
 * stream that goes on where an earlier one stopped.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { outputOf } from '../../scripts/packing.mjs';
import { bunBinary } from '../../scripts/toolchain.mjs';
import { launchChromium } from './chromium.mjs';
import { installedProject } from './client-user/project.mjs';
import { HMAC_KEY } from './demo-account.mjs';
import { journal, plainUrl, trigger } from './dev-server.mjs';

// All that is waited for stands before the first test: the runner ends when the tests that it knows have.
const { browser, missing } = await launchChromium();
const { project } = await installedProject();
const bundle = outputOf(bunBinary(), ['build', '--target=browser', '--minify', 'page.mjs'], project);

/** The page's own server, which holds the API key. */
const server = createServer((request, response) => {
  answerTo(request).then(
    ({ type, text }) => response.writeHead(200, { 'content-type': type }).end(text),
    (error) => response.writeHead(500).end(error.message),
  );
});

async function answerTo({ method, url }) {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const { type = 'text/plain', text } = await RESPONSES[`${method} ${pathname}`](searchParams);
  return { type, text };
}

const RESPONSES = {
  'GET /': () => ({
    type: 'text/html',
    text: '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
  }),
  'GET /page.js': () => ({ type: 'text/javascript', text: bundle }),
  'POST /listen-token': async (query) => {
    const { token } = await askVenue('/sapi/v1/userListenToken', { validity: query.get('validityMs') });
    return { text: token };
  },
  'POST /listen-key': async () => ({ text: (await askVenue('/fapi/v1/listenKey')).listenKey }),
};

async function askVenue(path, query = {}) {
  const headers = { 'X-MBX-APIKEY': HMAC_KEY.apiKey };
  const response = await fetch(`${plainUrl}${path}?${new URLSearchParams(query)}`, { method: 'POST', headers });
  assert.equal(response.status, 200);
  return response.json();
}

await once(server.listen(0, '127.0.0.1'), 'listening');
after(async () => {
  server.close();
  server.closeAllConnections();
  await browser?.close();
});

test('the bundle for browsers imports nothing, and no module of Node was put in another’s place', async (t) => {
  const { rollup } = await import('rollup');
  const input = join(project, 'node_modules', '@listenpost', 'client', 'browser.js');
  const joined = await rollup({ input, onwarn: ({ message }) => assert.fail(message) });
  const { output } = await joined.generate({ format: 'es', inlineDynamicImports: true });
  assert.deepEqual(
    output.map(({ imports }) => imports),
    [[]],
  );
  assert.doesNotMatch(bundle, /\b(?:import|require)\s*\(|\bfrom\s*["']|Buffer/);
  t.diagnostic(`bytes of the page's bundle, minified: ${bundle.length}`);
});

for (const product of ['margin', 'usdm']) {
  test(`a page reads ${product} without an API key, and goes on where it stopped`, async (t) => {
    if (browser === undefined) return t.skip(missing);
    const page = await browser.newPage();
    const faults = [];
    page.on('pageerror', (error) => faults.push(error));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    let listens;
    const listening = new Promise((resolve) => {
      listens = resolve;
    });
    await page.exposeFunction('listening', () => listens());
    const read = (from) =>
      page.evaluate((options) => globalThis.readUntilFilled(options), { url: plainUrl, product, from });

    const first = read();
    await listening;
    await trigger('order.filled', product);
    const { read: before, cursor } = await first;
    await trigger('order.filled', product);
    const { read: behind } = await read(cursor);

    const events = await journal(product);
    const all = [...before, ...behind];
    assert.deepEqual(
      all.map(({ name, position }) => ({ name, position })),
      events.slice(0, all.length).map(({ position, event }) => ({ name: event.e, position })),
    );
    assert.deepEqual(
      [before, behind].map((part) => part.at(-1).status),
      ['FILLED', 'FILLED'],
    );
    assert.equal(all.filter(({ status }) => status === 'NEW').length, 2);
    assert.deepEqual(faults, []);
    await page.close();
  });
}
