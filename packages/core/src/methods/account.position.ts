import { readingOf, shapeOf, symbolFilter } from './account-call.ts';
import type { Handler } from './handler.ts';

/** Positions of every symbol, open or not; of one symbol or pair where the call names it. */
export const accountPosition: Handler = (call, house) => {
  const { book, shapes } = readingOf(call, house);
  const meant = symbolFilter(call, house, shapes, false);
  const marginAsset = call.params.text('marginAsset');
  return book.positions
    .filter((position) => meant(position) && (marginAsset === undefined || position.marginAsset === marginAsset))
    .map(shapeOf(call, shapes, 'position'));
};
