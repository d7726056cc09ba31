/**
 * Which product has which scenario, where it trades, what it takes, and the events it emits, in the order in which the
 * exchange sends them. `events` is what a trigger without parameters emits to an account that has traded nothing.
 */
import type { ProductId } from '@listenpost/protocol';
import * as contracts from './contracts.ts';
import * as options from './options.ts';
import type { ParameterId } from './parameters.ts';
import { callCrossMargin, callPortfolio } from './risk-levels.ts';
import type { Stage } from './stage.ts';
import { VENUES, type Venue } from './venues.ts';
import * as wallet from './wallet.ts';

export interface Play {
  /** The first is the usual one. */
  readonly venues: readonly [Venue, ...Venue[]];
  readonly parameters: readonly ParameterId[];
  /** `e`, with the execution type `x` of order events. */
  readonly events: readonly string[];
  /** How a venue plays it, by the venue's name. Returns the id of the order that it made. */
  readonly run: { readonly [Name in Venue['name']]?: (stage: Stage) => number | undefined };
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly plays: { readonly [Id in ProductId]?: Play };
}

const { UM, CM, OPTIONS, SPOT, MARGIN, UNIFIED } = VENUES;

const ORDER = ['symbol', 'qty', 'price', 'side'] as const;
const NEW = 'ORDER_TRADE_UPDATE NEW';
const TRADE = 'ORDER_TRADE_UPDATE TRADE';
const CANCELED = 'ORDER_TRADE_UPDATE CANCELED';
const POSITION = 'outboundAccountPosition';

const filled = {
  UM: contracts.fillOrder,
  CM: contracts.fillOrder,
  OPTIONS: options.fillOrder,
  SPOT: wallet.fillOrder,
  MARGIN: wallet.fillOrder,
} as const;

const walletFilled = {
  parameters: [...ORDER, 'type'],
  events: ['executionReport NEW', POSITION, 'executionReport TRADE', POSITION],
  run: filled,
} as const;

const orderFilled: Scenario = {
  name: 'order.filled',
  title: 'An order is accepted and filled in one trade',
  plays: {
    usdm: {
      venues: [UM],
      parameters: [...ORDER, 'type'],
      events: [NEW, 'TRADE_LITE', 'ACCOUNT_UPDATE', TRADE],
      run: filled,
    },
    coinm: { venues: [CM], parameters: [...ORDER, 'type'], events: [NEW, 'ACCOUNT_UPDATE', TRADE], run: filled },
    options: {
      venues: [OPTIONS],
      parameters: ORDER,
      events: [NEW, 'BALANCE_POSITION_UPDATE', TRADE, 'ACCOUNT_UPDATE', 'GREEK_UPDATE'],
      run: filled,
    },
    pm: {
      venues: [UM, CM, MARGIN],
      parameters: [...ORDER, 'type', 'market'],
      events: [NEW, 'ACCOUNT_UPDATE', TRADE],
      run: filled,
    },
    spot: { venues: [SPOT], ...walletFilled },
    margin: { venues: [MARGIN], ...walletFilled },
    isolated: { venues: [MARGIN], ...walletFilled },
  },
};

const canceled = {
  UM: contracts.cancelOrder,
  CM: contracts.cancelOrder,
  OPTIONS: options.cancelOrder,
  SPOT: wallet.cancelOrder,
  MARGIN: wallet.cancelOrder,
} as const;

/** A cancelled order moves no balance of the futures, so none is told (derivatives §4.2). */
const futuresCanceled = { parameters: ORDER, events: [NEW, CANCELED], run: canceled } as const;

const walletCanceled = {
  parameters: ORDER,
  events: ['executionReport NEW', POSITION, 'executionReport CANCELED', POSITION],
  run: canceled,
} as const;

const orderCanceled: Scenario = {
  name: 'order.canceled',
  title: 'A limit order is accepted and cancelled before it trades',
  plays: {
    usdm: { venues: [UM], ...futuresCanceled },
    coinm: { venues: [CM], ...futuresCanceled },
    options: { venues: [OPTIONS], ...futuresCanceled },
    pm: { venues: [UM, CM, MARGIN], ...futuresCanceled, parameters: [...ORDER, 'market'] },
    spot: { venues: [SPOT], ...walletCanceled },
    margin: { venues: [MARGIN], ...walletCanceled },
    isolated: { venues: [MARGIN], ...walletCanceled },
  },
};

const transferred = {
  UM: contracts.transfer,
  CM: contracts.transfer,
  OPTIONS: options.transfer,
  SPOT: wallet.transfer,
  MARGIN: wallet.transfer,
} as const;

const futuresTransfer = { parameters: ['asset', 'amount'], events: ['ACCOUNT_UPDATE'], run: transferred } as const;
const walletTransfer = {
  parameters: ['asset', 'amount'],
  events: ['balanceUpdate', POSITION],
  run: transferred,
} as const;

/** Portfolio margin moves money in and out through its margin side. */
const transfer: Scenario = {
  name: 'transfer',
  title: 'Money comes in from another wallet, or goes out to it',
  plays: {
    usdm: { venues: [UM], ...futuresTransfer },
    coinm: { venues: [CM], ...futuresTransfer },
    options: { venues: [OPTIONS], ...futuresTransfer, events: ['BALANCE_POSITION_UPDATE', 'ACCOUNT_UPDATE'] },
    pm: { venues: [MARGIN], ...walletTransfer },
    spot: { venues: [SPOT], ...walletTransfer },
    margin: { venues: [MARGIN], ...walletTransfer },
    isolated: { venues: [MARGIN], ...walletTransfer },
  },
};

const called = { UM: contracts.callMargin, CM: contracts.callMargin, OPTIONS: options.callMargin } as const;
const portfolioCalled = {
  venues: [UNIFIED],
  parameters: ['uniMMRLevel'],
  events: ['riskLevelChange'],
  run: { UNIFIED: callPortfolio },
} as const;

/** Spot has no margin, and the margin streams leave its calls to the risk stream. */
const marginCall: Scenario = {
  name: 'margin-call',
  title: 'The market moves against the account until it is called',
  plays: {
    usdm: {
      venues: [UM],
      parameters: ORDER,
      events: [...(orderFilled.plays.usdm?.events ?? []), 'MARGIN_CALL'],
      run: called,
    },
    coinm: {
      venues: [CM],
      parameters: ORDER,
      events: [...(orderFilled.plays.coinm?.events ?? []), 'MARGIN_CALL'],
      run: called,
    },
    options: {
      venues: [OPTIONS],
      parameters: ['symbol', 'qty', 'price'],
      events: [...(orderFilled.plays.options?.events ?? []), 'RISK_LEVEL_CHANGE'],
      run: called,
    },
    pm: portfolioCalled,
    pmpro: portfolioCalled,
    risk: {
      venues: [UNIFIED],
      parameters: ['marginLevel'],
      events: ['MARGIN_LEVEL_STATUS_CHANGE'],
      run: { UNIFIED: callCrossMargin },
    },
  },
};

export const SCENARIOS: readonly Scenario[] = [orderFilled, orderCanceled, transfer, marginCall];
