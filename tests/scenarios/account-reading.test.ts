/** What bots read by signed REST after a gap: exactly what the events of the emulator said. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ENDPOINTS } from '@listenpost/protocol';
import { DEMO_HMAC_API_KEY, DEMO_HMAC_SECRET } from '../../packages/server/src/config/demo.ts';
import { hmac } from './signing.ts';
import { UnderTest } from './under-test.ts';

type Json = Record<string, unknown>;

const ONLY_BTC = 'onlyBtcKey'.padEnd(64, 'x');
const CALLS = ENDPOINTS.filter(({ reads }) => reads !== undefined);

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start({ document: { limits: 'off' } });
  const body = { apiKeys: [{ apiKey: ONLY_BTC, type: 'HMAC', secret: 'x' }], scopes: ['isolated:BTCUSDT'] };
  await service.admin('PUT', '/admin/v1/accounts/onlyBtc', body);
});
afterAll(() => service.close());

async function signed(path: string, params: Readonly<Record<string, string>> = {}, apiKey = DEMO_HMAC_API_KEY) {
  const secret = apiKey === ONLY_BTC ? 'x' : DEMO_HMAC_SECRET;
  const query = new URLSearchParams({ ...params, timestamp: String(await service.now()) }).toString();
  return service.rest('GET', `${path}?${query}&signature=${hmac(secret)(query)}`, apiKey);
}

async function read(path: string, params: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const { status, body } = await signed(path, params);
  expect([path, status]).toEqual([path, 200]);
  return body;
}

const rows = async (path: string, params: Readonly<Record<string, string>> = {}) =>
  (await read(path, params)) as Json[];

/** Plays a scenario and gives the events that it put on the stream. */
async function play(name: string, scope: string, parameters: Json = {}): Promise<{ orderId: number; events: Json[] }> {
  const stream = `/admin/v1/streams/demo/${scope}/events?limit=1000`;
  const eventsNow = async () => ((await service.admin('GET', stream)).body as { events: { event: Json }[] }).events;
  const before = (await eventsNow()).length;
  const { status, body } = await service.admin('POST', `/admin/v1/trigger/${name}`, {
    account: 'demo',
    scope,
    ...parameters,
  });
  expect([body, status]).toEqual([body, 200]);
  const events = (await eventsNow()).slice(before).map(({ event }) => event);
  return { orderId: (body as { orderId: number }).orderId, events };
}

const last = (events: readonly Json[], name: string): Json => events.findLast(({ e }) => e === name) as Json;

test('an order of USDⓈ-M that trades in part reads as its events said', async () => {
  const { orderId, events } = await play('order.partially-filled', 'usdm', { qty: '0.030', price: '60000', fills: 2 });
  const order = last(events, 'ORDER_TRADE_UPDATE')['o'] as Json;
  const account = last(events, 'ACCOUNT_UPDATE') as { T: number; a: { B: [Json]; P: [Json] } };
  const [balance] = account.a.B;
  const [position] = account.a.P;

  const [open] = await rows('/fapi/v1/openOrders', { symbol: 'BTCUSDT' });
  expect(open).toMatchObject({
    ...{ orderId, clientOrderId: order['c'], status: 'PARTIALLY_FILLED', side: 'BUY', type: 'LIMIT', origQty: '0.030' },
    ...{ executedQty: order['z'], avgPrice: '60000.00', cumQuote: '1200.00000000', updateTime: order['T'] },
  });
  expect(await read('/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: String(order['c']) })).toEqual(open);
  const trades = await rows('/fapi/v1/userTrades', { symbol: 'BTCUSDT' });
  expect(trades.map(({ id }) => id)).toEqual(events.filter(({ e }) => e === 'TRADE_LITE').map((lite) => lite['t']));
  expect(trades.at(-1)).toMatchObject({
    orderId,
    qty: order['l'],
    price: order['L'],
    commission: order['n'],
    maker: true,
  });

  for (const version of ['v2', 'v3']) {
    const { assets, positions } = (await read(`/fapi/${version}/account`)) as { assets: Json[]; positions: Json[] };
    const told = { walletBalance: balance['wb'], crossWalletBalance: balance['cw'], updateTime: account.T };
    expect(assets.find(({ asset }) => asset === 'USDT')).toMatchObject(told);
    const held = positions.filter(({ positionAmt }) => Number(positionAmt) !== 0);
    expect(held).toMatchObject([{ symbol: 'BTCUSDT', positionAmt: position['pa'], updateTime: account.T }]);
    const balances = await rows(`/fapi/${version}/balance`);
    expect(balances[0]).toMatchObject({ asset: 'USDT', balance: balance['wb'], updateTime: account.T });
    const [risk] = await rows(`/fapi/${version}/positionRisk`, { symbol: 'BTCUSDT' });
    expect(risk).toMatchObject({
      positionAmt: position['pa'],
      entryPrice: position['ep'],
      breakEvenPrice: position['bep'],
    });
  }
  expect(await rows('/fapi/v3/positionRisk')).toHaveLength(1);
  expect((await rows('/fapi/v2/positionRisk')).length).toBeGreaterThan(1);

  await play('order.filled', 'usdm', { orderId: 'last' });
  expect(await rows('/fapi/v1/openOrders')).toEqual([]);
  expect(await read('/fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(orderId) })).toMatchObject({
    ...{ status: 'FILLED', executedQty: '0.030' },
  });
});

test('COIN-M reads in contracts and in the base asset', async () => {
  const { orderId, events } = await play('order.filled', 'coinm', { qty: 10, price: '50000' });
  const account = last(events, 'ACCOUNT_UPDATE') as { T: number; i: string; a: { B: [Json] } };
  const [trade] = await rows('/dapi/v1/userTrades', { pair: 'BTCUSD' });
  expect(trade).toMatchObject({
    orderId,
    qty: '10',
    baseQty: '0.02000000',
    commissionAsset: 'BTC',
    marginAsset: 'BTC',
  });
  const balances = await rows('/dapi/v1/balance');
  expect(balances.find(({ asset }) => asset === 'BTC')).toMatchObject({
    ...{ accountAlias: account.i, balance: account.a.B[0]['wb'], updateTime: account.T },
  });
  expect(await rows('/dapi/v1/positionRisk', { pair: 'BTCUSD' })).toMatchObject([{ positionAmt: '10' }]);
  expect(await rows('/dapi/v1/allOrders', { symbol: 'BTCUSD_PERP' })).toMatchObject([{ orderId, pair: 'BTCUSD' }]);
  expect((await read('/dapi/v1/account')) as Json).toMatchObject({ canTrade: true });
});

test('Spot reads balances with what open orders lock, and orders of a list', async () => {
  const { orderId } = await play('order.new', 'spot', { qty: '0.01', price: '60000' });
  const filled = await play('oco.filled', 'spot');
  const position = last(filled.events, 'outboundAccountPosition') as { u: number; B: Json[] };
  const account = (await read('/api/v3/account')) as { updateTime: number; balances: Json[] };
  expect(account.updateTime).toBe(position.u);
  for (const { a, f, l } of position.B) expect(account.balances).toContainEqual({ asset: a, free: f, locked: l });
  expect(account.balances.find(({ asset }) => asset === 'USDT')).toMatchObject({ locked: '600.00000000' });

  expect(await rows('/api/v3/openOrders')).toMatchObject([{ orderId, isWorking: true, orderListId: -1 }]);
  const orders = await rows('/api/v3/allOrders', { symbol: 'BTCUSDT' });
  const [list] = filled.events.filter(({ e }) => e === 'listStatus');
  expect(orders.filter(({ orderListId }) => orderListId === list?.['g'])).toMatchObject([
    { type: 'STOP_LOSS_LIMIT', status: 'EXPIRED' },
    { type: 'LIMIT_MAKER', status: 'FILLED', orderId: filled.orderId },
  ]);
  const told = last(filled.events, 'executionReport');
  expect(told['x']).toBe('EXPIRED');
  const trade = filled.events.find(({ x }) => x === 'TRADE');
  expect(await rows('/api/v3/myTrades', { symbol: 'BTCUSDT', orderId: String(filled.orderId) })).toMatchObject([
    { id: trade?.['t'], qty: trade?.['l'], quoteQty: trade?.['Y'], commission: trade?.['n'], time: trade?.['T'] },
  ]);
  const few = (await read('/api/v3/account', { omitZeroBalances: 'true' })) as { balances: Json[] };
  expect(few.balances.length).toBe(account.balances.length);
});

test('cross margin reads what it owes, which its risk stream told', async () => {
  const { events } = await play('borrow', 'risk', { asset: 'USDT', amount: 250 });
  expect(events).toMatchObject([{ e: 'USER_LIABILITY_CHANGE', a: 'USDT', t: 'BORROW', p: '250.00000000' }]);
  const account = (await read('/sapi/v1/margin/account')) as { userAssets: Json[]; marginLevel: string };
  expect(account.userAssets.find(({ asset }) => asset === 'USDT')).toMatchObject({
    ...{ borrowed: '250.00000000', free: '10000250.00000000', netAsset: '10000000.00000000' },
  });
  await play('repay', 'margin', { asset: 'USDT' });
  expect(((await read('/sapi/v1/margin/account')) as { marginLevel: string }).marginLevel).toBe('999.00000000');
});

test('isolated margin reads one account for each symbol', async () => {
  const { orderId } = await play('order.new', 'isolated:ETHUSDT', { qty: '1', price: '2500' });
  const ofEth = { symbol: 'ETHUSDT', isIsolated: 'TRUE' };
  expect(await rows('/sapi/v1/margin/openOrders', ofEth)).toMatchObject([{ orderId, isIsolated: true }]);
  expect(await rows('/sapi/v1/margin/openOrders')).toEqual([]);
  expect(await read('/sapi/v1/margin/isolated/account', { symbols: 'ETHUSDT,BTCUSDT' })).toMatchObject({
    assets: [
      { symbol: 'ETHUSDT', baseAsset: { asset: 'ETH' }, quoteAsset: { asset: 'USDT', locked: '2500.00000000' } },
      { symbol: 'BTCUSDT', baseAsset: { asset: 'BTC' }, quoteAsset: { locked: '0.00000000' } },
    ],
  });
  const all = (await read('/sapi/v1/margin/isolated/account')) as { assets: Json[]; totalAssetOfBtc: string };
  expect(all.assets.length).toBeGreaterThan(2);
  expect(Number(all.totalAssetOfBtc)).toBeGreaterThan(0);
});

test('portfolio margin reads its three markets as one account', async () => {
  const { events } = await play('order.filled', 'pm', { market: 'UM' });
  const account = last(events, 'ACCOUNT_UPDATE') as { T: number; a: { B: [Json] } };
  const usdt = (await rows('/papi/v1/balance')).find(({ asset }) => asset === 'USDT');
  expect(usdt).toMatchObject({ umWalletBalance: account.a.B[0]['wb'], crossMarginFree: '10000000.00000000' });
  expect(await read('/papi/v1/account')).toMatchObject({ accountStatus: 'NORMAL', updateTime: account.T });
});

describe('a level that was told', () => {
  test('of cross margin is the one that is read, with the debts that make it so', async () => {
    const { events } = await play('margin-call', 'risk', { level: 'PRE_LIQUIDATION' });
    expect(last(events, 'MARGIN_LEVEL_STATUS_CHANGE')).toMatchObject({ l: '1.15000000', s: 'PRE_LIQUIDATION' });
    const account = (await read('/sapi/v1/margin/account')) as Record<string, string>;
    expect(account['marginLevel']).toBe('1.15000000');
    const [assets, debts] = [Number(account['totalAssetOfBtc']), Number(account['totalLiabilityOfBtc'])];
    expect(assets / debts).toBeCloseTo(1.15, 6);
  });

  test('of portfolio margin is read with its equity and its status, until the account recovers', async () => {
    const { events } = await play('margin-call', 'pm', { level: 'FORCE_LIQUIDATION' });
    const { u, eq, ae, m, s } = last(events, 'riskLevelChange');
    expect([u, s]).toEqual(['1.04000000', 'FORCE_LIQUIDATION']);
    expect(await read('/papi/v1/account')).toMatchObject({
      ...{ uniMMR: u, accountEquity: eq, actualEquity: ae, accountMaintMargin: m, accountStatus: s },
    });
    expect((await play('margin-recovered', 'pm')).events).toEqual([]);
    expect(await read('/papi/v1/account')).toMatchObject({ accountStatus: 'NORMAL', accountEquity: eq });
  });

  test('is told nowhere on isolated margin, and follows from what is owed', async () => {
    const pair = async () =>
      ((await read('/sapi/v1/margin/isolated/account', { symbols: 'BNBUSDT' })) as { assets: [Json] }).assets[0];
    expect(await pair()).toMatchObject({ marginLevel: '999.00000000', marginLevelStatus: 'EXCESSIVE' });
    // Two assets are worth ten million each; what is borrowed counts on both sides.
    await play('borrow', 'isolated:BNBUSDT', { asset: 'USDT', amount: 80_000_000 });
    const { marginLevel, marginLevelStatus } = await pair();
    expect(Number(marginLevel)).toBeCloseTo(1.2, 1);
    expect(marginLevelStatus).toBe('PRE_LIQUIDATION');
  });
});

test('a position mode that was changed is read, of USDⓈ-M and COIN-M alike', async () => {
  await play('order.filled', 'usdm', { side: 'SELL', qty: '0.030', price: '60000' });
  await play('order.filled', 'coinm', { side: 'SELL', qty: 10, price: '50000' });
  const mode = () => Promise.all(['/fapi', '/dapi'].map((base) => read(`${base}/v1/positionSide/dual`)));
  expect(await mode()).toEqual(Array(2).fill({ dualSidePosition: false }));
  expect((await play('position-mode-change', 'coinm')).events).toEqual([]);
  expect(await mode()).toEqual(Array(2).fill({ dualSidePosition: true }));
  await play('order.filled', 'usdm', { positionSide: 'SHORT', side: 'SELL' });
  const sides = (await rows('/fapi/v2/positionRisk', { symbol: 'BTCUSDT' })).map((each) => each['positionSide']);
  expect(sides).toEqual(['LONG', 'SHORT']);
  expect(await rows('/fapi/v3/positionRisk')).toMatchObject([{ positionSide: 'SHORT', positionAmt: '-0.010' }]);
});

describe('refusals', () => {
  test.each([
    ['/fapi/v1/order', { symbol: 'BTCUSDT' }, 400, -1102, "Param 'origClientOrderId' or 'orderId' must be sent"],
    ['/fapi/v1/order', { symbol: 'BTCUSDT', orderId: '1' }, 400, -2013, 'Order does not exist.'],
    [
      '/fapi/v1/order',
      { symbol: 'BTCUSDT', orderId: 'x' },
      400,
      -1130,
      "Data sent for parameter 'orderId' is not valid.",
    ],
    ['/fapi/v1/order', { orderId: '1' }, 400, -1102, "Mandatory parameter 'symbol' was not sent"],
    ['/fapi/v1/openOrders', { symbol: 'BTCUSD_PERP' }, 400, -1121, 'Invalid symbol.'],
    ['/dapi/v1/userTrades', {}, 400, -1102, "Param 'symbol' or 'pair' must be sent"],
    [
      '/api/v3/myTrades',
      { symbol: 'BTCUSDT', limit: '0' },
      400,
      -1130,
      "Data sent for parameter 'limit' is not valid.",
    ],
    ['/sapi/v1/margin/openOrders', { isIsolated: 'TRUE' }, 400, -1102, "Mandatory parameter 'symbol' was not sent"],
    ['/sapi/v1/margin/openOrders', { isIsolated: 'TRUE', symbol: 'NO' }, 400, -1121, 'Invalid symbol.'],
    ['/sapi/v1/margin/isolated/account', { symbols: 'NO' }, 400, -1121, 'Invalid symbol.'],
    ['/sapi/v1/margin/isolated/account', { symbols: 'A,B,C,D,E,F' }, 400, -1130, "Data sent for parameter 'symbols'"],
  ] as const)('%s %j', async (path, params, status, code, msg) => {
    const answer = await signed(path, params);
    expect(answer).toMatchObject({ status, body: { code, msg: expect.stringContaining(msg) } });
  });

  test.each([
    ['/sapi/v1/margin/account', {}, 400, -3003],
    ['/api/v3/account', {}, 401, -2015],
    ['/sapi/v1/margin/openOrders', { symbol: 'ETHUSDT', isIsolated: 'TRUE' }, 400, -3003],
    ['/sapi/v1/margin/isolated/account', { symbols: 'ETHUSDT' }, 400, -3003],
  ] as const)('an account that is isolated to BTCUSDT gets %s %j', async (path, params, status, code) => {
    expect(await signed(path, params, ONLY_BTC)).toMatchObject({ status, body: { code } });
  });

  test.each(CALLS.map(({ path }) => [path] as const))(
    '%s wants a key, then a timestamp, then a signature that fits',
    async (path) => {
      expect(await service.rest('GET', path, null)).toMatchObject({ status: 401, body: { code: -2014 } });
      expect(await service.rest('GET', path)).toMatchObject({ status: 400, body: { code: -1102 } });
      const query = `symbol=BTCUSDT&timestamp=${await service.now()}&signature=${'0'.repeat(64)}`;
      expect(await service.rest('GET', `${path}?${query}`)).toMatchObject({ status: 400, body: { code: -1022 } });
    },
  );
});

test('openOrders of all symbols weighs more than of one', async () => {
  const counted = await UnderTest.start();
  try {
    const used = async (params: string): Promise<number> => {
      const query = `${params}timestamp=${await counted.now()}`;
      const path = `/fapi/v1/openOrders?${query}&signature=${hmac(DEMO_HMAC_SECRET)(query)}`;
      return Number((await counted.rest('GET', path)).headers.get('x-mbx-used-weight-1m'));
    };
    await counted.startMinute();
    expect(await used('symbol=BTCUSDT&')).toBe(1);
    expect(await used('')).toBe(41);
  } finally {
    await counted.close();
  }
});

test('a service without an emulator has no such paths', async () => {
  const venue = await UnderTest.start({
    command: 'serve',
    document: {
      journal: { commit: 'memory' },
      accounts: [{ id: 'demo', apiKeys: [{ apiKey: DEMO_HMAC_API_KEY, type: 'HMAC', secret: DEMO_HMAC_SECRET }] }],
    },
  });
  try {
    for (const { path } of CALLS) {
      expect(await venue.rest('GET', path)).toMatchObject({
        ...{ status: 404, body: { code: -5000, msg: `Path ${path}, Method GET is invalid` } },
      });
    }
  } finally {
    await venue.close();
  }
});
