/** Accounts that are judged as a whole: no position is named, only how much margin is left. */
import { type Decimal, decimal, fixed, over, rounded, sum, times } from './decimal.ts';
import { ASSET_DIGITS } from './ledger.ts';
import { marketOf } from './markets.ts';
import { newOrder } from './order.ts';
import { isStable, worthUsd } from './prices.ts';
import { type Book, openingBalance, type Stage } from './stage.ts';
import { VENUES } from './venues.ts';

const padded = (value: Decimal): string => fixed(value, ASSET_DIGITS);

/** uniMMR below which each level begins is 1.5, 1.2 and 1.05; these lie below. */
const UNI_MMR: Readonly<Record<string, string>> = {
  MARGIN_CALL: '1.40000000',
  REDUCE_ONLY: '1.15000000',
  FORCE_LIQUIDATION: '1.04000000',
};

/** Assets whose price moves count as collateral at this share. */
const COLLATERAL_RATE = decimal('0.95');

/** Equity is what the account's wallets are worth; the maintenance margin is what the market made of its positions. */
export function callPortfolio(stage: Stage): undefined {
  const level = stage.parameters.level ?? 'MARGIN_CALL';
  const ratio = UNI_MMR[level];
  if (ratio === undefined) throw new Error(`no uniMMR for the level ${level}`);
  const { equity, actual } = equityOf(stage.book);
  stage.emit('riskLevelChange', {
    u: ratio,
    s: level,
    eq: padded(equity),
    ae: padded(actual),
    m: padded(rounded(over(equity, decimal(ratio)), ASSET_DIGITS)),
  });
}

/** Of an account at ease: a tenth of its equity keeps its positions, three times that opened them. */
const EASY_UNI_MMR = decimal('10');
const INITIAL_BY_MAINTENANCE = 3n;

/** The summary that comes every five seconds (derivatives §4.12). */
export function summarisePortfolio(stage: Stage): undefined {
  const { equity, actual } = equityOf(stage.book);
  const maintenance = over(equity, EASY_UNI_MMR);
  const initial = maintenance * INITIAL_BY_MAINTENANCE;
  stage.emit('PM_PRO_ACCOUNT_UPDATE', {
    u: padded(EASY_UNI_MMR),
    eq: padded(equity),
    ae: padded(actual),
    im: padded(initial),
    mm: padded(maintenance),
    avb: padded(equity - initial),
    vmw: padded(equity - initial),
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
  const loss = rounded(times(stage.venue.math.value(row, qty, price), RESERVED_LOSS), ASSET_DIGITS);
  stage.emit('openOrderLoss', { O: [{ a: row.quoteAsset, o: padded(-loss) }] });
  return order.id;
}

/** Margin level below which each status begins is 2, 1.5, 1.3 and 1.1; these lie within. */
const MARGIN_LEVEL: Readonly<Record<string, string>> = {
  EXCESSIVE: '3.00000000',
  NORMAL: '1.80000000',
  MARGIN_CALL: '1.28000000',
  PRE_LIQUIDATION: '1.15000000',
  FORCE_LIQUIDATION: '1.08000000',
};

/** The risk stream carries the cross margin account's level; the account itself is another stream's. */
export function callCrossMargin(stage: Stage): undefined {
  const level = stage.parameters.level ?? 'MARGIN_CALL';
  stage.emit('MARGIN_LEVEL_STATUS_CHANGE', { l: MARGIN_LEVEL[level], s: level });
}

export interface Equity {
  /** In USD: what the wallets count for as collateral, and what they are worth. */
  readonly equity: Decimal;
  readonly actual: Decimal;
}

/** Every balance that was moved, less what is owed, and the USDT on the margin side whether it was moved or not. */
export function equityOf({ ledgers }: Pick<Book, 'ledgers'>): Equity {
  const usdt = openingBalance(VENUES.MARGIN, 'USDT');
  const untouched = ledgers.get('MARGIN')?.balances.has('USDT') ? 0n : times(usdt, worthUsd('USDT'));
  const worths = [...ledgers.values()].flatMap(({ balances }) =>
    [...balances].map(([asset, { free, locked, borrowed, interest }]) => {
      const worth = times(free + locked - borrowed - interest, worthUsd(asset));
      return { worth, counted: isStable(asset) ? worth : times(worth, COLLATERAL_RATE) };
    }),
  );
  return {
    equity: untouched + sum(worths.map(({ counted }) => counted)),
    actual: untouched + sum(worths.map(({ worth }) => worth)),
  };
}
