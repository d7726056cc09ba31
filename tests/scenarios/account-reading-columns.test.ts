/**
 * Whatever a scenario does, signed REST then reads what its events said: every scenario of every product, every call, every
 * column. A column of an answer stands in the tables below with the member of an event that it must repeat, with the other
 * columns that it follows from, or with the one value that it has; one that stands nowhere fails.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { ENDPOINTS, SYMBOLS } from '@listenpost/protocol';
import { type Decimal, decimal, fixed, over, rounded, sum, times } from '../../packages/server/src/emulator/decimal.ts';
import { hmac } from './signing.ts';
import { UnderTest } from './under-test.ts';

/** Some hundred signed requests for each product. */
setDefaultTimeout(60_000);

type Json = Record<string, unknown>;

let service: UnderTest;
beforeAll(async () => {
  service = await UnderTest.start({ document: { limits: 'off' } });
});
afterAll(() => service.close());

const amount = (value: unknown): Decimal => decimal(String(value));
const items = (value: unknown): Json[] => (value ?? []) as Json[];

// --- What the events said ------------------------------------------------------------------------------------------

interface KnownOrder {
  /** Of its latest report. */
  said: Json;
  readonly clientOrderId: string;
  readonly createdAt: unknown;
  /** Since when it was on the book, where it ever was. */
  workingAt: unknown;
  quote: Decimal;
}

/** What a client knows that reads every event of an account, and nothing else. */
class Known {
  readonly balances = new Map<string, Json>();
  readonly positions = new Map<string, Json>();
  readonly orders = new Map<number, KnownOrder>();
  readonly trades: Json[] = [];
  readonly leverages = new Map<string, unknown>();
  readonly borrowed = new Map<string, Decimal>();
  readonly interest = new Map<string, Decimal>();
  multiAssets: unknown;
  dualSidePosition = false;
  openOrderLoss = 0n;
  alias: unknown;
  toldAt: unknown = 0;
  /** The level that was told last, and the event if it was the last of its scenario. */
  status: unknown;
  level: Json | undefined;
  /** Orders of which the last scenario told. */
  touched = new Set<number>();

  read(events: readonly Json[]): void {
    this.touched = new Set();
    this.level = undefined;
    for (const event of events) READERS[String(event['e'])]?.(this, event);
    const last = events.at(-1);
    if (last?.['e'] === 'riskLevelChange' || last?.['e'] === 'MARGIN_LEVEL_STATUS_CHANGE') this.level = last;
  }

  report(order: Json, quote: Decimal): void {
    const id = Number(order['i']);
    const known = this.orders.get(id) ?? {
      said: order,
      clientOrderId: String(order['c']),
      createdAt: order['O'] ?? order['T'],
      workingAt: order['W'],
      quote: 0n,
    };
    this.orders.set(id, known);
    this.touched.add(id);
    known.said = order;
    known.workingAt = order['W'] ?? known.workingAt;
    if (order['x'] !== 'TRADE' && order['x'] !== 'CALCULATED') return;
    known.quote += quote;
    this.trades.push({ ...order, quote: fixed(quote, 8) });
  }

  unrealised(asset: unknown, fs?: string): Decimal {
    const held = [...this.positions.values()].filter((each) => each['fs'] === fs);
    return sum(held.filter(({ s }) => rowOf(s)?.marginAsset === asset).map(({ up }) => amount(up)));
  }
}

const rowOf = (symbol: unknown) =>
  SYMBOLS.find((row) => row.symbol === symbol && (row.product === 'usdm' || row.product === 'coinm'));

/** Linear contracts are worth their price, inverse ones their size by it. */
function worth({ s, l, L }: Json): Decimal {
  const row = rowOf(s);
  if (amount(l) === 0n || row === undefined) return 0n;
  const size = decimal(String(row.contractSize));
  return rounded(
    row.marginAsset === row.baseAsset
      ? over(times(amount(l), size), amount(L))
      : times(times(amount(l), size), amount(L)),
    8,
  );
}

const READERS: Readonly<Record<string, (known: Known, event: Json) => void>> = {
  ORDER_TRADE_UPDATE(known, event) {
    // Portfolio margin's futures orders are read by calls that are not here.
    const order = event['o'] as Json;
    if (event['fs'] === undefined) known.report(order, worth(order));
  },
  executionReport(known, event) {
    // The refused half of a cancel-replace was never an order.
    if (event['x'] !== 'REJECTED') known.report(event, amount(event['Y']));
  },
  ACCOUNT_UPDATE(known, { a, T, i, fs }) {
    const { B, P } = a as Json;
    for (const balance of items(B)) known.balances.set(`${fs ?? ''}${balance['a']}`, { ...balance, T });
    for (const position of items(P)) {
      const { s, ps } = position;
      known.positions.set(`${s} ${ps}`, { ...position, T, fs });
    }
    known.alias = i;
    known.toldAt = T;
  },
  outboundAccountPosition(known, { B, u }) {
    for (const balance of items(B)) known.balances.set(String(balance['a']), { ...balance, T: u });
    known.toldAt = u;
  },
  MARGIN_CALL(known, { p }) {
    for (const { s, ps, mp, up, mm } of items(p))
      Object.assign(known.positions.get(`${s} ${ps}`) ?? {}, { mp, up, mm });
  },
  ACCOUNT_CONFIG_UPDATE(known, { ac, ai }) {
    if (ac !== undefined) known.leverages.set(String((ac as Json)['s']), (ac as Json)['l']);
    if (ai !== undefined) known.multiAssets = (ai as Json)['j'];
  },
  USER_LIABILITY_CHANGE: liability,
  liabilityChange: liability,
  openOrderLoss(known, { O }) {
    for (const { o } of items(O)) known.openOrderLoss -= amount(o);
  },
  riskLevelChange(known, { s }) {
    known.status = s;
  },
  MARGIN_LEVEL_STATUS_CHANGE(known, { s }) {
    known.status = s;
  },
};

function liability(known: Known, { a, t, p, i }: Json): void {
  const asset = String(a);
  const sign = t === 'REPAY' ? -1n : 1n;
  known.borrowed.set(asset, (known.borrowed.get(asset) ?? 0n) + sign * amount(p));
  known.interest.set(asset, (known.interest.get(asset) ?? 0n) + sign * amount(i));
  // The balance was told of, at a time that no member prints.
  const balance = known.balances.get(asset);
  if (balance !== undefined) balance['T'] = undefined;
}

// --- What REST must say of it ----------------------------------------------------------------------------------------

/** Undefined where no event told it. */
type Column<Said> = (said: Said, row: Json) => unknown;
type Columns<Said> = Readonly<Record<string, Column<Said>>>;

const member =
  (name: string): Column<Json> =>
  (said) =>
    said[name];
const always =
  (value: unknown): Column<unknown> =>
  () =>
    value;
/** Figures that no event prints; other columns follow from them. */
const ofItsOwn: Column<unknown> = () => undefined;
/** The sum of other columns of the row. */
const total =
  (...names: readonly string[]): Column<unknown> =>
  (_said, row) =>
    fixed(sum(names.map((name) => amount(row[name]))), 8);

const NUMBER = /^-?\d+(\.\d+)?$/;

function compare<Said>(what: string, columns: Columns<Said>, said: Said, read: Json | undefined): void {
  expect([what, read !== undefined]).toEqual([what, true]);
  const row = read as Json;
  expect([what, Object.keys(row).sort()]).toEqual([what, Object.keys(columns).sort()]);
  for (const [name, column] of Object.entries(columns)) {
    const told = column(said, row);
    if (told === undefined) continue;
    const both = [String(told), String(row[name])].map((text) => (NUMBER.test(text) ? fixed(decimal(text), 12) : text));
    expect(`${what}.${name} ${both[1]}`).toBe(`${what}.${name} ${both[0]}`);
  }
}

const ofOrder =
  (name: string): Column<KnownOrder> =>
  ({ said }) =>
    said[name];

const FUTURES_ORDER: Columns<KnownOrder> = {
  orderId: ofOrder('i'),
  symbol: ofOrder('s'),
  status: ofOrder('X'),
  clientOrderId: ({ clientOrderId }) => clientOrderId,
  price: ofOrder('p'),
  avgPrice: ofOrder('ap'),
  origQty: ofOrder('q'),
  executedQty: ofOrder('z'),
  timeInForce: ofOrder('f'),
  type: ofOrder('o'),
  reduceOnly: ofOrder('R'),
  closePosition: ofOrder('cp'),
  side: ofOrder('S'),
  positionSide: ofOrder('ps'),
  stopPrice: ofOrder('sp'),
  workingType: ofOrder('wt'),
  priceMatch: ofOrder('pm'),
  selfTradePreventionMode: ofOrder('V'),
  priceProtect: ofOrder('pP'),
  origType: ofOrder('ot'),
  time: ({ createdAt }) => createdAt,
  updateTime: ofOrder('T'),
};

const FUTURES_TRADE: Columns<Json> = {
  symbol: member('s'),
  id: member('t'),
  orderId: member('i'),
  side: member('S'),
  price: member('L'),
  qty: member('l'),
  realizedPnl: member('rp'),
  commission: member('n'),
  commissionAsset: member('N'),
  time: member('T'),
  positionSide: member('ps'),
  maker: member('m'),
  buyer: ({ S }) => S === 'BUY',
};

const pairOf: Column<Json> = ({ s }) => String(s).split('_')[0];

const spotOrder = (more: Columns<KnownOrder>): Columns<KnownOrder> => ({
  symbol: ofOrder('s'),
  orderId: ofOrder('i'),
  orderListId: ofOrder('g'),
  clientOrderId: ({ clientOrderId }) => clientOrderId,
  price: ofOrder('p'),
  origQty: ofOrder('q'),
  executedQty: ofOrder('z'),
  cummulativeQuoteQty: ofOrder('Z'),
  status: ofOrder('X'),
  timeInForce: ofOrder('f'),
  type: ofOrder('o'),
  side: ofOrder('S'),
  stopPrice: ofOrder('P'),
  icebergQty: ofOrder('F'),
  time: ofOrder('O'),
  updateTime: ofOrder('T'),
  isWorking: ({ workingAt }) => workingAt !== undefined,
  workingTime: ({ workingAt }) => workingAt ?? -1,
  origQuoteOrderQty: ofOrder('Q'),
  selfTradePreventionMode: ofOrder('V'),
  ...more,
});

const spotTrade = (more: Columns<Json>): Columns<Json> => ({
  symbol: member('s'),
  id: member('t'),
  orderId: member('i'),
  orderListId: member('g'),
  price: member('L'),
  qty: member('l'),
  quoteQty: member('Y'),
  commission: member('n'),
  commissionAsset: member('N'),
  time: member('T'),
  isBuyer: ({ S }) => S === 'BUY',
  isMaker: member('m'),
  isBestMatch: member('M'),
  ...more,
});

/** An asset or a position as it was told, with what else is known of its account. */
interface Told {
  readonly of: Json;
  readonly known: Known;
}

const told =
  (name: string): Column<Told> =>
  ({ of }) =>
    of[name];
const unrealisedOf: Column<Told> = ({ of, known }) => fixed(known.unrealised(of['a']), 8);
const leverageOf: Column<Told> = ({ known }, row) => known.leverages.get(String(row['symbol'])) ?? 20;

const FUTURES_ASSET: Columns<Told> = {
  asset: told('a'),
  walletBalance: told('wb'),
  unrealizedProfit: unrealisedOf,
  marginBalance: total('walletBalance', 'unrealizedProfit'),
  maintMargin: ofItsOwn,
  initialMargin: total('positionInitialMargin', 'openOrderInitialMargin'),
  positionInitialMargin: ofItsOwn,
  openOrderInitialMargin: ofItsOwn,
  crossWalletBalance: told('cw'),
  crossUnPnl: unrealisedOf,
  availableBalance: ofItsOwn,
  maxWithdrawAmount: (_said, row) => row['availableBalance'],
  updateTime: told('T'),
};

const FUTURES_BALANCE: Columns<Told> = {
  accountAlias: ({ known }) => known.alias,
  asset: told('a'),
  balance: told('wb'),
  crossWalletBalance: told('cw'),
  crossUnPnl: unrealisedOf,
  availableBalance: ofItsOwn,
  updateTime: told('T'),
};

const USDM_BALANCE: Columns<Told> = {
  ...FUTURES_BALANCE,
  maxWithdrawAmount: (_said, row) => row['availableBalance'],
  marginAvailable: always(true),
};

const ACCOUNT_POSITION: Columns<Told> = {
  symbol: told('s'),
  initialMargin: (_said, row) => row['positionInitialMargin'],
  maintMargin: told('mm'),
  unrealizedProfit: told('up'),
  positionInitialMargin: ofItsOwn,
  openOrderInitialMargin: ofItsOwn,
  leverage: leverageOf,
  isolated: ({ of }) => of['mt'] && of['mt'] !== 'cross',
  entryPrice: told('ep'),
  breakEvenPrice: told('bep'),
  positionSide: told('ps'),
  positionAmt: told('pa'),
  updateTime: told('T'),
};

const POSITION_RISK: Columns<Told> = {
  symbol: told('s'),
  positionAmt: told('pa'),
  entryPrice: told('ep'),
  breakEvenPrice: told('bep'),
  markPrice: told('mp'),
  unRealizedProfit: told('up'),
  liquidationPrice: always('0'),
  leverage: leverageOf,
  marginType: told('mt'),
  isolatedMargin: told('iw'),
  isAutoAddMargin: always('false'),
  positionSide: told('ps'),
  updateTime: told('T'),
};

/** Of version 3. */
const OPEN_POSITION: Columns<Told> = {
  symbol: told('s'),
  positionSide: told('ps'),
  positionAmt: told('pa'),
  unrealizedProfit: told('up'),
  isolatedMargin: told('iw'),
  notional: ofItsOwn,
  isolatedWallet: told('iw'),
  initialMargin: ofItsOwn,
  maintMargin: told('mm'),
  updateTime: told('T'),
};

const { leverage: _leverage, marginType: _type, isAutoAddMargin: _auto, ...RISK_OF_BOTH } = POSITION_RISK;
const POSITION_RISK_V3: Columns<Told> = {
  ...RISK_OF_BOTH,
  notional: ofItsOwn,
  marginAsset: ({ of }) => rowOf(of['s'])?.marginAsset,
  isolatedWallet: told('iw'),
  initialMargin: (_said, row) => row['positionInitialMargin'],
  maintMargin: told('mm'),
  positionInitialMargin: ofItsOwn,
  openOrderInitialMargin: ofItsOwn,
  adl: always(0),
  bidNotional: ofItsOwn,
  askNotional: ofItsOwn,
};

/** Over all assets of an answer; both of USDⓈ-M are worth a dollar. */
const overAssets =
  (name: string): Column<Known> =>
  (_known, row) =>
    fixed(sum(items(row['assets']).map((each) => amount(each[name]))), 8);

const FUTURES_TOTALS: Columns<Known> = {
  totalInitialMargin: overAssets('initialMargin'),
  totalMaintMargin: overAssets('maintMargin'),
  totalWalletBalance: overAssets('walletBalance'),
  totalUnrealizedProfit: overAssets('unrealizedProfit'),
  totalMarginBalance: overAssets('marginBalance'),
  totalPositionInitialMargin: overAssets('positionInitialMargin'),
  totalOpenOrderInitialMargin: overAssets('openOrderInitialMargin'),
  totalCrossWalletBalance: overAssets('crossWalletBalance'),
  totalCrossUnPnl: overAssets('crossUnPnl'),
  availableBalance: ofItsOwn,
  maxWithdrawAmount: (_known, row) => row['availableBalance'],
};
const LISTS: Columns<Known> = { assets: ofItsOwn, positions: ofItsOwn };
const PERMISSIONS: Columns<Known> = {
  feeTier: always(0),
  canTrade: always(true),
  canDeposit: always(true),
  canWithdraw: always(true),
  updateTime: always(0),
};

const MARGIN_ASSET: Columns<Told> = {
  asset: told('a'),
  borrowed: ({ of, known }) => fixed(known.borrowed.get(String(of['a'])) ?? 0n, 8),
  free: told('f'),
  interest: ({ of, known }) => fixed(known.interest.get(String(of['a'])) ?? 0n, 8),
  locked: told('l'),
  netAsset: (_said, row) =>
    fixed(
      sum(['free', 'locked'].map((name) => amount(row[name]))) - amount(row['borrowed']) - amount(row['interest']),
      8,
    ),
};

const ISOLATED_ASSET: Columns<Told> = {
  ...MARGIN_ASSET,
  // Isolated margin tells of loans in no event of their own.
  borrowed: ofItsOwn,
  interest: ofItsOwn,
  borrowEnabled: always(true),
  repayEnabled: always(true),
  netAssetOfBtc: ofItsOwn,
  totalAsset: total('free', 'locked'),
};

/** As the exchange bounds them. */
function marginStatus(level: unknown): string {
  const value = Number(level);
  if (value < 1.1) return 'FORCE_LIQUIDATION';
  if (value < 1.3) return 'PRE_LIQUIDATION';
  if (value < 1.5) return 'MARGIN_CALL';
  return value < 2 ? 'NORMAL' : 'EXCESSIVE';
}

const PM_BALANCE: Columns<Told> = {
  asset: told('a'),
  totalWalletBalance: total('crossMarginAsset', 'umWalletBalance', 'cmWalletBalance'),
  crossMarginAsset: total('crossMarginFree', 'crossMarginLocked'),
  crossMarginBorrowed: ({ of, known }) => fixed(known.borrowed.get(String(of['a'])) ?? 0n, 8),
  crossMarginFree: told('f'),
  crossMarginInterest: ({ of, known }) => fixed(known.interest.get(String(of['a'])) ?? 0n, 8),
  crossMarginLocked: told('l'),
  umWalletBalance: ({ of, known }) => known.balances.get(`UM${of['a']}`)?.['wb'],
  umUnrealizedPNL: ({ of, known }) => fixed(known.unrealised(of['a'], 'UM'), 8),
  cmWalletBalance: ({ of, known }) => known.balances.get(`CM${of['a']}`)?.['wb'],
  cmUnrealizedPNL: ({ of, known }) => fixed(known.unrealised(of['a'], 'CM'), 8),
  updateTime: ({ of, known }) => {
    const futures = ['UM', 'CM'].map((fs) => known.balances.get(`${fs}${of['a']}`)?.['T'] ?? 0);
    return of['T'] === undefined ? undefined : Math.max(...[of['T'], ...futures].map(Number));
  },
  negativeBalance: always('0'),
};

const ofLevel =
  (name: string): Column<Known> =>
  ({ level }) =>
    level?.[name];

const PM_ACCOUNT: Columns<Known> = {
  uniMMR: ofLevel('u'),
  accountEquity: ofLevel('eq'),
  actualEquity: ofLevel('ae'),
  accountInitialMargin: ofItsOwn,
  accountMaintMargin: ofLevel('m'),
  accountStatus: ({ status }) => status ?? 'NORMAL',
  virtualMaxWithdrawAmount: ofItsOwn,
  totalAvailableBalance: (_known, row) => row['virtualMaxWithdrawAmount'],
  totalMarginOpenLoss: ({ openOrderLoss }) => fixed(openOrderLoss, 8),
  updateTime: ({ toldAt }) => toldAt,
};

// --- Which calls there are -------------------------------------------------------------------------------------------

type Read = (path: string, params?: Readonly<Record<string, string>>) => Promise<Json & Json[]>;
type Call = (known: Known, read: Read) => Promise<void>;

const assetsOf = (known: Known): Told[] =>
  [...known.balances].flatMap(([key, of]) => (key === of['a'] ? [{ of, known }] : []));

function compareAssets(what: string, columns: Columns<Told>, known: Known, rows: readonly Json[]): void {
  for (const each of assetsOf(known)) {
    compare(
      `${what} ${each.of['a']}`,
      columns,
      each,
      rows.find(({ asset }) => asset === each.of['a']),
    );
  }
}

/** Each position that is held is there once, and nothing else is said to be held. */
function comparePositions(what: string, columns: Columns<Told>, known: Known, rows: readonly Json[]): void {
  const keyOf = (symbol: unknown, side: unknown): string => `${symbol} ${side}`;
  const held = [...known.positions].filter(([, { pa }]) => amount(pa) !== 0n).map(([key]) => key);
  const said = rows.filter(({ positionAmt }) => amount(positionAmt) !== 0n);
  expect([what, said.map((row) => keyOf(row['symbol'], row['positionSide'])).sort()]).toEqual([what, held.sort()]);
  for (const row of rows) {
    const of = known.positions.get(keyOf(row['symbol'], row['positionSide'])) ?? {};
    compare(`${what} ${keyOf(row['symbol'], row['positionSide'])}`, columns, { of, known }, row);
  }
}

const OPEN: ReadonlySet<unknown> = new Set(['NEW', 'PARTIALLY_FILLED', 'PENDING_NEW']);

interface OrderCalls {
  readonly base: string;
  readonly trades: string;
  readonly order: Columns<KnownOrder>;
  readonly trade: Columns<Json>;
  readonly with?: Readonly<Record<string, string>>;
}

const orderCalls =
  ({ base, trades, order, trade, with: given = {} }: OrderCalls): Call =>
  async (known, read) => {
    const compareAll = (path: string, ids: readonly number[], rows: readonly Json[]): void => {
      const byId = (left: number, right: number): number => left - right;
      expect([path, rows.map(({ orderId }) => Number(orderId))]).toEqual([path, [...ids].sort(byId)]);
      for (const row of rows) compare(path, order, known.orders.get(Number(row['orderId'])) as KnownOrder, row);
    };
    const all = [...known.orders];
    const open = all.filter(([, { said }]) => OPEN.has(said['X']));
    const openOrders = await read(`${base}/openOrders`, given);
    compareAll(
      `${base}/openOrders`,
      open.map(([id]) => id),
      openOrders,
    );
    for (const symbol of new Set(all.map(([, { said }]) => String(said['s'])))) {
      const of = { ...given, symbol, limit: '1000' };
      const ids = all.flatMap(([id, { said }]) => (said['s'] === symbol ? id : []));
      compareAll(`${base}/allOrders`, ids, await read(`${base}/allOrders`, of));
      const said = known.trades.filter(({ s }) => s === symbol);
      const rows = await read(`${base}/${trades}`, of);
      expect(rows.map(({ id }) => id)).toEqual(said.map(({ t }) => t));
      for (const [at, row] of rows.entries()) compare(`${base}/${trades}`, trade, said[at] as Json, row);
    }
    for (const id of known.touched) {
      const each = known.orders.get(id) as KnownOrder;
      const symbol = String(each.said['s']);
      const byId = await read(`${base}/order`, { ...given, symbol, orderId: String(id) });
      compare(`${base}/order`, order, each, byId);
    }
  };

const futuresMode =
  (path: string): Call =>
  async (known, read) =>
    expect(await read(path)).toEqual({ dualSidePosition: known.dualSidePosition } as unknown as Json & Json[]);

interface Walk {
  readonly product: string;
  /** What an account of it hears. */
  readonly scopes: readonly string[];
  readonly calls: readonly Call[];
  /** The status that nothing tells of at the beginning. */
  readonly status?: string;
  /** What the scenarios change that the wire has no event for. */
  readonly silent?: Readonly<Record<string, (known: Known) => void>>;
}

const changesMode = (known: Known): void => {
  known.dualSidePosition = !known.dualSidePosition;
};
/** Portfolio margin: what was called may trade as before. */
const isAtEase = (known: Known): void => {
  known.status = 'NORMAL';
  known.level = undefined;
};

const usdmAccount =
  (version: string, account: Columns<Known>, asset: Columns<Told>, position: Columns<Told>): Call =>
  async (known, read) => {
    const path = `/fapi/${version}/account`;
    const answer = await read(path);
    compare(path, account, known, answer);
    compareAssets(path, asset, known, items(answer['assets']));
    comparePositions(path, position, known, items(answer['positions']));
  };

const marginCalls = (isIsolated: boolean, given: Readonly<Record<string, string>> = {}): Call =>
  orderCalls({
    base: '/sapi/v1/margin',
    trades: 'myTrades',
    order: spotOrder({ isIsolated: always(isIsolated) }),
    trade: spotTrade({ isIsolated: always(isIsolated) }),
    with: given,
  });

const balanceCall =
  (path: string, columns: Columns<Told>): Call =>
  async (known, read) =>
    compareAssets(path, columns, known, await read(path));
const positionCall =
  (path: string, columns: Columns<Told>): Call =>
  async (known, read) =>
    comparePositions(path, columns, known, await read(path));

const WALKS: readonly Walk[] = [
  {
    product: 'usdm',
    scopes: ['usdm'],
    silent: { 'position-mode-change': changesMode },
    calls: [
      usdmAccount(
        'v2',
        { ...FUTURES_TOTALS, ...LISTS, ...PERMISSIONS, multiAssetsMargin: ({ multiAssets }) => multiAssets ?? false },
        { ...FUTURES_ASSET, marginAvailable: always(true) },
        { ...ACCOUNT_POSITION, maxNotional: ofItsOwn, bidNotional: ofItsOwn, askNotional: ofItsOwn },
      ),
      usdmAccount('v3', { ...FUTURES_TOTALS, ...LISTS }, FUTURES_ASSET, OPEN_POSITION),
      balanceCall('/fapi/v2/balance', USDM_BALANCE),
      balanceCall('/fapi/v3/balance', USDM_BALANCE),
      positionCall('/fapi/v2/positionRisk', {
        ...POSITION_RISK,
        maxNotionalValue: ofItsOwn,
        notional: ofItsOwn,
        isolatedWallet: told('iw'),
      }),
      positionCall('/fapi/v3/positionRisk', POSITION_RISK_V3),
      futuresMode('/fapi/v1/positionSide/dual'),
      orderCalls({
        base: '/fapi/v1',
        trades: 'userTrades',
        order: { ...FUTURES_ORDER, cumQuote: ({ quote }) => fixed(quote, 8), goodTillDate: ofOrder('gtd') },
        trade: { ...FUTURES_TRADE, quoteQty: member('quote') },
      }),
    ],
  },
  {
    product: 'coinm',
    scopes: ['coinm'],
    silent: { 'position-mode-change': changesMode },
    calls: [
      async (known, read) => {
        const answer = await read('/dapi/v1/account');
        compare('/dapi/v1/account', { ...LISTS, ...PERMISSIONS }, known, answer);
        compareAssets('/dapi/v1/account', FUTURES_ASSET, known, items(answer['assets']));
        const position = { ...ACCOUNT_POSITION, maxQty: ofItsOwn, notionalValue: ofItsOwn };
        comparePositions('/dapi/v1/account', position, known, items(answer['positions']));
      },
      balanceCall('/dapi/v1/balance', {
        ...FUTURES_BALANCE,
        withdrawAvailable: (_said, row) => row['availableBalance'],
      }),
      positionCall('/dapi/v1/positionRisk', { ...POSITION_RISK, maxQty: ofItsOwn, notionalValue: ofItsOwn }),
      futuresMode('/dapi/v1/positionSide/dual'),
      orderCalls({
        base: '/dapi/v1',
        trades: 'userTrades',
        order: {
          ...FUTURES_ORDER,
          cumBase: ({ quote }) => fixed(quote, 8),
          pair: ({ said }, row) => pairOf(said, row),
        },
        trade: { ...FUTURES_TRADE, pair: pairOf, marginAsset: member('ma'), baseQty: member('quote') },
      }),
    ],
  },
  {
    product: 'spot',
    scopes: ['spot'],
    calls: [
      async (known, read) => {
        const { balances, updateTime } = await read('/api/v3/account');
        expect(updateTime).toBe(known.toldAt as number);
        const columns = { asset: told('a'), free: told('f'), locked: told('l') };
        compareAssets('/api/v3/account', columns, known, items(balances));
      },
      orderCalls({ base: '/api/v3', trades: 'myTrades', order: spotOrder({}), trade: spotTrade({}) }),
    ],
  },
  {
    product: 'margin',
    scopes: ['margin', 'risk'],
    status: 'EXCESSIVE',
    calls: [
      async (known, read) => {
        const path = '/sapi/v1/margin/account';
        const { marginLevel, collateralMarginLevel, userAssets } = await read(path);
        expect(marginStatus(marginLevel)).toBe(String(known.status));
        expect([marginLevel, collateralMarginLevel]).toEqual(Array(2).fill(known.level?.['l'] ?? marginLevel));
        compareAssets(path, MARGIN_ASSET, known, items(userAssets));
      },
      marginCalls(false),
    ],
  },
  {
    product: 'isolated',
    scopes: ['isolated:BTCUSDT'],
    calls: [
      async (known, read) => {
        const path = '/sapi/v1/margin/isolated/account';
        const { assets } = await read(path, { symbols: 'BTCUSDT' });
        const [pair] = items(assets) as [Json];
        const rows = [pair['baseAsset'], pair['quoteAsset']] as [Json, Json];
        compareAssets(path, ISOLATED_ASSET, known, rows);
        const [owned, owed] = [['totalAsset'], ['borrowed', 'interest']].map((names) => {
          const [base, quote] = rows.map((row) => sum(names.map((name) => amount(row[name])))) as [Decimal, Decimal];
          return times(base, amount(pair['indexPrice'])) + quote;
        }) as [Decimal, Decimal];
        expect(pair['marginLevel']).toBe(owed === 0n ? '999.00000000' : fixed(over(owned, owed), 8));
        expect(pair['marginLevelStatus']).toBe(marginStatus(pair['marginLevel']));
      },
      marginCalls(true, { isIsolated: 'TRUE', symbol: 'BTCUSDT' }),
    ],
  },
  {
    product: 'pm',
    scopes: ['pm'],
    silent: { 'position-mode-change': changesMode, 'margin-recovered': isAtEase, liquidation: isAtEase },
    status: 'NORMAL',
    calls: [
      async (known, read) => compare('/papi/v1/account', PM_ACCOUNT, known, await read('/papi/v1/account')),
      balanceCall('/papi/v1/balance', PM_BALANCE),
      futuresMode('/papi/v1/um/positionSide/dual'),
      futuresMode('/papi/v1/cm/positionSide/dual'),
    ],
  },
];

test('every call that reads an account is walked', async () => {
  const paths = new Set<string>();
  for (const { calls } of WALKS) {
    const read: Read = (path) => {
      paths.add(path);
      throw new Error('only the path was wanted');
    };
    for (const call of calls) await call(new Known(), read).catch(() => undefined);
  }
  const known = new Set([...paths].map((path) => path.slice(0, path.lastIndexOf('/'))));
  const missing = ENDPOINTS.filter(({ reads, path }) => reads !== undefined && !paths.has(path))
    .map(({ path }) => path)
    .filter(
      (path) =>
        !/\/(order|allOrders|userTrades|myTrades)$/.test(path) || !known.has(path.slice(0, path.lastIndexOf('/'))),
    );
  expect(missing).toEqual([]);
});

// --- The walks -------------------------------------------------------------------------------------------------------

interface Scenario {
  readonly name: string;
  readonly scope: string;
  readonly takes: ReadonlySet<string>;
}

async function scenariosOf({ scopes }: Walk): Promise<Scenario[]> {
  const { scenarios } = (await service.admin('GET', '/admin/v1/trigger')).body as {
    scenarios: { name: string; products: { product: string; parameters: { name: string }[] }[] }[];
  };
  return scenarios.flatMap(({ name, products }) =>
    products.flatMap(({ product, parameters }) => {
      const scope = scopes.find((each) => each.split(':')[0] === product);
      return scope === undefined ? [] : [{ name, scope, takes: new Set(parameters.map((each) => each.name)) }];
    }),
  );
}

/** Two accounts: one as it comes, and one in hedge mode whose orders sell, in two trades, on a further symbol. */
const ROUNDS = [
  { name: 'plain', first: undefined, parameters: {} },
  {
    name: 'hedged',
    first: 'position-mode-change',
    parameters: { side: 'SELL', fills: 2, symbol: 'second' },
  },
] as const;

/** Leaves nothing for others to work with. */
const RUIN = 'liquidation';

const SECOND: Readonly<Record<string, string>> = {
  usdm: 'ETHUSDT',
  coinm: 'ETHUSD_PERP',
  spot: 'ETHUSDT',
  margin: 'ETHUSDT',
  pm: 'ETHUSDT',
};

test.each(WALKS.map((walk) => [walk.product, walk] as const))('%s', async (product, walk) => {
  const played = new Set<string>();
  const scenarios = await scenariosOf(walk);
  for (const round of ROUNDS) {
    const account = `${product}-${round.name}`;
    const apiKey = account.padEnd(64, 'x');
    await service.admin('PUT', `/admin/v1/accounts/${account}`, {
      apiKeys: [{ apiKey, type: 'HMAC', secret: account }],
    });
    const read: Read = async (path, params = {}) => {
      const query = new URLSearchParams({ ...params, timestamp: String(await service.now()) }).toString();
      const { status, body } = await service.rest('GET', `${path}?${query}&signature=${hmac(account)(query)}`, apiKey);
      expect([path, params, status]).toEqual([path, params, 200]);
      return body as Json & Json[];
    };
    const heard = new Map<string, number>();
    const listen = async (): Promise<Json[]> => {
      const events: Json[] = [];
      for (const scope of walk.scopes) {
        const from = heard.get(scope);
        const path = `/admin/v1/streams/${account}/${scope}/events?limit=1000`;
        const { body } = await service.admin('GET', path);
        const all = (body as { events: { event: Json }[] }).events.map(({ event }) => event);
        events.push(...all.slice(from ?? 0));
        heard.set(scope, all.length);
      }
      return events;
    };
    const known = new Known();
    known.status = walk.status;
    const named = (wanted: string | undefined): Scenario[] => scenarios.filter(({ name }) => name === wanted);
    const others = scenarios.filter(({ name }) => name !== RUIN);
    for (const { name, scope, takes } of [...named(round.first), ...others, ...named(RUIN)]) {
      const given = Object.entries(round.parameters).filter(([parameter]) => takes.has(parameter));
      const parameters = given.flatMap(([parameter, value]) => {
        const chosen = value === 'second' ? SECOND[product] : value;
        return chosen === undefined ? [] : [[parameter, chosen] as const];
      });
      const answer = await service.admin('POST', `/admin/v1/trigger/${name}`, {
        account,
        scope,
        ...Object.fromEntries(parameters),
      });
      // What the account cannot do as it stands is refused, and leaves no trace.
      expect([name, [200, 400].includes(answer.status)]).toEqual([name, true]);
      if (answer.status === 200) played.add(name);
      known.read(await listen());
      if (answer.status === 200) walk.silent?.[name]?.(known);
      for (const call of walk.calls) await call(known, read);
    }
  }
  expect(scenarios.map(({ name }) => name).filter((name) => !played.has(name))).toEqual([]);
});
