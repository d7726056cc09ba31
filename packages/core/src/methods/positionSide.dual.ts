import { readingOf, shapeOf } from './account-call.ts';
import type { Handler } from './handler.ts';

/** Hedge mode or one-way mode (`/fapi/v1/positionSide/dual`). */
export const positionSideDual: Handler = (call, house) => {
  const { book, shapes } = readingOf(call, house);
  return shapeOf(call, shapes, 'positionMode')(book);
};
