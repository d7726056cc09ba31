/** `npm run compare` for one fault and two clients: that it still runs, and that what it measures is there. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../compare/main.mjs', import.meta.url));

test('compares the SDK and a connector behind a TCP cut', () => {
  const clients = ['sdk-usdm', 'usdm-connector'].flatMap((id) => ['--client', id]);
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, '--fault', 'cut', ...clients], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const { 'sdk-usdm': sdk, 'usdm-connector': connector } = JSON.parse(stdout).cut;
  assert.deepEqual([sdk.missed, sdk.duplicated, sdk.strangers], [0, 0, 0]);
  assert.equal(sdk.delivered, sdk.published);
  assert.ok(
    connector.missed > 0,
    'a connector that waits five seconds before it connects again misses what comes meanwhile',
  );
  assert.equal(connector.silent, 0);
});

test('a fault that there is not is refused by name', () => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, '--fault', 'flood'], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /--fault flood: one of restart, shutdown, day/);
});
