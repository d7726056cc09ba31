/** Value lists that several events share (derivatives §4.4; spot-margin §6.3). */

export const BUSINESS_UNIT = ['UM', 'CM'] as const;

export const SIDE = ['BUY', 'SELL'] as const;

export const POSITION_SIDE = ['BOTH', 'LONG', 'SHORT'] as const;

export const FUTURES_TIME_IN_FORCE = ['GTC', 'IOC', 'FOK', 'GTX'] as const;
export const USDM_TIME_IN_FORCE = [...FUTURES_TIME_IN_FORCE, 'GTD', 'RPI', 'GTE_GTC'] as const;

export const WORKING_TYPE = ['MARK_PRICE', 'CONTRACT_PRICE'] as const;

export const FUTURES_STP_MODE = ['NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'] as const;

export const PRICE_MATCH = [
  'NONE',
  'OPPONENT',
  'OPPONENT_5',
  'OPPONENT_10',
  'OPPONENT_20',
  'QUEUE',
  'QUEUE_5',
  'QUEUE_10',
  'QUEUE_20',
] as const;

export const CONDITIONAL_ORDER_TYPE = [
  'STOP',
  'STOP_MARKET',
  'TAKE_PROFIT',
  'TAKE_PROFIT_MARKET',
  'TRAILING_STOP_MARKET',
] as const;

/** `CANCELLED` with two L, unlike order statuses (derivatives §4.7). */
export const STRATEGY_STATUS = ['NEW', 'WORKING', 'CANCELLED', 'EXPIRED'] as const;
