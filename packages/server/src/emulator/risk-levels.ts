/**
 * Accounts that are judged as a whole: no position is named, only how much margin is left. The market's part in it is kept
 * in the book (`Judged`), so that REST reads the level that was told, and whatever moves money then moves the level too.
 */
import { type AccountFigures, accountFigures } from './account-figures.ts';
import { type Decimal, decimal, fixed, over, rounded, times } from './decimal.ts';
import { EmulatorError } from './error.ts';
import { ASSET_DIGITS } from './ledger.ts';
import { lend } from './loans.ts';
import { marketOf } from './markets.ts';
import { heldAsset, newOrder } from './order.ts';
import { worthUsd } from './prices.ts';
import { AT_EASE, type Stage } from './stage.ts';
import { VENUES } from './venues.ts';

const padded = (value: Decimal): string => fixed(value, ASSET_DIGITS);

interface Level {
  readonly status: string;
  /** It holds below this figure; absent: from the one before it on. */
  readonly below?: Decimal;
  /** Where a scenario that asks for it goes. */
  readonly reached: Decimal;
}

/** Worst first. */
type Levels = readonly [Level, ...Level[]];

/** uniMMR of portfolio margin. The wire tells of no return to NORMAL (derivatives §4.11). */
const UNI_MMR: Levels = [
  { status: 'FORCE_LIQUIDATION', below: decimal('1.05'), reached: decimal('1.04') },
  { status: 'REDUCE_ONLY', below: decimal('1.2'), reached: decimal('1.15') },
  { status: 'MARGIN_CALL', below: decimal('1.5'), reached: decimal('1.4') },
  { status: 'NORMAL', reached: decimal('10') },
];

/** Margin level of cross and isolated margin. */
const MARGIN_LEVEL: Levels = [
  { status: 'FORCE_LIQUIDATION', below: decimal('1.1'), reached: decimal('1.08') },
  { status: 'PRE_LIQUIDATION', below: decimal('1.3'), reached: decimal('1.15') },
  { status: 'MARGIN_CALL', below: decimal('1.5'), reached: decimal('1.28') },
  { status: 'NORMAL', below: decimal('2'), reached: decimal('1.8') },
  { status: 'EXCESSIVE', reached: decimal('3') },
];

/** The figure as it is printed decides: a reader must come to the same status. */
function statusAt(levels: Levels, figure: Decimal): string {
  const level = levels.find(({ below }) => below === undefined || rounded(figure, ASSET_DIGITS) < below);
  if (level === undefined) throw new Error('the last level has no bound');
  return level.status;
}

function reachedAt(levels: Levels, status: string): Decimal {
  const level = levels.find((each) => each.status === status);
  if (level === undefined) throw new Error(`no level is called ${status}`);
  return level.reached;
}

/** What a level prints where nothing is owed, or no margin is needed. */
const NOTHING_OWED = decimal('999');

export interface Judgement {
  readonly figure: Decimal;
  readonly status: string;
}

// --- Portfolio margin ------------------------------------------------------------------------------------------------

const PORTFOLIO = [VENUES.MARGIN, VENUES.UM, VENUES.CM] as const;

/** What the account must keep, in USD: for its positions, and what the market asks on top. */
export const maintenanceOf = (stage: Stage, { maintenance }: AccountFigures): Decimal =>
  maintenance + stage.book.judged.strain;

export function uniMmrOf(stage: Stage, figures: AccountFigures): Judgement {
  const kept = maintenanceOf(stage, figures);
  const figure = kept <= 0n ? NOTHING_OWED : over(figures.equity, kept);
  return { figure, status: statusAt(UNI_MMR, figure) };
}

const worthless = (field: string) =>
  new EmulatorError(field, 'is worth nothing, so that no market can call it; trigger transfer first');

/** The market moves until the account is at the level. */
export function callPortfolio(stage: Stage, status: string = stage.parameters.level ?? 'MARGIN_CALL'): undefined {
  const figures = accountFigures(stage, PORTFOLIO);
  const kept = rounded(over(figures.equity, reachedAt(UNI_MMR, status)), ASSET_DIGITS);
  if (kept <= 0n) throw worthless('account');
  stage.book.judged = { ...stage.book.judged, strain: kept - figures.maintenance };
  tellUniMmr(stage);
}

/** The market asks no more than the positions need. */
export function easePortfolio(stage: Stage): void {
  stage.book.judged = { ...stage.book.judged, strain: 0n };
}

/** An account that was called may trade as before. Nothing tells of it: `riskLevelChange` has no such level. */
export function recoverPortfolio(stage: Stage): undefined {
  if (uniMmrOf(stage, accountFigures(stage, PORTFOLIO)).status === 'NORMAL') callPortfolio(stage);
  easePortfolio(stage);
}

function tellUniMmr(stage: Stage): void {
  const figures = accountFigures(stage, PORTFOLIO);
  const { figure, status } = uniMmrOf(stage, figures);
  stage.book.judged = { ...stage.book.judged, told: status };
  stage.emit('riskLevelChange', {
    u: padded(figure),
    s: status,
    eq: padded(figures.equity),
    ae: padded(figures.actual),
    m: padded(maintenanceOf(stage, figures)),
  });
}

/** Of an account at ease: a tenth of its equity keeps its positions, three times that opened them. */
const EASY_UNI_MMR = reachedAt(UNI_MMR, 'NORMAL');
const INITIAL_BY_MAINTENANCE = 3n;

/** The summary that comes every five seconds (derivatives §4.12). */
export function summarisePortfolio(stage: Stage): undefined {
  const figures = accountFigures(stage, PORTFOLIO);
  const { equity, actual } = figures;
  const kept = maintenanceOf(stage, figures);
  const maintenance = kept > 0n ? kept : over(equity, EASY_UNI_MMR);
  const initial = maintenance * INITIAL_BY_MAINTENANCE;
  const available = padded(equity > initial ? equity - initial : 0n);
  stage.emit('PM_PRO_ACCOUNT_UPDATE', {
    u: padded(over(equity, maintenance)),
    eq: padded(equity),
    ae: padded(actual),
    im: padded(initial),
    mm: padded(maintenance),
    avb: available,
    vmw: available,
  });
}

/** Announced without its members, so it has none but its time (derivatives §4.12). */
export function dropUniMMR(stage: Stage): undefined {
  stage.emit('uniMMRDrop', {});
}

/** Of what an open margin order is worth, the loss that is set aside for it. */
const RESERVED_LOSS = decimal('0.01');

/** A margin order rests away from the market, and the loss that its fill would mean is reserved. */
export function reserveLoss(stage: Stage): number {
  const order = newOrder(stage);
  marketOf(stage).accept(stage, order);
  const { row, qty, price } = order;
  order.reserved = rounded(times(stage.venue.math.value(row, qty, price), RESERVED_LOSS), ASSET_DIGITS);
  stage.emit('openOrderLoss', { O: [{ a: row.quoteAsset, o: padded(-order.reserved) }] });
  return order.id;
}

// --- Cross and isolated margin ---------------------------------------------------------------------------------------

const CROSS = [VENUES.MARGIN] as const;

/** In USD, at what the market makes of it. */
export const liabilityOf = (stage: Stage, { owed }: AccountFigures): Decimal =>
  times(owed, stage.book.judged.debtWorth);

export function marginLevelOf(stage: Stage, figures: AccountFigures): Judgement {
  const owed = liabilityOf(stage, figures);
  const figure = owed === 0n ? NOTHING_OWED : over(figures.owned, owed);
  return { figure, status: statusAt(MARGIN_LEVEL, figure) };
}

/** A call is plausible from an account that owes half of what it holds. */
const CALLED_FROM = 2n;

/** The market moves until the account is at the level; one that owes little borrows first, with the events of it. */
export function callCrossMargin(stage: Stage): undefined {
  borrowEnough(stage);
  const { owned, owed } = accountFigures(stage, CROSS);
  if (owed === 0n) throw worthless('account');
  const reached = reachedAt(MARGIN_LEVEL, stage.parameters.level ?? 'MARGIN_CALL');
  stage.book.judged = { ...stage.book.judged, debtWorth: over(owned, times(owed, reached)) };
  tellMarginLevel(stage);
}

/** What is borrowed counts on both sides. */
function borrowEnough(stage: Stage): void {
  const { owned, owed } = accountFigures(stage, CROSS);
  const asset = heldAsset(stage);
  const missing = rounded(over(owned - CALLED_FROM * owed, worthUsd(asset)), ASSET_DIGITS);
  if (missing > 0n) lend(stage, asset, missing);
}

/** Prices are again what they were. An account that was not called is called first. */
export function recoverCrossMargin(stage: Stage): undefined {
  if (stage.book.judged.debtWorth === AT_EASE.debtWorth) callCrossMargin(stage);
  stage.book.judged = { ...stage.book.judged, debtWorth: AT_EASE.debtWorth };
  tellMarginLevel(stage);
}

/** The risk stream carries the cross margin account's level; the account itself is another stream's. */
function tellMarginLevel(stage: Stage): void {
  const { figure, status } = marginLevelOf(stage, accountFigures(stage, CROSS));
  stage.book.judged = { ...stage.book.judged, told: status };
  stage.emit('MARGIN_LEVEL_STATUS_CHANGE', { l: padded(figure), s: status });
}

// --- After each scenario ---------------------------------------------------------------------------------------------

interface Judge {
  readonly event: string;
  readonly levels: Levels;
  /** A status that the wire has no event for. */
  readonly untold?: string;
  judge(stage: Stage): Judgement;
  tell(stage: Stage): void;
}

const JUDGES: readonly Judge[] = [
  {
    event: 'MARGIN_LEVEL_STATUS_CHANGE',
    levels: MARGIN_LEVEL,
    judge: (stage) => marginLevelOf(stage, accountFigures(stage, CROSS)),
    tell: tellMarginLevel,
  },
  {
    event: 'riskLevelChange',
    levels: UNI_MMR,
    untold: 'NORMAL',
    judge: (stage) => uniMmrOf(stage, accountFigures(stage, PORTFOLIO)),
    tell: tellUniMmr,
  },
];

/** Whatever else a scenario did: an account whose status is another than was told last is told. */
export function tellOfNewStatus(stage: Stage): void {
  for (const { event, levels, untold, judge, tell } of JUDGES) {
    if (!stage.tells(event)) continue;
    const { status } = judge(stage);
    const told = stage.book.judged.told ?? levels.at(-1)?.status;
    if (status === told) continue;
    if (status === untold) stage.book.judged = { ...stage.book.judged, told: status };
    else tell(stage);
  }
}
