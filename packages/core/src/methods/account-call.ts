import {
  type AccountBook,
  type AccountShapes,
  accountShapes,
  type BookedOrder,
  type BookedTrade,
  PRODUCTS,
  type Product,
  type SymbolRow,
  scopeOfSymbol,
} from '@listenpost/protocol';
import type { Call } from '../control/call.ts';
import type { Params } from '../control/params.ts';
import { WireError } from '../control/wire-error.ts';
import type { House } from '../house.ts';
import type { ApiKey } from '../registry/accounts.ts';
import { isIsolated } from './is-isolated.ts';

type KeyedCall = Call & { readonly apiKey: ApiKey };

/** The account that a call reads, and the shapes in which its product answers. */
export interface Reading {
  readonly book: AccountBook;
  readonly shapes: AccountShapes;
}

/** Throws -3003 where the caller has no such margin account; of other products the hallway has made sure. */
export function readingOf(call: KeyedCall, house: House): Reading {
  const { product, params } = call;
  if (product.isolatedAs === undefined || !isIsolated(params)) return readingIn(call, house, product, product.id);
  const symbol = params.text('symbol');
  if (symbol === undefined) throw missing('symbol');
  const scope = house.knownSymbols.has(symbol) ? scopeOfSymbol(product, symbol) : undefined;
  if (scope === undefined) throw new WireError('BAD_SYMBOL');
  return readingIn(call, house, PRODUCTS[product.isolatedAs], scope);
}

/** The book of one stream, its times in the unit that the caller reads. Throws -3003 where the caller has no such stream. */
export function readingIn({ apiKey, instant }: KeyedCall, house: House, product: Product, scope: string): Reading {
  if (apiKey.account.place(scope, house.knownSymbols) === undefined) throw new WireError('MARGIN_ACCOUNT_NOT_FOUND');
  if (house.accountBooks === undefined) throw new Error(`no books to read ${scope} from, but its endpoint was served`);
  const book = house.accountBooks.read(apiKey.account.id, scope);
  return { book: inUnit(book, instant), shapes: accountShapes(product.id) };
}

/** A time of 0 stands for none, in every unit. */
function inUnit(book: AccountBook, instant: Call['instant']): AccountBook {
  const time = (ms: number): number => (ms === 0 ? 0 : instant(ms));
  const updated = <Row extends { readonly updateTime: number }>(row: Row): Row => ({
    ...row,
    updateTime: time(row.updateTime),
  });
  return {
    ...updated(book),
    assets: book.assets.map(updated),
    positions: book.positions.map(updated),
    orders: book.orders.map((row) => ({ ...updated(row), time: time(row.time), workingTime: time(row.workingTime) })),
    trades: book.trades.map((row) => ({ ...row, time: time(row.time) })),
  };
}

/**
 * Whether a row is of the symbol that the call names, or of the pair where the product takes one. `mandatory`: one of them
 * must be named. Throws -1102, or -1121 for a symbol that is not listed.
 */
export function symbolFilter(
  { params }: Call,
  house: House,
  { lists, byPair }: AccountShapes,
  mandatory: boolean,
): (row: Pick<SymbolRow, 'symbol'>) => boolean {
  const symbol = params.text('symbol');
  const pair = byPair === true ? params.text('pair') : undefined;
  if (symbol === undefined && pair === undefined) {
    if (mandatory) throw byPair === true ? new WireError('EITHER_PARAM', ['symbol', 'pair']) : missing('symbol');
    return () => true;
  }
  const listed = house.symbols.filter(({ product }) => product === lists);
  const meant = listed.filter((row) =>
    symbol === undefined ? row.baseAsset + row.quoteAsset === pair : row.symbol === symbol,
  );
  if (meant.length === 0) throw new WireError('BAD_SYMBOL');
  return (row) => meant.some((each) => each.symbol === row.symbol);
}

export const missing = (parameter: string): WireError => new WireError('MANDATORY_PARAM', [parameter]);

/** Undefined when it was not sent. Throws -1130 for what is no whole number. */
export function whole(params: Params, name: string): number | undefined {
  const text = params.text(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,16}$/.test(text)) throw new WireError('INVALID_PARAMETER', [name]);
  return Number(text);
}

const LIMIT_USUAL = 500;
const LIMIT_MAX = 1000;

/**
 * The rows that `startTime`, `endTime` and `limit` ask for: from the id on that `from` names, or else the latest. Oldest
 * first.
 */
export function page<Row extends BookedOrder | BookedTrade>(
  params: Params,
  rows: readonly Row[],
  from: { readonly parameter: string; readonly idOf: (row: Row) => number },
): readonly Row[] {
  const first = whole(params, from.parameter);
  const startTime = whole(params, 'startTime') ?? 0;
  const endTime = whole(params, 'endTime') ?? Number.MAX_SAFE_INTEGER;
  const limit = Math.min(whole(params, 'limit') ?? LIMIT_USUAL, LIMIT_MAX);
  if (limit === 0) throw new WireError('INVALID_PARAMETER', ['limit']);
  const fit = rows.filter(
    (row) => row.time >= startTime && row.time <= endTime && (first === undefined || from.idOf(row) >= first),
  );
  return first === undefined && startTime === 0 ? fit.slice(-limit) : fit.slice(0, limit);
}

/** A shape that the product's endpoint rows say it has. */
export function shapeOf<Name extends keyof AccountShapes>(
  { operation, product }: Call,
  shapes: AccountShapes,
  name: Name,
): NonNullable<AccountShapes[Name]> {
  const shape = shapes[name];
  if (shape === undefined || shape === null)
    throw new Error(`${product.id} has an endpoint for ${operation} and no shape`);
  return shape as NonNullable<AccountShapes[Name]>;
}
