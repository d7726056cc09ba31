/**
 * Where a request on the public door leads, by its path: an answer, or a connection that its WebSocket is to be handed to.
 * What listens (a port, a simulated network) stands before it and decides nothing.
 */
import { type Connection, type Request as CoreRequest, type House, handshake, isRefusal } from '@listenpost/core';
import { PRODUCTS } from '@listenpost/protocol';
import type { Visit } from './intermediary.ts';
import { requestTarget } from './request-target.ts';
import { restRequest } from './rest-request.ts';
import { errorResponse, gone, pathNotFound, refusalResponse, response } from './rest-response.ts';

export function route(
  house: House,
  request: Request,
  ip: string,
  connectionsMax: number,
): Response | Promise<Response> | Connection {
  return routed(house, visitOf(house, request, ip), connectionsMax);
}

/** The request, taken apart. */
export function visitOf(house: House, request: Request, ip: string): Visit {
  const target = requestTarget(request.url);
  const queryAt = target.indexOf('?');
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const query = queryAt < 0 ? '' : target.slice(queryAt + 1);
  const endpoint = house.rules.endpoints.get(path)?.get(request.method);
  const served = endpoint !== undefined && house.serves(endpoint);
  return { request, path, query, ip, endpoint: served ? endpoint : undefined };
}

export function routed(house: House, visit: Visit, connectionsMax: number): Response | Promise<Response> | Connection {
  const { request, path, query, ip, endpoint } = visit;
  if (endpoint !== undefined) return rest(house, restRequest(endpoint, request, query, ip));
  const { endpoints, gonePaths } = house.rules;
  if (endpoints.has(path)) return pathNotFound(path, request.method);
  return gonePaths.has(path) ? gone() : upgrade(house, visit, connectionsMax);
}

async function rest(house: House, request: CoreRequest | Promise<CoreRequest>): Promise<Response> {
  const read = request instanceof Promise ? await request : request;
  return response(await house.answer(read), house.clock.now());
}

function upgrade(house: House, { request, path, query, ip }: Visit, connectionsMax: number): Response | Connection {
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') return pathNotFound(path, request.method);
  if (house.connections.size >= connectionsMax) return errorResponse(PRODUCTS.usdm, 'SERVICE_SHUTTING_DOWN');
  const outcome = handshake(house, path, query, ip);
  if (outcome === null) return pathNotFound(path, request.method);
  return isRefusal(outcome) ? refusalResponse(outcome, house.clock.now()) : outcome;
}
