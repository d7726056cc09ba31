/** Long waits of a client on Node follow the conformance suite's clock, by whatever of Node's the client waits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cardOf, connectorCommand } from '../../scripts/conformance-cards.mjs';

for (const way of ['promisify', 'sleep', 'interval']) {
  test(`a client that waits by ${way} extends its key in time`, async () => {
    const { rows } = await cardOf(`${connectorCommand('sleeper.mjs')} ${way}`, 'usdm', ['--only', 'keepalive']);
    assert.deepEqual(
      rows.map(({ check, verdict, why }) => [check, verdict, why]),
      [['keepalive', 'pass', undefined]],
    );
  });
}
