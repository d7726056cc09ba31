import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Fixture {
  readonly cases: readonly { readonly name: string; readonly event: Record<string, unknown> }[];
}

/** The first case of a conformance fixture: an event as its row says, ready to publish. */
export function fixtureEvent(product: string, event: string): Record<string, unknown> {
  const path = join(import.meta.dirname, '..', 'conformance', product, `${event}.json`);
  const fixture = JSON.parse(readFileSync(path, 'utf8')) as Fixture;
  const first = fixture.cases[0];
  if (first === undefined) throw new Error(`${path} has no case`);
  return first.event;
}

/** One event of each scope that has a listenKey of its own, and of `pmpro`, which reads by USDⓈ-M's. */
export const SCOPE_EVENTS = {
  usdm: fixtureEvent('usdm', 'ORDER_TRADE_UPDATE'),
  coinm: fixtureEvent('coinm', 'ORDER_TRADE_UPDATE'),
  options: fixtureEvent('options', 'ORDER_TRADE_UPDATE'),
  pm: fixtureEvent('pm', 'ORDER_TRADE_UPDATE'),
  pmpro: fixtureEvent('pmpro', 'PM_PRO_ACCOUNT_UPDATE'),
  risk: fixtureEvent('risk', 'USER_LIABILITY_CHANGE'),
} as const;
export type EventScope = keyof typeof SCOPE_EVENTS;
