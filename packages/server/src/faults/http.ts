import type { House, Reply } from '@listenpost/core';
import { type ErrorName, errorOf, PRODUCTS, type Product } from '@listenpost/protocol';
import { alternatives, parsedText } from '../config/problems.ts';
import { gatewayPage, refusalResponse, response } from '../edge/rest-response.ts';
import { subjectOfVisit } from '../edge/subject.ts';
import type { FaultRow, FaultSpec, VisitContext } from './fault.ts';
import { anyText, duration, needed, taken } from './settings.ts';

const STATUSES = ['429', '418', '500', '502', '503', '504'];

/** The exchange's own words for a status; those of 502 and 504 come from the gateway before it, as a page and not as JSON. */
const ROWS: ReadonlyMap<number, ErrorName> = new Map([
  [429, 'TOO_MANY_REQUESTS'],
  [418, 'IP_BANNED'],
  [500, 'UNKNOWN'],
  [503, 'DISCONNECTED'],
]);

const TELLS_WHEN: ReadonlySet<number> = new Set([429, 418]);
/** The exchange's are negative; a venue's own may be anything. */
const CODE = parsedText('a whole number such as -1008', (text) =>
  /^-?\d{1,9}$/.test(text) ? Number(text) : undefined,
);

const STATUS = parsedText(alternatives(STATUSES), (text) => (STATUSES.includes(text) ? Number(text) : undefined));

const RETRY_AFTER_MS = 60_000;
/** Of the futures hosts; what a fault that is about no endpoint says of a limit. */
const LIMIT = 2400;

export const http: FaultRow = {
  name: 'http',
  does: 'requests, handshakes and WebSocket API calls are answered with an error status, and not looked at',
  occasion: 'request',
  aims: ['account', 'product'],
  bounds: ['probability', 'after', 'times', 'for'],
  takes: {
    status: needed(STATUS, STATUSES.join('|'), '502 and 504 answer the page of a gateway, the others JSON'),
    retryAfter: taken(duration, '<duration>', 'told in Retry-After (default: 60s with 429 and 418, else none)'),
    code: taken(CODE, '<code>', "instead of the exchange's own for that status"),
    msg: taken(anyText, '<text>', "instead of the exchange's own for that status"),
    path: taken(anyText, '<path>', 'only what begins so, such as /fapi/v1/listenKey or /private'),
    method: taken(anyText, '<method>', 'only this verb, or this method of the WebSocket API'),
  },
  acts(spec) {
    const fault = settingsOf(spec);
    const meant = (path: string, method: string) =>
      path.startsWith(fault.path) && (fault.method === undefined || fault.method === method);
    return {
      visit(visit, { takes, tell }) {
        if (!meant(visit.path, visit.request.method) || !takes()) return visit.serve();
        tell(`answered ${fault.status}`);
        return answered(visit, fault);
      },
      async call({ house, request, walk }, { takes, tell }) {
        if (!meant(request.endpoint, request.operation) || !takes()) return walk();
        tell(`answered ${fault.status}`);
        const { error, retryAt } = wordsOf(fault, house, request.product, house.limits.pools[request.pool].limit);
        const usage = house.limits.usageOf(request.pool, request.endpoint, request.caller.ip);
        return { status: fault.status, error, usage, retryAt };
      },
    };
  },
};

interface Settings {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly code: number | undefined;
  readonly msg: string | undefined;
  readonly path: string;
  readonly method: string | undefined;
}

function settingsOf({ settings }: FaultSpec): Settings {
  const status = settings['status'] as number;
  const told = settings['retryAfter'] as number | undefined;
  return {
    status,
    retryAfterMs: told ?? (TELLS_WHEN.has(status) ? RETRY_AFTER_MS : undefined),
    code: settings['code'] as number | undefined,
    msg: settings['msg'] as string | undefined,
    path: (settings['path'] as string | undefined) ?? '',
    method: settings['method'] as string | undefined,
  };
}

function answered(visit: VisitContext, fault: Settings): Response {
  const { house, endpoint, ip } = visit;
  const { status } = fault;
  const [named] = subjectOfVisit(house, visit).products;
  const product = PRODUCTS[named ?? 'usdm'];
  const pool = endpoint && house.limits.pools[endpoint.pool];
  const { error, retryAt } = wordsOf(fault, house, product, pool?.limit ?? LIMIT);
  const now = house.clock.now();
  if (!ROWS.has(status) && fault.code === undefined && fault.msg === undefined) {
    return gatewayPage(status, retryAt, now);
  }
  if (endpoint === undefined) return refusalResponse({ status, ...error, retryAt }, now);
  const usage = house.limits.usageOf(endpoint.pool, endpoint.path, ip);
  const reply: Reply = { status, error, usage, retryAt };
  return response(reply, now);
}

function wordsOf({ status, retryAfterMs, code, msg }: Settings, { clock }: House, product: Product, limit: number) {
  const retryAt = retryAfterMs === undefined ? undefined : clock.now() + retryAfterMs;
  const fill: number = status === 418 ? (retryAt ?? clock.now()) : limit;
  const own = errorOf(ROWS.get(status) ?? 'UNKNOWN', product.errors, fill);
  return { error: { code: code ?? own.code, msg: msg ?? own.msg }, retryAt };
}
