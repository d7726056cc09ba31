import { describe, expect, test } from 'bun:test';
import { checkEvent, eventRow, eventRows, PRODUCTS, productOfScope, symbolRowsOf } from '@listenpost/protocol';
import { seededRandom } from '../../../core/src/testing/seeded-random.ts';
import { Emulator, type EmulatorDeps, type ScopedEvent, type TriggerResult } from './emulator.ts';
import { EmulatorError } from './error.ts';
import { StillClock } from './testing/still-clock.ts';

type Json = Record<string, unknown>;

function emulator(overrides: Partial<EmulatorDeps> = {}) {
  const admitted: Json[] = [];
  const scopes: string[] = [];
  const deps: EmulatorDeps = {
    clock: new StillClock(),
    random: seededRandom(7),
    admit: async (_account, events) => {
      admitted.push(...eventsOf(events));
      scopes.push(...events.map(({ scope }) => scope));
    },
    has: () => true,
    ...overrides,
  };
  const subject = new Emulator(deps);
  const trigger = (name: string, scope: string, parameters: Json = {}): Promise<TriggerResult> =>
    subject.trigger(name, { account: 'alice', scope, parameters });
  return { subject, admitted, scopes, trigger };
}

const eventsOf = (events: readonly ScopedEvent[]): Json[] => events.map(({ event }) => event as Json);

/** The sentence with which a trigger was refused. */
const refusal = (trigger: Promise<TriggerResult>): Promise<string> =>
  trigger.then(
    () => 'it was not refused',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

/** Where events of one name tell which of them they are. */
const TELLS: Readonly<Record<string, (event: Json) => unknown>> = {
  executionReport: ({ x }) => x,
  ORDER_TRADE_UPDATE: ({ o }) => (o as Json)['x'],
  ALGO_UPDATE: ({ o, ao }) => ((o ?? ao) as Json)['X'],
  CONDITIONAL_ORDER_TRADE_UPDATE: ({ so }) => (so as Json)['os'],
  STRATEGY_UPDATE: ({ su }) => (su as Json)['ss'],
  GRID_UPDATE: ({ gu }) => (gu as Json)['ss'],
  listStatus: ({ l }) => l,
};

const label = (event: Json): string => {
  const name = String(event['e']);
  const told = TELLS[name]?.(event);
  return told === undefined ? name : `${name} ${told}`;
};

/** COIN-M's is an open question (derivatives §8 row 20); portfolio margin's is emitted on its CM market, tested below. */
const UNEMITTED: Readonly<Record<string, readonly string[]>> = {
  coinm: ['ALGO_UPDATE'],
  pm: ['CONDITIONAL_ORDER_TRADE_UPDATE'],
};

const scopeOf = (product: string): string => (product === 'isolated' ? 'isolated:ETHUSDT' : product);

const plays = emulator()
  .subject.scenarios()
  .flatMap(({ name, products }) => products.map(({ product, events }) => [name, product, events] as const));

describe('every scenario of every product', () => {
  test.each(plays)('%s on %s emits its events in order, each as its row says', async (name, product, events) => {
    const { admitted, scopes, trigger } = emulator();
    const result = await trigger(name, scopeOf(product));
    expect(admitted.map(label)).toEqual([...events]);
    expect(result).toMatchObject({ scenario: name, events: events.length });
    expect(new Set(scopes).has(scopeOf(product))).toBe(events.length > 0);
    for (const [at, event] of admitted.entries()) {
      const row = eventRow(productOfScope(scopes[at] ?? '')?.id ?? product, String(event['e']));
      expect(row).toBeDefined();
      if (row !== undefined) expect(checkEvent(row, event, 'strict')).toBeNull();
    }
  });

  test('together they emit every event of every product but the system’s own', () => {
    const emitted = new Map<string, Set<string>>();
    for (const [, product, events] of plays) {
      const names = emitted.get(product) ?? new Set();
      emitted.set(product, names);
      for (const event of events) names.add(event.split(' ')[0] ?? '');
    }
    for (const { id } of Object.values(PRODUCTS)) {
      const known = eventRows(id).filter(({ system }) => !system);
      const missing = known.map(({ name }) => name).filter((name) => emitted.get(id)?.has(name) !== true);
      expect({ id, missing }).toEqual({ id, missing: [...(UNEMITTED[id] ?? [])] });
    }
  });

  const onMarkets = emulator()
    .subject.scenarios()
    .flatMap(({ name, products }) => products.filter(({ product }) => product === 'pm').map((play) => ({ name, play })))
    .filter(({ play }) => play.parameters.some((parameter) => parameter.name === 'market'))
    .flatMap(({ name }) => ['UM', 'CM', 'MARGIN'].map((market) => [name, market] as const));

  test.each(onMarkets)(
    '%s on portfolio margin’s %s emits events of that market, or is refused',
    async (name, market) => {
      const { admitted, trigger } = emulator();
      const refused = await refusal(trigger(name, 'pm', { market }));
      if (admitted.length === 0) return expect(refused).toStartWith('market: must be one of UM, CM');
      for (const event of admitted) {
        const row = eventRow('pm', String(event['e']));
        if (row === undefined) throw new Error(`pm has no ${event['e']}`);
        expect(checkEvent(row, event, 'strict')).toBeNull();
      }
      // That one is of the account as a whole.
      const ofMarkets = admitted.filter(({ e }) => e !== 'riskLevelChange');
      expect(new Set(ofMarkets.map((event) => event['fs'] ?? 'MARGIN'))).toEqual(new Set([market]));
    },
  );

  test('a conditional order on portfolio margin’s CM waits in a strategy', async () => {
    const { admitted, trigger } = emulator();
    await trigger('conditional-order.triggered', 'pm', { market: 'CM' });
    expect(admitted.map(label)).toEqual([
      ...['CONDITIONAL_ORDER_TRADE_UPDATE NEW', 'CONDITIONAL_ORDER_TRADE_UPDATE TRIGGERED', 'ORDER_TRADE_UPDATE NEW'],
      ...['ACCOUNT_UPDATE', 'ORDER_TRADE_UPDATE TRADE', 'CONDITIONAL_ORDER_TRADE_UPDATE FINISHED'],
    ]);
    const [waits, , engine] = admitted as [{ so: Json }, Json, { o: Json }];
    expect(engine.o).toMatchObject({ si: waits.so['si'], st: 'C_STOP_MARKET', c: waits.so['c'] });
  });
});

describe('order.filled', () => {
  test('on USDⓈ-M tells of one order: quantity, price, commission, position and wallet agree', async () => {
    const { admitted, trigger } = emulator();
    const { orderId } = await trigger('order.filled', 'usdm', { qty: '0.020', price: 60000, type: 'MARKET' });
    const [accepted, lite, account, traded] = admitted as [Json, Json, Json, Json];
    expect(accepted['o']).toMatchObject({ i: orderId, x: 'NEW', X: 'NEW', q: '0.020', p: '0', z: '0', t: 0 });
    expect(lite).toMatchObject({ i: orderId, l: '0.020', L: '60000.00', m: false });
    expect(account['a']).toMatchObject({
      m: 'ORDER',
      B: [{ a: 'USDT', wb: '99999.40000000', bc: '0' }],
      P: [{ s: 'BTCUSDT', pa: '0.020', ep: '60000.00000000', bep: '60030.00000000', cr: '0', up: '0', ps: 'BOTH' }],
    });
    expect(traded['o']).toMatchObject({ i: orderId, x: 'TRADE', X: 'FILLED', z: '0.020', n: '0.60000000', N: 'USDT' });
    expect((traded['o'] as Json)['t']).toBe(lite['t']);
  });

  test('a sale after it realises profit, which moves the wallet with the commission', async () => {
    const { admitted, trigger } = emulator();
    await trigger('order.filled', 'usdm', { qty: '0.020', price: '60000', type: 'MARKET' });
    await trigger('order.filled', 'usdm', { qty: '0.020', price: '61000', type: 'MARKET', side: 'SELL' });
    const [account, traded] = admitted.slice(-2) as [Json, Json];
    expect(traded['o']).toMatchObject({ rp: '20.00000000', n: '0.61000000' });
    expect(account['a']).toMatchObject({
      B: [{ wb: '100018.79000000' }],
      P: [{ pa: '0', ep: '0', bep: '0', cr: '20.00000000', up: '0' }],
    });
  });

  test('a limit order of Spot locks what it pays until it trades; a market order locks nothing', async () => {
    const { admitted, trigger } = emulator();
    await trigger('order.filled', 'spot', { qty: '0.01', price: '60000' });
    expect(admitted[1]?.['B']).toEqual([
      { a: 'BTC', f: '100.00000000', l: '0.00000000' },
      { a: 'USDT', f: '9999400.00000000', l: '600.00000000' },
    ]);
    expect(admitted[3]?.['B']).toEqual([
      { a: 'BTC', f: '100.00999000', l: '0.00000000' },
      { a: 'USDT', f: '9999400.00000000', l: '0.00000000' },
    ]);
    admitted.length = 0;
    await trigger('order.filled', 'spot', { type: 'MARKET' });
    expect(admitted.map(label)).toEqual(['executionReport NEW', 'executionReport TRADE', 'outboundAccountPosition']);
  });

  test('an option’s commission is below zero and its premium leaves the balance', async () => {
    const { admitted, trigger } = emulator();
    await trigger('order.filled', 'options', { qty: '0.1', price: '1200' });
    expect(admitted[2]?.['o']).toMatchObject({ n: '-1.80000000', rp: '0' });
    expect(admitted[1]).toMatchObject({ B: [{ a: 'USDT', b: '999878.20000000', bc: '0' }] });
    expect(admitted[3]).toMatchObject({ eq: '999998.20000000', b: '999878.20000000', m: '120.00000000' });
  });

  test('takes configured symbols, Chinese ones too', async () => {
    const { admitted, trigger } = emulator({ symbols: symbolRowsOf(['币安USDT']) });
    await trigger('order.filled', 'usdm');
    expect(admitted[0]?.['o']).toMatchObject({ s: '币安USDT' });
  });

  test('an isolated account trades the symbol of its scope', async () => {
    const { admitted, trigger } = emulator();
    await trigger('order.filled', 'isolated:ETHUSDT');
    expect(admitted[0]).toMatchObject({ s: 'ETHUSDT' });
    expect(await refusal(trigger('order.filled', 'isolated:ETHUSDT', { symbol: 'BTCUSDT' }))).toStartWith(
      'symbol: "BTCUSDT"',
    );
  });
});

test('order.canceled on Spot unlocks what it locked and names the cancelled order in C', async () => {
  const { admitted, trigger } = emulator();
  await trigger('order.canceled', 'spot', { side: 'SELL', qty: 1 });
  expect(admitted[1]?.['B']).toMatchObject([{ a: 'BTC', f: '99.00000000', l: '1.00000000' }, {}]);
  expect(admitted[2]).toMatchObject({ x: 'CANCELED', X: 'CANCELED', C: admitted[0]?.['c'] });
  expect(admitted[3]?.['B']).toMatchObject([{ a: 'BTC', f: '100.00000000', l: '0.00000000' }, {}]);
});

test('transfer adds to the wallet, or takes from it, and says so as the product does', async () => {
  const { admitted, trigger } = emulator();
  await trigger('transfer', 'usdm', { amount: '250.5' });
  await trigger('transfer', 'usdm', { amount: -50 });
  expect(admitted.map((event) => event['a'])).toEqual([
    { m: 'DEPOSIT', B: [{ a: 'USDT', wb: '100250.50000000', cw: '100250.50000000', bc: '250.50000000' }], P: [] },
    { m: 'WITHDRAW', B: [{ a: 'USDT', wb: '100200.50000000', cw: '100200.50000000', bc: '-50.00000000' }], P: [] },
  ]);
  admitted.length = 0;
  await trigger('transfer', 'spot', { asset: 'BTC', amount: '0.5' });
  expect(admitted).toMatchObject([{ a: 'BTC', d: '0.50000000' }, { B: [{ a: 'BTC', f: '100.50000000' }] }]);
});

describe('margin-call', () => {
  test('shows the position at a price where the wallet no longer carries it', async () => {
    const { admitted, trigger } = emulator();
    await trigger('order.filled', 'usdm', { qty: '5', price: '60000' });
    admitted.length = 0;
    const result = await trigger('margin-call', 'usdm');
    expect(result).toEqual({ scenario: 'margin-call', events: 1 });
    const [{ cw, p }] = admitted as [{ cw: string; p: [Json] }];
    expect(p).toHaveLength(1);
    expect(p[0]).toMatchObject({ s: 'BTCUSDT', pa: '5.000', mt: 'CROSSED', ps: 'BOTH', iw: '0' });
    expect(Number(p[0]['up'])).toBeCloseTo(5 * (Number(p[0]['mp']) - 60000), 4);
    expect(Number(p[0]['mm']) / (Number(cw) + Number(p[0]['up']))).toBeCloseTo(0.8, 4);
  });

  test('refuses a side that the held position does not have', async () => {
    const { trigger } = emulator();
    await trigger('order.filled', 'coinm');
    expect(await refusal(trigger('margin-call', 'coinm', { side: 'SELL' }))).toStartWith('side: must be BUY');
  });

  test('refuses a position that no price can call', async () => {
    const { trigger } = emulator();
    expect(await refusal(trigger('margin-call', 'usdm', { qty: '0.001' }))).toStartWith(
      'qty: is too small for a margin call',
    );
  });

  test('an option account that may only reduce has less than it must keep', async () => {
    const { admitted, trigger } = emulator();
    await trigger('margin-call', 'options');
    const { mb, mm, s } = admitted.at(-1) as { mb: string; mm: string; s: string };
    expect(s).toBe('REDUCE_ONLY');
    expect(Number(mb) / Number(mm)).toBeCloseTo(0.9, 6);
  });

  test('an option that is held long is sold through before the call, or the quantity is refused', async () => {
    const { admitted, trigger } = emulator();
    await trigger('order.filled', 'options', { qty: 2 });
    expect(await refusal(trigger('margin-call', 'options', { qty: 2 }))).toStartWith('qty: must be more than');
    await trigger('margin-call', 'options');
    expect(label(admitted.at(-1) ?? {})).toBe('RISK_LEVEL_CHANGE');
  });

  test.each([
    ['pm', 'REDUCE_ONLY', 'u', '1.15000000'],
    ['pmpro', 'FORCE_LIQUIDATION', 'u', '1.04000000'],
    ['risk', 'PRE_LIQUIDATION', 'l', '1.15000000'],
    ['risk', 'EXCESSIVE', 'l', '3.00000000'],
  ])('on %s reaches the level asked for: %s', async (scope, level, member, value) => {
    const { admitted, trigger } = emulator();
    await trigger('margin-call', scope, { level });
    expect(admitted.at(-1)).toMatchObject({ s: level, [member]: value });
  });
});

describe('margin-recovered', () => {
  test.each(['pm', 'pmpro'])('on %s is told by nothing: the call before it was', async (scope) => {
    const { admitted, trigger } = emulator();
    await trigger('margin-call', scope, { level: 'REDUCE_ONLY' });
    expect(await trigger('margin-recovered', scope)).toEqual({ scenario: 'margin-recovered', events: 0 });
    expect(admitted.map(({ s }) => s)).toEqual(['REDUCE_ONLY']);
  });

  test('the summary of Portfolio Margin Pro goes with the level', async () => {
    const { admitted, trigger } = emulator();
    await trigger('margin-call', 'pmpro');
    await trigger('account-summary', 'pmpro');
    await trigger('margin-recovered', 'pmpro');
    await trigger('account-summary', 'pmpro');
    const [call, called, eased] = admitted as [Json, Json, Json];
    expect(called).toMatchObject({ u: '1.40000000', eq: call['eq'], mm: call['m'], avb: '0.00000000' });
    expect(eased).toMatchObject({ u: '10.00000000', eq: call['eq'] });
  });
});

describe('a status that another scenario brings about', () => {
  test('is told on the risk stream: a debt that is repaid ends the call', async () => {
    const { subject, admitted, trigger } = emulator();
    await trigger('margin-call', 'risk');
    await trigger('repay', 'margin', { asset: 'USDT' });
    expect(admitted.at(-1)).toMatchObject({ e: 'MARGIN_LEVEL_STATUS_CHANGE', l: '999.00000000', s: 'EXCESSIVE' });
    expect(subject.read('alice', 'margin').totals).toMatchObject({ marginLevel: '999.00000000' });
  });

  test('is told on portfolio margin: money that leaves a called account takes it further down', async () => {
    const { admitted, trigger } = emulator();
    await trigger('margin-call', 'pm', { level: 'REDUCE_ONLY' });
    await trigger('withdraw', 'pm', { asset: 'USDT', amount: 9_000_000 });
    expect(admitted.at(-1)).toMatchObject({ e: 'riskLevelChange', s: 'FORCE_LIQUIDATION' });
  });
});

describe('position-mode-change', () => {
  test('emits nothing, and is read of USDⓈ-M and COIN-M alike', async () => {
    const { subject, admitted, trigger } = emulator();
    const sides = (scope: string) => new Set(subject.read('alice', scope).positions.map((each) => each.positionSide));
    expect(sides('usdm')).toEqual(new Set(['BOTH']));
    expect(await trigger('position-mode-change', 'coinm')).toEqual({ scenario: 'position-mode-change', events: 0 });
    for (const scope of ['usdm', 'coinm']) {
      expect(subject.read('alice', scope).dualSidePosition).toBe(true);
      expect(sides(scope)).toEqual(new Set(['LONG', 'SHORT']));
    }
    await trigger('position-mode-change', 'usdm', { dualSidePosition: false });
    expect(subject.read('alice', 'coinm').dualSidePosition).toBe(false);
    expect(admitted).toEqual([]);
  });

  test('is refused while an order is open or a position held, on either of the two', async () => {
    const { trigger } = emulator();
    await trigger('order.new', 'usdm');
    expect(await refusal(trigger('position-mode-change', 'coinm'))).toStartWith(
      'dualSidePosition: cannot change while the BTCUSDT order',
    );
    await trigger('order.filled', 'usdm', { orderId: 'last' });
    expect(await refusal(trigger('position-mode-change', 'coinm'))).toStartWith(
      'dualSidePosition: cannot change while the BTCUSDT position is held as BOTH',
    );
    await trigger('order.filled', 'usdm', { side: 'SELL' });
    await trigger('position-mode-change', 'coinm');
  });

  test('in hedge mode a purchase opens LONG and a sale SHORT', async () => {
    const { admitted, trigger } = emulator();
    await trigger('position-mode-change', 'usdm');
    for (const side of ['BUY', 'SELL']) await trigger('order.filled', 'usdm', { side });
    const told = admitted.filter(({ e }) => e === 'ACCOUNT_UPDATE').map(({ a }) => (a as { P: Json[] }).P);
    expect(told).toMatchObject([
      [
        { ps: 'BOTH', pa: '0' },
        { ps: 'LONG', pa: '0.010' },
      ],
      [
        { ps: 'BOTH', pa: '0' },
        { ps: 'SHORT', pa: '-0.010' },
      ],
    ]);
    expect(await refusal(trigger('order.filled', 'usdm', { positionSide: 'BOTH' }))).toStartWith(
      'positionSide: must be LONG or SHORT while the BTCUSDT position is held as LONG',
    );
  });

  test('an order of LONG or SHORT puts an account that holds nothing into hedge mode', async () => {
    const { subject, trigger } = emulator();
    await trigger('margin-call', 'usdm', { positionSide: 'SHORT', side: 'SELL' });
    const { dualSidePosition, positions } = subject.read('alice', 'usdm');
    expect(dualSidePosition).toBe(true);
    expect(positions.filter(({ active }) => active)).toMatchObject([{ symbol: 'BTCUSDT', positionSide: 'SHORT' }]);
  });
});

describe('a bad request is refused in a sentence that begins with the field', () => {
  test.each([
    [
      'order.filed',
      'usdm',
      {},
      'scenario: "order.filed" is not known; use one of order.new, order.partially-filled, order.filled',
    ],
    ['margin-call', 'spot', {}, 'scope: "spot" has no margin-call; it exists on usdm, coinm, options, pm, pmpro, risk'],
    ['transfer', 'risk', {}, 'scope: "risk" has no transfer; it exists on usdm'],
    ['transfer', 'futures', {}, 'scope: "futures" has no transfer'],
    [
      'transfer',
      'isolated',
      {},
      'scope: "isolated" has no transfer; it exists on usdm, coinm, options, pm, spot, margin, isolated:<SYMBOL>',
    ],
    ['order.filled', 'usdm', { symbol: 'BTCUSD' }, 'symbol: "BTCUSD" is not listed on UM; use one of BTCUSDT, ETHUSDT'],
    ['order.filled', 'usdm', { symbol: 7 }, 'symbol: must be a string, such as "BTCUSDT"'],
    ['order.filled', 'usdm', { qty: '-1' }, 'qty: must be a decimal above 0 with at most 8 decimals, such as "0.01"'],
    ['order.filled', 'usdm', { qty: '1e3' }, 'qty: must be a decimal above 0'],
    ['order.filled', 'usdm', { qty: true }, 'qty: must be a decimal above 0'],
    ['order.filled', 'usdm', { qty: '0.0001' }, 'qty: must be a multiple of 0.001 for BTCUSDT'],
    ['order.filled', 'usdm', { price: '60000.05' }, 'price: must be a multiple of 0.10 for BTCUSDT'],
    ['order.filled', 'usdm', { side: 'buy' }, 'side: must be one of BUY, SELL'],
    [
      'order.filled',
      'options',
      { type: 'MARKET' },
      'type: is no parameter of order.filled on options, which takes symbol',
    ],
    ['order.filled', 'pm', { market: 'SPOT' }, 'market: must be one of UM, CM, MARGIN'],
    ['order.filled', 'spot', { qty: '900', price: '60000' }, 'qty: would take the USDT balance of SPOT below 0'],
    ['transfer', 'usdm', { asset: 'BTC' }, 'asset: "BTC" is not held on UM; use one of USDT, USDC'],
    ['transfer', 'usdm', { amount: 0 }, 'amount: must be a decimal other than 0'],
    ['transfer', 'usdm', { amount: '-100000.01' }, 'amount: would take the USDT balance of UM below 0'],
    ['margin-call', 'risk', { level: 'REDUCE_ONLY' }, 'level: must be one of EXCESSIVE, NORMAL, MARGIN_CALL'],
  ])('%s on %s with %p', async (name, scope, parameters, sentence) => {
    const { admitted, trigger } = emulator();
    const failure = await trigger(name, scope, parameters).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EmulatorError);
    expect((failure as EmulatorError).message).toStartWith(sentence);
    expect(admitted).toEqual([]);
  });

  test('a margin call on an account that was emptied', async () => {
    const { subject, trigger } = emulator();
    for (const { asset, free } of subject.read('alice', 'margin').assets) {
      if (Number(free) > 0) await trigger('transfer', 'margin', { asset, amount: `-${free}` });
    }
    expect(await refusal(trigger('margin-call', 'risk'))).toBe(
      'account: is worth nothing, so that no market can call it; trigger transfer first',
    );
  });

  test('parameters that are no object', async () => {
    const { subject } = emulator();
    const parameters = [] as unknown as Json;
    const trigger = subject.trigger('transfer', { account: 'alice', scope: 'usdm', parameters });
    expect(await refusal(trigger)).toStartWith('parameters: must be an object of parameters by name');
  });

  test('an account id that no account can have', async () => {
    const { subject } = emulator();
    const trigger = subject.trigger('transfer', { account: 'a/b', scope: 'usdm', parameters: {} });
    expect(await refusal(trigger)).toStartWith('account: must be 1 to 64 of the characters');
  });

  test('a product without a configured symbol', async () => {
    const { trigger } = emulator({ symbols: symbolRowsOf(['BTCUSD_PERP']) });
    expect(await refusal(trigger('order.filled', 'usdm'))).toStartWith(
      'symbol: none is configured for UM; add one to symbols',
    );
  });
});

describe('books', () => {
  test('are each stream’s own', async () => {
    const { subject, admitted } = emulator();
    for (const account of ['alice', 'bob']) {
      await subject.trigger('transfer', { account, scope: 'usdm', parameters: { amount: 1 } });
    }
    const wallets = admitted.map((event) => (event['a'] as { B: [Json] }).B[0]['wb']);
    expect(wallets).toEqual(['100001.00000000', '100001.00000000']);
  });

  test('stay as they were when the events were not admitted', async () => {
    const admitted: object[] = [];
    let full = true;
    const admit: EmulatorDeps['admit'] = async (_account, events) => {
      if (full) throw new Error('disk full');
      admitted.push(...eventsOf(events));
    };
    const { trigger } = emulator({ admit });
    expect(await refusal(trigger('transfer', 'usdm', { amount: 5 }))).toStartWith('disk full');
    full = false;
    await trigger('transfer', 'usdm', { amount: 7 });
    expect(admitted).toMatchObject([{ a: { B: [{ wb: '100007.00000000' }] } }]);
  });

  test('are worked on by one trigger at a time, in the order of the calls', async () => {
    const admitted: Json[] = [];
    const admit: EmulatorDeps['admit'] = async (_account, events) => {
      await Promise.resolve();
      admitted.push(...eventsOf(events));
    };
    const { trigger } = emulator({ admit });
    const amounts = [1, 2, 3, -4, 5];
    await Promise.all(amounts.map((amount) => trigger('transfer', 'usdm', { amount })));
    const wallets = admitted.map((event) => (event['a'] as { B: [Json] }).B[0]['wb']);
    expect(wallets).toEqual(['100001', '100003', '100006', '100002', '100007'].map((whole) => `${whole}.00000000`));
  });

  test('let no more than a thousand triggers wait', async () => {
    const gate = Promise.withResolvers<void>();
    const { trigger } = emulator({ admit: () => gate.promise });
    const waiting = Array.from({ length: 1000 }, () => trigger('transfer', 'usdm'));
    expect(await refusal(trigger('transfer', 'usdm'))).toStartWith('scope: already has 1000 triggers waiting');
    gate.resolve();
    expect(await Promise.all(waiting)).toHaveLength(1000);
  });
});

test('the same seed and the same commands give the same events', async () => {
  const runs = await Promise.all(
    [1, 2].map(async () => {
      const { admitted, trigger } = emulator();
      // A liquidated account cannot open what the next scenario needs: its refusal is the same in both runs.
      const refused: string[] = [];
      for (const [name, product] of plays) refused.push(await refusal(trigger(name, scopeOf(product))));
      return { admitted, refused };
    }),
  );
  expect(runs[0]).toEqual(runs[1] as (typeof runs)[number]);
  expect(runs[0]?.admitted.length).toBeGreaterThan(200);
});

test('a later process goes on with higher ids', async () => {
  const clock = new StillClock();
  const first = emulator({ clock });
  const before = await first.trigger('order.filled', 'usdm');
  clock.instant += 60_000;
  const second = emulator({ clock, random: seededRandom(8) });
  const after = await second.trigger('order.filled', 'usdm');
  expect(after.orderId).toBeGreaterThan(before.orderId ?? Number.POSITIVE_INFINITY);
});

test('scenarios list what they take and what they emit', () => {
  const filled = emulator()
    .subject.scenarios()
    .find(({ name }) => name === 'order.filled');
  expect(filled).toMatchObject({ title: 'An order is accepted and filled, in one trade or several' });
  expect(filled?.products[0]?.parameters.map(({ name }) => name)).toEqual([
    ...['symbol', 'qty', 'price', 'side', 'fills', 'orderId', 'type', 'positionSide'],
  ]);
});
