/**
 * Checked by `tsc`, never run: the types read from the tables are the events that the references describe.
 */
import type { ProductId } from '../products.ts';
import type { EventNameOf, EventOf } from './events.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Fits<A, B> = A extends B ? true : false;
type Is<T extends true> = T;
type IsNot<T extends false> = T;

type Of<P extends ProductId, Name extends EventNameOf<P>> = Extract<EventOf<P>, { readonly e: Name }>;

type UsdmOrder = Of<'usdm', 'ORDER_TRADE_UPDATE'>['o'];
type CoinmOrder = Of<'coinm', 'ORDER_TRADE_UPDATE'>['o'];
type OptionsOrder = Of<'options', 'ORDER_TRADE_UPDATE'>['o'];
type UsdmAccount = Of<'usdm', 'ACCOUNT_UPDATE'>;
type UsdmConfig = Of<'usdm', 'ACCOUNT_CONFIG_UPDATE'>;
type Times = { readonly e: 'ACCOUNT_CONFIG_UPDATE'; readonly E: number; readonly T: number };
type Leverage = { readonly ac: { readonly s: string; readonly l: number } };
type MultiAssets = { readonly ai: { readonly j: boolean } };

export type Statements = [
  Is<
    Same<
      EventNameOf<'risk'>,
      'MARGIN_LEVEL_STATUS_CHANGE' | 'USER_LIABILITY_CHANGE' | 'listenKeyExpired' | 'serverShutdown'
    >
  >,
  Is<Same<EventNameOf<'pmpro'>, 'PM_PRO_ACCOUNT_UPDATE' | 'listenKeyExpired' | 'riskLevelChange' | 'uniMMRDrop'>>,
  IsNot<Fits<'TRADE_LITE', EventNameOf<'coinm'>>>,
  // Whole events, member for member.
  Is<Same<Of<'pm', 'listenKeyExpired'>, { readonly e: 'listenKeyExpired' } & { readonly E: number }>>,
  Is<
    Same<
      Of<'options', 'listenKeyExpired'>,
      { readonly e: 'listenKeyExpired' } & { readonly E: string; readonly listenKey: string }
    >
  >,
  // Kinds of values.
  Is<Same<UsdmOrder['i'], number | bigint>>,
  Is<Same<UsdmOrder['T'], number>>,
  Is<Same<Of<'pm', 'liabilityChange'>['T'], number | bigint>>,
  Is<Same<Of<'spot', 'listStatus'>['O'][number]['i'], number | bigint>>,
  Is<Same<Of<'spot', 'executionReport'>['v'], number | bigint | undefined>>,
  Is<Same<EventOf<'margin'>, EventOf<'isolated'>>>,
  Is<Same<UsdmOrder['q'], string>>,
  Is<Same<UsdmOrder['m'], boolean>>,
  Is<Same<Of<'spot', 'executionReport'>['N'], string | null>>,
  Is<Same<UsdmAccount['a']['B'][number]['wb'], string>>,
  // A product's column says whether a member is there.
  Is<Same<UsdmOrder['AP'], string | undefined>>,
  Is<Same<UsdmOrder['er'], string>>,
  Is<Fits<'ma', keyof CoinmOrder>>,
  IsNot<Fits<'ma', keyof UsdmOrder>>,
  IsNot<Fits<'sp', keyof OptionsOrder>>,
  IsNot<Fits<'i', keyof UsdmAccount>>,
  Is<Same<Of<'coinm', 'ACCOUNT_UPDATE'>['i'], string>>,
  IsNot<Fits<'mt', keyof Of<'pm', 'ACCOUNT_UPDATE'>['a']['P'][number]>>,
  // One name, another shape.
  Is<Same<Of<'options', 'ACCOUNT_UPDATE'>['eq'], string>>,
  IsNot<Fits<'a', keyof Of<'options', 'ACCOUNT_UPDATE'>>>,
  IsNot<Fits<'o', keyof Of<'pm', 'ALGO_UPDATE'>>>,
  Is<Same<Of<'pm', 'ALGO_UPDATE'>['ao']['aid'], number | bigint>>,
  // Exactly one of `ac` and `ai`.
  Is<Fits<Times & Leverage, UsdmConfig>>,
  Is<Fits<Times & MultiAssets, UsdmConfig>>,
  IsNot<Fits<Times, UsdmConfig>>,
  IsNot<Fits<Times & Leverage & MultiAssets, UsdmConfig>>,
  IsNot<Fits<Times & MultiAssets, Of<'coinm', 'ACCOUNT_CONFIG_UPDATE'>>>,
];

/** The union is told apart by `e`. */
export function lastFill(event: EventOf<'usdm'>): string | undefined {
  switch (event.e) {
    case 'ORDER_TRADE_UPDATE':
      return event.o.l;
    case 'TRADE_LITE':
      return event.l;
    default:
      return undefined;
  }
}

/** A whole event can be written down without a cast. */
export const marginCall: EventOf<'coinm'> = {
  e: 'MARGIN_CALL',
  E: 1791000000000,
  i: 'SgXuTiWe',
  p: [{ s: 'BTCUSD_PERP', ps: 'LONG', pa: '1', mt: 'ISOLATED', iw: '0.1', mp: '60000', up: '-0.01', mm: '0.02' }],
};
