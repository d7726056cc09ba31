import { readingOf, shapeOf } from '../account-call.ts';
import type { Handler } from '../handler.ts';

/** The account in short: only positions that are open, or have an open order (`/fapi/v3/account`). */
export const accountStatusV2: Handler = (call, house) => {
  const { book, shapes } = readingOf(call, house);
  return shapeOf(call, shapes, 'accountV3')(book);
};
