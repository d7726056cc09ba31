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
export const gone = (): Response => new Response(GONE_PAGE, { status: 410, headers: { 'Content-Type': 'text/html' } });

const GONE_PAGE = [
  '<html>',
  '<head><title>410 Gone</title></head>',
  '<body>',
  '<center><h1>410 Gone</h1></center>',
  '<hr><center>nginx</center>',
  '</body>',
  '</html>',
  '',
].join('\r\n');

/** Whole seconds, never too early. */
const retryAfter = (retryAt: number, now: number) => String(Math.max(1, Math.ceil((retryAt - now) / 1000)));
