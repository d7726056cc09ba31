/** Margin calls of accounts that are judged as a whole: no position is named, only how much margin is left. */
import { type Decimal, decimal, fixed, over, rounded, sum, times } from './decimal.ts';
import { ASSET_DIGITS } from './ledger.ts';
import { isStable, worthUsd } from './prices.ts';
import type { Stage } from './stage.ts';
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
  const wallets = walletsOf(stage);
  const worth = sum(wallets.map(({ asset, amount }) => times(amount, worthUsd(asset))));
  const equity = sum(
    wallets.map(({ asset, amount }) =>
      times(times(amount, worthUsd(asset)), isStable(asset) ? decimal('1') : COLLATERAL_RATE),
    ),
  );
  stage.emit('riskLevelChange', {
    u: ratio,
    s: level,
    eq: padded(equity),
    ae: padded(worth),
    m: padded(rounded(over(equity, decimal(ratio)), ASSET_DIGITS)),
  });
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

interface Wallet {
  readonly asset: string;
  readonly amount: Decimal;
}

/** Every balance that was moved, and the USDT on the margin side whether it was or not. */
function walletsOf(stage: Stage): Wallet[] {
  stage.balance('USDT', VENUES.MARGIN);
  return Object.values(VENUES).flatMap((venue) =>
    [...(stage.book.ledgers.get(venue.name)?.balances ?? [])].map(([asset, { free, locked }]) => ({
      asset,
      amount: free + locked,
    })),
  );
}
