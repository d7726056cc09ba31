/** The conformance suite: our SDK passes all of it, and a connector's failures are found and told. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cardOf, connectorCommand, quoted, sdkCommand } from '../../scripts/conformance-cards.mjs';
import { ROOT } from '../../scripts/toolchain.mjs';

const verdicts = ({ rows }) => Object.fromEntries(rows.map(({ check, verdict }) => [check, verdict]));
const notPassed = ({ rows }) =>
  rows.filter(({ verdict }) => verdict !== 'pass').map(({ check, why }) => `${check}: ${why}`);

const sdk = sdkCommand();

for (const product of ['usdm', 'coinm', 'options', 'pm', 'spot', 'margin']) {
  test(`the SDK passes every check of ${product}`, async () => {
    const card = await cardOf(sdk, product);
    assert.deepEqual(notPassed(card), []);
    assert.ok(card.rows.length >= 9);
    assert.equal(card.code, 0);
  });
}

test('a connector alone does not outlive its key, and the card says what was seen', async () => {
  const card = await cardOf(connectorCommand('usdm-connector.mjs'), 'usdm', [
    '--only',
    'issue,keepalive,expiry,two-accounts',
  ]);
  assert.equal(card.code, 1);
  assert.deepEqual(verdicts(card), { issue: 'pass', keepalive: 'pass', expiry: 'fail', 'two-accounts': 'skip' });
  const { why, survives } = card.rows.find(({ check }) => check === 'expiry');
  assert.equal(why, 'the key expired, and the client reads by no other one');
  assert.equal(survives, 'is told listenKeyExpired, obtains another key, and reads on by it');
});

test('a client that does nothing, ends, or says what is not so, fails with the reason', async () => {
  const script = (text) => quoted(process.execPath, '-e', text);
  const only = ['--only', 'issue'];
  const ended = await cardOf(script("throw new TypeError('no such bot')"), 'usdm', only);
  assert.deepEqual(notPassed(ended), ['issue: the client ended with exit code 1: TypeError: no such bot']);
  const liar = await cardOf(
    script('console.log(JSON.stringify({ready:true})); setInterval(() => {}, 1000)'),
    'usdm',
    only,
  );
  assert.deepEqual(notPassed(liar), ['issue: the client said that it is ready, and nobody reads the account’s stream']);
});

test('the cards in the docs are of the connectors that are installed', () => {
  const text = readFileSync(join(ROOT, 'docs', 'conformance.md'), 'utf8');
  for (const name of ['@binance/derivatives-trading-usds-futures', '@binance/spot']) {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'));
    assert.ok(
      text.includes(`\`${name}\` ${version}`),
      `docs/conformance.md has no card of ${name} ${version}: npm run conformance`,
    );
  }
});
