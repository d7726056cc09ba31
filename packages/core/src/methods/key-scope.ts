import { scopeOfSymbol } from '@listenpost/protocol';
import type { Call } from '../control/call.ts';
import type { Params } from '../control/params.ts';
import { WireError } from '../control/wire-error.ts';
import type { House } from '../house.ts';
import type { ApiKey } from '../registry/accounts.ts';

/**
 * The scope whose listenKey a call means: the product's own, or that of the symbol which the call must name
 * (spot-margin §4.2). Throws the row of what is wrong.
 */
export function keyScope({ apiKey, product, params }: Call & { readonly apiKey: ApiKey }, house: House): string {
  if (product.symbolsOf === undefined) {
    house.placeOf(apiKey, product);
    return product.id;
  }
  const symbol = params.mandatory('symbol');
  const scope = house.knownSymbols.has(symbol) ? scopeOfSymbol(product, symbol) : undefined;
  if (scope === undefined) throw new WireError('BAD_SYMBOL');
  if (apiKey.account.place(scope, house.knownSymbols) === undefined) throw new WireError('MARGIN_ACCOUNT_NOT_FOUND');
  return scope;
}

/** A margin client spells it with a small k (spot-margin §4.2). */
export const namedKey = (params: Params): string | undefined => params.sent('listenKey') ?? params.sent('listenkey');
