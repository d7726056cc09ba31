/** Settings of a futures account, and what other systems do to the spot wallet. */
import { EmulatorError } from './error.ts';
import { heldAsset, symbolRow } from './order.ts';
import type { Stage } from './stage.ts';
import { usualAmount } from './transfer.ts';
import { padded, tellAssets } from './wallet.ts';

const USUAL_LEVERAGE = 10;

export function changeLeverage(stage: Stage): undefined {
  const { symbol } = symbolRow(stage);
  const leverage = stage.parameters.leverage ?? USUAL_LEVERAGE;
  stage.ledger.leverages.set(symbol, leverage);
  const ac = { s: symbol, l: leverage };
  stage.emit('ACCOUNT_CONFIG_UPDATE', { ac }, { ac });
}

/** Turned to what it was not, unless the trigger says which. */
export function changeMultiAssetsMode(stage: Stage): undefined {
  stage.ledger.multiAssets = stage.parameters.multiAssets ?? !stage.ledger.multiAssets;
  stage.emit('ACCOUNT_CONFIG_UPDATE', {}, { ai: { j: stage.ledger.multiAssets } });
}

/** Another system, such as a loan that it serves as collateral for, locks a part of the wallet or lets it go. */
export function lockOutside(stage: Stage): undefined {
  const asset = heldAsset(stage);
  const amount = stage.parameters.amount ?? usualAmount(asset);
  const balance = stage.balance(asset);
  if (balance.lockedOutside + amount < 0n) {
    throw new EmulatorError('amount', `would unlock more than the ${padded(balance.lockedOutside)} ${asset} locked so`);
  }
  stage.credit(asset, -amount, 'amount');
  balance.locked += amount;
  balance.lockedOutside += amount;
  stage.emit('externalLockUpdate', { a: asset, d: padded(amount) });
  tellAssets(stage, [asset]);
}
