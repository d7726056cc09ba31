/**
 * The texts that are signed, and the requests that carry them (spot-margin §2.2): REST signs what it sends, percent-encoded
 * and in the order sent; the WebSocket API signs its parameters sorted by name, as raw UTF-8.
 */
import type { Signer } from './signer.ts';

/** Undefined ones are left out. Numbers must be written without an exponent: integers, or `recvWindow`. */
export interface RequestParams {
  readonly [name: string]: string | number | boolean | undefined;
}

/** A query string or form body, in the order of `params`. */
export function queryText(params: RequestParams): string {
  return given(params)
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join('&');
}

/** The same with `signature` at its end. */
export async function signedQuery(params: RequestParams, signer: Signer): Promise<string> {
  const query = queryText(params);
  return `${query}&signature=${percentEncode(await signer.sign(query))}`;
}

/** What the WebSocket API signs: every parameter but the signature. */
export function payloadText(params: RequestParams): string {
  return given(params)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** The parameters with their signature, ready to be sent. */
export async function signedParams(params: RequestParams, signer: Signer): Promise<RequestParams> {
  return { ...params, signature: await signer.sign(payloadText(params)) };
}

function given(params: RequestParams): [string, string][] {
  return Object.entries(params).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
}

/** `encodeURIComponent` leaves five characters more than the venues' rule, which keeps `A–Z a–z 0–9 - _ . ~`. */
function percentEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
