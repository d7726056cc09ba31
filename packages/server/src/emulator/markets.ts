import { contracts } from './contracts.ts';
import type { Market } from './market.ts';
import { options } from './options.ts';
import type { Stage } from './stage.ts';
import type { Venue } from './venues.ts';
import { wallet } from './wallet.ts';

const MARKETS: { readonly [Name in Venue['name']]: Market } = {
  UM: contracts,
  CM: contracts,
  OPTIONS: options,
  SPOT: wallet,
  MARGIN: wallet,
};

export const marketOf = ({ venue }: Stage): Market => MARKETS[venue.name];
