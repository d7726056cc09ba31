/** Whom a request, a connection or a frame concerns: what faults are aimed at and the request journal is searched by. */
import { type Connection, type Frame, type House, parseStreamUrl } from '@listenpost/core';
import { decodeMessage, type ProductId, SbeError, WS_APIS } from '@listenpost/protocol';
import type { Visit } from './intermediary.ts';

export interface Subject {
  readonly accounts: readonly string[];
  readonly products: readonly ProductId[];
  /** Its id, where it concerns a connection. */
  readonly connection: string | undefined;
  /** `<account>/<scope>` of what is read. */
  readonly streams: readonly string[];
}

const accountOf = (stream: string): string => stream.slice(0, stream.indexOf('/'));

const distinct = <Item>(items: readonly (Item | undefined)[]): Item[] => [
  ...new Set(items.filter((item) => item !== undefined)),
];

export function subjectOfVisit(house: House, { request, path, query, endpoint }: Visit): Subject {
  const apiKey = request.headers.get('x-mbx-apikey');
  const account = apiKey === null ? undefined : house.accounts.apiKey(apiKey)?.account.id;
  const streams = endpoint === undefined ? streamsNamedBy(house, path, query) : [];
  const product = endpoint?.product ?? WS_APIS.find((api) => api.path === path)?.product;
  return {
    accounts: distinct([account, ...streams.map(({ stream }) => accountOf(stream))]),
    products: distinct([product, ...streams.map((each) => each.product)]),
    connection: undefined,
    streams: streams.map(({ stream }) => stream),
  };
}

/** What the listenKeys in a stream's URL read there. */
function streamsNamedBy(house: House, path: string, query: string) {
  const url = parseStreamUrl(path, query);
  if (url === null || 'refused' in url) return [];
  return url.names.flatMap((name) => {
    const key = house.listenKeys.find(name.split('@', 1)[0] ?? name);
    const reads = key && house.rules.reads.get(url.base.path)?.get(key.product.id);
    return reads ? [{ stream: `${key.account}/${reads.scope}`, product: reads.scope }] : [];
  });
}

/** A connection that reads nothing yet is of the product whose path it came by. */
export function subjectOfConnection(connection: Connection): Subject {
  const { id, account, product, subscriptions } = connection.info();
  return {
    accounts: distinct([account ?? undefined, ...subscriptions.map(({ stream }) => accountOf(stream))]),
    products: subscriptions.length === 0 ? [product] : distinct(subscriptions.map((each) => each.product)),
    connection: id,
    streams: distinct(subscriptions.map(({ stream }) => stream)),
  };
}

/**
 * An event concerns the one stream that its envelope names. A raw one names none: it concerns what the connection reads.
 * Everything else concerns the connection.
 */
export function subjectOfFrame(house: House, connection: Connection, frame: Frame): Subject {
  const whole = subjectOfConnection(connection);
  const stream = whole.streams.length < 2 ? undefined : streamOf(house, connection, frame);
  if (stream === undefined) return whole;
  const products = connection.info().subscriptions.filter((each) => each.stream === stream);
  return {
    ...whole,
    accounts: [accountOf(stream)],
    products: products.map(({ product }) => product),
    streams: [stream],
  };
}

function streamOf(house: House, connection: Connection, frame: Frame): string | undefined {
  const { subscriptions } = connection.info();
  const id = subscriptionIdOf(frame);
  if (id !== undefined) return subscriptions.find(({ subscriptionId }) => subscriptionId === id)?.stream;
  const name = typeof frame === 'string' ? /^\{"stream":"([^"@]+)/.exec(frame)?.[1] : undefined;
  const account = name === undefined ? undefined : house.listenKeys.find(name)?.account;
  const own = subscriptions.filter(({ stream }) => account !== undefined && accountOf(stream) === account);
  return own.length === 1 ? own[0]?.stream : undefined;
}

function subscriptionIdOf(frame: Frame): number | undefined {
  if (typeof frame === 'string') {
    const digits = /^\{"subscriptionId":(\d+)/.exec(frame)?.[1];
    return digits === undefined ? undefined : Number(digits);
  }
  const id = sbeMessage(frame)?.fields['subscriptionId'];
  return typeof id === 'number' ? id : undefined;
}

function sbeMessage(frame: Uint8Array) {
  try {
    return decodeMessage(frame);
  } catch (cause) {
    if (cause instanceof SbeError) return undefined;
    throw cause;
  }
}

/** answer: to a request of the client. verdict: the first word of a stream that is resumed. event: all else. */
export type FrameKind = 'answer' | 'verdict' | 'event';

export function kindOfFrame({ kind }: { readonly kind: 'stream' | 'wsApi' }, frame: Frame): FrameKind {
  if (typeof frame !== 'string') return sbeMessage(frame)?.name === 'WebSocketResponse' ? 'answer' : 'event';
  if (kind === 'wsApi') return frame.startsWith('{"id":') ? 'answer' : 'event';
  if (/^\{"stream":"[^"]*","resume":/.test(frame)) return 'verdict';
  // A raw event is as it was published, and may begin with any member.
  return /^\{"(?:result|error)":/.test(frame) && !Object.hasOwn(JSON.parse(frame), 'e') ? 'answer' : 'event';
}
