/**
 * What of each event a line shows, as rows: the fields that a trader looks for, by their paths in the protocol's tables. A field
 * that an event does not have is left out, so that one row serves every product that has the event.
 */

export type Tone = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';

export interface Cell {
  /** From the top of the event, or of the item of the list that it stands in. */
  readonly path: string;
  /** Of every value, or of those that are named. `signed`: green above zero, red below. */
  readonly tone?: Tone | 'signed' | Readonly<Record<string, Tone>>;
  /** What stands before the value. */
  readonly label?: string;
  /** The path of what stands behind it, such as its asset. */
  readonly unit?: string;
  /** To how many characters it is filled up, so that lines stand in columns. */
  readonly width?: number;
  /** A zero says nothing here. */
  readonly unlessZero?: true;
}

/** Cells of each item of a list. */
export interface List {
  readonly list: string;
  readonly cells: readonly Cell[];
}

export type Column = Cell | List;

const symbol = (path: string): Cell => ({ path, tone: 'bold', width: 9 });
const asset = (path: string): Cell => ({ path, tone: 'bold' });
const word = (path: string): Cell => ({ path });
const side = (path: string): Cell => ({ path, tone: { BUY: 'green', SELL: 'red' }, width: 4 });
const price = (path: string): Cell => ({ path, label: '@', unlessZero: true });
const labelled = (label: string, path: string): Cell => ({ path, label });
const some = (label: string, path: string): Cell => ({ path, label, unlessZero: true });
const signed = (label: string, path: string): Cell => ({ path, label, tone: 'signed', unlessZero: true });
const warning = (path: string, label?: string): Cell => ({
  path,
  tone: 'red',
  ...(label === undefined ? {} : { label }),
});
const yes = (label: string, path: string): Cell => ({ path, tone: { true: 'green' }, label });

/** Of orders, algo orders, strategies and lists, in any product. */
const STATUS: Readonly<Record<string, Tone>> = {
  NEW: 'cyan',
  WORKING: 'cyan',
  EXECUTING: 'cyan',
  TRIGGERING: 'cyan',
  TRIGGERED: 'cyan',
  PARTIALLY_FILLED: 'green',
  FILLED: 'green',
  FINISHED: 'green',
  ALL_DONE: 'green',
  CANCELED: 'yellow',
  CANCELLED: 'yellow',
  EXPIRED: 'yellow',
  EXPIRED_IN_MATCH: 'yellow',
  REJECTED: 'red',
  REJECT: 'red',
};
const status = (path: string): Cell => ({ path, tone: STATUS });
const level = (path: string): Cell => ({ path, tone: { NORMAL: 'green', EXCESSIVE: 'green', REDUCE_ONLY: 'red' } });

export const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  ORDER_TRADE_UPDATE: [
    symbol('o.s'),
    side('o.S'),
    word('o.o'),
    labelled('', 'o.q'),
    price('o.p'),
    status('o.X'),
    some('last', 'o.l'),
    price('o.L'),
    some('filled', 'o.z'),
    signed('pnl', 'o.rp'),
    { path: 'o.n', label: 'fee', unit: 'o.N', unlessZero: true },
    labelled('#', 'o.i'),
  ],
  executionReport: [
    symbol('s'),
    side('S'),
    word('o'),
    labelled('', 'q'),
    price('p'),
    status('X'),
    some('last', 'l'),
    price('L'),
    some('filled', 'z'),
    { path: 'n', label: 'fee', unit: 'N', unlessZero: true },
    { path: 'r', tone: { NONE: 'dim' }, label: 'reject' },
    labelled('#', 'i'),
  ],
  TRADE_LITE: [symbol('s'), side('S'), labelled('last', 'l'), price('L'), labelled('of', 'q'), labelled('#', 'i')],
  ALGO_UPDATE: ['o', 'ao'].flatMap((at) => [
    symbol(`${at}.s`),
    side(`${at}.S`),
    word(`${at}.o`),
    labelled('', `${at}.q`),
    price(`${at}.p`),
    some('trigger', `${at}.tp`),
    status(`${at}.X`),
    some('filled', `${at}.aq`),
    warning(`${at}.rm`),
    labelled('algo #', `${at}.aid`),
  ]),
  CONDITIONAL_ORDER_TRADE_UPDATE: [
    symbol('so.s'),
    side('so.S'),
    word('so.st'),
    labelled('', 'so.q'),
    price('so.p'),
    some('trigger', 'so.sp'),
    status('so.os'),
    labelled('strategy #', 'so.si'),
  ],
  CONDITIONAL_ORDER_TRIGGER_REJECT: [symbol('or.s'), warning('or.r'), labelled('#', 'or.i')],
  STRATEGY_UPDATE: [symbol('su.s'), word('su.st'), status('su.ss'), labelled('strategy #', 'su.si')],
  GRID_UPDATE: [
    symbol('gu.s'),
    word('gu.st'),
    status('gu.ss'),
    signed('pnl', 'gu.r'),
    some('unmatched', 'gu.uq'),
    price('gu.up'),
    labelled('strategy #', 'gu.si'),
  ],
  listStatus: [symbol('s'), word('c'), word('l'), status('L'), labelled('list #', 'g')],

  ACCOUNT_UPDATE: [
    // Options: a flat summary, in which `m` is a number and `a` is not there.
    word('a.m'),
    { list: 'a.B', cells: [asset('a'), word('wb'), signed('', 'bc')] },
    {
      list: 'a.P',
      cells: [
        asset('s'),
        { path: 'ps', tone: 'dim' },
        { path: 'pa', tone: 'signed' },
        price('ep'),
        signed('pnl', 'up'),
      ],
    },
    labelled('equity', 'eq'),
    labelled('wallet', 'b'),
    signed('pnl', 'u'),
    labelled('maintenance', 'M'),
  ],
  BALANCE_POSITION_UPDATE: [
    word('m'),
    { list: 'B', cells: [asset('a'), word('b'), signed('', 'bc')] },
    { list: 'P', cells: [asset('s'), { path: 'c', tone: 'signed' }, price('a')] },
  ],
  outboundAccountPosition: [{ list: 'B', cells: [asset('a'), word('f'), some('locked', 'l')] }],
  balanceUpdate: [asset('a'), { path: 'd', tone: 'signed' }],
  externalLockUpdate: [asset('a'), labelled('locked', 'd')],
  liabilityChange: [
    asset('a'),
    word('t'),
    labelled('principal', 'p'),
    labelled('interest', 'i'),
    labelled('owed', 'l'),
  ],
  USER_LIABILITY_CHANGE: [asset('a'), word('t'), labelled('principal', 'p'), labelled('interest', 'i')],
  openOrderLoss: [{ list: 'O', cells: [asset('a'), { path: 'o', tone: 'signed' }] }],
  PM_PRO_ACCOUNT_UPDATE: [
    labelled('uniMMR', 'u'),
    labelled('equity', 'eq'),
    labelled('maintenance', 'mm'),
    labelled('available', 'avb'),
  ],

  MARGIN_CALL: [
    labelled('wallet', 'cw'),
    {
      list: 'p',
      cells: [
        asset('s'),
        { path: 'ps', tone: 'dim' },
        { path: 'pa', tone: 'signed' },
        price('mp'),
        signed('pnl', 'up'),
        warning('mm', 'needs'),
      ],
    },
  ],
  RISK_LEVEL_CHANGE: [level('s'), labelled('margin', 'mb'), labelled('maintenance', 'mm')],
  riskLevelChange: [warning('s'), labelled('uniMMR', 'u'), labelled('equity', 'eq'), labelled('maintenance', 'm')],
  MARGIN_LEVEL_STATUS_CHANGE: [level('s'), labelled('margin level', 'l')],
  GREEK_UPDATE: [
    {
      list: 'G',
      cells: [
        asset('u'),
        labelled('delta', 'd'),
        labelled('gamma', 'g'),
        labelled('theta', 't'),
        labelled('vega', 'v'),
      ],
    },
  ],
  ACCOUNT_CONFIG_UPDATE: [symbol('ac.s'), labelled('leverage', 'ac.l'), yes('multi-assets', 'ai.j')],
};

/** Events that are about the account's danger, whatever else they say. */
export const ALARMS: ReadonlySet<string> = new Set([
  'MARGIN_CALL',
  'riskLevelChange',
  'RISK_LEVEL_CHANGE',
  'uniMMRDrop',
  'MARGIN_LEVEL_STATUS_CHANGE',
  'CONDITIONAL_ORDER_TRIGGER_REJECT',
]);
