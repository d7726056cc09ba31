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
  uniMMRLevel: { schema: oneOf(UNI_MMR_LEVELS), meaning: 'level that is reached', absent: 'MARGIN_CALL' },
  marginLevel: { schema: oneOf(MARGIN_LEVELS), meaning: 'level that is reached', absent: 'MARGIN_CALL' },
} as const;

/** Rows whose name on the wire is another one's too: a level means another set of values in another product. */
const SPELLED: Readonly<Record<string, string>> = { uniMMRLevel: 'level', marginLevel: 'level' };

export type ParameterId = keyof typeof ROWS;

export interface Parameters {
  readonly symbol?: string | undefined;
  readonly qty?: Decimal | undefined;
  readonly price?: Decimal | undefined;
  readonly side?: 'BUY' | 'SELL' | undefined;
  readonly type?: 'LIMIT' | 'MARKET' | undefined;
  readonly market?: 'UM' | 'CM' | 'MARGIN' | undefined;
  readonly asset?: string | undefined;
  readonly amount?: Decimal | undefined;
  readonly level?: string | undefined;
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
