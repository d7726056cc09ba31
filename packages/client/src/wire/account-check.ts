/**
 * How an account is asked when it last changed: the cheapest signed call of a product whose answer says so. Products whose
 * answers do not are absent: options' `time` and the margin accounts tell no change, portfolio margin pro's has no time at all.
 */
import { NetworkError } from '../errors.ts';
import type { CheckAccount } from '../options.ts';
import type { ClientProduct } from '../products.ts';
import { memberOf, type Step, stepsOf } from './member-path.ts';
import type { RequestParams } from './request-text.ts';
import type { Rest } from './rest.ts';

export interface AccountCheckRow {
  readonly product: ClientProduct;
  /** GET, signed. */
  readonly path: string;
  readonly params: RequestParams;
  /** Request weight per call, of the product's pool. */
  readonly weight: number;
  /** Where its answer says in ms when something changed: the latest of them counts; 0 is never. `[]`: of each item. */
  readonly changedAt: readonly string[];
  /** Title of the venue's page. */
  readonly source: string;
}

/** Positions too: a maker's fill without commission moves no balance. */
const FUTURES_TIMES = ['assets[].updateTime', 'positions[].updateTime'] as const;

export const ACCOUNT_CHECKS: readonly AccountCheckRow[] = [
  {
    product: 'usdm',
    path: '/fapi/v3/account',
    params: {},
    weight: 5,
    changedAt: FUTURES_TIMES,
    source: 'USDⓈ-M Futures, Account Information V3',
  },
  {
    product: 'coinm',
    path: '/dapi/v1/account',
    params: {},
    weight: 5,
    changedAt: FUTURES_TIMES,
    source: 'COIN-M Futures, Account Information',
  },
  {
    product: 'pm',
    path: '/papi/v1/balance',
    params: {},
    weight: 20,
    changedAt: ['[].updateTime'],
    source: 'Portfolio Margin, Account Balance',
  },
  {
    product: 'spot',
    path: '/api/v3/account',
    params: { omitZeroBalances: true },
    weight: 20,
    changedAt: ['updateTime'],
    source: 'Spot, Account information',
  },
];

/** Undefined where a product has no such call. */
export function accountCheck(product: ClientProduct, rest: Pick<Rest, 'call'>): CheckAccount | undefined {
  const row = ACCOUNT_CHECKS.find((each) => each.product === product);
  if (row === undefined) return undefined;
  const paths = row.changedAt.map(stepsOf);
  return async () => {
    const answer = await rest.call('GET', row.path, row.params, true);
    const times = paths.flatMap((path) => timesAt(answer, path, 0));
    if (times.length === 0) throw new NetworkError(`GET ${row.path} did not say when the account changed`);
    return { changedAt: Math.max(...times) };
  };
}

/** A step without a name stays where it is. */
function timesAt(value: unknown, path: readonly Step[], at: number): number[] {
  const step = path[at];
  if (step === undefined) return typeof value === 'number' && Number.isFinite(value) ? [value] : [];
  const member = step.name === '' ? value : memberOf(value, step.name);
  if (!step.each) return timesAt(member, path, at + 1);
  return Array.isArray(member) ? member.flatMap((item) => timesAt(item, path, at + 1)) : [];
}
