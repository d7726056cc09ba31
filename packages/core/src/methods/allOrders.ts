import { page, readingOf, shapeOf, symbolFilter } from './account-call.ts';
import type { Handler } from './handler.ts';

/** Orders, open and ended, oldest first: from `orderId` on, or the latest. */
export const allOrders: Handler = (call, house) => {
  const { book, shapes } = readingOf(call, house);
  const meant = symbolFilter(call, house, shapes, true);
  const rows = book.orders.filter(({ row }) => meant(row));
  return page(call.params, rows, { parameter: 'orderId', idOf: (order) => order.orderId }).map(
    shapeOf(call, shapes, 'order'),
  );
};
