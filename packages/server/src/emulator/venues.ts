/**
 * Markets that the emulator trades on, one row each. A product's scope has one or, for portfolio margin, three.
 * Commission and margin rates are those of an ordinary account.
 */
import type { SymbolProduct, SymbolRow } from '@listenpost/protocol';
import { type ContractMath, inverse, linear } from './contract-math.ts';
import { type Decimal, decimal, over, times } from './decimal.ts';
import { worthUsd } from './prices.ts';

export interface Venue {
  /** Futures print it as `fs` where they have that member. */
  readonly name: 'UM' | 'CM' | 'OPTIONS' | 'SPOT' | 'MARGIN';
  /** Whose symbols it trades. */
  readonly lists: SymbolProduct;
  readonly math: ContractMath;
  /** Whether positions and orders are margined; elsewhere orders lock what they would pay, and print eight decimals. */
  readonly margins: boolean;
  /** Whether its positions can be hedged: a long and a short one of one symbol. */
  readonly hedges: boolean;
  /** What each balance is worth at the start, about, in USD. */
  readonly openingUsd: Decimal;
  /** Assets that a symbol moves. */
  assetsOf(row: SymbolRow): readonly string[];
  commission(row: SymbolRow, qty: Decimal, price: Decimal, maker: boolean): Decimal;
  /** What `b` and `a` of an order event count (derivatives §4.4): notional, base quantity or contracts. */
  bookSize(row: SymbolRow, qty: Decimal, price: Decimal): Decimal;
  /** Maintenance margin as a share of a position's worth. */
  readonly maintenanceRate: Decimal;
  /** Whether events print the account's alias in `i`; the others print an empty one. */
  readonly aliased: boolean;
  /** The highest code that `er` of its orders takes (derivatives §4.4). */
  readonly expiryReasonMax: number;
}

const rates =
  (math: ContractMath, makerRate: string, takerRate: string): Venue['commission'] =>
  (row, qty, price, maker) =>
    times(math.value(row, qty, price), decimal(maker ? makerRate : takerRate));

/** Of the index, capped by a share of the premium. */
const OPTION_RATE = decimal('0.0003');
const OPTION_CAP = decimal('0.1');

const optionCommission: Venue['commission'] = (row, qty, price) => {
  const ofIndex = times(linear.value(row, qty, worthUsd(row.baseAsset)), OPTION_RATE);
  const ofPremium = times(linear.value(row, qty, price), OPTION_CAP);
  return ofIndex < ofPremium ? ofIndex : ofPremium;
};

const marginAsset = (row: SymbolRow): string[] => [row.marginAsset];

const UM: Venue = {
  name: 'UM',
  lists: 'usdm',
  math: linear,
  margins: true,
  hedges: true,
  openingUsd: decimal('100000'),
  assetsOf: marginAsset,
  commission: rates(linear, '0.0002', '0.0005'),
  bookSize: linear.value,
  maintenanceRate: decimal('0.004'),
  aliased: false,
  expiryReasonMax: 9,
};

const CM: Venue = {
  ...UM,
  name: 'CM',
  lists: 'coinm',
  math: inverse,
  commission: rates(inverse, '0.0002', '0.0005'),
  bookSize: (row, qty, price) => over(times(qty, decimal(String(row.contractSize))), price),
  aliased: true,
  expiryReasonMax: 11,
};

const OPTIONS: Venue = {
  ...UM,
  name: 'OPTIONS',
  lists: 'options',
  hedges: false,
  openingUsd: decimal('1000000'),
  commission: optionCommission,
  bookSize: (_row, qty) => qty,
  maintenanceRate: decimal('0.075'),
};

const SPOT: Venue = {
  ...UM,
  name: 'SPOT',
  lists: 'spot',
  margins: false,
  hedges: false,
  openingUsd: decimal('10000000'),
  assetsOf: (row) => [row.baseAsset, row.quoteAsset],
  commission: rates(linear, '0.001', '0.001'),
};

export const VENUES = {
  UM,
  CM,
  OPTIONS,
  SPOT,
  MARGIN: { ...SPOT, name: 'MARGIN' },
} as const satisfies Readonly<Record<Venue['name'], Venue>>;
