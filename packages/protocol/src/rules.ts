/**
 * The protocol as it stood at an instant: the rows of the tables whose dates (`since`, `retired`) hold it. Nobody else
 * reads those columns; requests are looked up in the maps that are made here once.
 */
import { type Dated, type Instant, LISTEN_TOKENS_SINCE } from './dated.ts';
import { ENDPOINTS, type Endpoint } from './endpoints.ts';
import { type Method, WS_APIS } from './methods.ts';
import { type ListenKeyRow, PRODUCTS, type ProductId } from './products.ts';
import { STREAM_BASES, type StreamBase, type StreamRead } from './stream-paths.ts';

/** An instant in Unix milliseconds, or the newest rows. */
export type AsOf = number | 'latest';

export interface Rules {
  readonly asOf: AsOf;
  /** `asOf` as an instant: of `latest`, the last one that the tables know. */
  readonly instantMs: number;
  /** By path, then by verb. */
  readonly endpoints: ReadonlyMap<string, ReadonlyMap<string, Endpoint>>;
  /** Paths that had endpoints once and have none any more: HTTP 410. */
  readonly gonePaths: ReadonlySet<string>;
  /** By the path of the WebSocket API, then by name. */
  readonly methods: ReadonlyMap<string, ReadonlyMap<string, Method>>;
  /** By the path of the stream base, then by the product of the listenKey. */
  readonly reads: ReadonlyMap<string, ReadonlyMap<ProductId, ReadInForce>>;
  readonly listenKeys: ReadonlyMap<ProductId, ListenKeyRow>;
}

export interface ReadInForce {
  readonly scope: ProductId;
  /** Delivered only as the setting `legacyPaths` says. */
  readonly legacy: boolean;
}

/** From the day of the listenTokens on the tables have every row; what stood before it they have in part. */
const KNOWN_FROM_MS = Date.parse(LISTEN_TOKENS_SINCE);

/** The end of the last day that the references date a change to (derivatives §7). */
const KNOWN_UNTIL_MS = Date.parse('2026-10-29T23:59:59.999Z');

/** @throws RangeError, in a sentence that names the nearest date, for an instant that the tables do not know. */
export function rulesAsOf(asOf: AsOf): Rules {
  const instantMs = asOf === 'latest' ? KNOWN_UNTIL_MS : asOf;
  assertKnown(instantMs);
  const endpoints = endpointsAt(instantMs);
  return {
    asOf,
    instantMs,
    endpoints,
    gonePaths: new Set(retiredAt(instantMs).filter((path) => !endpoints.has(path))),
    methods: new Map(WS_APIS.map(({ path, methods }) => [path, inForceOf(methods, instantMs)])),
    reads: new Map(STREAM_BASES.map((base) => [base.path, readsOf(base, instantMs)])),
    listenKeys: listenKeysAt(instantMs),
  };
}

/**
 * `latest`, an instant with its zone, or a bare date, which means the end of that UTC day. Undefined for anything else.
 * Whether the tables know the instant is for `rulesAsOf` to say.
 */
export function parseAsOf(text: string): AsOf | undefined {
  if (text === 'latest') return text;
  const [, date, time] = AS_OF.exec(text) ?? [];
  // Some engines read 30 February as a day in March.
  if (date === undefined || !isCalendarDay(date)) return undefined;
  const instantMs = Date.parse(time === undefined ? `${date}T23:59:59.999Z` : text);
  return Number.isNaN(instantMs) ? undefined : instantMs;
}

/** What `parseAsOf` takes, for messages. */
export const AS_OF_FORM = '"latest", a date such as "2026-02-19", or an instant such as "2026-02-20T06:59:59Z"';

/** As `parseAsOf` reads it back. */
export const printedAsOf = (asOf: AsOf): string => (asOf === 'latest' ? asOf : new Date(asOf).toISOString());

/** Without a zone an instant would mean another one on another machine. */
const AS_OF = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

function isCalendarDay(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}

function assertKnown(instantMs: number): void {
  if (instantMs >= KNOWN_FROM_MS && instantMs <= KNOWN_UNTIL_MS) return;
  const [edge, nearest] =
    instantMs < KNOWN_FROM_MS ? ['before the first', KNOWN_FROM_MS] : ['after the last', KNOWN_UNTIL_MS];
  const day = new Date(nearest).toISOString().slice(0, 10);
  throw new RangeError(`${dayOf(instantMs)} is ${edge} date whose rules are known; the nearest is ${day}`);
}

/** Also of instants that no calendar has. */
function dayOf(instantMs: number): string {
  const date = new Date(instantMs);
  return Number.isNaN(date.getTime()) ? String(instantMs) : date.toISOString();
}

const isPast = (instant: Instant | undefined, instantMs: number): boolean =>
  instant !== undefined && Date.parse(instant) <= instantMs;

const hasBegun = ({ since }: Dated, instantMs: number): boolean => since === undefined || isPast(since, instantMs);

const isInForce = (row: Dated, instantMs: number): boolean =>
  hasBegun(row, instantMs) && !isPast(row.retired, instantMs);

function endpointsAt(instantMs: number): ReadonlyMap<string, ReadonlyMap<string, Endpoint>> {
  const paths = new Map<string, Map<string, Endpoint>>();
  for (const endpoint of ENDPOINTS.filter((row) => isInForce(row, instantMs))) {
    const verbs = paths.get(endpoint.path) ?? new Map<string, Endpoint>();
    paths.set(endpoint.path, verbs.set(endpoint.http, endpoint));
  }
  return paths;
}

const retiredAt = (instantMs: number): string[] =>
  ENDPOINTS.filter(({ retired }) => isPast(retired, instantMs)).map(({ path }) => path);

const inForceOf = (methods: ReadonlyMap<string, Method>, instantMs: number): ReadonlyMap<string, Method> =>
  new Map([...methods].filter(([, row]) => isInForce(row, instantMs)));

function readsOf({ reads }: StreamBase, instantMs: number): ReadonlyMap<ProductId, ReadInForce> {
  const rows = Object.entries(reads) as [ProductId, StreamRead][];
  return new Map(
    rows
      .filter(([, row]) => hasBegun(row, instantMs))
      .map(([product, { scope, retired }]) => [product, { scope, legacy: isPast(retired, instantMs) }]),
  );
}

function listenKeysAt(instantMs: number): ReadonlyMap<ProductId, ListenKeyRow> {
  return new Map(
    Object.values(PRODUCTS).flatMap(({ id, listenKey }) => {
      if (listenKey === undefined) return [];
      const before = listenKey.earlier?.find(({ retired }) => !isPast(retired, instantMs));
      return [[id, { ...listenKey, ...before }] as const];
    }),
  );
}
