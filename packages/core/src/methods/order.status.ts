import { WireError } from '../control/wire-error.ts';
import { readingOf, shapeOf, symbolFilter, whole } from './account-call.ts';
import type { Handler } from './handler.ts';

/** One order, by either id; the exchange's own wins where both came. Throws -2013 where there is none. */
export const orderStatus: Handler = (call, house) => {
  const { book, shapes } = readingOf(call, house);
  const meant = symbolFilter(call, house, shapes, true);
  const orderId = whole(call.params, 'orderId');
  const clientOrderId = call.params.text('origClientOrderId');
  if (orderId === undefined && clientOrderId === undefined) {
    throw new WireError('EITHER_PARAM', ['origClientOrderId', 'orderId']);
  }
  const order = book.orders.findLast(
    (each) =>
      meant(each.row) && (orderId === undefined ? each.clientOrderId === clientOrderId : each.orderId === orderId),
  );
  if (order === undefined) throw new WireError('ORDER_NOT_FOUND');
  return shapeOf(call, shapes, 'order')(order);
};
