/** What a trigger may say, by name: how it is read, what it means, and what holds when it is left out. */
import { z } from 'zod';
import { type Decimal, decimal } from './decimal.ts';
import { EmulatorError } from './error.ts';

/** At most twelve digits before the point and eight after it: no balance outgrows what events print. */
const PLAIN_DECIMAL = /^-?\d{1,12}(\.\d{1,8})?$/;

function amountOf(problem: string, fits: (value: Decimal) => boolean) {
  return z
    .union([z.string(), z.number()], { error: problem })
    .transform(String)
    .refine((text) => PLAIN_DECIMAL.test(text) && fits(decimal(text)), { error: problem })
    .transform(decimal);
}

const positive = (example: string) =>
  amountOf(`must be a decimal above 0 with at most 8 decimals, such as "${example}"`, (value) => value > 0n);

function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

const name = (example: string) => z.string({ error: `must be a string, such as "${example}"` });

/** The command line sends every value as text. */
function wholeOf(problem: string, min: number, max: number) {
  return z
    .union([z.string(), z.number()], { error: problem })
    .transform(Number)
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, { error: problem });
}

const NEWEST = 'last';
const ORDER_ID = 'must be the id of an open order, or "last" for the newest';
const orderId = z
  .union([z.string(), z.number()], { error: ORDER_ID })
  .transform((value) => (value === NEWEST ? NEWEST : Number(value)))
  .refine((value) => value === NEWEST || Number.isSafeInteger(value), { error: ORDER_ID });

const flag = z
  .union([z.boolean(), z.enum(['true', 'false'])], { error: 'must be true or false' })
  .transform((value) => value === true || value === 'true');

const UNI_MMR_LEVELS = ['MARGIN_CALL', 'REDUCE_ONLY', 'FORCE_LIQUIDATION'] as const;
const MARGIN_LEVELS = ['EXCESSIVE', 'NORMAL', 'MARGIN_CALL', 'PRE_LIQUIDATION', 'FORCE_LIQUIDATION'] as const;

const ROWS = {
  symbol: { schema: name('BTCUSDT'), meaning: 'symbol', absent: 'the product’s first' },
  qty: { schema: positive('0.01'), meaning: 'quantity, in steps of the symbol', absent: 'worth up to 1000 USD' },
  price: { schema: positive('60000'), meaning: 'price, in ticks of the symbol', absent: 'the symbol’s usual one' },
  side: { schema: oneOf(['BUY', 'SELL']), meaning: 'side', absent: 'BUY' },
  type: { schema: oneOf(['LIMIT', 'MARKET']), meaning: 'order type; LIMIT rests and is the maker', absent: 'LIMIT' },
  market: { schema: oneOf(['UM', 'CM', 'MARGIN']), meaning: 'where it trades', absent: 'where the symbol is listed' },
  asset: { schema: name('USDT'), meaning: 'asset', absent: 'what the first symbol is margined or quoted in' },
  amount: {
    schema: amountOf(
      'must be a decimal other than 0 with at most 8 decimals, such as "100" in or "-100" out',
      (value) => value !== 0n,
    ),
    meaning: 'amount: in above 0, out below',
    absent: 'worth up to 1000 USD, in',
  },
  positive: {
    schema: positive('100'),
    meaning: 'amount',
    absent: 'worth up to 1000 USD',
  },
  repaid: { schema: positive('100'), meaning: 'amount', absent: 'all that is owed' },
  interest: { schema: positive('0.01'), meaning: 'amount', absent: 'some hundred-thousandth of what is owed' },
  locked: {
    schema: amountOf(
      'must be a decimal other than 0 with at most 8 decimals, such as "100" to lock or "-100" to unlock',
      (value) => value !== 0n,
    ),
    meaning: 'amount: locks above 0, unlocks below',
    absent: 'worth up to 1000 USD, locked',
  },
  fills: {
    schema: wholeOf('must be a whole number from 1 to 100, such as 3', 1, 100),
    meaning: 'in how many trades',
    absent: '1',
  },
  fillsBefore: {
    schema: wholeOf('must be a whole number from 0 to 100, such as 2', 0, 100),
    meaning: 'how many trades come before it',
    absent: '0',
  },
  orderId: { schema: orderId, meaning: 'an open order, by its id or "last"', absent: 'a new order' },
  positionSide: {
    schema: oneOf(['BOTH', 'LONG', 'SHORT']),
    meaning: 'LONG and SHORT for an account in hedge mode, which one that holds nothing enters',
    absent: 'BOTH; in hedge mode LONG to buy and SHORT to sell',
  },
  timeInForce: { schema: oneOf(['IOC', 'FOK', 'GTX']), meaning: 'what it is not filled under', absent: 'IOC' },
  timeInForceOfSpot: { schema: oneOf(['IOC', 'FOK']), meaning: 'what it is not filled under', absent: 'IOC' },
  newQty: { schema: positive('0.005'), meaning: 'quantity from then on', absent: 'half of what remains less' },
  newPrice: { schema: positive('60000'), meaning: 'price from then on', absent: 'as before' },
  stpMode: {
    schema: oneOf(['EXPIRE_MAKER', 'EXPIRE_TAKER', 'EXPIRE_BOTH']),
    meaning: 'which of the two orders expires',
    absent: 'EXPIRE_MAKER',
  },
  rejectReason: {
    schema: oneOf([
      'INSUFFICIENT_BALANCES',
      'STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY',
      'WOULD_MATCH_IMMEDIATELY',
      'OCO_BAD_PRICES',
    ]),
    meaning: 'why',
    absent: 'INSUFFICIENT_BALANCES',
  },
  reason: {
    schema: z.string().min(1).max(200, { error: 'must be a sentence of at most 200 characters' }),
    meaning: 'why, in words',
    absent: 'Margin is insufficient.',
  },
  conditionalType: {
    schema: oneOf(['STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET']),
    meaning: 'type of the conditional order',
    absent: 'STOP_MARKET',
  },
  rate: {
    schema: amountOf(
      'must be a decimal other than 0 between -0.1 and 0.1, such as "0.0001"',
      (value) => value !== 0n && value <= decimal('0.1') && value >= decimal('-0.1'),
    ),
    meaning: 'funding rate; above 0 the longs pay',
    absent: '0.0001',
  },
  leverage: {
    schema: wholeOf('must be a whole number from 1 to 125, such as 20', 1, 125),
    meaning: 'leverage',
    absent: '10',
  },
  dualSidePosition: { schema: flag, meaning: 'hedge mode (true) or one-way mode', absent: 'the other one' },
  multiAssets: { schema: flag, meaning: 'on or off', absent: 'the other one' },
  strategyEnd: { schema: oneOf(['CANCELLED', 'EXPIRED']), meaning: 'how it ends', absent: 'CANCELLED' },
  settlement: {
    schema: positive('77000'),
    meaning: 'where the underlying stands at the end',
    absent: 'a tenth from the strike price',
  },
  uniMMRLevel: { schema: oneOf(UNI_MMR_LEVELS), meaning: 'level that is reached', absent: 'MARGIN_CALL' },
  marginLevel: { schema: oneOf(MARGIN_LEVELS), meaning: 'level that is reached', absent: 'MARGIN_CALL' },
} as const;

/** Rows whose name is another one's too: a level, an amount or a type means another set of values in another scenario. */
const SPELLED: Readonly<Record<string, string>> = {
  uniMMRLevel: 'level',
  marginLevel: 'level',
  positive: 'amount',
  repaid: 'amount',
  interest: 'amount',
  locked: 'amount',
  fillsBefore: 'fills',
  timeInForceOfSpot: 'timeInForce',
  rejectReason: 'reason',
  conditionalType: 'type',
  settlement: 'price',
};

export type ParameterId = keyof typeof ROWS;

export interface Parameters {
  readonly symbol?: string | undefined;
  readonly qty?: Decimal | undefined;
  readonly price?: Decimal | undefined;
  readonly side?: 'BUY' | 'SELL' | undefined;
  readonly type?: string | undefined;
  readonly market?: 'UM' | 'CM' | 'MARGIN' | undefined;
  readonly asset?: string | undefined;
  readonly amount?: Decimal | undefined;
  readonly level?: string | undefined;
  readonly fills?: number | undefined;
  readonly orderId?: number | 'last' | undefined;
  readonly positionSide?: 'BOTH' | 'LONG' | 'SHORT' | undefined;
  readonly timeInForce?: 'IOC' | 'FOK' | 'GTX' | undefined;
  readonly newQty?: Decimal | undefined;
  readonly newPrice?: Decimal | undefined;
  readonly stpMode?: 'EXPIRE_MAKER' | 'EXPIRE_TAKER' | 'EXPIRE_BOTH' | undefined;
  readonly reason?: string | undefined;
  readonly rate?: Decimal | undefined;
  readonly leverage?: number | undefined;
  readonly dualSidePosition?: boolean | undefined;
  readonly multiAssets?: boolean | undefined;
  readonly strategyEnd?: 'CANCELLED' | 'EXPIRED' | undefined;
}

export interface ParameterInfo {
  readonly name: string;
  readonly meaning: string;
  /** What holds when it is left out. */
  readonly absent: string;
}

const spelled = (id: ParameterId): string => SPELLED[id] ?? id;

export const parameterInfo = (id: ParameterId): ParameterInfo => ({
  name: spelled(id),
  meaning: ROWS[id].meaning,
  absent: ROWS[id].absent,
});

/** @throws EmulatorError naming the first bad parameter; `what` says of which play it is, for unknown names. */
export function readParameters(ids: readonly ParameterId[], given: unknown, what: string): Parameters {
  const schema = z.strictObject(Object.fromEntries(ids.map((id) => [spelled(id), ROWS[id].schema.optional()])));
  const result = schema.safeParse(given);
  if (result.success) return result.data as Parameters;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    throw new EmulatorError(
      String(issue.keys[0]),
      `is no parameter of ${what}, which takes ${ids.map(spelled).join(', ')}`,
    );
  }
  const field = issue?.path[0];
  if (field === undefined) throw new EmulatorError('parameters', 'must be an object of parameters by name');
  throw new EmulatorError(String(field), issue?.message ?? 'is not valid');
}
