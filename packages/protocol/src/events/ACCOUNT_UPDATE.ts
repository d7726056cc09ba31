import type { EventTable } from './table.ts';
import { BUSINESS_UNIT, POSITION_SIDE } from './values.ts';

const USDM_REASONS = [
  'DEPOSIT',
  'WITHDRAW',
  'ORDER',
  'FUNDING_FEE',
  'WITHDRAW_REJECT',
  'ADJUSTMENT',
  'INSURANCE_CLEAR',
  'ADMIN_DEPOSIT',
  'ADMIN_WITHDRAW',
  'MARGIN_TRANSFER',
  'MARGIN_TYPE_CHANGE',
  'ASSET_TRANSFER',
  'OPTIONS_PREMIUM_FEE',
  'OPTIONS_SETTLE_PROFIT',
  'AUTO_EXCHANGE',
  'COIN_SWAP_DEPOSIT',
  'COIN_SWAP_WITHDRAW',
] as const;

const NOT_IN_COINM: readonly string[] = [
  'WITHDRAW_REJECT',
  'OPTIONS_PREMIUM_FEE',
  'OPTIONS_SETTLE_PROFIT',
  'AUTO_EXCHANGE',
];

const COINM_REASONS = USDM_REASONS.filter((reason) => !NOT_IN_COINM.includes(reason));

/**
 * The same name for two events. Futures push it on a change of balance, position or margin type: `B` holds the changed
 * assets, `P` the changed symbol. Options push a flat summary on changes, and every 10 s while a position is open.
 */
export const ACCOUNT_UPDATE = {
  name: 'ACCOUNT_UPDATE',
  meaning: 'balances and positions changed',
  shapes: [
    {
      products: ['usdm', 'coinm', 'pm'],
      source: 'derivatives §4.2',
      identity: [
        'fs',
        'T',
        'a.m',
        'a.S',
        'a.B[].a',
        'a.B[].wb',
        'a.B[].bc',
        'a.P[].s',
        'a.P[].ps',
        'a.P[].pa',
        'a.P[].ep',
        'a.P[].cr',
        'a.P[].mt',
        'a.P[].iw',
      ],
      fields: {
        fs: { in: '- - +', type: 'str', meaning: 'business unit', values: BUSINESS_UNIT },
        E: { type: 'int', time: true, meaning: 'event time' },
        T: { type: 'int', time: true, meaning: 'transaction time' },
        i: { in: '- + +', type: 'str', meaning: 'account alias; empty for UM' },
        a: {
          type: 'object',
          meaning: 'what changed',
          fields: {
            m: {
              type: 'str',
              meaning: 'reason',
              values: { usdm: USDM_REASONS, coinm: COINM_REASONS, pm: USDM_REASONS },
            },
            B: {
              type: 'array',
              meaning: 'changed balances',
              fields: {
                a: { type: 'str', meaning: 'asset' },
                wb: { type: 'dec', meaning: 'wallet balance' },
                cw: { type: 'dec', meaning: 'cross wallet balance' },
                bc: { type: 'dec', meaning: 'balance change without profit and commission' },
              },
            },
            P: {
              type: 'array',
              meaning: 'changed positions; empty when only balances changed',
              fields: {
                s: { type: 'str', meaning: 'symbol' },
                pa: { type: 'dec', meaning: 'position amount, signed' },
                ep: { type: 'dec', meaning: 'entry price' },
                bep: { type: 'dec', meaning: 'break-even price', since: { pm: '2024-01-11' } },
                cr: { type: 'dec', meaning: 'accumulated realised profit before fees' },
                up: { type: 'dec', meaning: 'unrealised profit' },
                mt: {
                  in: '+ + -',
                  type: 'str',
                  meaning: 'margin type, lower case here',
                  values: ['cross', 'isolated'],
                },
                iw: { in: '+ + -', type: 'dec', meaning: 'isolated wallet; 0 for cross positions' },
                ps: { type: 'str', meaning: 'position side', values: POSITION_SIDE },
              },
            },
            S: {
              in: '? ? ?',
              type: 'str',
              meaning: 'symbol of the funding fee; only with that reason',
              since: { usdm: '2026-08-07', coinm: '2026-08-07', pm: '2026-08-07' },
            },
          },
        },
      },
    },
    {
      products: ['options'],
      source: 'derivatives §4.10',
      identity: ['T', 'eq', 'aeq', 'b', 'm', 'u', 'i', 'M'],
      fields: {
        E: { type: 'int', time: true, meaning: 'event time' },
        T: { type: 'int', time: true, meaning: 'transaction time' },
        eq: { type: 'dec', meaning: 'equity in USDT' },
        aeq: { type: 'dec', meaning: 'adjusted equity' },
        b: { type: 'dec', meaning: 'wallet balance' },
        m: { type: 'dec', meaning: 'position value' },
        u: { type: 'dec', meaning: 'unrealised profit' },
        i: { type: 'dec', meaning: 'initial margin' },
        M: { type: 'dec', meaning: 'maintenance margin' },
      },
    },
  ],
} as const satisfies EventTable;
