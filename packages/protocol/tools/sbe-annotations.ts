/**
 * What the XML does not say about the JSON form of a message. Names are the schema's; each row tells where it comes from.
 */

/** The messages that a server of user data streams sends: templateIds of the schema, in its order. */
export const MESSAGES: readonly number[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 18, 20, 15, 16, 17, 19, 21], // filters, inside exchangeInfo
  ...[50, 51, 52, 53, 54, 100, 101, 102, 103],
  ...[500, 501, 502, 503, 504, 505],
  ...[600, 601, 602, 603, 604, 606, 607, 610],
  999,
];

/** The comment of this message is a link, where others name their method (spot-margin §7.4). */
export const METHODS: Readonly<Record<string, readonly string[]>> = {
  UserDataStreamSubscribeListenTokenResponse: ['userDataStream.subscribe.listenToken'],
};

/** Laid over a row, which `message.row` or `message.group.row` names. */
export const ANNOTATIONS: Readonly<Record<string, object>> = {
  // JSON leaves `rateLimits` out when they are hidden; the group is then empty (spot-margin §7.4).
  'WebSocketResponse.rateLimits': { optional: true },
  'ExchangeInfoResponse.sors': { optional: true },

  // The result of session.subscriptions is the array itself (spot-margin §3.8).
  'WebSocketSessionSubscriptionsResponse.subscriptions': { key: '..' },

  // JSON shows these as null (spot-margin §2.5).
  'WebSocketSessionLogonResponse.userDataStream': { jsonDefault: null },
  'WebSocketSessionStatusResponse.authorizedSince': { jsonDefault: null },
  'WebSocketSessionStatusResponse.userDataStream': { jsonDefault: null },
  'WebSocketSessionStatusResponse.loggedOnApiKey': { jsonDefault: null },
  'WebSocketSessionLogoutResponse.authorizedSince': { jsonDefault: null },
  'WebSocketSessionLogoutResponse.userDataStream': { jsonDefault: null },
  'WebSocketSessionLogoutResponse.loggedOnApiKey': { jsonDefault: null },

  // The times of 429 and 418 stand in `error.data` (spot-margin §1.6).
  'ErrorResponse.serverTime': { key: 'data.serverTime' },
  'ErrorResponse.retryAfter': { key: 'data.retryAfter' },
  // Holds the answer of a half-failed cancelReplace, which no user data stream server gives.
  'ErrorResponse.data': { key: 'data.cancelReplace' },

  // Always set in SBE; JSON shows them only of orders that have them (spot-margin §7.6, encoding notes).
  'ExecutionReportEvent.matchType': { jsonDefault: 'AUTO_MATCH' },
  'ExecutionReportEvent.orderCapacity': { jsonDefault: 'PRINCIPAL' },
  'ExecutionReportEvent.workingFloor': { jsonDefault: 'EXCHANGE' },
  'ExecutionReportEvent.preventedQty': { jsonDefault: '0' },
  // JSON always has `N`, and `n` as "0" without a commission (spot-margin §6.3, §7.1).
  'ExecutionReportEvent.commissionAsset': { jsonDefault: null },
  'ExecutionReportEvent.commission': { bareZeroDecimals: 8 },
  // The enum page has NONE, the schema has not (spot-margin §6.3).
  'ExecutionReportEvent.expiryReason': { alsoNull: 'NONE' },
};
