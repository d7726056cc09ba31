import { PRODUCTS, scopeOfSymbol } from '@listenpost/protocol';
import type { Result } from '../control/call.ts';
import { WireError } from '../control/wire-error.ts';
import type { House } from '../house.ts';
import { readingIn, readingOf, shapeOf } from './account-call.ts';
import type { Handler } from './handler.ts';

type KeyedCall = Parameters<Handler>[0];

/** The account as a whole. Where the product keeps an account for each symbol: those that the call names, or all. */
export const accountStatus: Handler = (call, house) => {
  if (call.product.symbolsOf !== undefined) return isolatedAccounts(call, house);
  const { book, shapes } = readingOf(call, house);
  const assets = omitsZeroes(call) ? book.assets.filter(({ totalAsset }) => /[1-9]/.test(totalAsset)) : book.assets;
  return shapeOf(call, shapes, 'account')({ ...book, assets });
};

const omitsZeroes = ({ params }: KeyedCall): boolean => params.text('omitZeroBalances')?.toLowerCase() === 'true';

/** As many as `symbols` may name. */
const SYMBOLS_MAX = 5;

/** Throws -1121 for a symbol that is not listed, -3003 where the caller has no such account. */
function isolatedAccounts(call: KeyedCall, house: House): Result {
  const { product, params, apiKey } = call;
  const named = params.text('symbols')?.split(',');
  if (named !== undefined && named.length > SYMBOLS_MAX) throw new WireError('INVALID_PARAMETER', ['symbols']);
  if (named?.some((symbol) => !house.knownSymbols.has(symbol))) throw new WireError('BAD_SYMBOL');
  const scopes = (named ?? [...house.knownSymbols]).map((symbol) => scopeOfSymbol(product, symbol) ?? '');
  const owned = scopes.filter((scope) => apiKey.account.place(scope, house.knownSymbols) !== undefined);
  const readings = (named === undefined ? owned : scopes).map((scope) =>
    readingIn(call, house, PRODUCTS[product.id], scope),
  );
  const assets = readings.map(({ book, shapes }) => shapeOf(call, shapes, 'account')(book));
  if (named !== undefined) return { assets };
  const total = (read: (totals: (typeof readings)[number]['book']['totals']) => string): string =>
    readings.reduce((sum, { book }) => sum + Number(read(book.totals)), 0).toFixed(8);
  return {
    assets,
    totalAssetOfBtc: total(({ assetOfBtc }) => assetOfBtc),
    totalLiabilityOfBtc: total(({ liabilityOfBtc }) => liabilityOfBtc),
    totalNetAssetOfBtc: total(({ netAssetOfBtc }) => netAssetOfBtc),
  };
}
