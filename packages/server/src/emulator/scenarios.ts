/**
 * Which product has which scenario, where it trades, what it takes, and the events it emits, in the order in which the
 * exchange sends them. `events` is what a trigger without parameters emits to an account that has traded nothing.
 */
import type { ProductId } from '@listenpost/protocol';
import * as conditional from './conditional-orders.ts';
import * as loans from './loans.ts';
import * as options from './options.ts';
import * as lists from './order-lists.ts';
import * as orders from './order-scripts.ts';
import type { ParameterId } from './parameters.ts';
import { changePositionMode } from './position-mode.ts';
import * as positions from './positions.ts';
import * as risk from './risk-levels.ts';
import * as settings from './settings.ts';
import type { Stage } from './stage.ts';
import * as strategies from './strategies.ts';
import * as transfers from './transfer.ts';
import { VENUES, type Venue } from './venues.ts';

/** Returns the id of the order that it made or went on with. */
export type Run = (stage: Stage) => number | undefined;

export interface Play {
  /** The first is the usual one. */
  readonly venues: readonly [Venue, ...Venue[]];
  readonly parameters: readonly ParameterId[];
  /**
   * `e`, with what tells apart those of one name: the execution type of an order's, the status of an algo order's or a
   * strategy's. Cross margin's include what its risk stream gets.
   */
  readonly events: readonly string[];
  readonly run: Run;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly plays: { readonly [Id in ProductId]?: Play };
}

const { UM, CM, OPTIONS, SPOT, MARGIN } = VENUES;

const NEW = 'ORDER_TRADE_UPDATE NEW';
const TRADE = 'ORDER_TRADE_UPDATE TRADE';
const CANCELED = 'ORDER_TRADE_UPDATE CANCELED';
const EXPIRED = 'ORDER_TRADE_UPDATE EXPIRED';
const AMENDMENT = 'ORDER_TRADE_UPDATE AMENDMENT';
const CALCULATED = 'ORDER_TRADE_UPDATE CALCULATED';
const POSITION = 'outboundAccountPosition';
const report = (execution: string): string => `executionReport ${execution}`;

// --- Orders: one column for each way in which a product tells of them ------------------------------------------------

/** What one trade of an order looks like on each product. */
const TRADED = {
  usdm: ['TRADE_LITE', 'ACCOUNT_UPDATE', TRADE],
  coinm: ['ACCOUNT_UPDATE', TRADE],
  options: ['BALANCE_POSITION_UPDATE', TRADE, 'ACCOUNT_UPDATE', 'GREEK_UPDATE'],
  pm: ['ACCOUNT_UPDATE', TRADE],
  wallet: [report('TRADE'), POSITION],
} as const;

type Column = keyof typeof TRADED;
type Events = (traded: readonly string[]) => readonly string[];

interface OrderPlays {
  readonly run: Run;
  /** Of futures and options, and of the accounts that hold assets: around the trades. */
  readonly contracts?: Events;
  readonly wallet?: Events;
  readonly parameters: readonly ParameterId[];
  /** Only these products; all when absent. */
  readonly only?: readonly ProductId[];
}

const ORDER_COLUMNS: readonly { product: ProductId; column: Column; venues: Play['venues'] }[] = [
  { product: 'usdm', column: 'usdm', venues: [UM] },
  { product: 'coinm', column: 'coinm', venues: [CM] },
  { product: 'options', column: 'options', venues: [OPTIONS] },
  { product: 'pm', column: 'pm', venues: [UM, CM, MARGIN] },
  { product: 'spot', column: 'wallet', venues: [SPOT] },
  { product: 'margin', column: 'wallet', venues: [MARGIN] },
  { product: 'isolated', column: 'wallet', venues: [MARGIN] },
];

/** What only some markets take: options know limit orders alone, and hedge mode is the futures'. */
const TAKEN: Readonly<Record<Column, readonly ParameterId[]>> = {
  usdm: ['type', 'positionSide'],
  coinm: ['type', 'positionSide'],
  options: [],
  pm: ['type', 'positionSide', 'market'],
  wallet: ['type'],
};

function orderPlays({ run, contracts, wallet, parameters, only }: OrderPlays): Scenario['plays'] {
  const rows = ORDER_COLUMNS.flatMap(({ product, column, venues }) => {
    const events = (column === 'wallet' ? wallet : contracts)?.(TRADED[column]);
    if (events === undefined || only?.includes(product) === false) return [];
    const more = TAKEN[column].filter((id) => id !== 'type' || parameters.includes(id));
    const taken = [...parameters.filter((id) => id !== 'type'), ...more];
    return [[product, { venues, events, run, parameters: taken }] as const];
  });
  return Object.fromEntries(rows);
}

const ORDER = ['symbol', 'qty', 'price', 'side'] as const;

const ORDER_SCENARIOS: readonly Scenario[] = [
  {
    name: 'order.new',
    title: 'A limit order is accepted and rests',
    plays: orderPlays({
      run: orders.accept,
      contracts: () => [NEW],
      wallet: () => [report('NEW'), POSITION],
      parameters: ORDER,
    }),
  },
  {
    name: 'order.partially-filled',
    title: 'An order trades in part, and the rest stays open',
    plays: orderPlays({
      run: orders.fillPartly,
      contracts: (traded) => [NEW, ...traded],
      wallet: (traded) => [report('NEW'), POSITION, ...traded],
      parameters: [...ORDER, 'fills', 'orderId'],
    }),
  },
  {
    name: 'order.filled',
    title: 'An order is accepted and filled, in one trade or several',
    plays: orderPlays({
      run: orders.fill,
      contracts: (traded) => [NEW, ...traded],
      wallet: (traded) => [report('NEW'), POSITION, ...traded],
      parameters: [...ORDER, 'type', 'fills', 'orderId'],
    }),
  },
  {
    name: 'order.canceled',
    title: 'An order is cancelled by its owner, before it trades or after some of it did',
    plays: orderPlays({
      run: orders.cancel,
      contracts: () => [NEW, CANCELED],
      wallet: () => [report('NEW'), POSITION, report('CANCELED'), POSITION],
      parameters: [...ORDER, 'fillsBefore', 'orderId'],
    }),
  },
  {
    name: 'order.expired',
    title: 'An order is not filled under its time in force, or not all of it',
    plays: {
      ...orderPlays({
        run: orders.expire,
        contracts: () => [NEW, EXPIRED],
        parameters: [...ORDER, 'fillsBefore', 'timeInForce'],
      }),
      ...orderPlays({
        run: orders.expire,
        wallet: () => [report('NEW'), report('EXPIRED')],
        parameters: [...ORDER, 'fillsBefore', 'timeInForceOfSpot'],
      }),
    },
  },
  {
    name: 'order.rejected',
    title: 'A cancel-replace cancels the old order, and the new one is refused',
    plays: orderPlays({
      run: orders.reject,
      wallet: () => [report('NEW'), POSITION, report('CANCELED'), POSITION, report('REJECTED')],
      parameters: [...ORDER, 'orderId', 'rejectReason'],
    }),
  },
  {
    name: 'order.amended',
    title: 'An open order is given another quantity or price',
    plays: {
      ...orderPlays({
        run: orders.amend,
        contracts: () => [NEW, AMENDMENT],
        parameters: [...ORDER, 'newQty', 'newPrice', 'orderId'],
        only: ['usdm', 'coinm', 'pm'],
      }),
      ...orderPlays({
        run: orders.amendKeepingPriority,
        wallet: () => [report('NEW'), POSITION, report('REPLACED'), POSITION],
        parameters: [...ORDER, 'newQty', 'orderId'],
      }),
    },
  },
  {
    name: 'order.self-trade-prevented',
    title: 'Two orders of the account meet, and one expires or both do',
    plays: orderPlays({
      run: orders.preventSelfTrade,
      contracts: () => [NEW, NEW, EXPIRED],
      wallet: () => [report('NEW'), POSITION, report('NEW'), POSITION, report('TRADE_PREVENTION'), POSITION],
      parameters: [...ORDER, 'stpMode'],
    }),
  },
];

// --- Lists and conditional orders ------------------------------------------------------------------------------------

/** The same on all accounts that hold assets and tell of lists. */
function walletPlays(
  run: Run,
  events: readonly string[],
  parameters: readonly ParameterId[] = ORDER,
): Scenario['plays'] {
  const play = { run, events, parameters };
  return {
    spot: { venues: [SPOT], ...play },
    margin: { venues: [MARGIN], ...play },
    isolated: { venues: [MARGIN], ...play },
  };
}

const LIST_PLACED = [report('NEW'), report('NEW'), 'listStatus EXEC_STARTED', POSITION];
const LIST_DONE = ['listStatus ALL_DONE', POSITION];

const LIST_SCENARIOS: readonly Scenario[] = [
  {
    name: 'oco.filled',
    title: 'The limit order of an OCO list is filled, and its stop order expires',
    plays: walletPlays(lists.fillOco, [...LIST_PLACED, report('TRADE'), report('EXPIRED'), ...LIST_DONE]),
  },
  {
    name: 'oco.triggered',
    title: 'The stop order of an OCO list is triggered and filled, and its limit order expires',
    plays: walletPlays(lists.triggerOco, [
      ...LIST_PLACED,
      report('EXPIRED'),
      report('NEW'),
      report('TRADE'),
      ...LIST_DONE,
    ]),
  },
  {
    name: 'oco.canceled',
    title: 'An OCO list is cancelled',
    plays: walletPlays(lists.cancelOco, [...LIST_PLACED, report('CANCELED'), report('CANCELED'), ...LIST_DONE]),
  },
  {
    name: 'oto.filled',
    title: 'The first order of an OTO list is filled and lets in the second, which is filled too',
    plays: walletPlays(lists.fillOto, [
      ...LIST_PLACED,
      report('TRADE'),
      report('NEW'),
      POSITION,
      report('TRADE'),
      ...LIST_DONE,
    ]),
  },
  {
    name: 'oto.canceled',
    title: 'The first order of an OTO list is cancelled, and the second expires',
    plays: walletPlays(lists.cancelOto, [...LIST_PLACED, report('CANCELED'), report('EXPIRED'), ...LIST_DONE]),
  },
];

const CONDITIONAL = [...ORDER, 'conditionalType', 'positionSide'] as const;
const algo = (status: string): string => `ALGO_UPDATE ${status}`;

/** Portfolio margin's UM orders wait in the algo service, its CM ones in a strategy. */
const byMarket =
  (ofUm: Run, ofCm: Run): Run =>
  (stage) =>
    (stage.venue === CM ? ofCm : ofUm)(stage);

const triggeredAlgo = (traded: readonly string[]): readonly string[] => [
  algo('NEW'),
  algo('TRIGGERING'),
  algo('TRIGGERED'),
  NEW,
  ...traded,
  algo('FINISHED'),
];

const CONDITIONAL_SCENARIOS: readonly Scenario[] = [
  {
    name: 'conditional-order.triggered',
    title: 'A conditional order waits, is triggered and is filled',
    plays: {
      usdm: {
        venues: [UM],
        parameters: CONDITIONAL,
        events: triggeredAlgo(TRADED.usdm),
        run: conditional.triggerAlgo,
      },
      coinm: {
        venues: [CM],
        parameters: CONDITIONAL,
        events: [NEW, EXPIRED, NEW, ...TRADED.coinm],
        run: conditional.triggerInEngine,
      },
      pm: {
        venues: [UM, CM],
        parameters: [...CONDITIONAL, 'market'],
        events: triggeredAlgo(TRADED.pm),
        run: byMarket(conditional.triggerAlgo, conditional.triggerStrategyOrder),
      },
      ...walletPlays(lists.triggerStop, [report('NEW'), POSITION, report('NEW'), report('TRADE'), POSITION]),
    },
  },
  {
    name: 'conditional-order.canceled',
    title: 'A conditional order waits and is cancelled',
    plays: {
      usdm: {
        venues: [UM],
        parameters: CONDITIONAL,
        events: [algo('NEW'), algo('CANCELED')],
        run: conditional.cancelAlgo,
      },
      coinm: { venues: [CM], parameters: CONDITIONAL, events: [NEW, CANCELED], run: conditional.cancelInEngine },
      pm: {
        venues: [UM, CM],
        parameters: [...CONDITIONAL, 'market'],
        events: [algo('NEW'), algo('CANCELED')],
        run: byMarket(conditional.cancelAlgo, conditional.cancelStrategyOrder),
      },
      ...walletPlays(lists.cancelStop, [report('NEW'), POSITION, report('CANCELED'), POSITION]),
    },
  },
  {
    name: 'conditional-order.expired',
    title: 'A conditional order waits, and the exchange ends it',
    plays: {
      usdm: {
        venues: [UM],
        parameters: CONDITIONAL,
        events: [algo('NEW'), algo('EXPIRED')],
        run: conditional.expireAlgo,
      },
      pm: {
        venues: [UM, CM],
        parameters: [...CONDITIONAL, 'market'],
        events: [algo('NEW'), algo('EXPIRED')],
        run: byMarket(conditional.expireAlgo, conditional.expireStrategyOrder),
      },
    },
  },
  {
    name: 'conditional-order.rejected',
    title: 'A conditional order is triggered, and the matching engine refuses it',
    plays: {
      usdm: {
        venues: [UM],
        parameters: [...CONDITIONAL, 'reason'],
        events: [algo('NEW'), algo('TRIGGERING'), algo('REJECTED')],
        run: conditional.rejectAlgo,
      },
      pm: {
        venues: [UM],
        parameters: [...CONDITIONAL, 'reason'],
        events: [algo('NEW'), algo('TRIGGERING'), algo('REJECTED')],
        run: conditional.rejectAlgo,
      },
    },
  },
  {
    name: 'conditional-order.trigger-rejected',
    title: 'The same as it was told until 2025-12-15, in an event of its own',
    plays: {
      usdm: {
        venues: [UM],
        parameters: [...CONDITIONAL, 'reason'],
        events: [NEW, 'CONDITIONAL_ORDER_TRIGGER_REJECT', EXPIRED],
        run: conditional.rejectInEngine,
      },
    },
  },
];

// --- Money -----------------------------------------------------------------------------------------------------------

/** Portfolio margin moves money in and out through its margin side. */
function transferPlays(run: Run, parameters: readonly ParameterId[]): Scenario['plays'] {
  const events = ['ACCOUNT_UPDATE'];
  return {
    usdm: { venues: [UM], parameters, events, run },
    coinm: { venues: [CM], parameters, events, run },
    options: { venues: [OPTIONS], parameters, events: ['BALANCE_POSITION_UPDATE', 'ACCOUNT_UPDATE'], run },
    pm: { venues: [MARGIN], parameters, events: ['balanceUpdate', POSITION], run },
    ...walletPlays(run, ['balanceUpdate', POSITION], parameters),
  };
}

const MONEY_SCENARIOS: readonly Scenario[] = [
  {
    name: 'transfer',
    title: 'Money comes in from another wallet, or goes out to it',
    plays: transferPlays(transfers.transfer, ['asset', 'amount']),
  },
  { name: 'deposit', title: 'Money comes in', plays: transferPlays(transfers.deposit, ['asset', 'positive']) },
  { name: 'withdraw', title: 'Money goes out', plays: transferPlays(transfers.withdraw, ['asset', 'positive']) },
  {
    name: 'external-lock',
    title: 'Another system locks a part of the wallet, or lets it go',
    plays: {
      spot: {
        venues: [SPOT],
        parameters: ['asset', 'locked'],
        events: ['externalLockUpdate', POSITION],
        run: settings.lockOutside,
      },
    },
  },
];

/** Cross margin and its risk stream tell of one account, so a trigger on either emits on both. */
function loanPlays(
  run: Run,
  parameters: readonly ParameterId[],
  changes: readonly (readonly string[])[],
): Scenario['plays'] {
  const events = (liability: readonly string[]) => changes.flatMap((money) => [...liability, ...money]);
  const cross = { venues: [MARGIN], parameters, events: events(['USER_LIABILITY_CHANGE']), run } as const;
  return {
    margin: cross,
    risk: cross,
    isolated: { venues: [MARGIN], parameters, events: events([]), run },
    pm: { venues: [MARGIN], parameters, events: events(['liabilityChange']), run },
  };
}

const MOVED = ['balanceUpdate', POSITION];

const LOAN_SCENARIOS: readonly Scenario[] = [
  { name: 'borrow', title: 'A margin account borrows', plays: loanPlays(loans.borrow, ['asset', 'positive'], [MOVED]) },
  {
    name: 'repay',
    title: 'A margin account repays what it owes; one that owes nothing borrows first',
    plays: loanPlays(loans.repay, ['asset', 'repaid'], [MOVED, MOVED]),
  },
  {
    name: 'interest',
    title: 'What a margin account owes grows; one that owes nothing borrows first',
    plays: loanPlays(loans.chargeInterest, ['asset', 'interest'], [MOVED, []]),
  },
];

// --- Positions and risk ----------------------------------------------------------------------------------------------

/** An account without a position opens one first. */
const OPENED = { usdm: [NEW, ...TRADED.usdm], coinm: [NEW, ...TRADED.coinm], pm: [NEW, ...TRADED.pm] } as const;
const OPTION_OPENED = [NEW, ...TRADED.options];
const OPTION_SETTLED = [...OPTION_OPENED, 'BALANCE_POSITION_UPDATE', 'ACCOUNT_UPDATE', 'GREEK_UPDATE'];

/** On the futures products; portfolio margin judges its account as a whole and tells no position's call. */
function futuresPlays(run: Run, parameters: readonly ParameterId[], events: readonly string[]): Scenario['plays'] {
  return {
    usdm: { venues: [UM], parameters, events: [...OPENED.usdm, ...events], run },
    coinm: { venues: [CM], parameters, events: [...OPENED.coinm, ...events], run },
  };
}

function positionPlays(run: Run, parameters: readonly ParameterId[], events: readonly string[]): Scenario['plays'] {
  return {
    ...futuresPlays(run, parameters, events),
    pm: { venues: [UM, CM], parameters: [...parameters, 'market'], events: [...OPENED.pm, ...events], run },
  };
}

/** A cross margin account that owes little borrows first. */
const BORROWED = ['USER_LIABILITY_CHANGE', ...MOVED];
const LEVEL = 'MARGIN_LEVEL_STATUS_CHANGE';

/** The exchange closes a position, and its fee goes to the insurance fund. */
const TAKEN_OVER = [NEW, 'ACCOUNT_UPDATE', CALCULATED, 'ACCOUNT_UPDATE'];

const portfolioCalled = {
  venues: [MARGIN],
  parameters: ['uniMMRLevel'],
  events: ['riskLevelChange'],
  run: risk.callPortfolio,
} as const;

const POSITION_SCENARIOS: readonly Scenario[] = [
  {
    name: 'margin-call',
    title: 'The market moves against the account until it is called',
    plays: {
      ...futuresPlays(positions.callMargin, [...ORDER, 'positionSide'], ['MARGIN_CALL']),
      options: {
        venues: [OPTIONS],
        parameters: ['symbol', 'qty', 'price'],
        events: [...OPTION_OPENED, 'RISK_LEVEL_CHANGE'],
        run: options.callMargin,
      },
      pm: portfolioCalled,
      pmpro: portfolioCalled,
      risk: {
        venues: [MARGIN],
        parameters: ['marginLevel'],
        events: [...BORROWED, LEVEL],
        run: risk.callCrossMargin,
      },
    },
  },
  {
    name: 'margin-recovered',
    title:
      'An account that was called may trade as before, which portfolio margin has no event for; one that was not is called first',
    plays: {
      options: {
        venues: [OPTIONS],
        parameters: ['symbol', 'qty', 'price'],
        events: [...OPTION_OPENED, 'RISK_LEVEL_CHANGE', 'RISK_LEVEL_CHANGE'],
        run: options.recover,
      },
      pm: { ...portfolioCalled, parameters: [], run: risk.recoverPortfolio },
      pmpro: { ...portfolioCalled, parameters: [], run: risk.recoverPortfolio },
      risk: { venues: [MARGIN], parameters: [], events: [...BORROWED, LEVEL, LEVEL], run: risk.recoverCrossMargin },
    },
  },
  {
    name: 'liquidation',
    title: 'The account is called, and the exchange takes its position',
    plays: {
      ...futuresPlays(positions.liquidate, [...ORDER, 'positionSide'], ['MARGIN_CALL', ...TAKEN_OVER]),
      pm: {
        venues: [UM, CM],
        parameters: [...ORDER, 'positionSide', 'market'],
        events: [...OPENED.pm, 'riskLevelChange', ...TAKEN_OVER],
        run: positions.liquidateInPortfolio,
      },
    },
  },
  {
    name: 'adl',
    title: 'The exchange closes a winning position against one that cannot pay',
    plays: positionPlays(positions.deleverage, [...ORDER, 'positionSide'], [NEW, 'ACCOUNT_UPDATE', CALCULATED]),
  },
  {
    name: 'funding',
    title: 'A funding fee is paid or received',
    plays: positionPlays(positions.payFunding, [...ORDER, 'positionSide', 'rate'], ['ACCOUNT_UPDATE']),
  },
  {
    name: 'option.exercised',
    title: 'An option expires in the money and is paid out',
    plays: {
      options: {
        venues: [OPTIONS],
        parameters: ['symbol', 'qty', 'side', 'settlement'],
        events: OPTION_SETTLED,
        run: options.exercise,
      },
    },
  },
  {
    name: 'option.expired',
    title: 'An option expires worthless',
    plays: {
      options: {
        venues: [OPTIONS],
        parameters: ['symbol', 'qty', 'side', 'settlement'],
        events: OPTION_SETTLED,
        run: options.expire,
      },
    },
  },
  {
    name: 'open-order-loss',
    title: 'A margin order rests, and the loss that its fill would mean is reserved',
    plays: {
      pm: {
        venues: [MARGIN],
        parameters: ORDER,
        events: [report('NEW'), POSITION, 'openOrderLoss'],
        run: risk.reserveLoss,
      },
    },
  },
  {
    name: 'account-summary',
    title: 'The summary that comes every five seconds',
    plays: {
      pmpro: {
        venues: [MARGIN],
        parameters: [],
        events: ['PM_PRO_ACCOUNT_UPDATE'],
        run: risk.summarisePortfolio,
      },
    },
  },
  {
    name: 'uniMMR-drop',
    title: 'uniMMR falls by more than five percent from its reference',
    plays: { pmpro: { venues: [MARGIN], parameters: [], events: ['uniMMRDrop'], run: risk.dropUniMMR } },
  },
];

// --- Settings and strategies -----------------------------------------------------------------------------------------

const leverage = {
  parameters: ['symbol', 'leverage'],
  events: ['ACCOUNT_CONFIG_UPDATE'],
  run: settings.changeLeverage,
} as const;
const positionMode = { parameters: ['dualSidePosition'], events: [], run: changePositionMode } as const;
const strategy = {
  parameters: ['symbol', 'strategyEnd'],
  events: ['STRATEGY_UPDATE NEW', 'STRATEGY_UPDATE WORKING', 'STRATEGY_UPDATE CANCELLED'],
  run: strategies.runStrategy,
} as const;
const grid = (opened: readonly string[]) => ({
  parameters: [...ORDER, 'positionSide'] as const,
  events: ['STRATEGY_UPDATE NEW', 'STRATEGY_UPDATE WORKING', ...opened, 'GRID_UPDATE WORKING'],
  run: strategies.fillGrid,
});

const SETTING_SCENARIOS: readonly Scenario[] = [
  {
    name: 'leverage-change',
    title: 'The leverage of a symbol is changed',
    plays: {
      usdm: { venues: [UM], ...leverage },
      coinm: { venues: [CM], ...leverage },
      pm: { venues: [UM, CM], ...leverage, parameters: [...leverage.parameters, 'market'] },
    },
  },
  {
    name: 'position-mode-change',
    title: 'Hedge mode is turned on or off: the exchange tells of it in no event, and signed REST reads it',
    plays: {
      usdm: { venues: [UM], ...positionMode },
      coinm: { venues: [CM], ...positionMode },
      pm: { venues: [UM], ...positionMode },
    },
  },
  {
    name: 'multi-assets-mode-change',
    title: 'The multi-assets mode is turned on or off',
    plays: {
      usdm: {
        venues: [UM],
        parameters: ['multiAssets'],
        events: ['ACCOUNT_CONFIG_UPDATE'],
        run: settings.changeMultiAssetsMode,
      },
    },
  },
  {
    name: 'strategy',
    title: 'A trading strategy is made, works and ends',
    plays: { usdm: { venues: [UM], ...strategy }, coinm: { venues: [CM], ...strategy } },
  },
  {
    name: 'grid',
    title: 'A grid is made, and one of its sub-orders is filled',
    plays: { usdm: { venues: [UM], ...grid(OPENED.usdm) }, coinm: { venues: [CM], ...grid(OPENED.coinm) } },
  },
];

export const SCENARIOS: readonly Scenario[] = [
  ...ORDER_SCENARIOS,
  ...LIST_SCENARIOS,
  ...CONDITIONAL_SCENARIOS,
  ...MONEY_SCENARIOS,
  ...LOAN_SCENARIOS,
  ...POSITION_SCENARIOS,
  ...SETTING_SCENARIOS,
];
