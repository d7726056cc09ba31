/** Trading strategies that the exchange runs for the account: their states, and a grid's sub-orders (derivatives §4.7). */
import { money } from './contracts.ts';
import { printed } from './decimal.ts';
import { marketOf } from './markets.ts';
import { newOrder, signedQty, symbolRow } from './order.ts';
import { priceDigits, qtyDigits } from './prices.ts';
import type { Stage } from './stage.ts';

/** What happened, as `c` codes it: a new grid, cancelled by the user, the market closed. */
const CODES = { NEW: 8007, WORKING: 8007, CANCELLED: 8002, EXPIRED: 8010 } as const;

type Status = keyof typeof CODES;

/** A strategy is made, works, and ends as the trigger says. */
export function runStrategy(stage: Stage): undefined {
  const id = stage.ids.strategy.next();
  for (const status of ['NEW', 'WORKING', stage.parameters.strategyEnd ?? 'CANCELLED'] as const) {
    tellStrategy(stage, id, status);
  }
}

/** A grid is made, and one of its sub-orders is filled. */
export function fillGrid(stage: Stage): number {
  const id = stage.ids.strategy.next();
  for (const status of ['NEW', 'WORKING'] as const) tellStrategy(stage, id, status);
  const order = newOrder(stage);
  marketOf(stage).accept(stage, order);
  marketOf(stage).trade(stage, order, order.qty);
  const fee = stage.ledger.trades.at(-1)?.fee ?? 0n;
  stage.emit('GRID_UPDATE', {
    gu: {
      si: id,
      st: 'GRID',
      ss: 'WORKING',
      s: order.row.symbol,
      r: '0',
      up: printed(order.average, priceDigits(order.row)),
      uq: printed(signedQty(order, order.executed), qtyDigits(order.row)),
      uf: money(-fee),
      mp: '0',
      ut: stage.T,
    },
  });
  return order.id;
}

function tellStrategy(stage: Stage, id: number, status: Status): void {
  const su = { si: id, st: 'GRID', ss: status, s: symbolRow(stage).symbol, ut: stage.T, c: CODES[status] };
  stage.emit('STRATEGY_UPDATE', { su });
}
