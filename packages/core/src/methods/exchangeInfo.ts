import { exchangeInfo as answerOf } from '@listenpost/protocol';
import type { OpenHandler } from './handler.ts';

/** The configured symbols, in the product's own shape: community SDKs open no stream before this answers. */
export const exchangeInfo: OpenHandler = ({ product }, house) => answerOf(product.id, house.symbols, house.clock.now());
