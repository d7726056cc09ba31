/**
 * Every event of every product: the tables in one list, and their rows by product and name.
 */
import type { ProductId } from '../products.ts';
import { ACCOUNT_CONFIG_UPDATE } from './ACCOUNT_CONFIG_UPDATE.ts';
import { ACCOUNT_UPDATE } from './ACCOUNT_UPDATE.ts';
import { ALGO_UPDATE } from './ALGO_UPDATE.ts';
import { BALANCE_POSITION_UPDATE } from './BALANCE_POSITION_UPDATE.ts';
import { balanceUpdate } from './balanceUpdate.ts';
import { CONDITIONAL_ORDER_TRADE_UPDATE } from './CONDITIONAL_ORDER_TRADE_UPDATE.ts';
import { CONDITIONAL_ORDER_TRIGGER_REJECT } from './CONDITIONAL_ORDER_TRIGGER_REJECT.ts';
import { eventStreamTerminated } from './eventStreamTerminated.ts';
import { executionReport } from './executionReport.ts';
import { externalLockUpdate } from './externalLockUpdate.ts';
import { GREEK_UPDATE } from './GREEK_UPDATE.ts';
import { GRID_UPDATE } from './GRID_UPDATE.ts';
import { liabilityChange } from './liabilityChange.ts';
import { listenKeyExpired } from './listenKeyExpired.ts';
import { listStatus } from './listStatus.ts';
import { MARGIN_CALL } from './MARGIN_CALL.ts';
import { MARGIN_LEVEL_STATUS_CHANGE } from './MARGIN_LEVEL_STATUS_CHANGE.ts';
import { ORDER_TRADE_UPDATE } from './ORDER_TRADE_UPDATE.ts';
import { openOrderLoss } from './openOrderLoss.ts';
import { outboundAccountPosition } from './outboundAccountPosition.ts';
import { PM_PRO_ACCOUNT_UPDATE } from './PM_PRO_ACCOUNT_UPDATE.ts';
import { RISK_LEVEL_CHANGE } from './RISK_LEVEL_CHANGE.ts';
import { riskLevelChange } from './riskLevelChange.ts';
import type { EventRow } from './row.ts';
import { compileRow } from './row.ts';
import { STRATEGY_UPDATE } from './STRATEGY_UPDATE.ts';
import { serverShutdown } from './serverShutdown.ts';
import { TRADE_LITE } from './TRADE_LITE.ts';
import type { EventTable, TableEvent } from './table.ts';
import { USER_LIABILITY_CHANGE } from './USER_LIABILITY_CHANGE.ts';
import { uniMMRDrop } from './uniMMRDrop.ts';

export const EVENTS = {
  ACCOUNT_CONFIG_UPDATE,
  ACCOUNT_UPDATE,
  ALGO_UPDATE,
  BALANCE_POSITION_UPDATE,
  CONDITIONAL_ORDER_TRADE_UPDATE,
  CONDITIONAL_ORDER_TRIGGER_REJECT,
  GREEK_UPDATE,
  GRID_UPDATE,
  MARGIN_CALL,
  MARGIN_LEVEL_STATUS_CHANGE,
  ORDER_TRADE_UPDATE,
  PM_PRO_ACCOUNT_UPDATE,
  RISK_LEVEL_CHANGE,
  STRATEGY_UPDATE,
  TRADE_LITE,
  USER_LIABILITY_CHANGE,
  balanceUpdate,
  eventStreamTerminated,
  executionReport,
  externalLockUpdate,
  liabilityChange,
  listStatus,
  listenKeyExpired,
  openOrderLoss,
  outboundAccountPosition,
  riskLevelChange,
  serverShutdown,
  uniMMRDrop,
} as const satisfies { readonly [name: string]: EventTable };

type Tables = typeof EVENTS;

/**
 * An event as a product pushes it: a union told apart by `e`. Decimals are strings. Ids that may pass 2^53 are numbers or bigints,
 * as `parseExact` reads them; `JSON.parse` would have lost digits that the wire still has.
 */
export type EventOf<P extends ProductId> = P extends ProductId
  ? { [Name in keyof Tables]: TableEvent<Tables[Name], P> }[keyof Tables]
  : never;

/** Wire values of `e` that a product pushes. */
export type EventNameOf<P extends ProductId> = EventOf<P>['e'];

const ROWS: ReadonlyMap<ProductId, ReadonlyMap<string, EventRow>> = compileAll();

function compileAll(): Map<ProductId, Map<string, EventRow>> {
  const tables: readonly EventTable[] = Object.values(EVENTS);
  const rows = new Map<ProductId, Map<string, EventRow>>();
  for (const table of tables) {
    for (const shape of table.shapes) {
      for (const product of shape.products) {
        const ofProduct = rows.get(product) ?? new Map<string, EventRow>();
        rows.set(product, ofProduct.set(table.name, compileRow(table, shape, product)));
      }
    }
  }
  return rows;
}

/** Undefined when the product does not push an event of that name. */
export function eventRow(product: ProductId, name: string): EventRow | undefined {
  return ROWS.get(product)?.get(name);
}

/** In the order of `EVENTS`. */
export function eventRows(product: ProductId): readonly EventRow[] {
  return [...(ROWS.get(product)?.values() ?? [])];
}
