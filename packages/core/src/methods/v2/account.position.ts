import { readingOf, shapeOf, symbolFilter } from '../account-call.ts';
import type { Handler } from '../handler.ts';

/** Positions that are open or have an open order (`/fapi/v3/positionRisk`). */
export const accountPositionV2: Handler = (call, house) => {
  const { book, shapes } = readingOf(call, house);
  const meant = symbolFilter(call, house, shapes, false);
  return book.positions
    .filter((position) => position.active && meant(position))
    .map(shapeOf(call, shapes, 'positionV3'));
};
