import type { EventTable, Fields } from './table.ts';
import {
  BUSINESS_UNIT,
  CONDITIONAL_ORDER_TYPE,
  FUTURES_STP_MODE,
  POSITION_SIDE,
  PRICE_MATCH,
  SIDE,
  USDM_TIME_IN_FORCE,
  WORKING_TYPE,
} from './values.ts';

const order = {
  caid: { type: 'str', meaning: 'client algo id' },
  aid: { type: 'int', wide: true, meaning: 'algo id' },
  at: { type: 'str', meaning: 'algo type', values: ['CONDITIONAL'] },
  o: { type: 'str', meaning: 'order type', values: CONDITIONAL_ORDER_TYPE },
  s: { type: 'str', meaning: 'symbol' },
  S: { type: 'str', meaning: 'side', values: SIDE },
  ps: { type: 'str', meaning: 'position side', values: POSITION_SIDE },
  f: { type: 'str', meaning: 'time in force', values: USDM_TIME_IN_FORCE },
  q: { type: 'dec', meaning: 'quantity' },
  X: {
    type: 'str',
    meaning: 'algo status',
    values: ['NEW', 'CANCELED', 'TRIGGERING', 'TRIGGERED', 'FINISHED', 'REJECTED', 'EXPIRED'],
  },
  ai: { type: 'str', meaning: 'order id in the matching engine; empty before the trigger' },
  ap: { type: 'dec', meaning: 'average fill price in the engine' },
  aq: { type: 'dec', meaning: 'executed quantity in the engine' },
  act: { type: 'str', meaning: 'order type in the engine; 0 before the trigger' },
  tp: { type: 'dec', meaning: 'trigger price' },
  p: { type: 'dec', meaning: 'order price' },
  V: { type: 'str', meaning: 'self-trade prevention mode', values: FUTURES_STP_MODE },
  wt: { type: 'str', meaning: 'price that triggers', values: WORKING_TYPE },
  pm: { type: 'str', meaning: 'price match mode', values: PRICE_MATCH },
  cp: { type: 'bool', meaning: 'close all' },
  pP: { type: 'bool', meaning: 'price protection' },
  R: { type: 'bool', meaning: 'reduce only' },
  tt: { type: 'int', time: true, meaning: 'trigger time; 0 before' },
  gtd: { type: 'int', time: true, meaning: 'when a GTD order is cancelled; 0 if none' },
  rm: { type: 'str', meaning: 'why the engine refused it', since: { usdm: '2025-11-27' } },
  ia: {
    in: '+ ? ?',
    type: 'bool',
    meaning: 'trailing order is activated; means nothing for other orders',
    since: { usdm: '2026-08-07', pm: '2026-08-07' },
  },
} as const satisfies Fields;

/**
 * State of a conditional order in the algo service, until the matching engine has it. COIN-M's is not documented: it has
 * USDⓈ-M's shape and the alias (derivatives §8 row 20). `ia` is announced for USDⓈ-M only, so optional elsewhere.
 */
export const ALGO_UPDATE = {
  name: 'ALGO_UPDATE',
  meaning: 'a conditional order was accepted, triggered or ended',
  since: { usdm: '2025-12-09', pm: '2026-04-28' },
  shapes: [
    {
      products: ['usdm', 'coinm', 'pm'],
      source: 'derivatives §4.9',
      identity: [
        'fs',
        'T',
        'o.aid',
        'o.X',
        'o.ai',
        'o.aq',
        'o.q',
        'o.tp',
        'o.p',
        'o.ia',
        'ao.aid',
        'ao.X',
        'ao.ai',
        'ao.aq',
        'ao.q',
        'ao.tp',
        'ao.p',
        'ao.ia',
      ],
      fields: {
        T: { type: 'int', time: true, meaning: 'transaction time' },
        E: { type: 'int', time: true, meaning: 'event time' },
        fs: { in: '- - +', type: 'str', meaning: 'business unit', values: BUSINESS_UNIT },
        i: { in: '- + -', type: 'str', meaning: 'account alias' },
        o: { in: '+ + -', type: 'object', meaning: 'the order', fields: order },
        ao: { in: '- - +', type: 'object', meaning: 'the order', fields: order },
      },
    },
  ],
} as const satisfies EventTable;
