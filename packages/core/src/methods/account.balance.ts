import { readingOf, shapeOf } from './account-call.ts';
import type { Handler } from './handler.ts';

/** Balances by asset. */
export const accountBalance: Handler = (call, house) => {
  const { book, shapes } = readingOf(call, house);
  const asset = call.params.text('asset');
  const assets = book.assets.filter((row) => asset === undefined || row.asset === asset);
  return shapeOf(call, shapes, 'balance')({ ...book, assets });
};
