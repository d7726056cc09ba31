/**
 * The conformance suite: our SDK passes all of it, the connectors' cards in the docs are so, and of a client that lacks one care the
 * check of that care fails, and no other way to take the same care does.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  CONNECTORS,
  cardOf,
  connectorCommand,
  quoted,
  SDK_PRODUCTS,
  sdkCommand,
  verdictsIn,
  versionOf,
} from '../../scripts/conformance-cards.mjs';
import { ROOT } from '../../scripts/toolchain.mjs';

const verdicts = ({ rows }) => Object.fromEntries(rows.map(({ check, verdict }) => [check, verdict]));
const notPassed = ({ rows }) =>
  rows.filter(({ verdict }) => verdict !== 'pass').map(({ check, why }) => `${check}: ${why}`);

const sdk = sdkCommand();
const DOCS = readFileSync(join(ROOT, 'docs', 'conformance.md'), 'utf8');

/** Who has not come back by then does not: the slowest of these clients connects again after 5 s. */
const NO_LONGER = ['--patience', '12s'];
const clientWith = (...knobs) =>
  `KNOBS=${knobs.join(',')} ${quoted(process.execPath, join(ROOT, 'tests/compat/conformance-clients/knobs.mjs'))}`;

/**
 * What clients lack, by check the knob that takes it away, and what the check says then. Clients of several knobs have none that
 * another of their checks would see.
 */
const LACKS = [
  {
    product: 'usdm',
    checks: {
      expiry: ['deaf', 'the key expired, and the client reads by no other one'],
      'keepalive-retry': ['no-retry', 'a keepalive was lost, and none came again before the key ran out'],
      'keepalives-lost': ['deaf', 'all keepalives were lost, the key expired, and the client reads by no other one'],
      'no-such-key': [
        'ignores-1125',
        'another program closed the key, keepalives were answered -1125, and the client reads by no other',
      ],
      cut: ['stays-away', 'the connection was cut, and the client reads on no other one'],
      'half-open': [
        'no-ping',
        'nothing came any more over the connection, not even pongs, and the client stayed with it',
      ],
      lifetime: ['stays-away', 'the connection ended at its greatest age, and the client reads on no other one'],
      'server-shutdown': ['stays-away', 'the venue shut the connection down, and the client reads on no other one'],
      zombie: ['trusts', 'the connection told nothing of an order that was filled, and the client stayed with it'],
      delay: ['drops-late', 'events came 20 s late, and not all were delivered'],
      duplicate: ['repeats', 'delivered twice what came twice'],
      reorder: ['drops-older', 'two events changed places, and not all were delivered'],
      'retry-after': ['hasty', 'a 429 said to wait 3 s, and the client asked again sooner'],
      'two-accounts': ['one-label', 'events of account 2 were not delivered as its own, or as account 1’s too'],
    },
  },
  {
    product: 'usdm',
    checks: {
      issue: ['mute', 'an order was filled, and not all of its events were delivered'],
      keepalive: ['no-keepalive', 'the key expired; 0 keepalives in 125 minutes'],
      unavailable: ['gives-up', 'the client ended with exit code 1'],
    },
  },
  {
    product: 'usdm',
    checks: { delay: ['asks-when-late', 'events came 20 s late, and the client asked for a key again'] },
  },
  {
    product: 'margin',
    checks: {
      'clock-skew': ['own-clock', 'the venue’s clock is 30 s ahead, and the client never listened'],
      'token-renewal': ['no-renewal', 'the subscription ended with its listenToken, which was not renewed before'],
    },
  },
];

// Most of a check is waiting.
describe('the conformance suite', { concurrency: 6 }, () => {
  for (const product of SDK_PRODUCTS) {
    test(`the SDK passes every check of ${product}`, async () => {
      const card = await cardOf(sdk, product);
      assert.deepEqual(notPassed(card), []);
      assert.ok(card.rows.length >= 11);
      assert.equal(card.code, 0);
    });
  }

  // Each takes most of a minute: one of them here, all where all checks of a change run.
  for (const { product, name, client } of process.env.CI ? CONNECTORS : CONNECTORS.slice(0, 1)) {
    test(`the card of ${name} in the docs is what it does`, async () => {
      const told = verdictsIn(DOCS, `\`${name}\` ${versionOf(name)}`);
      assert.ok(told !== undefined, `docs/conformance.md has no card of the installed ${name}: npm run conformance`);
      assert.deepEqual(verdicts(await cardOf(connectorCommand(client), product, NO_LONGER)), told);
    });
  }

  for (const { product, checks } of LACKS) {
    const knobs = [...new Set(Object.values(checks).map(([knob]) => knob))];
    test(`a client of ${product} with the knobs ${knobs.join(', ')} fails their checks`, async () => {
      const only = ['--only', Object.keys(checks).join(','), ...NO_LONGER];
      const card = await cardOf(clientWith(...knobs), product, only);
      assert.equal(card.code, 1);
      assert.equal(card.rows.length, Object.keys(checks).length);
      for (const { check, verdict, why = '' } of card.rows) {
        const [knob, says] = checks[check];
        assert.equal(verdict, 'fail', `${check}, ${knob}: ${why}`);
        assert.ok(why.startsWith(says), `${check}, ${knob}: ${why}`);
      }
    });
  }

  for (const product of ['usdm', 'margin']) {
    test(`without a knob that client passes every check of ${product}`, async () => {
      const card = await cardOf(clientWith(), product);
      assert.deepEqual(notPassed(card), []);
      const provoked = LACKS.flatMap(({ checks }) => Object.keys(checks));
      const unproven = card.rows.map(({ check }) => check).filter((check) => !provoked.includes(check));
      assert.deepEqual(unproven, [], 'each check is proven able to fail, by a knob');
    });
  }

  test('a client passes that reads by its next key on the same connection, and waits 12 seconds to connect again', async () => {
    const only = ['--only', 'expiry,keepalives-lost,no-such-key,cut,server-shutdown,unavailable'];
    assert.deepEqual(notPassed(await cardOf(clientWith('same-connection', 'slow'), 'usdm', only)), []);
  });

  test('a client that meets no fault is not said to have survived it', async () => {
    const card = await cardOf(clientWith('no-keepalive'), 'usdm', ['--only', 'keepalives-lost,keepalive-retry']);
    assert.deepEqual(verdicts(card), { 'keepalive-retry': 'skip', 'keepalives-lost': 'skip' });
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
    assert.deepEqual(notPassed(liar), [
      'issue: the client said that it is ready, and nobody reads the account’s stream',
    ]);
  });
});
