import { ERRORS, type ErrorName, errorOf, PRODUCTS, type ProductId } from '@listenpost/protocol';

/** The row of what came over the wire. */
export function rowOf({ code, msg }: { readonly code: number; readonly msg: string }, product: ProductId): ErrorName {
  const dialect = PRODUCTS[product].errors;
  const names = Object.keys(ERRORS) as ErrorName[];
  const row = names.find((name) => errorOf(name, dialect).code === code && errorOf(name, dialect).msg === msg);
  if (row === undefined) throw new Error(`no row says ${code} ${msg}`);
  return row;
}
