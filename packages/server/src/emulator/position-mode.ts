/**
 * One-way or hedge mode. USDⓈ-M and COIN-M share one setting, as since their integration in 2026; so does portfolio margin
 * within itself. No event tells of a change: ACCOUNT_CONFIG_UPDATE has leverage (`ac`) and the multi-assets mode (`ai`), and
 * ACCOUNT_UPDATE no such reason (derivatives §4.2, §4.6). Bots read it by REST (`positionSide/dual`).
 */
import { EmulatorError } from './error.ts';
import { openPositions } from './ledger.ts';
import type { PositionSide, Side } from './order.ts';
import type { Stage } from './stage.ts';
import { VENUES } from './venues.ts';

/** Turned to what it was not, unless the trigger says which. */
export function changePositionMode(stage: Stage): undefined {
  const hedged = stage.parameters.dualSidePosition ?? !stage.book.hedged;
  if (hedged !== stage.book.hedged) enter(stage, hedged, 'dualSidePosition', 'cannot change');
}

/**
 * The side of an order, which is LONG or SHORT in hedge mode and BOTH outside. An account that holds nothing enters the mode
 * that the trigger's side is of.
 */
export function takePositionSide(stage: Stage, side: Side, wanted?: PositionSide): PositionSide {
  if (!stage.venue.hedges) return 'BOTH';
  if (wanted === undefined) return usualPositionSide(stage, side);
  const hedged = wanted !== 'BOTH';
  if (hedged !== stage.book.hedged) {
    enter(stage, hedged, 'positionSide', stage.book.hedged ? 'must be LONG or SHORT' : 'must be BOTH');
  }
  return wanted;
}

/** Of the position that an order of the side opens. */
export const usualPositionSide = ({ book }: Stage, side: Side): PositionSide => {
  if (!book.hedged) return 'BOTH';
  return side === 'BUY' ? 'LONG' : 'SHORT';
};

/** @throws EmulatorError where the exchange answers -4067 or -4068: an order is open, or a position. */
function enter(stage: Stage, hedged: boolean, field: string, refusal: string): void {
  for (const venue of [VENUES.UM, VENUES.CM]) {
    const ledger = stage.book.ledgers.get(venue.name);
    if (ledger === undefined) continue;
    const [order] = ledger.openOrders.values();
    if (order !== undefined) {
      throw new EmulatorError(
        field,
        `${refusal} while the ${order.row.symbol} order ${order.id} is open; cancel it first`,
      );
    }
    const [held] = openPositions(ledger);
    if (held !== undefined) {
      throw new EmulatorError(
        field,
        `${refusal} while the ${held.symbol} position is held as ${held.side}; close that first`,
      );
    }
  }
  stage.book.hedged = hedged;
}
