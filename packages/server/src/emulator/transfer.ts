/** Money that comes in from another wallet or from outside, or goes out to it. */
import { type Decimal, decimal } from './decimal.ts';
import { marketOf } from './markets.ts';
import { heldAsset } from './order.ts';
import { roundAmount, worthUsd } from './prices.ts';
import type { Stage } from './stage.ts';

/** What a transfer is worth when the trigger names no amount. */
const USUAL_USD = decimal('1000');

/** In above 0, out below. */
export const transfer = (stage: Stage): undefined => move(stage, 1n);
export const deposit = (stage: Stage): undefined => move(stage, 1n);
export const withdraw = (stage: Stage): undefined => move(stage, -1n);

function move(stage: Stage, direction: 1n | -1n): undefined {
  const asset = heldAsset(stage);
  const amount = direction * (stage.parameters.amount ?? usualAmount(asset));
  stage.credit(asset, amount, 'amount');
  marketOf(stage).tellTransfer(stage, asset, amount);
}

export const usualAmount = (asset: string): Decimal => roundAmount(USUAL_USD, worthUsd(asset), '0.00000001');
