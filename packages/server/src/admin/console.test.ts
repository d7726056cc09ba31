import { expect, test } from 'bun:test';
import { gunzipSync } from 'node:zlib';
import { Redacted } from '@listenpost/core';
import { makeTestAdmin } from '../testing/test-admin.ts';

/** What the page's script may weigh on its way, in bytes. */
const SCRIPT_GZIPPED_BYTES_MAX = 150_000;

const scriptOf = (html: string) => /<script[^>]+src="\/([^"]+\.js)"/.exec(html)?.[1] ?? '';

test('the page and its files are served without a token and without anything inline', async () => {
  const admin = makeTestAdmin({ deps: { tokens: [{ token: new Redacted('t'), role: 'admin' }] } });
  const page = await admin.call('GET', '/');
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html;charset=utf-8']);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toContain('unsafe');
  expect(page.text).not.toMatch(/<script(?![^>]*src=)|<style| on\w+=|https?:/);
  const named = [...page.text.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(named.length).toBeGreaterThanOrEqual(3);
  for (const name of named) {
    const { status, headers } = await admin.call('GET', `/${name}`);
    expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
  }
});

test('its script fits its bound, compressed', async () => {
  const admin = makeTestAdmin();
  const name = scriptOf((await admin.call('GET', '/')).text);
  const request = (encoding: string) =>
    new Request(`http://127.0.0.1:9011/${name}`, { headers: { host: '127.0.0.1', 'accept-encoding': encoding } });
  const gzipped = await admin.api.answer(request('br, gzip'));
  expect(gzipped.headers.get('content-encoding')).toBe('gzip');
  const bytes = await gzipped.bytes();
  expect(bytes.length).toBeLessThan(SCRIPT_GZIPPED_BYTES_MAX);
  const plain = await admin.api.answer(request('identity'));
  expect(gunzipSync(bytes).equals(await plain.bytes())).toBe(true);
});

test('/console leads to it, and a file that it does not have is not found', async () => {
  const admin = makeTestAdmin();
  const { status, headers } = await admin.call('GET', '/console');
  expect([status, headers.get('location')]).toEqual([302, '/']);
  expect((await admin.call('GET', '/main.tsx')).status).toBe(404);
  expect((await admin.call('POST', '/metrics')).headers.get('allow')).toBe('GET');
});
