/** Whatever is triggered in whatever order, what the events say adds up. A reader keeps its own books from them alone. */
import { expect, test } from 'bun:test';
import { checkEvent, eventRow, type ProductId, productOfScope, SYMBOLS } from '@listenpost/protocol';
import fc from 'fast-check';
import { seededRandom } from '../../../core/src/testing/seeded-random.ts';
import { type Decimal, decimal, fixed, magnitude, times } from './decimal.ts';
import { Emulator, type EmulatorDeps } from './emulator.ts';
import { EmulatorError } from './error.ts';
import { openingBalance } from './stage.ts';
import { StillClock } from './testing/still-clock.ts';
import { VENUES } from './venues.ts';

type Json = Record<string, unknown>;

const text = (value: unknown): string => String(value);
const amount = (value: unknown): Decimal => decimal(text(value));
const items = (value: unknown): Json[] => (value ?? []) as Json[];
const signed = (side: unknown, qty: unknown): Decimal => (side === 'SELL' ? -amount(qty) : amount(qty));

/** What a client knows that starts from the opening balances and reads every event. */
class Reader {
  readonly #wallets = new Map<string, Decimal>();
  readonly #positions = new Map<string, Decimal>();
  readonly #realised = new Map<string, Decimal>();
  readonly #lastIds = new Map<string, number>();
  readonly #lastTimes = new Map<string, number>();
  readonly #opening: (asset: string, fs: unknown) => Decimal;

  constructor(opening: (asset: string, fs: unknown) => Decimal) {
    this.#opening = opening;
  }

  /** Reads the events of one trigger, then holds what they state against what they add up to. */
  read(events: readonly Json[]): void {
    for (const event of events) {
      this.#neverBack('E', event['E']);
      this.#neverBack('T', event['T']);
      this.#add(event);
    }
    for (const event of events.slice(-3)) this.#compare(event, events);
  }

  #add(event: Json): void {
    const adders: Readonly<Record<string, (event: Json) => void>> = {
      ORDER_TRADE_UPDATE: (each) => this.#addContractOrder(each),
      ACCOUNT_UPDATE: (each) => this.#addChanges(each, items((each['a'] as Json | undefined)?.['B'])),
      BALANCE_POSITION_UPDATE: (each) => this.#addChanges(each, items(each['B'])),
      executionReport: (each) => this.#addAssetOrder(each),
      balanceUpdate: (each) => this.#credit(each, each['a'], amount(each['d'])),
      outboundAccountPosition: (each) => this.#grows('U', each['U']),
    };
    adders[text(event['e'])]?.(event);
    if (event['e'] === 'balanceUpdate') this.#grows('U', event['U']);
  }

  #addContractOrder(event: Json): void {
    const order = event['o'] as Json;
    if (order['x'] === 'NEW') this.#grows('i', order['i']);
    if (order['x'] !== 'TRADE') return;
    this.#grows('t', order['t']);
    const qty = signed(order['S'], order['l']);
    this.#bump(this.#positions, order['s'], qty);
    this.#bump(this.#realised, order['s'], amount(order['rp']));
    const option = text(order['s']).includes('-');
    // Options pay the premium and print commission below zero; the others move by profit less commission.
    const change = option
      ? amount(order['n']) - times(qty, amount(order['L']))
      : amount(order['rp']) - amount(order['n']);
    this.#credit(event, order['N'], change);
  }

  #addAssetOrder(order: Json): void {
    this.#grows('I', order['I']);
    if (order['x'] === 'NEW') this.#grows('i', order['i']);
    if (order['x'] !== 'TRADE') return;
    this.#grows('t', order['t']);
    const row = SYMBOLS.find(({ product, symbol }) => product === 'spot' && symbol === order['s']);
    const buys = order['S'] === 'BUY';
    this.#credit(order, row?.baseAsset, buys ? amount(order['l']) : -amount(order['l']));
    this.#credit(order, row?.quoteAsset, buys ? -amount(order['Y']) : amount(order['Y']));
    this.#credit(order, order['N'], -amount(order['n']));
  }

  #addChanges(event: Json, balances: readonly Json[]): void {
    for (const balance of balances) this.#credit(event, balance['a'], amount(balance['bc']));
  }

  #compare(event: Json, events: readonly Json[]): void {
    const account = event['a'] as Json | undefined;
    for (const { a, wb, cw } of items(account?.['B'])) {
      expect([wb, cw].map((each) => fixed(amount(each), 8))).toEqual(Array(2).fill(this.#wallet(event, a)));
    }
    for (const { s, pa, cr } of items(account?.['P'])) {
      expect(amount(pa)).toBe(this.#positions.get(text(s)) ?? 0n);
      expect(amount(cr)).toBe(this.#realised.get(text(s)) ?? 0n);
    }
    if (event['e'] === 'outboundAccountPosition' && event === events.at(-1)) {
      for (const { a, f, l } of items(event['B'])) {
        expect([fixed(amount(f), 8), l]).toEqual([this.#wallet(event, a), '0.00000000']);
      }
    }
    if (event['e'] === 'BALANCE_POSITION_UPDATE') {
      for (const { a, b } of items(event['B'])) expect(fixed(amount(b), 8)).toBe(this.#wallet(event, a));
      for (const { s, c } of items(event['P'])) expect(amount(c)).toBe(this.#positions.get(text(s)) ?? 0n);
    }
    if (event['e'] === 'MARGIN_CALL') this.#compareCall(event);
  }

  #compareCall(event: Json): void {
    const called = items(event['p']);
    for (const { s, pa } of called) expect(amount(pa)).toBe(this.#positions.get(text(s)) ?? 0n);
    const left = called.reduce((sum, { up }) => sum + amount(up), amount(event['cw']));
    const needed = called.reduce((sum, { mm }) => sum + amount(mm), 0n);
    // The mark is printed with eight decimals; millions of units make a cent of that.
    expect(magnitude(times(left, decimal('0.8')) - needed) <= times(needed, decimal('0.0001'))).toBe(true);
  }

  #wallet(event: Json, asset: unknown): string {
    return fixed(this.#held(event, asset), 8);
  }

  #held({ fs }: Json, asset: unknown): Decimal {
    return this.#wallets.get(`${fs} ${asset}`) ?? this.#opening(text(asset), fs);
  }

  #credit(event: Json, asset: unknown, change: Decimal): void {
    this.#wallets.set(`${event['fs']} ${asset}`, this.#held(event, asset) + change);
  }

  #bump(sums: Map<string, Decimal>, key: unknown, change: Decimal): void {
    sums.set(text(key), (sums.get(text(key)) ?? 0n) + change);
  }

  #grows(kind: string, id: unknown): void {
    if (id === undefined) return;
    expect(Number(id)).toBeGreaterThan(this.#lastIds.get(kind) ?? 0);
    this.#lastIds.set(kind, Number(id));
  }

  #neverBack(kind: string, time: unknown): void {
    if (time === undefined) return;
    expect(Number(time)).toBeGreaterThanOrEqual(this.#lastTimes.get(kind) ?? 0);
    this.#lastTimes.set(kind, Number(time));
  }
}

const symbolsOf = (product: ProductId): string[] => {
  const lists: Readonly<Record<string, readonly string[]>> = { pm: ['usdm', 'coinm'], margin: ['spot'] };
  return SYMBOLS.filter((row) => (lists[product] ?? [product]).includes(row.product)).map((row) => row.symbol);
};

const optional = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: undefined });

const parametersFor = (product: ProductId) => ({
  'order.filled': fc.record({
    symbol: optional(fc.constantFrom(...symbolsOf(product))),
    side: optional(fc.constantFrom('BUY', 'SELL')),
    qty: optional(fc.integer({ min: 1, max: 20 })),
    price: optional(fc.integer({ min: 100, max: 14_000 }).map((step) => step * 5)),
  }),
  'order.canceled': fc.record({ side: optional(fc.constantFrom('BUY', 'SELL')) }),
  transfer: fc.record({ amount: optional(fc.integer({ min: -9, max: 9 })) }),
  'margin-call': fc.record({ symbol: optional(fc.constantFrom(...symbolsOf(product))) }),
});

const command = (product: ProductId) =>
  fc
    .constantFrom(...(['order.filled', 'order.filled', 'order.canceled', 'transfer', 'margin-call'] as const))
    .chain((name) =>
      fc.record({ name: fc.constant(name), parameters: parametersFor(product)[name], later: fc.nat({ max: 50_000 }) }),
    );

/** Portfolio margin tells its markets apart by `fs`; what has none is its margin side. */
const VENUE_BY_SCOPE: Readonly<Record<string, keyof typeof VENUES>> = {
  usdm: 'UM',
  coinm: 'CM',
  options: 'OPTIONS',
  spot: 'SPOT',
  margin: 'MARGIN',
  pm: 'MARGIN',
};

test.each(Object.keys(VENUE_BY_SCOPE))('%s', async (scope) => {
  const product = productOfScope(scope)?.id ?? 'spot';
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(command(product), { minLength: 1, maxLength: 25 }),
      async (seed, commands) => {
        const clock = new StillClock();
        const batches: Json[][] = [];
        const admit: EmulatorDeps['admit'] = async (_account, events) => {
          batches.push(events.map(({ event }) => event as Json));
        };
        const subject = new Emulator({ clock, random: seededRandom(seed), admit, has: () => true });
        const reader = new Reader((asset, fs) =>
          openingBalance(VENUES[(fs ?? VENUE_BY_SCOPE[scope]) as keyof typeof VENUES], asset),
        );
        for (const { name, parameters, later } of commands) {
          clock.instant += later;
          const given = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));
          await subject.trigger(name, { account: 'alice', scope, parameters: given }).catch((error: unknown) => {
            if (!(error instanceof EmulatorError)) throw error;
          });
        }
        for (const events of batches) {
          for (const event of events) {
            const row = eventRow(product, text(event['e']));
            expect(row && checkEvent(row, event, 'strict')).toBeNull();
          }
          reader.read(events);
        }
      },
    ),
    { numRuns: 60, seed: 20260101 },
  );
});
