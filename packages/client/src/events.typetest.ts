/** Checked by `tsc`, never run: what a stream hands out is told apart by `e`, unknown events notwithstanding. */
import type { EventNameOf, EventOf } from '@listenpost/protocol';
import type { ConnectionWord, Gap, Snapshot, StreamEvent, UnknownEvent } from './events.ts';
import type { ClientProduct } from './products.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Is<T extends true> = T;

type Item = StreamEvent<'usdm'> | Gap | Snapshot<{ readonly orders: number }>;

export type Statements = [
  Is<Same<Exclude<StreamEvent<'usdm'>, UnknownEvent>, Exclude<EventOf<'usdm'>, ConnectionWord>>>,
  Is<Same<Extract<StreamEvent<'usdm'>, { readonly e: 'TRADE_LITE' }>['i'], number | bigint>>,
  Is<Same<Exclude<StreamEvent, UnknownEvent>, Exclude<EventOf<ClientProduct>, ConnectionWord>>>,
];

export function told(item: Item): string | number | bigint | boolean {
  switch (item.e) {
    case 'ORDER_TRADE_UPDATE': {
      const id: number | bigint = item.o.i;
      const quantity: string = item.o.q;
      return `${id} ${quantity}`;
    }
    case 'ACCOUNT_CONFIG_UPDATE':
      return item.ac === undefined ? item.ai.j : item.ac.l;
    case 'gap':
      return item.to - item.from;
    case 'snapshot':
      return item.state.orders;
    default:
      return item.e;
  }
}

/** Every name of a product can stand as a case, and nothing but the unknown is left then. */
export function rest(event: StreamEvent<'pmpro'>): UnknownEvent | undefined {
  switch (event.e) {
    case 'PM_PRO_ACCOUNT_UPDATE':
      return event.u === '' ? undefined : undefined;
    case 'riskLevelChange':
      return event.ae === '' ? undefined : undefined;
    case 'uniMMRDrop':
      return undefined;
    default:
      return event;
  }
}

/** Members that no table knows can be read, and are unknown. */
export function odd(event: UnknownEvent): unknown {
  const name: string = event.e;
  return [name, event['T']];
}

// @ts-expect-error a name of another product is no case
export const foreign: EventNameOf<'pmpro'> = 'TRADE_LITE';
