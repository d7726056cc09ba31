import type { EventTable } from './table.ts';
import {
  BUSINESS_UNIT,
  CONDITIONAL_ORDER_TYPE,
  FUTURES_STP_MODE,
  FUTURES_TIME_IN_FORCE,
  POSITION_SIDE,
  PRICE_MATCH,
  SIDE,
  USDM_TIME_IN_FORCE,
  WORKING_TYPE,
} from './values.ts';

const ORDER_TYPE = {
  usdm: ['LIMIT', 'MARKET', ...CONDITIONAL_ORDER_TYPE, 'LIQUIDATION'],
  coinm: ['MARKET', 'LIMIT', 'STOP', 'TAKE_PROFIT', 'TRAILING_STOP_MARKET', 'LIQUIDATION'],
  pm: ['MARKET', 'LIMIT', 'LIQUIDATION'],
  options: ['LIMIT'],
} as const;

const FUTURES_EXECUTION_TYPE = ['NEW', 'CANCELED', 'CALCULATED', 'EXPIRED', 'TRADE', 'AMENDMENT'] as const;

/** 10 and 11 are COIN-M's: FOK that could not be filled, failed post-only check. The others: derivatives §4.4. */
const USDM_EXPIRY_REASON = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;

/**
 * An order changed or traded. `c` that starts with `autoclose-` is a liquidation, `adl_autoclose` an ADL,
 * `settlement_autoclose-` a settlement. `AMENDMENT` and `pm` are open questions for portfolio margin (derivatives §8
 * row 23), so `M` and `pm` are optional there; so is `sp`, which its page says to ignore and its samples leave out.
 */
export const ORDER_TRADE_UPDATE = {
  name: 'ORDER_TRADE_UPDATE',
  meaning: 'an order was accepted, changed, traded or ended',
  shapes: [
    {
      products: ['usdm', 'coinm', 'pm', 'options'],
      source: 'derivatives §4.4',
      identity: ['fs', 'T', 'o.s', 'o.i', 'o.x', 'o.X', 'o.t', 'o.T', 'o.o', 'o.q', 'o.p', 'o.z', 'o.M'],
      fields: {
        fs: { in: '- - + -', type: 'str', meaning: 'business unit', values: BUSINESS_UNIT },
        E: { type: 'int', time: true, meaning: 'event time' },
        T: { type: 'int', time: true, meaning: 'transaction time' },
        i: { in: '- + + -', type: 'str', meaning: 'account alias; empty for UM' },
        o: {
          type: 'object',
          meaning: 'the order',
          fields: {
            s: { type: 'str', meaning: 'symbol' },
            c: { type: 'str', meaning: 'client order id' },
            S: { type: 'str', meaning: 'side', values: SIDE },
            o: { type: 'str', meaning: 'order type', values: ORDER_TYPE },
            f: {
              type: 'str',
              meaning: 'time in force',
              values: {
                usdm: USDM_TIME_IN_FORCE,
                coinm: FUTURES_TIME_IN_FORCE,
                pm: FUTURES_TIME_IN_FORCE,
                options: FUTURES_TIME_IN_FORCE,
              },
            },
            q: { type: 'dec', meaning: 'original quantity' },
            p: { type: 'dec', meaning: 'original price; 0 for market orders' },
            ap: { type: 'dec', meaning: 'average price' },
            sp: { in: '+ + ? -', type: 'dec', meaning: 'stop price; to be ignored for trailing stops' },
            x: {
              type: 'str',
              meaning: 'execution type of this push',
              values: {
                usdm: FUTURES_EXECUTION_TYPE,
                coinm: FUTURES_EXECUTION_TYPE,
                pm: FUTURES_EXECUTION_TYPE,
                options: ['NEW', 'CANCELED', 'EXPIRED', 'TRADE'],
              },
            },
            X: {
              type: 'str',
              meaning: 'order status',
              values: ['NEW', 'PARTIALLY_FILLED', 'FILLED', 'CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH'],
            },
            i: { type: 'int', wide: true, meaning: 'order id; beyond 2^53 for options' },
            M: {
              in: '? ? ? -',
              type: 'str',
              meaning: 'modifyId; only on an AMENDMENT whose request carried one',
              since: { usdm: '2026-07', coinm: '2026-07', pm: '2026-07' },
            },
            l: { type: 'dec', meaning: 'last filled quantity' },
            z: { type: 'dec', meaning: 'cumulative filled quantity' },
            L: { type: 'dec', meaning: 'last filled price' },
            ma: { in: '- + - -', type: 'str', meaning: 'margin asset' },
            N: { in: '+ + ? +', type: 'str', meaning: 'commission asset' },
            n: { in: '+ + ? +', type: 'dec', meaning: 'commission; for options negative when charged' },
            T: { type: 'int', time: true, meaning: 'order trade time' },
            t: { type: 'int', wide: true, meaning: 'trade id; 0 if none' },
            rp: { type: 'dec', meaning: 'realised profit of this trade' },
            b: { type: 'dec', meaning: 'bids: notional, for COIN-M and options quantity' },
            a: { type: 'dec', meaning: 'asks: notional, for COIN-M and options quantity' },
            m: { type: 'bool', meaning: 'own side was the maker' },
            R: { type: 'bool', meaning: 'reduce only' },
            wt: { in: '+ + - -', type: 'str', meaning: 'price that triggers', values: WORKING_TYPE },
            ot: { in: '+ + - +', type: 'str', meaning: 'original order type', values: ORDER_TYPE },
            ps: { in: '+ + + -', type: 'str', meaning: 'position side', values: POSITION_SIDE },
            cp: { in: '? ? - -', type: 'bool', meaning: 'close all; conditional orders' },
            AP: { in: '? ? - -', type: 'dec', meaning: 'activation price; trailing stops' },
            cr: { in: '? ? - -', type: 'dec', meaning: 'callback rate; trailing stops' },
            pP: { in: '+ + - -', type: 'bool', meaning: 'price protection' },
            si: {
              in: '+ - ? -',
              type: 'int',
              wide: true,
              meaning: 'strategy id of a triggered conditional order; USDⓈ-M: ignore',
            },
            ss: { in: '+ - - -', type: 'int', meaning: 'ignore' },
            st: { in: '- - ? -', type: 'str', meaning: 'strategy type of a triggered conditional order' },
            V: {
              type: 'str',
              meaning: 'self-trade prevention mode',
              values: FUTURES_STP_MODE,
              since: { coinm: '2024-10-11', pm: '2024-01-11', options: '2026-03-19' },
            },
            pm: {
              in: '+ + ? -',
              type: 'str',
              meaning: 'price match mode',
              values: PRICE_MATCH,
              since: { coinm: '2024-10-11', pm: '2024-09-06' },
            },
            gtd: {
              in: '+ - + -',
              type: 'int',
              time: true,
              meaning: 'when a GTD order is cancelled; 0 if none',
              since: { pm: '2024-01-11' },
            },
            er: {
              in: '+ + - -',
              type: 'str',
              meaning: 'expiry reason code',
              values: { usdm: USDM_EXPIRY_REASON, coinm: [...USDM_EXPIRY_REASON, '10', '11'] },
              since: { usdm: '2025-10-23', coinm: '2025-12-10' },
            },
          },
        },
      },
    },
  ],
} as const satisfies EventTable;
