import { type Caller, type Request as CoreRequest, Params } from '@listenpost/core';
import { type Endpoint, PRODUCTS, type Product, type TimeUnit, timeUnitOf } from '@listenpost/protocol';

/** The request as core sees it: at once when there is no body, which is nearly always. */
export function restRequest(
  endpoint: Endpoint,
  request: Request,
  query: string,
  ip: string,
): CoreRequest | Promise<CoreRequest> {
  const length = request.headers.get('content-length');
  const hasBody =
    endpoint.http !== 'GET' && (length === null ? request.headers.has('transfer-encoding') : length !== '0');
  if (!hasBody) return coreRequest(endpoint, request, query, '', ip);
  return request.text().then((body) => coreRequest(endpoint, request, query, body, ip));
}

function coreRequest(endpoint: Endpoint, request: Request, query: string, body: string, ip: string): CoreRequest {
  const { operation, product, security, pool, path } = endpoint;
  const caller: Caller = {
    ip,
    timeUnit: timeUnitIn(PRODUCTS[product], request.headers.get('x-mbx-time-unit')),
    apiKey: request.headers.get('x-mbx-apikey') ?? undefined,
    session: undefined,
    missingKeyError: 'BAD_API_KEY_FMT',
    signedPayloads: () => signable(unsigned(query) + unsigned(body)),
  };
  const params = query === '' && body === '' ? NO_PARAMS : merged(query, body);
  const weight = weightOf(endpoint, params);
  return { operation, product: PRODUCTS[product], security, pool, endpoint: path, weight, caller, params };
}

const weightOf = ({ weight, weightWithout }: Endpoint, params: Params): number =>
  weightWithout === undefined || params.text(weightWithout.parameter) !== undefined ? weight : weightWithout.weight;

const NO_PARAMS = new Params(new Map());

/** Where the product has no such choice the header is let be (spot-margin §1.2). */
const timeUnitIn = ({ takesTimeUnit }: Product, asked: string | null): TimeUnit | undefined =>
  takesTimeUnit && asked !== null ? timeUnitOf(asked) : 'MILLISECOND';

/** Query and form body together; of a name that both have the query's value counts (spot-margin §4). */
function merged(query: string, body: string): Params {
  const values = new Map<string, string>();
  let repeated = false;
  for (const part of [body, query]) {
    // A JSON body carries no parameters: clients send `{}` or nothing with a JSON content type (clients reference, row 4).
    if (part.startsWith('{')) continue;
    const names = new Set<string>();
    for (const [name, value] of new URLSearchParams(part)) {
      repeated ||= names.has(name);
      names.add(name);
      values.set(name, value);
    }
  }
  return new Params(values, repeated);
}

/** What is signed is percent-encoded first, so it is ASCII; anything else is signed wrongly since 2026-01-15 (spot-margin §2.2). */
const signable = (payload: string): string[] => (/^[\x20-\x7e]*$/.test(payload) ? [payload] : []);

/** The text as it was signed: as sent, without `signature` and the `&` that bound it (spot-margin §2.2). */
function unsigned(text: string): string {
  return text.includes('signature=')
    ? text
        .split('&')
        .filter((pair) => !pair.startsWith('signature='))
        .join('&')
    : text;
}
