import { contracts } from './contracts.ts';
import type { Market } from './market.ts';
import { options } from './options.ts';
import type { Stage } from './stage.ts';
import type { Venue } from './venues.ts';
import { wallet } from './wallet.ts';

/** Absent where an account is only judged and nothing is traded. */
const MARKETS: { readonly [Name in Venue['name']]?: Market } = {
  UM: contracts,
  CM: contracts,
  OPTIONS: options,
  SPOT: wallet,
  MARGIN: wallet,
};

export function marketOf({ venue, product }: Stage): Market {
  const market = MARKETS[venue.name];
  if (market === undefined) throw new Error(`${product} has a scenario of orders, and ${venue.name} trades nothing`);
  return market;
}
