/**
 * What a market does with orders, whoever asks: scenarios are scripts over this contract, and each market tells the
 * account of it in its own events.
 */
import type { Decimal } from './decimal.ts';
import type { Order } from './order.ts';
import type { Stage } from './stage.ts';

/** Why an order ends before it is filled. */
export type Cause =
  | { readonly why: 'canceled' | 'unfilledIoc' | 'unfilledFok' | 'postOnly' | 'liquidated' }
  /** By self-trade prevention, against an order of the same account. */
  | { readonly why: 'selfTrade'; readonly counter: Order };

export interface Market {
  /** Lets the order in. A limit order is then open. */
  accept(stage: Stage, order: Order): void;
  /** Executes `qty` of the order at its price. `qty` is at most what remains. */
  trade(stage: Stage, order: Order, qty: Decimal): void;
  /** Ends what remains of the order. */
  end(stage: Stage, order: Order, cause: Cause): void;
  /** The order goes on with another quantity, another price or both; `qty` is more than it has executed. */
  amend(stage: Stage, order: Order, change: { readonly qty: Decimal; readonly price: Decimal }): void;
  /** A balance was changed from outside by `amount`, below 0 when it left. */
  tellTransfer(stage: Stage, asset: string, amount: Decimal): void;
}
