import { readingOf, shapeOf } from '../account-call.ts';
import type { Handler } from '../handler.ts';

/** Balances by asset (`/fapi/v3/balance`). */
export const accountBalanceV2: Handler = (call, house) => {
  const { book, shapes } = readingOf(call, house);
  return shapeOf(call, shapes, 'balanceV3')(book);
};
