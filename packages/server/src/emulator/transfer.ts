import { type Decimal, decimal } from './decimal.ts';
import { EmulatorError } from './error.ts';
import { listedRows } from './order.ts';
import { roundAmount, worthUsd } from './prices.ts';
import type { Stage } from './stage.ts';

/** What a transfer is worth when the trigger names no amount. */
const USUAL_USD = decimal('1000');

export interface TransferTerms {
  readonly asset: string;
  /** Below zero when it leaves. */
  readonly amount: Decimal;
  /** Live futures streams print a transfer between wallets as a deposit or a withdrawal. */
  readonly reason: 'DEPOSIT' | 'WITHDRAW';
}

/** @throws EmulatorError when no symbol of the market moves the asset. */
export function transferTerms(stage: Stage): TransferTerms {
  const rows = listedRows(stage);
  const assets = new Set(rows.flatMap((row) => stage.venue.assetsOf(row)));
  const asset = stage.parameters.asset ?? rows[0].marginAsset;
  if (!assets.has(asset)) {
    const known = [...assets].join(', ');
    throw new EmulatorError(
      'asset',
      `${JSON.stringify(asset)} is not held on ${stage.venue.name}; use one of ${known}`,
    );
  }
  const amount = stage.parameters.amount ?? roundAmount(USUAL_USD, worthUsd(asset), '0.00000001');
  return { asset, amount, reason: amount > 0n ? 'DEPOSIT' : 'WITHDRAW' };
}
