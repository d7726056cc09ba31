/**
 * The SDK's doors reach the emulator over TLS, on Node and on Bun: both trust the certificate authority that
 * NODE_EXTRA_CA_CERTS names, directly and through a proxy, and end by themselves.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bunBinary, ROOT } from '../../scripts/toolchain.mjs';
import { bundle } from './bundle.mjs';
import { restUrl, wsUrl } from './dev-server.mjs';

const REACH = 'packages/client/src/doors/testing/reach.ts';
const RUNTIMES = {
  node: [process.execPath, bundle(REACH)],
  bun: [bunBinary(), join(ROOT, REACH)],
};
const URLS = [`${restUrl}/fapi/v1/time`, `${wsUrl}/private/ws`];

/** A process that does not end by itself is a failure, and ends here. */
const ENDS_WITHIN_MS = 10_000;

async function reach([command, ...args], urls, environment = {}) {
  const child = spawn(command, [...args, ...urls], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  assert.deepEqual([code, signal], [0, null], `it did not end by itself; it said: ${output}`);
  return JSON.parse(output);
}

const proxied = [];
const proxy = createServer();
proxy.on('connect', ({ url }, socket) => {
  proxied.push(url);
  const [host, port] = url.split(':');
  const target = connect(Number(port), host, () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.pipe(target).pipe(socket);
  });
  for (const end of [socket, target]) end.on('error', () => end.destroy());
});

before(async () => {
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
});
after(() => {
  proxy.close();
  proxy.closeAllConnections();
});

for (const [name, command] of Object.entries(RUNTIMES)) {
  describe(name, () => {
    test('reaches what the named authority vouches for, and ends', async () => {
      assert.deepEqual(await reach(command, URLS), { answer: '200 {"serverTime":', socket: 'opened' });
    });

    test('does so through a proxy', async () => {
      proxied.length = 0;
      const through = `http://127.0.0.1:${proxy.address().port}`;
      assert.deepEqual(await reach(command, [...URLS, through]), { answer: '200 {"serverTime":', socket: 'opened' });
      assert.deepEqual(new Set(proxied), new Set([new URL(restUrl).host]));
    });

    test('trusts nobody else', async () => {
      const { answer, socket } = await reach(command, URLS, { NODE_EXTRA_CA_CERTS: '' });
      assert.match(answer, /^Error: .*certificate/);
      assert.match(socket, /^closed 1006 .*certificate/);
    });
  });
}
