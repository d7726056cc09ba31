/** The console in a page of a real browser, watched: whatever it should not do fails the test that did it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The default is half a minute, which tells of a fault later than anybody waits. */
const WAIT_MS = 10_000;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Opens `url` at a view. `page` is the browser's; `close` asserts that nothing was logged as an error, nothing was asked of another
 * host, and nothing moved that the reader had not touched. `expectErrors`: what the test provokes, as patterns of console texts.
 */
export async function openConsole(browser, url, { view = '', expectErrors = [], ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 820 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error.stack)));
  page.on('console', (message) => {
    const text = `${message.text()} ${message.location().url}`;
    const expected = expectErrors.some((pattern) => pattern.test(text));
    if (message.type() === 'error' && !expected) faults.push(text);
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(url).origin && protocol !== 'data:' && protocol !== 'blob:') faults.push(request.url());
  });
  await page.addInitScript(() => {
    globalThis.moved = [];
    const observer = new PerformanceObserver((list) => {
      for (const { hadRecentInput, value, sources } of list.getEntries()) {
        const what = sources.map(({ node }) => node?.parentElement?.outerHTML.slice(0, 200) ?? String(node));
        if (!hadRecentInput) globalThis.moved.push({ value, what });
      }
    });
    observer.observe({ type: 'layout-shift', buffered: true });
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      globalThis.moved.push({ policy: violatedDirective, blockedURI });
    });
  });
  await page.goto(`${url}/#/${view}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return {
    page,
    faults,
    async close() {
      const moved = await page.evaluate(() => globalThis.moved);
      await context.close();
      assert.deepEqual(moved, []);
      assert.deepEqual(faults, []);
    },
  };
}

/** By name, as somebody would who reads the page. */
export const goTo = async (page, title) => {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: title }).click();
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
};

/** Resolves with the first value that is right; what it last was stands in the failure. */
export async function until(look, isRight, withinMs = WAIT_MS) {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await look();
    if (isRight(value)) return value;
    if (Date.now() > deadline) assert.fail(`still ${JSON.stringify(value)} after ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What axe finds wrong with the page as it is: names, roles, contrast, focus. Through the debugger, past the page's policy. */
export async function accessibilityFaults(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html.slice(0, 200)} ${any[0]?.message ?? ''}`),
  );
}
