/**
 * Every error the system can put on a wire, as rows: code, HTTP/WS status, message. `%s` is filled in order.
 * A dialect column replaces the row's own words for the products that speak it.
 *
 * Sources: derivatives §5; spot-margin §8. Statuses those pages mark as assumed are assumed here too.
 */
import type { ErrorDialect } from './products.ts';

export interface ErrorRow {
  readonly code: number;
  readonly status: number;
  readonly msg: string;
  readonly dialects?: { readonly [D in ErrorDialect]?: { readonly code?: number; readonly msg?: string } };
}

const WEBSOCKET_ADVICE = 'Please use the websocket for live updates to avoid';

export const ERRORS = {
  UNKNOWN: {
    code: -1000,
    status: 500,
    msg: 'An unknown error occured while processing the request.',
    dialects: {
      options: { msg: 'An unknown error occurred while processing the request.' },
      spot: { msg: 'An unknown error occurred while processing the request.' },
    },
  },
  DISCONNECTED: { code: -1001, status: 503, msg: 'Internal error; unable to process your request. Please try again.' },
  TOO_MANY_REQUESTS: {
    code: -1003,
    status: 429,
    msg: `Too many requests; current limit is %s requests per minute. ${WEBSOCKET_ADVICE} polling the API.`,
    dialects: {
      options: {
        code: -1008,
        msg: `Too much request weight used; current limit is %s request weight per 1 MINUTE. ${WEBSOCKET_ADVICE} polling the API.`,
      },
      spot: {
        msg: 'Too much request weight used; current limit is %s request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.',
      },
    },
  },
  IP_BANNED: {
    code: -1003,
    status: 418,
    msg: `Way too many requests; IP banned until %s. ${WEBSOCKET_ADVICE} bans.`,
    dialects: {
      options: { code: -1008, msg: `Way too much request weight used; IP banned until %s. ${WEBSOCKET_ADVICE} bans.` },
      spot: {
        msg: 'Way too much request weight used; IP banned until %s. Please use WebSocket Streams for live updates to avoid bans.',
      },
    },
  },
  TOO_MANY_CONNECTIONS: {
    code: -1034,
    status: 429,
    msg: "Too many connection attempts from IP; current limit is %s per '%s'.",
  },
  INVALID_MESSAGE: { code: -1013, status: 400, msg: 'INVALID_MESSAGE.' },
  INVALID_JSON: { code: -1135, status: 400, msg: 'Invalid JSON Request' },
  INVALID_REQUEST_ID: {
    code: -1135,
    status: 400,
    msg: "Invalid 'id' in JSON request; expected an integer, a string matching '^[a-zA-Z0-9-_]{1,36}$', or null.",
  },
  INVALID_PARAMS: { code: -1135, status: 400, msg: "Invalid 'params' in JSON request; expected an object." },
  MISSING_METHOD: { code: -1135, status: 400, msg: "Missing required 'method' in JSON request." },
  SERVICE_SHUTTING_DOWN: { code: -1016, status: 503, msg: 'This service is no longer available.' },
  UNSUPPORTED_OPERATION: { code: -1020, status: 400, msg: 'This operation is not supported.' },
  TIMESTAMP_OUTSIDE_RECV_WINDOW: {
    code: -1021,
    status: 400,
    msg: 'Timestamp for this request is outside of the recvWindow.',
  },
  TIMESTAMP_AHEAD: {
    code: -1021,
    status: 400,
    msg: "Timestamp for this request was 1000ms ahead of the server's time.",
  },
  /** Live Spot servers name the characters they take; the derivatives' lists have no such code (decisions 0005). */
  MALFORMED_TIMESTAMP: {
    code: -1102,
    status: 400,
    msg: "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.",
    dialects: {
      options: { msg: 'Mandatory parameter `timestamp` was not sent, was empty/null, or malformed.' },
      spot: { code: -1100, msg: "Illegal characters found in parameter 'timestamp'; legal range is '^[0-9]{1,20}$'." },
    },
  },
  MALFORMED_RECV_WINDOW: {
    code: -1130,
    status: 400,
    msg: "Data sent for parameter 'recvWindow' is not valid.",
    dialects: {
      spot: {
        code: -1100,
        msg: "Illegal characters found in parameter 'recvWindow'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.",
      },
    },
  },
  INVALID_SIGNATURE: { code: -1022, status: 400, msg: 'Signature for this request is not valid.' },
  DUPLICATE_PARAMETERS: { code: -1101, status: 400, msg: 'Duplicate values for a parameter detected.' },
  PARAM_EMPTY: { code: -1105, status: 400, msg: "Parameter '%s' was empty." },
  MANDATORY_PARAM: {
    code: -1102,
    status: 400,
    msg: "Mandatory parameter '%s' was not sent, was empty/null, or malformed.",
  },
  EITHER_PARAM: {
    code: -1102,
    status: 400,
    msg: "Param '%s' or '%s' must be sent, but both were empty/null!",
  },
  RECV_WINDOW_TOO_LARGE: {
    code: -1102,
    status: 400,
    msg: "'recvWindow' contains unexpected value. Cannot be greater than 60000.",
    dialects: { options: { code: -1131, msg: 'recvWindow must be less than 60000' } },
  },
  RECV_WINDOW_PRECISION: { code: -1111, status: 400, msg: "Parameter 'recvWindow' has too much precision." },
  API_KEY_NOT_FOUND: { code: -1103, status: 400, msg: 'param apikey not found.' },
  UNREAD_PARAMETERS: {
    code: -1104,
    status: 400,
    msg: "Not all sent parameters were read; read '%s' parameter(s) but was sent '%s'.",
  },
  BAD_SYMBOL: { code: -1121, status: 400, msg: 'Invalid symbol.' },
  INVALID_LISTEN_KEY: { code: -1125, status: 400, msg: 'This listenKey does not exist.' },
  OPTIONAL_PARAMS_BAD_COMBO: { code: -1128, status: 400, msg: 'Combination of optional parameters invalid.' },
  INVALID_PARAMETER: { code: -1130, status: 400, msg: "Data sent for parameter '%s' is not valid." },
  /** No source names the code of the subscription too many; this is the nearest (spot-margin §3.6). */
  TOO_MANY_SUBSCRIPTIONS: {
    code: -1191,
    status: 400,
    msg: "Too many subscriptions. Connection may create up to '%s' subscriptions at a time.",
  },
  /** Which handshake fault has which of these codes is nowhere spelled out (spot-margin §7.2). */
  INVALID_SBE_HEADER: { code: -1152, status: 400, msg: 'Invalid SBE message header.' },
  UNSUPPORTED_SBE_SCHEMA: { code: -1153, status: 400, msg: 'Invalid SBE schema ID or version specified.' },
  /** What the answer needs is younger than the schema that the connection asked for (spot-margin §3.6). */
  DEPRECATED_SBE_SCHEMA: {
    code: -1161,
    status: 400,
    msg: "Unable to encode the response in SBE schema '%s'. Please use schema '%s' or higher.",
  },
  SBE_DISABLED: { code: -1155, status: 400, msg: 'SBE is not enabled.' },
  INVALID_TIME_UNIT: {
    code: -1194,
    status: 400,
    msg: 'Invalid value for time unit; expected either MICROSECOND or MILLISECOND.',
  },
  /** The documents publish the code and no words. */
  INVALID_LISTEN_TOKEN: { code: -1209, status: 400, msg: 'Invalid listen token.' },
  ORDER_NOT_FOUND: { code: -2013, status: 400, msg: 'Order does not exist.' },
  BAD_API_KEY_FMT: { code: -2014, status: 401, msg: 'API-key format invalid.' },
  REJECTED_MBX_KEY: { code: -2015, status: 401, msg: 'Invalid API-key, IP, or permissions for action.' },
  SUBSCRIPTION_ACTIVE: { code: -2035, status: 400, msg: 'User Data Stream subscription already active.' },
  SUBSCRIPTION_INACTIVE: { code: -2036, status: 400, msg: 'User Data Stream subscription not active.' },
  MAXIMUM_SUBSCRIPTION_IDS: {
    code: -2042,
    status: 400,
    msg: 'Maximum subscription ID reached for this connection.',
  },
  MARGIN_ACCOUNT_NOT_FOUND: { code: -3003, status: 400, msg: 'Margin account does not exist.' },
  INVALID_API_KEY_TYPE: {
    code: -4056,
    status: 400,
    msg: 'Invalid api key type.',
    dialects: { spot: { code: -1022, msg: 'Signature for this request is not valid.' } },
  },
  /** A WebSocket handshake whose path or query is malformed, or names more streams than a connection holds. */
  ILLEGAL_STREAM_PATH: { code: -1100, status: 400, msg: 'Illegal stream path: %s.' },
  MALFORMED_HANDSHAKE: { code: -1100, status: 400, msg: 'Malformed WebSocket handshake.' },
  /** What the setting `legacyPaths: "404"` answers. */
  PATH_WITHOUT_USER_DATA: { code: -5000, status: 404, msg: 'This path carries no %s user data; use /private.' },
  PATH_NOT_FOUND: { code: -5000, status: 404, msg: 'Path %s, Method %s is invalid' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorName = keyof typeof ERRORS;

/** The row as the given dialect words it, with `%s` filled in order. */
export function errorOf(name: ErrorName, dialect: ErrorDialect, ...fill: readonly (string | number)[]) {
  const row: ErrorRow = ERRORS[name];
  const words = row.dialects?.[dialect];
  let next = 0;
  const msg = (words?.msg ?? row.msg).replace(/%s/g, () => String(fill[next++]));
  return { code: words?.code ?? row.code, status: row.status, msg };
}

/**
 * Errors of control messages on stream connections (derivatives §3.4; spot-margin §5.2): positive codes, unrelated to
 * the table above. `closes`: the connection ends after the answer (change log 2023-06-22).
 */
export const STREAM_ERRORS = {
  UNKNOWN_PROPERTY: { code: 0, msg: 'Unknown property', closes: false },
  VALUE_NOT_BOOLEAN: { code: 1, msg: 'Invalid value type: expected Boolean', closes: false },
  PROPERTY_NOT_STRING: { code: 2, msg: 'Invalid request: property name must be a string', closes: false },
  INVALID_ID: { code: 2, msg: 'Invalid request: request ID must be an unsigned integer', closes: false },
  UNKNOWN_VARIANT: {
    code: 2,
    msg: 'Invalid request: unknown variant %s, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at line 1 column %s',
    closes: false,
  },
  TOO_MANY_PARAMETERS: { code: 2, msg: 'Invalid request: too many parameters', closes: false },
  MISSING_METHOD: { code: 2, msg: 'Invalid request: missing field `method` at line 1 column %s', closes: false },
  /** No source words these two; they follow the table's manner. */
  PARAMS_NOT_STRINGS: { code: 2, msg: 'Invalid request: params must be an array of strings', closes: false },
  TOO_MANY_STREAMS: { code: 2, msg: 'Invalid request: too many streams; a connection holds up to %s', closes: false },
  INVALID_STREAM: { code: 2, msg: 'Invalid request: invalid stream', closes: false },
  INVALID_JSON: { code: 3, msg: 'Invalid JSON: expected value at line %s column %s', closes: true },
} as const;

export type StreamErrorName = keyof typeof STREAM_ERRORS;
