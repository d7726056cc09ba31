import { page, readingOf, shapeOf, symbolFilter, whole } from './account-call.ts';
import type { Handler } from './handler.ts';

/** Trades, oldest first: from `fromId` on, or the latest; of one order where the call names it. */
export const myTrades: Handler = (call, house) => {
  const { book, shapes } = readingOf(call, house);
  const meant = symbolFilter(call, house, shapes, true);
  const orderId = whole(call.params, 'orderId');
  const rows = book.trades.filter((trade) => meant(trade.row) && (orderId === undefined || trade.orderId === orderId));
  return page(call.params, rows, { parameter: 'fromId', idOf: (trade) => trade.id }).map(
    shapeOf(call, shapes, 'trade'),
  );
};
