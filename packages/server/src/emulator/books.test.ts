/**
 * Whatever is triggered in whatever order, what the events say adds up, and is what signed REST reads. A reader keeps its
 * own books from the events alone.
 */
import { expect, test } from 'bun:test';
import { type AccountBook, checkEvent, eventRow, type ProductId, productOfScope, SYMBOLS } from '@listenpost/protocol';
import fc from 'fast-check';
import { seededRandom } from '../../../core/src/testing/seeded-random.ts';
import { type Decimal, decimal, fixed, magnitude, times } from './decimal.ts';
import { Emulator, type ScopedEvent } from './emulator.ts';
import { EmulatorError } from './error.ts';
import { openingBalance } from './stage.ts';
import { StillClock } from './testing/still-clock.ts';
import { VENUES } from './venues.ts';

type Json = Record<string, unknown>;

const text = (value: unknown): string => String(value);
const amount = (value: unknown): Decimal => decimal(text(value));
const items = (value: unknown): Json[] => (value ?? []) as Json[];
const signed = (side: unknown, qty: unknown): Decimal => (side === 'SELL' ? -amount(qty) : amount(qty));

interface KnownOrder {
  executed: Decimal;
  quote: Decimal;
  status: string;
  clientOrderId: string;
  /** Of portfolio margin's futures. */
  fs: unknown;
}

/** What a client knows that starts from the opening balances and reads every event. */
class Reader {
  readonly wallets = new Map<string, Decimal>();
  readonly positions = new Map<string, Decimal>();
  readonly orders = new Map<number, KnownOrder>();
  readonly trades = new Map<number, Json>();
  readonly owed = new Map<string, Decimal>();
  readonly updateTimes = new Map<string, number>();
  /** At which level the account was told to be last, by the event that tells it. */
  readonly statuses = new Map<string, string>();
  last: Json = {};
  readonly #realised = new Map<string, Decimal>();
  readonly #lastIds = new Map<string, number>();
  readonly #lastTimes = new Map<string, number>();
  readonly #opening: (asset: string, fs: unknown) => Decimal;
  /** Balances and positions that are told before the report of the trade that moved them. */
  #ahead: Json | undefined;

  constructor(opening: (asset: string, fs: unknown) => Decimal) {
    this.#opening = opening;
  }

  read(event: Json): void {
    this.#neverBack('E', event['E']);
    if (event['e'] !== 'liabilityChange') this.#neverBack('T', event['T']);
    READERS[text(event['e'])]?.(this, event);
    this.last = event;
  }

  order(event: Json, order: Json): void {
    const id = Number(order['i']);
    const known = this.orders.get(id);
    if (known === undefined) this.grows('i', id);
    const trades = order['x'] === 'TRADE' || order['x'] === 'CALCULATED';
    const executed = (known?.executed ?? 0n) + (trades ? amount(order['l']) : 0n);
    expect([id, fixed(amount(order['z']), 8)]).toEqual([id, fixed(executed, 8)]);
    expect(amount(order['q']) >= executed).toBe(true);
    if (trades) {
      expect(order['X']).toBe(amount(order['q']) === executed ? 'FILLED' : 'PARTIALLY_FILLED');
      this.grows('t', order['t']);
      this.trades.set(Number(order['t']), { ...order, fs: event['fs'] });
    } else {
      expect(amount(order['l'])).toBe(0n);
    }
    const quote = (known?.quote ?? 0n) + (order['Y'] === undefined ? 0n : amount(order['Y']));
    if (order['Z'] !== undefined) expect(amount(order['Z'])).toBe(quote);
    const clientOrderId = known?.clientOrderId ?? text(order['c']);
    this.orders.set(id, { executed, quote, status: text(order['X']), clientOrderId, fs: event['fs'] });
  }

  contractTrade(event: Json, order: Json): void {
    if (order['x'] !== 'TRADE' && order['x'] !== 'CALCULATED') return;
    const qty = signed(order['S'], order['l']);
    const key = positionKey(order);
    this.#bump(this.positions, key, qty);
    this.#bump(this.#realised, key, amount(order['rp']));
    const option = text(order['s']).includes('-');
    // Options pay the premium and print commission below zero; the others move by profit less commission.
    const change = option
      ? amount(order['n']) - times(qty, amount(order['L']))
      : amount(order['rp']) - amount(order['n']);
    this.credit(event, order['N'], change);
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead === undefined) throw new Error('a trade was reported before its balance was');
    this.compare(ahead);
  }

  assetTrade(order: Json): void {
    this.grows('I', order['I']);
    if (order['x'] !== 'TRADE') return;
    const row = SYMBOLS.find(({ product, symbol }) => product === 'spot' && symbol === order['s']);
    const buys = order['S'] === 'BUY';
    this.credit(order, row?.baseAsset, buys ? amount(order['l']) : -amount(order['l']));
    this.credit(order, row?.quoteAsset, buys ? -amount(order['Y']) : amount(order['Y']));
    this.credit(order, order['N'], -amount(order['n']));
  }

  /** `told`: whether a trade's report follows, with which the figures first add up. */
  balances(event: Json, changes: readonly Json[], reason: unknown): void {
    for (const balance of changes) this.credit(event, balance['a'], amount(balance['bc']));
    for (const balance of changes) this.updateTimes.set(`${event['fs']} ${balance['a']}`, Number(event['T']));
    if (reason === 'ORDER') this.#ahead = event;
    else this.compare(event);
  }

  /** The end of a trigger: what was told ahead of no trade is the settlement of options. */
  settle(): void {
    const settled = this.#ahead;
    this.#ahead = undefined;
    if (settled === undefined) return;
    for (const { s, c } of items(settled['P'])) {
      expect(amount(c)).toBe(0n);
      const held = this.positions.get(`${s} BOTH`) ?? 0n;
      this.positions.set(`${s} BOTH`, 0n);
      for (const { a, b } of items(settled['B'])) {
        const paid = amount(b) - this.held(settled, a);
        expect(paid === 0n || paid > 0n === held > 0n).toBe(true);
        this.credit(settled, a, paid);
      }
    }
  }

  compare(event: Json): void {
    const account = event['a'] as Json | undefined;
    if (event['e'] === 'ACCOUNT_UPDATE' && account !== undefined) {
      for (const { a, wb, cw } of items(account['B'])) {
        expect([wb, cw].map((each) => fixed(amount(each), 8))).toEqual(Array(2).fill(this.wallet(event, a)));
      }
      for (const position of items(account['P'])) {
        expect(amount(position['pa'])).toBe(this.positions.get(positionKey(position)) ?? 0n);
        expect(amount(position['cr'])).toBe(this.#realised.get(positionKey(position)) ?? 0n);
      }
    }
    if (event['e'] === 'BALANCE_POSITION_UPDATE') {
      for (const { a, b } of items(event['B'])) expect(fixed(amount(b), 8)).toBe(this.wallet(event, a));
      for (const { s, c } of items(event['P'])) expect(amount(c)).toBe(this.positions.get(`${s} BOTH`) ?? 0n);
    }
  }

  comparePosition(event: Json): void {
    for (const { a, f, l } of items(event['B'])) {
      expect([a, fixed(amount(f) + amount(l), 8)]).toEqual([a, this.wallet(event, a)]);
      expect(amount(f) >= 0n && amount(l) >= 0n).toBe(true);
      this.updateTimes.set(`${event['fs']} ${a}`, Number(event['u']));
    }
    this.grows('U', event['U']);
  }

  compareCall(event: Json): void {
    const called = items(event['p']);
    for (const position of called) {
      expect(amount(position['pa'])).toBe(this.positions.get(positionKey(position)) ?? 0n);
    }
    const left = called.reduce((sum, { up }) => sum + amount(up), amount(event['cw']));
    const needed = called.reduce((sum, { mm }) => sum + amount(mm), 0n);
    // The mark is printed with eight decimals; millions of units make a cent of that.
    expect(magnitude(times(left, decimal('0.8')) - needed) <= times(needed, decimal('0.0001'))).toBe(true);
  }

  liability(event: Json): void {
    const change = amount(event['p']) + amount(event['i']);
    this.#bump(this.owed, event['a'], event['t'] === 'REPAY' ? -change : change);
    // The balance was told at a time that this event does not print.
    this.updateTimes.delete(`undefined ${event['a']}`);
    if (event['l'] !== undefined) expect(amount(event['l'])).toBe(this.owed.get(text(event['a'])) ?? 0n);
  }

  wallet(event: Json, asset: unknown): string {
    return fixed(this.held(event, asset), 8);
  }

  held({ fs }: Json, asset: unknown): Decimal {
    return this.wallets.get(`${fs} ${asset}`) ?? this.#opening(text(asset), fs);
  }

  credit(event: Json, asset: unknown, change: Decimal): void {
    this.wallets.set(`${event['fs']} ${asset}`, this.held(event, asset) + change);
  }

  grows(kind: string, id: unknown): void {
    if (id === undefined) return;
    expect([kind, Number(id) > (this.#lastIds.get(kind) ?? 0)]).toEqual([kind, true]);
    this.#lastIds.set(kind, Number(id));
  }

  #bump(sums: Map<string, Decimal>, key: unknown, change: Decimal): void {
    sums.set(text(key), (sums.get(text(key)) ?? 0n) + change);
  }

  #neverBack(kind: string, time: unknown): void {
    if (time === undefined) return;
    expect(Number(time)).toBeGreaterThanOrEqual(this.#lastTimes.get(kind) ?? 0);
    this.#lastTimes.set(kind, Number(time));
  }
}

const positionKey = ({ s, ps }: Json): string => `${s} ${ps ?? 'BOTH'}`;

const READERS: Readonly<Record<string, (reader: Reader, event: Json) => void>> = {
  ORDER_TRADE_UPDATE(reader, event) {
    const order = event['o'] as Json;
    reader.order(event, order);
    reader.contractTrade(event, order);
  },
  executionReport(reader, event) {
    // Of the refused half of a cancel-replace nothing was ever in the books.
    if (event['x'] !== 'REJECTED') reader.order(event, event);
    reader.assetTrade(event);
  },
  ACCOUNT_UPDATE(reader, event) {
    const account = event['a'] as Json | undefined;
    if (account !== undefined) reader.balances(event, items(account['B']), account['m']);
  },
  BALANCE_POSITION_UPDATE: (reader, event) => reader.balances(event, items(event['B']), event['m']),
  balanceUpdate(reader, event) {
    reader.credit(event, event['a'], amount(event['d']));
    reader.grows('U', event['U']);
  },
  outboundAccountPosition: (reader, event) => reader.comparePosition(event),
  MARGIN_CALL: (reader, event) => reader.compareCall(event),
  USER_LIABILITY_CHANGE: (reader, event) => reader.liability(event),
  liabilityChange: (reader, event) => reader.liability(event),
  MARGIN_LEVEL_STATUS_CHANGE: (reader, { e, s }) => reader.statuses.set(text(e), text(s)),
  riskLevelChange: (reader, { e, s }) => reader.statuses.set(text(e), text(s)),
};

// --- What is triggered -----------------------------------------------------------------------------------------------

const symbolsOf = (product: ProductId): string[] => {
  if (product === 'isolated') return ['BTCUSDT'];
  const lists: Readonly<Record<string, readonly string[]>> = {
    pm: ['usdm', 'coinm'],
    margin: ['spot'],
    risk: ['spot'],
  };
  return SYMBOLS.filter((row) => (lists[product] ?? [product]).includes(row.product)).map((row) => row.symbol);
};

const whole = (min: number, max: number) => fc.integer({ min, max });

/** Values that often fit; what does not is refused, and leaves no trace. */
const VALUES: Readonly<Record<string, (product: ProductId) => fc.Arbitrary<unknown>>> = {
  symbol: (product) => fc.constantFrom(...symbolsOf(product)),
  side: () => fc.constantFrom('BUY', 'SELL'),
  qty: () => whole(1, 20),
  price: () => whole(100, 14_000).map((step) => step * 5),
  fills: () => whole(1, 4),
  orderId: () => fc.constant('last'),
  newQty: () => whole(1, 20),
  amount: () => whole(-9, 9),
  positionSide: () => fc.constantFrom('LONG', 'SHORT'),
  timeInForce: () => fc.constantFrom('IOC', 'FOK', 'GTX'),
  stpMode: () => fc.constantFrom('EXPIRE_MAKER', 'EXPIRE_TAKER', 'EXPIRE_BOTH'),
  rate: () => fc.constantFrom('0.0001', '-0.0005'),
  market: () => fc.constantFrom('UM', 'CM', 'MARGIN'),
  dualSidePosition: () => fc.boolean(),
  level: (product) => fc.constantFrom(...(LEVELS[product] ?? [])),
  type: () => fc.constantFrom('LIMIT', 'MARKET', 'STOP', 'STOP_MARKET'),
};

const LEVELS: { readonly [Id in ProductId]?: readonly string[] } = {
  pm: ['MARGIN_CALL', 'REDUCE_ONLY', 'FORCE_LIQUIDATION'],
  pmpro: ['MARGIN_CALL', 'REDUCE_ONLY', 'FORCE_LIQUIDATION'],
  risk: ['EXCESSIVE', 'NORMAL', 'MARGIN_CALL', 'PRE_LIQUIDATION', 'FORCE_LIQUIDATION'],
};

const PLAYS = new Emulator({
  clock: new StillClock(),
  random: seededRandom(1),
  admit: async () => undefined,
  has: () => true,
}).scenarios();

const mostlyAbsent = (values: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: values });

function command(product: ProductId) {
  const plays = PLAYS.flatMap(({ name, products }) =>
    products.filter((play) => play.product === product).map(({ parameters }) => ({ name, parameters })),
  );
  return fc.constantFrom(...plays).chain(({ name, parameters }) => {
    const values = parameters.flatMap((parameter) => {
      const fitting = VALUES[parameter.name]?.(product);
      return fitting === undefined ? [] : [[parameter.name, mostlyAbsent(fitting)]];
    });
    const given: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(values);
    return fc.record({ name: fc.constant(name), parameters: fc.record(given), later: fc.nat({ max: 50_000 }) });
  });
}

/** Portfolio margin tells its markets apart by `fs`; what has none is its margin side. */
const VENUE_BY_SCOPE: Readonly<Record<string, keyof typeof VENUES>> = {
  usdm: 'UM',
  coinm: 'CM',
  options: 'OPTIONS',
  spot: 'SPOT',
  margin: 'MARGIN',
  pm: 'MARGIN',
  pmpro: 'MARGIN',
  risk: 'MARGIN',
  'isolated:BTCUSDT': 'MARGIN',
};

/** The account that signed REST reads of what a stream tells, where it reads one. */
const READ: Readonly<Record<string, string>> = {
  usdm: 'usdm',
  coinm: 'coinm',
  spot: 'spot',
  margin: 'margin',
  risk: 'margin',
  'isolated:BTCUSDT': 'isolated:BTCUSDT',
  pm: 'pm',
};

test.each(Object.keys(VENUE_BY_SCOPE))('%s', async (scope) => {
  const product = productOfScope(scope)?.id ?? 'spot';
  let played = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(command(product), { minLength: 1, maxLength: 25 }),
      async (seed, commands) => {
        const clock = new StillClock();
        const batches: (readonly ScopedEvent[])[] = [];
        const subject = new Emulator({
          clock,
          random: seededRandom(seed),
          admit: async (_account, events) => {
            batches.push(events);
          },
          has: () => true,
        });
        const reader = new Reader((asset, fs) =>
          openingBalance(VENUES[(fs ?? VENUE_BY_SCOPE[scope]) as keyof typeof VENUES], asset),
        );
        if (['margin', 'risk'].includes(scope)) reader.statuses.set('MARGIN_LEVEL_STATUS_CHANGE', 'EXCESSIVE');
        const read = READ[scope];
        for (const { name, parameters, later } of commands) {
          clock.instant += later;
          const given = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));
          await subject.trigger(name, { account: 'alice', scope, parameters: given }).catch((error: unknown) => {
            if (!(error instanceof EmulatorError)) throw error;
          });
          const events = batches.splice(0).flat();
          played += events.length > 0 ? 1 : 0;
          for (const { scope: of, event } of events as readonly { scope: string; event: Json }[]) {
            const row = eventRow(productOfScope(of)?.id ?? product, text(event['e']));
            expect(row && checkEvent(row, event, 'strict')).toBeNull();
            reader.read(event);
          }
          reader.settle();
          if (name === 'margin-recovered') reader.last = {};
          if (read !== undefined) compareToRest(reader, subject.read('alice', read));
        }
      },
    ),
    { numRuns: 60, seed: 20260101 },
  );
  expect(played).toBeGreaterThan(200);
});

/** Of portfolio margin the margin side, and of its futures the wallets. */
function compareToRest(reader: Reader, book: AccountBook): void {
  // Isolated margin tells of loans in no event of their own.
  const tellsLoans = book.assets.every(({ asset, borrowed }) => reader.owed.has(asset) || amount(borrowed) === 0n);
  for (const { asset, totalAsset, updateTime, borrowed, interest, parts } of book.assets) {
    expect([asset, totalAsset]).toEqual([asset, reader.wallet({}, asset)]);
    const told = (fs: string) => reader.updateTimes.get(`${fs} ${asset}`);
    // Of one of three wallets the time may be untold, as that of a loan's is.
    if (parts !== undefined) expect(updateTime).toBeGreaterThanOrEqual(Math.max(told('UM') ?? 0, told('CM') ?? 0));
    else expect([asset, updateTime]).toEqual([asset, told('undefined') ?? updateTime]);
    if (tellsLoans) expect(amount(borrowed) + amount(interest)).toBe(reader.owed.get(asset) ?? 0n);
    for (const [fs, wallet] of [['UM', parts?.um] as const, ['CM', parts?.cm] as const]) {
      const told = reader.wallets.get(`${fs} ${asset}`);
      if (wallet !== undefined && told !== undefined) expect([fs, wallet]).toEqual([fs, fixed(told, 8)]);
    }
  }
  compareLevels(reader, book);
  // Portfolio margin's futures positions are read by calls of their own.
  const positions = book.assets.some(({ parts }) => parts !== undefined) ? [] : book.positions;
  for (const { symbol, positionSide, positionAmt } of positions) {
    expect(amount(positionAmt)).toBe(reader.positions.get(`${symbol} ${positionSide}`) ?? 0n);
  }
  const orders = [...reader.orders].filter(([, { fs }]) => fs === undefined);
  const open = orders.filter(([, { status }]) => ['NEW', 'PARTIALLY_FILLED'].includes(status));
  expect(book.orders.filter((order) => order.open).map(({ orderId }) => orderId)).toEqual(
    open.map(([id]) => id).sort((left, right) => left - right),
  );
  for (const { orderId, status, executedQty, clientOrderId } of book.orders) {
    const known = reader.orders.get(orderId);
    expect([status, clientOrderId]).toEqual([known?.status as string, known?.clientOrderId as string]);
    expect(amount(executedQty)).toBe(known?.executed ?? -1n);
  }
  expect(book.orders).toHaveLength(orders.length);
  const trades = [...reader.trades].filter(([, { fs }]) => fs === undefined);
  expect(book.trades.map(({ id }) => id)).toEqual(trades.map(([id]) => id));
  for (const trade of book.trades) {
    const told = reader.trades.get(trade.id) ?? {};
    const read = [trade.price, trade.qty, trade.commission, trade.realizedPnl];
    expect(read.map(decimal)).toEqual([told['L'], told['l'], told['n'], told['rp'] ?? '0'].map(amount));
    expect([trade.orderId, trade.side, trade.maker]).toEqual([Number(told['i']), text(told['S']), told['m'] === true]);
  }
}

/** An account is read at the status that was told last, and with the figures of what was told just now. */
function compareLevels({ statuses, last }: Reader, { totals }: AccountBook): void {
  if (last['e'] === 'MARGIN_LEVEL_STATUS_CHANGE') expect(totals.marginLevel).toBe(text(last['l']));
  if (last['e'] === 'riskLevelChange') {
    const { uniMMR, accountStatus, accountEquity, actualEquity, maintMargin } = totals;
    expect(last).toMatchObject({ u: uniMMR, s: accountStatus, eq: accountEquity, ae: actualEquity, m: maintMargin });
  }
  // The wire has no event for the return to it.
  if (statuses.has('riskLevelChange') && totals.accountStatus === 'NORMAL') statuses.set('riskLevelChange', 'NORMAL');
  const { accountStatus, marginLevelStatus } = totals;
  const read = { riskLevelChange: accountStatus, MARGIN_LEVEL_STATUS_CHANGE: marginLevelStatus };
  for (const [name, status] of statuses) expect([name, status]).toEqual([name, read[name as keyof typeof read]]);
}
