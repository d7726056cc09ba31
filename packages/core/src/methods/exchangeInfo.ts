import { exchangeInfo as answerOf, rateLimitsOf } from '@listenpost/protocol';
import type { Result } from '../control/call.ts';
import type { OpenHandler } from './handler.ts';

/** The configured symbols, in the product's own shape: community SDKs open no stream before this answers. */
export const exchangeInfo: OpenHandler = ({ product, instant }, house) => {
  const rateLimits = rateLimitsOf(product.id, house.limits.pools);
  return answerOf(product.id, house.symbols, instant(house.clock.now()), rateLimits) as Result;
};
