import type { EventTable } from './table.ts';
import {
  BUSINESS_UNIT,
  CONDITIONAL_ORDER_TYPE,
  FUTURES_STP_MODE,
  FUTURES_TIME_IN_FORCE,
  POSITION_SIDE,
  PRICE_MATCH,
  SIDE,
  WORKING_TYPE,
} from './values.ts';

export const CONDITIONAL_ORDER_TRADE_UPDATE = {
  name: 'CONDITIONAL_ORDER_TRADE_UPDATE',
  meaning: 'a conditional order was accepted, triggered or ended',
  shapes: [
    {
      products: ['pm'],
      source: 'derivatives §4.11',
      identity: ['fs', 'T', 'so.s', 'so.si', 'so.os', 'so.ut', 'so.i', 'so.q', 'so.p', 'so.sp'],
      fields: {
        T: { type: 'int', time: true, meaning: 'transaction time' },
        E: { type: 'int', time: true, meaning: 'event time' },
        fs: { type: 'str', meaning: 'business unit', values: BUSINESS_UNIT },
        so: {
          type: 'object',
          meaning: 'the strategy order',
          fields: {
            s: { type: 'str', meaning: 'symbol' },
            c: { type: 'str', meaning: 'client id of the strategy' },
            si: { type: 'int', wide: true, meaning: 'strategy id' },
            S: { type: 'str', meaning: 'side', values: SIDE },
            st: { type: 'str', meaning: 'strategy type', values: CONDITIONAL_ORDER_TYPE },
            f: { type: 'str', meaning: 'time in force', values: FUTURES_TIME_IN_FORCE },
            q: { type: 'dec', meaning: 'quantity' },
            p: { type: 'dec', meaning: 'price' },
            sp: { type: 'dec', meaning: 'stop price; to be ignored for trailing stops' },
            os: {
              type: 'str',
              meaning: 'strategy order status',
              values: ['NEW', 'CANCELED', 'EXPIRED', 'TRIGGERED', 'FINISHED'],
            },
            T: { type: 'int', time: true, meaning: 'book time' },
            ut: { type: 'int', time: true, meaning: 'update time' },
            R: { type: 'bool', meaning: 'reduce only' },
            wt: { type: 'str', meaning: 'price that triggers', values: WORKING_TYPE },
            ps: { type: 'str', meaning: 'position side', values: POSITION_SIDE },
            cp: { in: '?', type: 'bool', meaning: 'close all' },
            AP: { in: '?', type: 'dec', meaning: 'activation price; trailing stops' },
            cr: { in: '?', type: 'dec', meaning: 'callback rate; trailing stops' },
            i: { type: 'int', wide: true, meaning: 'order id; 0 before the trigger' },
            V: { type: 'str', meaning: 'self-trade prevention mode', values: FUTURES_STP_MODE },
            gtd: { type: 'int', time: true, meaning: 'when a GTD order is cancelled; 0 if none' },
            pm: {
              in: '?',
              type: 'str',
              meaning: 'price match mode',
              values: PRICE_MATCH,
              since: { pm: '2024-09-06' },
            },
          },
        },
      },
    },
  ],
} as const satisfies EventTable;
