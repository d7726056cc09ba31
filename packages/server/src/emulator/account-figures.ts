/** What positions need and an account is worth: one arithmetic, for what its events say and for what signed REST reads. */
import { maintenance, unrealised, worthAtMark } from './contracts.ts';
import { type Decimal, decimal, over, sum, times } from './decimal.ts';
import type { Position } from './ledger.ts';
import { heldRow, type Order, remaining } from './order.ts';
import { isStable, worthUsd } from './prices.ts';
import type { Stage } from './stage.ts';
import type { Venue } from './venues.ts';

/** Leverage of a symbol that no scenario changed. */
const USUAL_LEVERAGE = 20;

export const leverageOf = ({ ledger }: Stage, symbol: string): number => ledger.leverages.get(symbol) ?? USUAL_LEVERAGE;

const shareOf = (stage: Stage, symbol: string, worth: Decimal): Decimal =>
  over(worth, decimal(String(leverageOf(stage, symbol))));

export const initialMargin = (stage: Stage, position: Position): Decimal =>
  shareOf(stage, position.symbol, worthAtMark(stage, position));

export const orderMargin = (stage: Stage, order: Order): Decimal =>
  shareOf(stage, order.row.symbol, stage.venue.math.value(order.row, remaining(order), order.price));

/** What the listed symbols move, in their order. */
export const assetsOf = (stage: Stage): readonly string[] => [
  ...new Set(stage.listed().flatMap((row) => stage.venue.assetsOf(row))),
];

export interface MarginFigures {
  readonly unrealised: Decimal;
  readonly maintenance: Decimal;
  readonly positionMargin: Decimal;
  readonly orderMargin: Decimal;
}

/** Of the positions and open orders that are margined in the asset. */
export function marginFigures(stage: Stage, asset: string): MarginFigures {
  const held = [...stage.ledger.positions.values()].filter(
    ({ symbol }) => heldRow(stage, symbol).marginAsset === asset,
  );
  const open = [...stage.ledger.openOrders.values()].filter(
    ({ row }) => stage.venue.margins && row.marginAsset === asset,
  );
  return {
    unrealised: sum(held.map((position) => unrealised(stage, position))),
    maintenance: sum(held.map((position) => maintenance(stage, position))),
    positionMargin: sum(held.map((position) => initialMargin(stage, position))),
    orderMargin: sum(open.map((order) => orderMargin(stage, order))),
  };
}

/** In USD. */
export interface AccountFigures extends MarginFigures {
  /** Of all wallets: what is in them, and what is owed. */
  readonly owned: Decimal;
  readonly owed: Decimal;
  /** Wallets and unrealised profits less debts: as they count for collateral, and as they are. */
  readonly equity: Decimal;
  readonly actual: Decimal;
}

/** Assets whose price moves count as collateral at this share. */
const COLLATERAL_RATE = decimal('0.95');

const collateral = (asset: string, worth: Decimal): Decimal =>
  isStable(asset) || worth < 0n ? worth : times(worth, COLLATERAL_RATE);

/** Over every asset that the account may hold, moved or not: an untouched one has its opening balance. */
export function accountFigures(stage: Stage, venues: readonly Venue[]): AccountFigures {
  const parts = venues.flatMap((venue) => {
    const there = stage.venue === venue ? stage : stage.on(venue);
    return assetsOf(there).map((asset) => {
      const inUsd = (amount: Decimal): Decimal => times(amount, worthUsd(asset));
      const { free, locked, borrowed, interest } = there.balance(asset);
      const figures = marginFigures(there, asset);
      const net = inUsd(free + locked - borrowed - interest + figures.unrealised);
      return {
        owned: inUsd(free + locked),
        owed: inUsd(borrowed + interest),
        equity: collateral(asset, net),
        actual: net,
        unrealised: inUsd(figures.unrealised),
        maintenance: inUsd(figures.maintenance),
        positionMargin: inUsd(figures.positionMargin),
        orderMargin: inUsd(figures.orderMargin),
      };
    });
  });
  const total = (of: (part: AccountFigures) => Decimal): Decimal => sum(parts.map(of));
  return {
    owned: total(({ owned }) => owned),
    owed: total(({ owed }) => owed),
    equity: total(({ equity }) => equity),
    actual: total(({ actual }) => actual),
    unrealised: total((part) => part.unrealised),
    maintenance: total((part) => part.maintenance),
    positionMargin: total((part) => part.positionMargin),
    orderMargin: total((part) => part.orderMargin),
  };
}
