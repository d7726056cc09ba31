import { readingOf, shapeOf, symbolFilter } from './account-call.ts';
import type { Handler } from './handler.ts';

/** Open orders, oldest first. */
export const openOrdersStatus: Handler = (call, house) => {
  const { book, shapes } = readingOf(call, house);
  const meant = symbolFilter(call, house, shapes, false);
  return book.orders.filter(({ open, row }) => open && meant(row)).map(shapeOf(call, shapes, 'order'));
};
