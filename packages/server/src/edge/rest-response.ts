import type { Refusal, Reply } from '@listenpost/core';
import { type ErrorName, errorOf, PRODUCTS, type Product } from '@listenpost/protocol';

const JSON_TYPE = 'application/json;charset=UTF-8';

/** A hallway reply as HTTP: the result or `{code,msg}`, with the used weight in the pool's own headers. */
export function response(reply: Reply, now: number): Response {
  const headers: Record<string, string> = { 'Content-Type': JSON_TYPE };
  for (const name of reply.usage.pool.headers) headers[name] = String(reply.usage.count);
  if ('result' in reply) return new Response(JSON.stringify(reply.result), { headers });
  if (reply.retryAt !== undefined) headers['Retry-After'] = retryAfter(reply.retryAt, now);
  return new Response(JSON.stringify(reply.error), { status: reply.status, headers });
}

/** An answer given before the hallway was entered. */
export function refusalResponse({ status, code, msg, retryAt }: Refusal, now: number): Response {
  const headers: Record<string, string> = { 'Content-Type': JSON_TYPE };
  if (retryAt !== undefined) headers['Retry-After'] = retryAfter(retryAt, now);
  return new Response(JSON.stringify({ code, msg }), { status, headers });
}

export function errorResponse(product: Product, row: ErrorName): Response {
  return refusalResponse({ ...errorOf(row, product.errors), retryAt: undefined }, 0);
}

/** HTTP 404 of the futures hosts (derivatives §1.3); spoken on every unknown path, so that no client waits for more. */
export function pathNotFound(path: string, method: string): Response {
  const { code, status, msg } = errorOf('PATH_NOT_FOUND', PRODUCTS.usdm.errors, path.slice(0, 256), method);
  return new Response(JSON.stringify({ code, msg }), { status, headers: { 'Content-Type': JSON_TYPE } });
}

/** An endpoint that was removed, whatever the verb: the 136 bytes that the exchange sends (spot-margin §4.1). */
export const gone = (): Response =>
  new Response(pageOf('410 Gone'), { status: 410, headers: { 'Content-Type': 'text/html' } });

const pageOf = (title: string): string =>
  [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<center><h1>${title}</h1></center>`,
    '<hr><center>nginx</center>',
    '</body>',
    '</html>',
    '',
  ].join('\r\n');

/** What the gateway before the exchange's API sends when it gets no answer from it. */
export function gatewayPage(status: number, retryAt: number | undefined, now: number): Response {
  const title = `${status} ${GATEWAY_TITLES[status] ?? 'Error'}`;
  const headers = retryAt === undefined ? {} : { 'Retry-After': retryAfter(retryAt, now) };
  return new Response(pageOf(title), { status, headers: { 'Content-Type': 'text/html', ...headers } });
}

const GATEWAY_TITLES: Readonly<Record<number, string>> = { 502: 'Bad Gateway', 504: 'Gateway Time-out' };

/** Nothing at all: a body that breaks before its first byte has the runtime reset the connection, headers unsent. */
export function noAnswer(): Response {
  const broken = new ReadableStream({
    start(body) {
      // With a reason the runtime would print it.
      body.error();
    },
  });
  const response = new Response(broken);
  NO_ANSWERS.add(response);
  return response;
}

export const isNoAnswer = (response: Response): boolean => NO_ANSWERS.has(response);

const NO_ANSWERS = new WeakSet<Response>();

/** Whole seconds, never too early. */
const retryAfter = (retryAt: number, now: number) => String(Math.max(1, Math.ceil((retryAt - now) / 1000)));
