/**
 * Loans of margin accounts. What is owed is told on the risk stream (USER_LIABILITY_CHANGE) and, in portfolio margin, on the
 * account's own (liabilityChange); the borrowed money itself as any balance (derivatives §4.11, spot-margin §6.8).
 */
import type { Decimal } from './decimal.ts';
import { EmulatorError } from './error.ts';
import type { Balance } from './ledger.ts';
import { heldAsset } from './order.ts';
import type { Stage } from './stage.ts';
import { usualAmount } from './transfer.ts';
import { padded, tellChange } from './wallet.ts';

export function borrow(stage: Stage): undefined {
  const asset = heldAsset(stage);
  lend(stage, asset, stage.parameters.amount ?? usualAmount(asset));
}

/** Interest first. Without an amount all that is owed of the asset; an account that owes nothing borrows first. */
export function repay(stage: Stage): undefined {
  const asset = heldAsset(stage);
  const balance = stage.balance(asset);
  if (owed(balance) === 0n) lend(stage, asset, stage.parameters.amount ?? usualAmount(asset));
  const amount = stage.parameters.amount ?? owed(balance);
  if (amount > owed(balance)) {
    throw new EmulatorError('amount', `must be at most the ${padded(owed(balance))} ${asset} that is owed`);
  }
  const interest = amount < balance.interest ? amount : balance.interest;
  stage.credit(asset, -amount, 'amount');
  balance.interest -= interest;
  balance.borrowed -= amount - interest;
  tellLiability(stage, asset, { type: 'REPAY', principal: amount - interest, interest });
  tellChange(stage, asset, -amount);
}

/** An hour's, more or less, of what is borrowed. An account that owes nothing borrows first. */
export function chargeInterest(stage: Stage): undefined {
  const asset = heldAsset(stage);
  const balance = stage.balance(asset);
  if (owed(balance) === 0n) lend(stage, asset, usualAmount(asset));
  const interest = stage.parameters.amount ?? atLeastOneUnit(balance.borrowed / INTEREST_SHARE);
  balance.interest += interest;
  tellLiability(stage, asset, { type: 'INTEREST', principal: 0n, interest });
}

const INTEREST_SHARE = 100_000n;
/** Of the eight decimals in which amounts are kept. */
const UNIT = 10n ** 10n;
const atLeastOneUnit = (value: Decimal): Decimal => (value < UNIT ? UNIT : value - (value % UNIT));

const owed = ({ borrowed, interest }: Balance): Decimal => borrowed + interest;

export function lend(stage: Stage, asset: string, amount: Decimal): void {
  const balance = stage.credit(asset, amount, 'amount');
  balance.borrowed += amount;
  tellLiability(stage, asset, { type: 'BORROW', principal: amount, interest: 0n });
  tellChange(stage, asset, amount);
}

interface Liability {
  readonly type: 'BORROW' | 'REPAY' | 'INTEREST';
  /** Of this change. */
  readonly principal: Decimal;
  readonly interest: Decimal;
}

/** Isolated margin tells of it nowhere. */
function tellLiability(stage: Stage, asset: string, { type, principal, interest }: Liability): void {
  const balance = stage.balance(asset);
  const change = { a: asset, t: type, p: padded(principal), i: padded(interest) };
  for (const name of ['USER_LIABILITY_CHANGE', 'liabilityChange'] as const) {
    if (!stage.tells(name)) continue;
    stage.told(balance);
    stage.emit(name, { ...change, T: stage.ids.loan(), l: padded(owed(balance)) });
  }
}
